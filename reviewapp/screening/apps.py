"""Names the room `screening` to Django."""

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    """The room `screening`; its tables start with `screening_`."""

    name = "reviewapp.screening"
    label = "screening"
    default_auto_field = "django.db.models.BigAutoField"
