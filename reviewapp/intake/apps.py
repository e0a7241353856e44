"""Names the room `intake` to Django."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """The room `intake`; its tables start with `intake_`."""

    name = "reviewapp.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"
