"""How the sign-in library behaves here: nobody signs up, an admin adds people, and every sign-in is recorded."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from reviewapp.accounts import actions
from reviewapp.audit.actions import Actor, record


class ClosedDoors(DefaultAccountAdapter):
    """People are made by an admin or from the shell, never by a form on the street."""

    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": (
            _(
                "That e-mail and password do not open an account. Check both; an admin can give you a new password."
            )
        ),
        "too_many_login_attempts": _(
            "Too many wrong tries. Wait five minutes, or ask an admin for a new password."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always no."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The person, if they may sign in; a disabled account looks like a wrong password."""
        person = super().authenticate(request, **credentials)
        return person if person is not None and person.is_active else None

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Open the session under a new key and record it, both or neither."""
        with transaction.atomic():
            super().login(request, user)
            record(verb="person.signed_in", actor=Actor.person(user.pk), subjects=[user.pk])

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Store a password that the person chose for themselves."""
        actions.set_password(person=user.pk, password=password, actor=Actor.person(user.pk))
        user.refresh_from_db()

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's settings."""
        return "/settings/me?saved=password"

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the page that follows shows what happened."""
