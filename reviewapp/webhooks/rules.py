"""Which states a delivery walks through, what may be announced, how it is signed and when it is tried again. Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class Announced(StrEnum):
    """The closed list of webhook events; ANNOUNCED says when each is sent."""

    DECISION_MADE = "decision.made"
    DECISION_REPLACED = "decision.replaced"
    ITEM_LIMITED = "item.limited"
    ITEM_CLOSED_BY_MACHINE = "item.closed_by_machine"
    FLAG_RESOLVED = "flag.resolved"
    APPEAL_DECIDED = "appeal.decided"


ANNOUNCED: Final[dict[str, Words]] = {
    "decision.made": _("A decision is final: its undo window is over, and a second person has agreed where one is asked."),
    "decision.replaced": _("Another decision took the place of one that you were told of."),
    "item.limited": _("Something limits the item at once, before it is decided: a restriction, an escalation, a severe section."),
    "item.closed_by_machine": _("Reserved: nothing closes an item that people would see without a person."),
    "flag.resolved": _("An item that people had flagged is decided; comes with the decision, so that who flagged it can be told."),
    "appeal.decided": _("Reserved for appeals."),
}  # fmt: skip


TEST_EVENT: Final = "webhook.test"
"""Sent to one endpoint when an admin asks for it; nobody can subscribe to it."""


class DeliveryState(StrEnum):
    """Where one announcement stands."""

    HELD = "held"
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


DELIVERY_STATES: Final[dict[str, State]] = {
    "held": State(_("Held"), _("undo window"), _("leaves when the window ends"), ("waiting", "cancelled")),
    "waiting": State(_("Waiting"), _("dispatcher"), _("is sent at the next round"), ("sending", "cancelled")),
    "sending": State(
        _("Sending"),
        _("dispatcher"),
        _("is delivered, or waits for the next try"),
        ("delivered", "waiting", "dead"),
    ),
    "delivered": State(_("Delivered"), _("nobody"), _("kept for the record; can be replayed"), ("waiting",)),
    "dead": State(_("Dead"), _("admin"), _("can be replayed"), ("waiting",)),
    "cancelled": State(_("Cancelled"), _("nobody"), _("never leaves")),
}

_S, _M, _H = 1, 60, 3600
WAITS: Final = (5 * _S, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
"""Seconds between the ten tries, about 75.6 h in all: the example schedule of Standard Webhooks 1.0."""
MOST_TRIES: Final = len(WAITS) + 1
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
FAILURES_THAT_OPEN: Final = 5
STOPPED_AFTER: Final = timedelta(days=3)
LONGEST_URL: Final = 2_000
OLD_SECRET_LIVES: Final = timedelta(days=7)
SECRET_MARK: Final = "whsec_"  # noqa: S105  a prefix, no secret


def wait_before(tries: int, *, jitter: float) -> timedelta | None:
    """How long after failed try number `tries` (from 1) the next one waits; None when it was the last.

    `jitter` in [0, 1) makes it up to a tenth longer, so that many do not come back in one second.
    """
    if tries >= MOST_TRIES:
        return None
    return timedelta(seconds=WAITS[max(tries, 1) - 1] * (1 + 0.1 * jitter))


def rest_of_circuit(failures: int) -> timedelta | None:
    """How long an endpoint rests after `failures` in a row; None while it may go on. Doubles from 30 s to an hour."""
    if failures < FAILURES_THAT_OPEN:
        return None
    return timedelta(seconds=min(30 * 2 ** min(failures - FAILURES_THAT_OPEN, 12), _H))


def room_of(failures: int, in_flight: int, most: int) -> int:
    """How many more an endpoint may be sent now: `most` at once, and a single probe while its circuit is not closed."""
    return max((1 if failures >= FAILURES_THAT_OPEN else most) - in_flight, 0)


def is_success(status: int | None) -> bool:
    """Whether an answer took the delivery: 2xx and nothing else, a redirect neither."""
    return status is not None and 200 <= status < 300


def message_id(announcement: str) -> str:
    """The `webhook-id`: the same on every try and every replay."""
    return f"msg_{announcement}"


def secret_bytes(secret: str) -> bytes:
    """The key inside `whsec_…`. Raises ValueError when it is not base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_MARK), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError(f"the secret has {len(key)} bytes; 24 to 64 are allowed")
    return key


def signature(secrets: Sequence[str], *, identity: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1` HMAC-SHA256 for each secret, over `id.timestamp.body`."""
    signed = f"{identity}.{timestamp}.".encode() + body
    made = (hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made)


_CARRIERS: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"))
"""IPv6 ranges that carry an IPv4 address to somebody else: NAT64 (RFC 6052, 8215) and 6to4."""
_SITE: Final = IPv6Network("fec0::/10")
"""Addresses of one site (RFC 3879): out of use, and still nobody else's."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet: neither private, local, reserved nor multicast.

    An address that carries another one inside (mapped, NAT64, 6to4, Teredo) is refused, whatever it carries.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (
        found.ipv4_mapped or found.teredo or any(found in network for network in (*_CARRIERS, _SITE))
    ):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\Z")
_OWN_NAMES: Final = ("localhost", "local", "internal", "test", "invalid")
"""Last labels that never lead to the public internet (RFC 6761, 6762, and ICANN's word on `internal`)."""


def is_exempt(host: str, port: int, exempt: Collection[str]) -> bool:
    """Whether an operator named this host, or host and port, as one of their own."""
    return host in exempt or f"{host}:{port}" in exempt


def problem_of_url(url: str, exempt: Collection[str] = ()) -> str:
    """What is wrong with an endpoint's address, as a sentence; empty when nothing is.

    HTTPS on port 443 of a public name; an operator's own hosts (`exempt`) may be any port, and plain HTTP.
    """
    if len(url) > LONGEST_URL:
        return gettext("The address is over %(most)d characters long. Shorten it.") % {"most": LONGEST_URL}
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in url) or "\\" in url:
        return gettext("The address holds a space, a backslash or a control character.")
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        return gettext("This is not an address. Use one such as https://hooks.example.org/review")
    host = parts.hostname or ""
    own = is_exempt(host, port, exempt)
    if parts.scheme != "https" and not (own and parts.scheme == "http"):
        return gettext("The address must start with https://")
    if not host or not host.isascii():
        return gettext("The address has no host name in ASCII. Use the xn-- form of other names.")
    if not url.isascii():
        return gettext("The address holds letters that are not ASCII. Write them percent-encoded.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        return gettext("The address may hold neither a user name nor a # part.")
    if port != 443 and not own:
        return gettext(
            "Port %(port)d is not allowed; use 443, or ask the operator to name the host in WEBHOOK_HOSTS."
        ) % {"port": port}
    if not own and not (is_public(host) if _is_literal(host) else _is_public_name(host)):
        return gettext(
            "This address is not on the public internet. An operator can allow it with WEBHOOK_HOSTS."
        )
    return ""


def _is_public_name(host: str) -> bool:
    """Whether a name can belong to the public internet; `127.1` and `0x7f.1` are numbers that resolvers read as addresses."""
    *labels, top = host.removesuffix(".").split(".")
    if not labels or top in _OWN_NAMES or not top[:1].isalpha():
        return False
    return all(_LABEL.match(label) for label in (*labels, top))


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
