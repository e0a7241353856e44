"""The shipped prefilter: stable scores, one threshold, bounded size and time, clear errors on damage."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.prefilter import MODEL_FILE, SHIPPED, WEIGHTS_FILE, WINDOW, ModelFileError, Prefilter, Score
from inference.types import FAMILIES

# Invented texts with the risk the shipped weights give them. A newly trained model needs new figures here.
EXPECTED = {
    "The trains run late again because of the snow.": 0.848250,
    "You are a worthless idiot and nobody likes you": 1.0,
    "I will find you and hurt you": 0.981309,
    "I want to end my life tonight": 0.996140,
    "": 0.512403,
    "Schöne Grüße aus Köln \U0001f600": 0.717336,
}
ODD = ["", " ", "\x00", "\ud800", "\U0010ffff" * 3, "\u202e\u200b", "\ufdfa" * 2000, "a" * 100_000]


@pytest.fixture(scope="module")
def model() -> Prefilter:
    return Prefilter.shipped()


def test_scores_of_fixed_texts_stay_what_they_were(model: Prefilter) -> None:
    risks = [score.risk for score in model.score(list(EXPECTED))]
    assert risks == pytest.approx(list(EXPECTED.values()), abs=1e-6)


def test_each_family_shows_in_its_own_head(model: Prefilter) -> None:
    texts = {
        "spam": "Subscribe to my channel and win a free phone http://win.example/x",
        "harassment": "You are a worthless idiot and nobody likes you",
        "threat": "I will find you and hurt you",
        "self_harm": "I want to end my life tonight",
    }
    for family, score in zip(texts, model.score(list(texts.values())), strict=True):
        assert family in score.over
        assert max(score.heads, key=lambda f: score.heads[f]) == family


def test_a_text_passes_exactly_below_the_threshold(model: Prefilter) -> None:
    at = Score(model.threshold, {}, frozenset())
    below = Score(float(np.nextafter(model.threshold, 0)), {}, frozenset())
    assert not model.would_pass(at)
    assert model.would_pass(below)


def test_a_text_is_over_in_some_family_exactly_when_it_is_sent_on(model: Prefilter) -> None:
    for score in model.score([*EXPECTED, *ODD]):
        assert bool(score.over) is not model.would_pass(score)
        assert 0 <= score.risk <= 1
        assert tuple(score.heads) == FAMILIES
        assert all(0 <= p <= 1 for p in score.heads.values())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=50), max_size=6))
def test_a_score_does_not_depend_on_the_batch(texts: list[str]) -> None:
    model = Prefilter.shipped()
    assert model.score(texts) == [model.score([text])[0] for text in texts]


def test_large_batches_keep_their_order(model: Prefilter) -> None:
    texts = [f"comment number {n} about boats" for n in range(700)] + list(EXPECTED)
    assert model.score(texts)[-len(EXPECTED) :] == model.score(list(EXPECTED))


def test_one_threat_in_a_long_text_is_not_thinned_out(model: Prefilter) -> None:
    calm = "The garden was lovely and the tea was warm. " * 60
    threat = "I will find you and kill you, you piece of dirt."
    for text in (threat + calm, calm + threat, calm + threat + calm):
        assert len(text) > WINDOW
        assert not model.would_pass(model.score([text])[0])
    assert model.score([calm])[0].risk < model.score([calm + threat])[0].risk


def test_spelling_tricks_do_not_lower_the_risk_below_the_threshold(model: Prefilter) -> None:
    tricks = ["y0u are a w0rthl3ss 1d10t", "you are a worthless i d i o t", "yоu аrе а wоrthlеss idiоt"]
    assert all("harassment" in score.over for score in model.score(tricks))


def test_the_longest_text_takes_bounded_time(model: Prefilter) -> None:
    began = time.process_time()
    model.score(["\ufdfa" * 100_000, "n0t a w o r d " * 7_000])  # the first unfolds to 1.8 million characters
    assert time.process_time() - began < 10


def test_the_shipped_model_is_small_named_by_content_and_labelled(model: Prefilter) -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 5_000_000
    assert model.name == json.loads((SHIPPED / MODEL_FILE).read_text())["name"]
    assert model.label == "starter threshold, not measured on your traffic"
    assert model.families == FAMILIES
    assert model.name in (SHIPPED / "MODEL_CARD.md").read_text()


def _edit(folder: Path, **changes: object) -> None:
    path = folder / MODEL_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "weights cut short": lambda d: (d / WEIGHTS_FILE).write_bytes((d / WEIGHTS_FILE).read_bytes()[:1000]),
    "weights empty": lambda d: (d / WEIGHTS_FILE).write_bytes(b""),
    "weights missing": lambda d: (d / WEIGHTS_FILE).unlink(),
    "one weight changed": lambda d: _flip(d / WEIGHTS_FILE, 2_000_000),
    "weights of another shape": lambda d: np.save(d / WEIGHTS_FILE, np.zeros((6, 8), dtype=np.int8)),
    "description missing": lambda d: (d / MODEL_FILE).unlink(),
    "description no JSON": lambda d: (d / MODEL_FILE).write_text("{"),
    "threshold changed": lambda d: _edit(d, threshold=0.1),
    "heads missing": lambda d: _edit(d, heads={}),
    "other features": lambda d: _edit(d, features="hash-0"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_refused_with_what_to_do(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(SHIPPED, folder)
    DAMAGE[damage](folder)
    with pytest.raises(ModelFileError, match=r"restore it|train it again"):
        Prefilter.load(folder)
