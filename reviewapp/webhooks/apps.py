"""Names the room `webhooks` to Django."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The room `webhooks`; its tables start with `webhooks_`."""

    name = "reviewapp.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
