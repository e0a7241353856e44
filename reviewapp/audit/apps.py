"""Names the room `audit` to Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The room `audit`; its tables start with `audit_`."""

    name = "reviewapp.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
