"""What tests of screening start from: seeded policies, arrived items, leased judgements, answers, a stand-in server."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

from inference import Confidence, EngineIdentity, Failure, FailureKind, Label, Prefilter, Usage, Verdict
from inference.languages import Languages
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake import actions as intake
from reviewapp.intake.incoming import IncomingItem
from reviewapp.policies import actions as policies
from reviewapp.screening import actions
from reviewapp.screening.actions import Claim
from tests.practice import practising

ROOT = Path(settings.BASE_DIR)
ABUSE = "You are a worthless idiot and everybody hates you, go away you pathetic loser"
ORDINARY = "The train was on time and the weather in the mountains was lovely"
IDENTITY = EngineIdentity("practice-test", "", "1", 16_384, True, "sig")


def publish(*slugs: str) -> None:
    """Seeded policies in force; all seven without names."""
    for path in sorted((ROOT / "policies_seed").glob("*.md")):
        if not slugs or path.stem in slugs:
            policies.import_policy(source=path.read_text(encoding="utf-8"), actor=OPERATOR, publish=True)


def arrive(*texts: str, **fields: Any) -> list[UUID]:
    """New items with these texts on the source `forum`; `fields` go to every one."""
    items = [
        msgspec.convert(
            {"external_id": f"t-{time.monotonic_ns()}-{number}", "source": "forum", "content": {"text": text}}
            | fields,
            IncomingItem,
        )
        for number, text in enumerate(texts)
    ]
    return [
        each.id
        for each in intake.receive(items=items, actor=OPERATOR)
        if not isinstance(each, intake.Refused)
    ]


def score(*, draw: float = 0.9) -> int:
    """Score one batch; a draw of 0.9 keeps everything out of the sample."""
    return actions.score_batch(
        prefilter=Prefilter.shipped(), read=Languages.shipped().read, draw=lambda: draw
    )


def claimed(limit: int = 100) -> list[Claim]:
    """Judgements on loan."""
    return actions.claim_judgements(endpoint=0, limit=limit)


def engine() -> UUID:
    """The id of a known engine."""
    return actions.note_engine(endpoint=0, identity=IDENTITY)


def verdict(claim: Claim, **fields: Any) -> Verdict:
    """A readable answer to `claim`."""
    given: dict[str, Any] = {
        "label": Label.VIOLATES, "confidence": Confidence.HIGH, "sections": claim.policy.section_ids[:1],
        "unknown_sections": (), "evidence_for": (claim.subject.text[:10],), "evidence_against": (),
        "dropped_quotes": 0, "rationale": "Because.", "reasoning": "Thought.", "raw": "{}", "model": "practice-test",
        "fingerprint": "f", "usage": Usage(100, 10, 50, 5), "prompt_hash": "a" * 64, "injection_suspected": False,
        "seconds": 0.5,
    }  # fmt: skip
    return Verdict(**(given | fields))


def failure(kind: str) -> Failure:
    """No answer, for that reason."""
    return Failure(FailureKind(kind), "It did not work.")


def state_of(item: UUID) -> str:
    """Where an item stands."""
    return str(one("SELECT state FROM intake_item WHERE id = %s", item))


def one(statement: str, *parameters: Any) -> Any:
    """The first column of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def execute(statement: str, *parameters: Any) -> None:
    """Run a statement, such as one that moves a time into the past."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@contextlib.contextmanager
def standin(*options: str) -> Iterator[str]:
    """A practice reasoner of its own. Yields its base URL."""
    with practising(*options) as running:
        yield running.url
