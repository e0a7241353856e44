"""Names the room `accounts` to Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The room `accounts`; its tables start with `accounts_`."""

    name = "reviewapp.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
