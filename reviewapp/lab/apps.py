"""Names the room `lab` to Django."""

from django.apps import AppConfig


class LabConfig(AppConfig):
    """The room `lab`; its tables start with `lab_`."""

    name = "reviewapp.lab"
    label = "lab"
    default_auto_field = "django.db.models.BigAutoField"
