"""Words by their neighbors: which get a vector, and which vectors are alike."""

import numpy as np
import numpy.typing as npt
import pytest

from papers.semantics import nearby
from papers.semantics.nearby import FEWEST_TIMES, word_vectors
from papers.text.tokens import Tokens

Floats = npt.NDArray[np.float32]


def vectors(*texts: str, dimensions: int = 4) -> dict[str, Floats]:
    """The vectors of all words of some texts."""
    cut = Tokens.cut(text.split() for text in texts)
    found = word_vectors(cut.numbers, cut.text_of, len(cut.distinct), dimensions, 0)
    return dict(zip(cut.distinct, found, strict=True))


def cosine(one: Floats, other: Floats) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


TEXTS = ["cat drinks milk", "dog drinks milk", "car burns fuel", "bus burns fuel"] * FEWEST_TIMES


def test_words_that_never_meet_are_alike_by_what_stands_beside_them() -> None:
    found = vectors(*TEXTS)
    assert cosine(found["cat"], found["dog"]) > 0.9
    assert cosine(found["cat"], found["bus"]) < 0.1


def test_no_word_is_the_neighbor_of_one_in_another_text() -> None:
    assert vectors(*["cat", "dog"] * FEWEST_TIMES)["cat"].shape == (0,)


def test_far_away_is_not_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "WINDOW", 1)
    texts = ["cat x milk", "dog y milk"] * FEWEST_TIMES
    assert cosine(vectors(*texts)["cat"], vectors(*texts)["dog"]) < 0.5


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_what_is_counted_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    whole = vectors(*TEXTS)
    monkeypatch.setattr(nearby, "COUNTED_AT_ONCE", size)
    parts = vectors(*TEXTS)
    assert all(np.allclose(parts[word], whole[word], atol=1e-4) for word in whole)


def test_words_that_are_too_rare_get_zeros() -> None:
    found = vectors(*TEXTS, "yak drinks milk")
    assert not found["yak"].any()
    assert found["cat"].any()


def test_only_the_most_frequent_words_get_a_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "MOST_WORDS", 4)
    found = vectors(*TEXTS)
    assert sorted(word for word in found if found[word].any()) == [
        "burns", "drinks", "fuel", "milk"
    ]  # fmt: skip


def test_what_is_everywhere_weighs_less() -> None:
    found = vectors(*TEXTS, *["cat says"] * 20, dimensions=2)
    assert np.linalg.norm(found["cat"]) < np.linalg.norm(found["dog"])


def test_the_same_texts_give_the_same_vectors_and_none_give_none() -> None:
    assert np.array_equal(vectors(*TEXTS)["cat"], vectors(*TEXTS)["cat"])
    assert vectors() == {}
