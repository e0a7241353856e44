"""What decisions mean for authors: strikes that expire or are withdrawn, accounts that need a senior."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import Actor, record
from reviewapp.intake.models import Author, Item
from reviewapp.intake.rules import is_plain
from reviewapp.review.actions.claims import Unclear, alone
from reviewapp.review.models import Decision, ProtectedAuthor, Strike
from reviewapp.review.reads_actions import cited
from reviewapp.review.rules_actions import asks_for_help
from reviewapp.review.rules_strikes import LASTS_DAYS
from reviewapp.ui.errors import Missing, ProductError


class NeedsSenior(ProductError):
    """Only a senior may do this; the message says how to reach one."""

    status = 409
    code = "needs_senior"


def count_strike(*, decision: Decision, item: Item, sections: Sequence[tuple[UUID, str, int]]) -> None:
    """Within the decision's transaction: one strike for the author of a live item that violates, if it has one.

    None where the sections (version, id, severity) find somebody who needs help.
    """
    counts = decision.label == "violates" and not decision.exception
    # What the policy asks for costs a question, so it is looked up last.
    if counts and item.author_id and item.purpose == "live" and not asks_for_help(cited(sections)):
        severity = max((severity for _, _, severity in sections), default=1)
        Strike.objects.create(
            author_id=item.author_id,
            decision=decision,
            severity=severity,
            expires_at=decision.at + timedelta(days=LASTS_DAYS[severity]),
        )


def withdraw_strike(*, decision: UUID) -> None:
    """Within the open transaction: what a decision that no longer stands counted, counts no more."""
    Strike.objects.filter(decision_id=decision, withdrawn_at=None).update(withdrawn_at=Now())


def withdraw_earlier(*, decision: Decision) -> None:
    """Within the decision's transaction: what earlier decisions of its item counted, counts no more."""
    earlier = Strike.objects.filter(decision__item=decision.item_id, withdrawn_at=None)
    earlier.exclude(decision=decision).update(withdrawn_at=Now())


def give_back_strikes(*, undone: Decision) -> None:
    """Within the open transaction: a decision is taken back, so its strike ends and what it had ended counts again."""
    withdraw_strike(decision=undone.pk)
    ended = Strike.objects.filter(decision__item=undone.item_id, withdrawn_at__gte=undone.at)
    ended.exclude(decision=undone).update(withdrawn_at=None)


def check_protected(*, item: Item, person: Person) -> None:
    """Raise NeedsSenior for the item of a protected account, unless the person is a senior."""
    if item.author_id is None or may(person.roles, "author.protect"):
        return
    if ProtectedAuthor.objects.filter(author_id=item.author_id).exists():
        raise NeedsSenior(
            _("This account is protected: a senior decides its items. Hand it over, or escalate it.")
        )


def open_author(*, author: UUID, person: Person) -> None:
    """Log that somebody opened an author's history. Raises Forbidden."""
    check_may(person, "author.see")
    with alone(person):
        record(verb="author.viewed", actor=Actor.person(person.pk), subjects=[author])


def protect_author(*, author: UUID, person: Person, reference: str) -> None:
    """Put an account on the list that needs a senior. Raises Unclear without a plain reference, Missing, Forbidden."""
    check_may(person, "author.protect")
    plain = reference.strip()
    if len(plain) < 3 or not is_plain(plain):
        raise Unclear(_("Give a reference of 3 to 200 plain letters, digits, spaces or _ . : @ / + -."))
    if not Author.objects.filter(pk=author).exists():
        raise Missing(_("There is no such author."))
    with alone(person):
        _row, is_new = ProtectedAuthor.objects.get_or_create(
            author_id=author, defaults={"reference": plain, "person": person}
        )
        if is_new:
            record(
                verb="author.protected",
                actor=Actor.person(person.pk),
                subjects=[author],
                data={"reference": plain},
            )


def unprotect_author(*, author: UUID, person: Person) -> None:
    """Take an account off the list; one that is not on it stays off. Raises Forbidden."""
    check_may(person, "author.protect")
    with alone(person):
        if ProtectedAuthor.objects.filter(author_id=author).delete()[0]:
            record(verb="author.unprotected", actor=Actor.person(person.pk), subjects=[author])
