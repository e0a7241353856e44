"""Who a program is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviewapp.accounts.actions import BadKey, issue_key, revoke_key
from reviewapp.accounts.api import prove
from reviewapp.accounts.models import ApiKey
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from tests.rooms.intake.post import Program, sent

pytestmark = pytest.mark.usefixtures("store")


def test_a_key_is_shown_once_and_kept_only_as_a_hash(db: str) -> None:
    issued = issue_key(name="bridge", scopes=["read", "ingest"], actor=OPERATOR)
    row = ApiKey.objects.get()
    assert issued.key.startswith(f"rk_{row.prefix}_")
    assert len(bytes(row.digest)) == 32
    assert issued.key not in str(row.__dict__)
    assert Event.objects.get().data == {"scopes": ["ingest", "read"], "prefix": row.prefix}


@pytest.mark.parametrize(("name", "scopes"), [("", ["read"]), ("x", []), ("x", ["everything"])])
def test_a_key_needs_a_name_and_scopes_that_exist(db: str, name: str, scopes: list[str]) -> None:
    with pytest.raises(BadKey):
        issue_key(name=name, scopes=scopes, actor=OPERATOR)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Bearer rk_00000000_x", "Basic abc", "Bearer rk_é_ü"]
)
def test_without_a_live_key_nothing_opens(db: str, header: str) -> None:
    answer = Client(headers={"authorization": header}).post(
        "/api/v1/items", b"{}", content_type="application/json"
    )
    assert answer.status_code == 401
    assert "Authorization: Bearer KEY" in answer.json()["error"]["message"]


def test_a_key_with_another_secret_is_no_key(db: str) -> None:
    key = issue_key(name="x", scopes=["ingest"], actor=OPERATOR).key
    assert prove(key) is not None
    assert prove(key[:-1] + ("A" if key[-1] != "A" else "B")) is None


def test_revoked_and_expired_keys_open_nothing_at_once(db: str) -> None:
    program = Program()
    assert program.post(sent()).status_code == 202
    revoke_key(key=program.issued.id, actor=OPERATOR)
    revoke_key(key=program.issued.id, actor=OPERATOR)
    assert program.post(sent()).status_code == 401
    assert Event.objects.filter(verb="key.revoked").count() == 1
    late = issue_key(
        name="x", scopes=["ingest"], actor=OPERATOR, expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    assert prove(late.key) is None


def test_a_key_without_the_scope_is_told_which_one_it_lacks(db: str) -> None:
    answer = Program("read", "export").post(sent())
    assert answer.status_code == 403
    assert "ingest" in answer.json()["error"]["message"]
    assert Program("ingest").get("/items").status_code == 403


def test_its_use_is_noted_at_most_once_a_minute(db: str) -> None:
    key = issue_key(name="x", scopes=["ingest"], actor=OPERATOR).key
    with CaptureQueriesContext(connection) as first:
        prove(key)
    with CaptureQueriesContext(connection) as second:
        prove(key)
    assert (len(first), len(second)) == (2, 1)
    assert ApiKey.objects.get().last_used_at is not None
