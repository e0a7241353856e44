"""How the sign-in library behaves here: nobody signs up, an admin adds people."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedDoors(DefaultAccountAdapter):
    """People are made by an admin or from the shell, never by a form on the street."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always no."""
        return False
