"""The address of an engine and what is special about it, as people write them into REASONER_URL."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

_SWITCH = {"on": True, "off": False}
FORM = "REASONER_URL must look like http://host:8000/v1, without user name or query."
OPTIONS = "structured=on|off, priority=on|off and model=NAME"


@dataclass(frozen=True, slots=True)
class Address:
    """A base URL that ends in `/v1`, and its own options; None leaves the choice to what the engine says it is."""

    url: str
    structured: bool | None = None
    prioritised: bool = False
    model: str | None = None


def read_address(text: str) -> Address:
    """Read `http://host:8000/v1` or `http://host:8000/v1#structured=off&model=NAME`.

    What follows `#` is for the app alone and never sent. Raises ValueError that says what is wrong.
    """
    url, _, options = text.strip().partition("#")
    url = url.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError(FORM)
    given = _options(options)
    return Address(
        url if parts.path.endswith("/v1") else f"{url}/v1",
        _SWITCH[given["structured"]] if "structured" in given else None,
        given.get("priority") == "on",
        given.get("model"),
    )


def checked_key(api_key: str) -> str:
    """The key as it can stand in a header. Raises ValueError."""
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise ValueError("REASONER_API_KEY may hold only printable ASCII characters without spaces.")
    return api_key


def _options(text: str) -> dict[str, str]:
    given = dict(parse_qsl(text, keep_blank_values=True))
    for name, value in given.items():
        known = value in _SWITCH if name in ("structured", "priority") else name == "model" and bool(value)
        if not known:
            raise ValueError(
                f"REASONER_URL has an option {name}={value} that is not known. Known: {OPTIONS}."
            )
    if text and not given:
        raise ValueError(f"What follows # in REASONER_URL is no option. Known: {OPTIONS}.")
    return given
