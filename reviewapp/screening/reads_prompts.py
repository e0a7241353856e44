"""The read door of prompts: the exact request of a policy version, counted."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from inference.prompt import messages, tokens_out
from inference.tokens import count, prompt_tokens
from inference.types import Effort, ItemText
from reviewapp.policies.models import Version
from reviewapp.screening.actions.leases import policy_text
from reviewapp.ui.errors import Missing

_PLACE: Final = "(the item stands here)"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message as it is sent, and its tokens."""

    role: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages of one request; `tokens` is all of it with the chat's frame, `room` what the answer may take."""

    messages: tuple[Message, ...]
    tokens: int
    effort: str
    room: int


def prompt_of(version: UUID) -> Prompt:
    """What is sent for an item under this version, with a word where the item stands. Raises Missing."""
    row = Version.objects.filter(pk=version).exclude(hash="").first()
    if row is None:
        raise Missing(_("This version has no text that could be sent. Look at its problems first."))
    sent = messages(policy_text(version), ItemText(id="item", text=_PLACE))
    texts = [each["content"] for each in sent]
    shown = tuple(Message(each["role"], each["content"], count(each["content"])) for each in sent)
    return Prompt(shown, prompt_tokens(texts), row.effort, tokens_out(Effort(row.effort)))
