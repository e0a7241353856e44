"""Names the room `policies` to Django."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """The room `policies`; its tables start with `policies_`."""

    name = "reviewapp.policies"
    label = "policies"
    default_auto_field = "django.db.models.BigAutoField"
