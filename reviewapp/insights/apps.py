"""Names the room `insights` to Django."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """The room `insights`; its tables start with `insights_`."""

    name = "reviewapp.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"
