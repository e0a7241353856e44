"""How webhooks are signed, when they are tried again, and which addresses they may never go to."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from reviewapp.webhooks import rules

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NEXT = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
STRANGE = "whsec_" + base64.b64encode(bytes(range(2, 34))).decode()


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_the_official_package_accepts_old_and_new_secret_and_no_other(text: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    body = json.dumps({"text": text}, ensure_ascii=False)
    signed = rules.signature([NEXT, SECRET], identity="msg_1", timestamp=now, body=body.encode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signed}
    assert Webhook(SECRET).verify(body, headers) == {"text": text}
    assert Webhook(NEXT).verify(body, headers) == {"text": text}
    with pytest.raises(WebhookVerificationError):
        Webhook(STRANGE).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + " ", headers)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "whsec_" + "A" * 100])
def test_a_secret_of_another_form_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        rules.signature([secret], identity="m", timestamp=1, body=b"")


def test_ten_tries_take_at_least_three_days() -> None:
    waits = [rules.wait_before(tries, jitter=0.0) for tries in range(1, rules.MOST_TRIES)]
    assert len(waits) == 9
    assert sum((wait for wait in waits if wait), timedelta()) >= timedelta(hours=72)
    assert rules.wait_before(rules.MOST_TRIES, jitter=0.0) is None


@given(tries=st.integers(1, 9), jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_only_ever_adds_up_to_a_tenth(tries: int, jitter: float) -> None:
    plain, spread = rules.wait_before(tries, jitter=0.0), rules.wait_before(tries, jitter=jitter)
    assert plain is not None
    assert spread is not None
    assert plain <= spread <= plain * 1.1


def test_a_circuit_opens_at_five_failures_and_never_rests_over_an_hour() -> None:
    rests = [rules.rest_of_circuit(failures) for failures in range(60)]
    assert rests[:5] == [None] * 5
    assert rests[5] == timedelta(seconds=30)
    assert rests[6] == timedelta(seconds=60)
    assert max(rest for rest in rests if rest) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("failures", "in_flight", "room"), [(0, 0, 8), (0, 8, 0), (4, 3, 5), (5, 0, 1), (5, 1, 0), (99, 9, 0)]
)
def test_a_failing_endpoint_gets_one_probe_at_a_time(failures: int, in_flight: int, room: int) -> None:
    assert rules.room_of(failures, in_flight, 8) == room


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fec0::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "not an address", "",
    ],
)  # fmt: skip
def test_an_address_that_is_not_on_the_public_internet_is_refused(address: str) -> None:
    assert not rules.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111"])
def test_a_public_address_is_let_through(address: str) -> None:
    assert rules.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/", "ftp://hooks.example.org/", "hooks.example.org", "https://", "https:///x",
        "https://user:word@hooks.example.org/", "https://hooks.example.org@10.0.0.1/", "https://hooks.example.org/#x",
        "https://hooks.example.org:8443/", "https://hooks.example.org:99999/", "https://hooks.example.org:x/",
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/",
        "https://hooks.example.org\\@10.0.0.1/", "https://hooks.example.org/\r\nX: y", "https://hooks .example.org/",
        "https://hooks.example。org/", "javascript:alert(1)", "file:///etc/passwd", "gopher://10.0.0.1/",
        "https://hooks.example.org/prüfung", "https://hooks.example.org/?q=ü", "https://" + "a" * 2_000 + ".org/", "//hooks.example.org/", "",
        "https://localhost/x", "https://LOCALHOST/", "https://127.1/", "https://0/", "https://2130706433/", "https://0x7f000001/",
        "https://1.2.0x7f/", "https://xn--/", "https://xn--.org/", "https://hooks..org/", "https://printer.local/", "https://hooks/", "https://-a.org/",
    ],
)  # fmt: skip
def test_an_address_of_these_forms_is_refused_with_a_reason(url: str) -> None:
    assert rules.problem_of_url(url).endswith((".", "/review", "//"))


def test_a_long_address_is_told_from_one_with_a_space_in_it() -> None:
    assert "over 2000 characters" in rules.problem_of_url("https://a.org/" + "a" * 2_000)
    assert "space" in rules.problem_of_url("https://a.org/ b")


def test_a_plain_public_https_address_is_fine() -> None:
    assert rules.problem_of_url("https://xn--bcher-kva.example./a") == ""
    assert rules.problem_of_url("https://hooks.example.org/review?token=1") == ""
    assert rules.problem_of_url("https://hooks.example.org:443/") == ""


def test_an_operators_own_host_may_be_private_plain_and_on_any_port() -> None:
    assert rules.problem_of_url("http://127.0.0.1:9000/in", {"127.0.0.1:9000"}) == ""
    assert rules.problem_of_url("http://127.0.0.1:9001/in", {"127.0.0.1:9000"}) != ""
    assert rules.problem_of_url("https://hooks.internal:8443/in", {"hooks.internal"}) == ""
