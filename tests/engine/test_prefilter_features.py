"""The featuriser: the same buckets on every machine, whatever the batch."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.features import WIDTH, WORD_BITS, featurise

GOLDEN = {
    "a": [108453, 583919],
    "a b": [52035, 100274, 108453, 538379, 583919],
    "été \U0001f600": [29635, 64972, 67566, 343544, 348629, 362483, 485401, 674553, 750995, 771646],
}


def test_known_texts_fall_into_known_buckets() -> None:
    for text, buckets in GOLDEN.items():
        assert featurise([text]).buckets.tolist() == buckets


def test_pythons_hash_seed_plays_no_part() -> None:
    code = "from inference.features import featurise; print(featurise(['the cat sat']).buckets.tolist())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{featurise(['the cat sat']).buckets.tolist()}\n"}


@given(
    st.lists(
        st.text(alphabet="ab cé'\U0001f600!", max_size=12).map(lambda t: " ".join(t.split())), max_size=5
    )
)
def test_a_texts_features_do_not_depend_on_its_batch(texts: list[str]) -> None:
    grams = featurise(texts)
    assert len(grams.starts) == len(texts) + 1
    for i, text in enumerate(texts):
        own = grams.buckets[grams.starts[i] : grams.starts[i + 1]]
        assert own.tolist() == featurise([text]).buckets.tolist()
        assert np.all(np.diff(own) > 0)
        assert not len(own) or 0 <= own[0] <= own[-1] < WIDTH


def test_words_ignore_punctuation_and_characters_stay_within_words() -> None:
    words = {b for b in featurise(["cat, dog!"]).buckets.tolist() if b < 1 << WORD_BITS}
    assert words == {b for b in featurise(["cat dog"]).buckets.tolist() if b < 1 << WORD_BITS}
    spanned = set(featurise(["ab cd"]).buckets.tolist()) - set(featurise(["ab"]).buckets.tolist())
    spanned -= set(featurise(["cd"]).buckets.tolist())
    assert len(spanned) == 1  # the word pair only


def test_repeats_count_once_and_texts_have_length_one() -> None:
    once, thrice = featurise(["abc abc"]), featurise(["abc abc abc"])
    assert once.buckets.tolist() == thrice.buckets.tolist()
    assert once.roots.tolist() == [len(once.buckets) ** 0.5]
