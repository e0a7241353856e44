"""What a machine asks the product: is it alive, is it ready, and its numbers. Never content, never a name."""

import django_rq
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from redis.exceptions import RedisError

from reviewapp.accounts.access import open_to_all
from reviewapp.audit import roles
from reviewapp.screening import reads_engine
from reviewapp.screening.rules import PRACTICE_NOTICE
from reviewapp.screening.rules_line import Lane


@open_to_all
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@open_to_all
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database is there and migrated. Reasoner and Redis are told, not required: people can always work."""
    parts: dict[str, str] = {
        "database": "away",
        "migrations": "unknown",
        "reasoner": "unknown",
        "redis": _redis(),
    }
    notices: list[str] = []
    try:
        parts |= {"migrations": _migrations(), "database": "ok"}
        if parts["migrations"] == "ok":
            engines = reads_engine.engine_rows()
            parts["reasoner"] = ", ".join(each.state for each in engines) or "not configured"
            notices += [str(PRACTICE_NOTICE)] if any(each.practice for each in engines) else []
            notices += ["canary alarm"] if any(each.canary and each.canary.alarm for each in engines) else []
            notices += [] if roles.is_separated() else ["audit role not separated"]
    except Error:
        parts["database"] = "away"
    ready = parts["database"] == parts["migrations"] == "ok"
    return JsonResponse({"ready": ready, **parts, "notices": notices}, status=200 if ready else 503)


@open_to_all
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Counts that could be many stop at 10,000."""
    registry = CollectorRegistry()
    found = reads_engine.numbers()
    page = found["engine"]
    items = Gauge("review_items", "Items by state, at most 10,000 counted", ["state"], registry=registry)
    for state, count in found["items"].items():
        items.labels(state).set(count)
    judgements = Gauge(
        "review_judgements", "Open judgements, at most 10,000 counted", ["state"], registry=registry
    )
    judgements.labels("pending").set(page.waiting)
    judgements.labels("leased").set(page.leased)
    plain = {
        "review_verdicts_last_hour": ("Verdicts stored in the last hour", page.hour.verdicts),
        "review_judgements_oldest_seconds": (
            "Age of the first judgement in the line",
            page.oldest_seconds or 0,
        ),
        "review_prompt_tokens_last_hour": ("Prompt tokens in the last hour", page.hour.prompt_tokens),
        "review_completion_tokens_last_hour": (
            "Completion tokens in the last hour",
            page.hour.completion_tokens,
        ),
        "review_cached_tokens_last_hour": ("Cached prompt tokens in the last hour", page.hour.cached_tokens),
        "review_engine_busy_seconds_last_hour": (
            "Seconds of the last hour in which an engine had work, all engines added up",
            page.hour.busy_seconds,
        ),
        "review_failures_last_hour": (
            "Judgements that ended without a verdict",
            sum(count for _, _, count in page.failures),
        ),
    }
    for name, (meaning, value) in plain.items():
        Gauge(name, meaning, registry=registry).set(value)
    lanes = Gauge(
        "review_line", "Waiting judgements by lane, at most 10,000 each", ["lane"], registry=registry
    )
    for each in page.lanes:
        lanes.labels(Lane(each.lane).name.lower()).set(each.waiting)
    closed = Gauge("review_engine_up", "1 where the circuit is closed", ["endpoint"], registry=registry)
    flying = Gauge("review_engine_in_flight", "Calls in flight", ["endpoint"], registry=registry)
    for row in found["circuits"]:
        closed.labels(row.endpoint).set(row.tone == "good")
        flying.labels(row.endpoint).set(row.in_flight)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_1_0_0)


def _migrations() -> str:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _redis() -> str:
    try:
        django_rq.get_connection("reason").ping()
    except (RedisError, OSError):
        return "away"
    return "ok"
