"""Names the room `review` to Django."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """The room `review`; its tables start with `review_`."""

    name = "reviewapp.review"
    label = "review"
    default_auto_field = "django.db.models.BigAutoField"
