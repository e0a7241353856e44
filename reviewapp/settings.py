"""All settings, from the environment. INSTALLED_APPS is the staircase, ground floor first."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from reviewapp.ui.languages import RIGHT_TO_LEFT, interface_languages

BASE_DIR = Path(__file__).resolve().parent.parent
REVIEW_HOME = Path(os.environ.get("REVIEW_HOME", BASE_DIR / ".review"))
DEBUG = os.environ.get("DEBUG", "") in {"1", "true", "yes"}
PUBLIC_URL = os.environ.get("PUBLIC_URL", "").rstrip("/")
UNSAFE_SECRET_KEY = "only-for-a-machine-that-nobody-else-can-reach"  # noqa: S105
SECRET_KEY = os.environ.get("SECRET_KEY") or UNSAFE_SECRET_KEY

_public = urlsplit(PUBLIC_URL)
_is_public = bool(_public.hostname) and _public.hostname not in {"localhost", "127.0.0.1", "::1"}
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host] or [
    "localhost", "127.0.0.1", "[::1]",
]  # fmt: skip
if _public.hostname and _public.hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(_public.hostname)
_reachable = _is_public or any(
    host not in {"localhost", "127.0.0.1", "[::1]", "testserver"} for host in ALLOWED_HOSTS
)
if _reachable and not DEBUG and SECRET_KEY == UNSAFE_SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is missing and this host is public. Set SECRET_KEY to 50 or more random characters; "
        "`python3 -c 'import secrets; print(secrets.token_urlsafe(50))'` makes some."
    )

INSTALLED_APPS = [
    "reviewapp.audit",
    "reviewapp.accounts",
    "reviewapp.webhooks",
    "reviewapp.policies",
    "reviewapp.intake",
    "reviewapp.screening",
    "reviewapp.review",
    "reviewapp.lab",
    "reviewapp.insights",
    "reviewapp.ui",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "django_rq",
    "ninja",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "reviewapp.ui.middleware.Compressed",
    "reviewapp.ui.middleware.Spoken",
    "reviewapp.ui.middleware.PlainAnswers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "reviewapp.accounts.idle.Idle",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "reviewapp.ui.middleware.OtherMethods",
]

ROOT_URLCONF = "reviewapp.urls"
WSGI_APPLICATION = "reviewapp.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reviewapp.accounts.navigation.navigation",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "reviewapp.ui.templatetags.ui",
                "template_partials.templatetags.partials",
            ],
        },
    }
]


# A transaction left open keeps every dead row of the line in place: claims get slow for all.
_SESSION = {"options": "-c idle_in_transaction_session_timeout=60000"}
POOLED = {
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "OPTIONS": {"pool": {"min_size": 2, "max_size": 16, "timeout": 5}, **_SESSION},
}
"""What the web process alone adds to its database: RQ forks, and a forked pool hands one socket to two processes."""


def _database(url: str) -> dict[str, Any]:
    """Django's settings for a libpq URL (also one over a unix socket: `postgresql://role@/name?host=/dir`)."""
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(_SESSION),
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://review_app@/review")
DATABASE_OWNER_URL = os.environ.get("DATABASE_OWNER_URL", DATABASE_URL)
DATABASES = {
    "default": _database(DATABASE_URL),
    # Only `migrate` uses it: the role that runs the product can neither change tables nor edit the audit log.
    "owner": _database(DATABASE_OWNER_URL) | {"TEST": {"MIRROR": "default"}},
}
PARTITION_MONTHS_AHEAD = int(os.environ.get("PARTITION_MONTHS_AHEAD", "24"))

REASONER_URLS = [url.strip() for url in os.environ.get("REASONER_URL", "").split(",") if url.strip()]
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
RQ_QUEUES = {
    name: {
        "URL": REDIS_URL,
        "SOCKET_TIMEOUT": 20,
        "SOCKET_CONNECT_TIMEOUT": 2,
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
    for name in (
        "score",
        "deliver",
        "export",
        *(f"reason-{place}" if place else "reason" for place in range(max(len(REASONER_URLS), 1))),
    )
}
# The doorbell waits for the commit itself.
RQ = {"COMMIT_MODE": "auto", "SHOW_ADMIN_LINK": False}

# Hosts, or host:port, that webhooks may go to although they are private, on another port, or without TLS.
WEBHOOK_HOSTS = frozenset(host for host in os.environ.get("WEBHOOK_HOSTS", "").split(",") if host)

# A translation engine of the operator's own, such as http://127.0.0.1:5000: it is given the text of items.
TRANSLATION_URL = os.environ.get("TRANSLATION_URL", "").rstrip("/")
_translation = urlsplit(TRANSLATION_URL)
if TRANSLATION_URL and (
    _translation.scheme not in {"http", "https"}
    or not _translation.hostname
    or _translation.username
    or _translation.query
    or _translation.fragment
):
    raise ImproperlyConfigured(
        "TRANSLATION_URL must look like http://host:5000, without user name or query; /translate is added to it."
    )

# Senders are asked to wait (429) over these; 0 switches a limit off.
INGEST_ITEMS_PER_MINUTE = int(os.environ.get("INGEST_ITEMS_PER_MINUTE", "0"))
INGEST_BACKLOG_SECONDS = int(os.environ.get("INGEST_BACKLOG_SECONDS", "600"))

# The share of items, in a hundred, that a new queue asks a first call on before any verdict is shown.
BLIND_PERCENT = int(os.environ.get("BLIND_PERCENT", "10"))

# Days after which the texts that somebody tried a draft on are removed.
TRIES_KEPT_DAYS = int(os.environ.get("TRIES_KEPT_DAYS", "30"))

REASONER_API_KEY = os.environ.get("REASONER_API_KEY", "")
REASONER_MODEL = os.environ.get("REASONER_MODEL", "")

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "reviewapp.accounts.adapter.ClosedDoors"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

_https = _public.scheme == "https"
SESSION_COOKIE_NAME = "__Host-session" if _https else "review-session"
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "review-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
# Claims have ended by the time that a session does: a lease is five minutes.
IDLE_MINUTES = int(os.environ.get("IDLE_MINUTES", "30"))
IDLE_MINUTES = max(IDLE_MINUTES, 6) if IDLE_MINUTES else 0
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
CSRF_FAILURE_VIEW = "reviewapp.ui.pages.csrf_failed"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# `up` makes files there that have their content in the name, and are compressed; without them the checkout's are served.
STATIC_ROOT = (not DEBUG and os.environ.get("REVIEW_STATIC")) or None
_files = "whitenoise.storage.CompressedManifest" if STATIC_ROOT else "django.contrib.staticfiles.storage."
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"{_files}StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_AUTOREFRESH = DEBUG

# Languages of the interface: English, and each that one of these folders has a compiled catalog of.
LOCALE_PATHS = [Path(folder) for folder in os.environ.get("LANGUAGE_FOLDERS", "").split(",") if folder]
LOCALE_PATHS.append(BASE_DIR / "reviewapp" / "locale")
LANGUAGE_CODE = "en"
LANGUAGES = interface_languages(LOCALE_PATHS)
LANGUAGES_BIDI = sorted(RIGHT_TO_LEFT)
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

LOG_FORMAT = os.environ.get("LOG_FORMAT", "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "reviewapp.ui.logs.Text"},
        "json": {"()": "reviewapp.ui.logs.Json"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"reviewapp": {"level": "INFO"}, "rq.worker": {"level": "WARNING"}},
}
