"""The model of meaning: what fitting, embedding and storing promise."""

import io
import json

import numpy as np
import pytest

from papers.semantics.lsa import (
    FORMAT,
    SAMPLE,
    ModelFormatError,
    SemanticModel,
    fit,
    text_of,
    unit,
)

CATS = ["cat purr whisker", "cat whisker paw", "purr paw cat milk", "milk whisker cat"]
CARS = ["car engine wheel", "engine wheel road", "car road brake", "brake engine car"]
TEXTS = [text_of(words, f"{words} {words}") for words in (CATS + CARS) * 5]


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    """Knows cats and cars."""
    return fit(TEXTS, dimensions=4, seed=1, version="v1")


def by_neighbors(model: SemanticModel, *papers: str) -> list[float]:
    """How close the papers are to one topic by the neighbors of their words."""
    z = model.nearby(model.counts(papers or ("purr", "road")), model.counts(["cat whisker"]))
    values: list[float] = z[:, 0].tolist()
    return values


def test_vectors_are_unit_float32_rows(model: SemanticModel) -> None:
    vectors = model.embed(["a cat", "an engine", "cat engine"])
    assert vectors.shape == (3, model.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_related_words_are_close_even_when_they_differ(model: SemanticModel) -> None:
    paw, purr, wheel = model.embed(["paw", "purr", "wheel"])
    assert paw @ purr > 0.5
    assert abs(paw @ wheel) < 0.3


def test_a_text_of_unknown_words_is_a_zero_vector(model: SemanticModel) -> None:
    assert not model.embed(["xylophone", ""]).any()


def test_the_same_texts_and_seed_give_the_same_model(model: SemanticModel) -> None:
    again = fit(TEXTS, dimensions=4, seed=1, version="v1")
    assert again.to_bytes() == model.to_bytes()


def test_dimensions_are_lowered_where_the_texts_carry_fewer() -> None:
    assert 1 <= fit(CATS + CARS, dimensions=100).dimensions < len(CATS + CARS)


@pytest.mark.parametrize("texts", [[], ["one text"], ["", ""], ["cat", "dog"], ["the of", "and"]])
def test_texts_without_words_in_common_cannot_be_fitted(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="words in common"):
        fit(texts)


def test_a_stored_model_says_the_same(model: SemanticModel) -> None:
    read = SemanticModel.from_bytes(model.to_bytes())
    assert read.words.shape == model.words.shape
    assert np.allclose(by_neighbors(read), by_neighbors(model), atol=2e-2)
    assert read.version == "v1"
    assert read.fitted_on == len(TEXTS)
    assert read.sample == model.sample
    texts = ["cat milk", "road brake", "cat on the road"]
    assert np.allclose(read.embed(texts), model.embed(texts), atol=2e-3)


def test_a_model_is_stored_without_pickles(model: SemanticModel) -> None:
    with np.load(io.BytesIO(model.to_bytes()), allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an archive",
        archive(other=np.zeros(3)),
        archive(header=np.frombuffer(b"no json", dtype=np.uint8)),
        archive(header=np.frombuffer(b'{"format": 999}', dtype=np.uint8)),
        archive(header=np.frombuffer(json.dumps({"format": FORMAT}).encode(), dtype=np.uint8)),
        archive(header=np.array([{"format": FORMAT}], dtype=object)),
    ],
)
def test_anything_but_a_model_is_refused(data: bytes) -> None:
    with pytest.raises(ModelFormatError):
        SemanticModel.from_bytes(data)


SPRUNG: list[str] = []


class Snare:
    """Leaves a word in SPRUNG when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return spring, ()


def spring() -> None:
    SPRUNG.append("sprung")


def test_nothing_in_a_model_is_executed(model: SemanticModel) -> None:
    with np.load(io.BytesIO(model.to_bytes())) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["idf"] = np.array([Snare()], dtype=object)
    with pytest.raises(ModelFormatError):
        SemanticModel.from_bytes(archive(**arrays))
    assert SPRUNG == []


def test_half_a_model_is_refused(model: SemanticModel) -> None:
    data = model.to_bytes()
    with pytest.raises(ModelFormatError):
        SemanticModel.from_bytes(data[: len(data) // 2])


def test_the_background_is_described_exactly(model: SemanticModel) -> None:
    directions = model.embed(["cat", "engine road", "milk brake"])
    similarities = model.embed(TEXTS) @ directions.T
    mean, deviation = model.background(directions)
    assert np.allclose(mean, similarities.mean(axis=0), atol=1e-3)
    assert np.allclose(deviation, similarities.std(axis=0, ddof=1), atol=1e-2)


def test_what_ranks_is_ordinary_in_the_background_itself(model: SemanticModel) -> None:
    topics, papers = ["cat", "road brake"], model.counts(TEXTS)
    closer = model.closer(model.embed_counts(papers), model.embed(topics))
    for z in (closer, model.nearby(papers, model.counts(topics))):
        assert z.shape == (len(TEXTS), 2)
        assert np.allclose(z.mean(axis=0), 0, atol=1e-3)
        assert np.allclose(z.std(axis=0), 1, atol=1e-3)


def test_closer_to_the_topic_than_most_is_not_closer_to_everything(model: SemanticModel) -> None:
    papers, topics = model.embed(["cat paw", "road wheel"]), model.embed(["purr", "engine"])
    closer = model.closer(papers, topics)
    assert closer[0, 0] > 0 > closer[0, 1]
    assert closer[1, 1] > 0 > closer[1, 0]


def test_a_text_of_unknown_words_is_as_far_as_the_mean(model: SemanticModel) -> None:
    nothing = model.embed(["xylophone", ""])
    assert np.allclose(model.closer(nothing, model.embed(["cat"])), 0, atol=1)
    assert by_neighbors(model, "xylophone")[0] == by_neighbors(model, "")[0]


def test_words_with_the_same_neighbors_are_close(model: SemanticModel) -> None:
    milk, brake = by_neighbors(model, "milk", "brake")
    assert milk > 0 > brake


def test_a_model_of_an_earlier_version_ranks_without_neighbors(model: SemanticModel) -> None:
    with np.load(io.BytesIO(model.to_bytes())) as stored:
        arrays = {name: stored[name] for name in stored.files if not name.startswith("words")}
    earlier = SemanticModel.from_bytes(archive(**arrays))
    assert by_neighbors(earlier) == [0, 0]
    assert np.allclose(earlier.embed(["cat"]), model.embed(["cat"]), atol=2e-3)
    assert SemanticModel.from_bytes(earlier.to_bytes()).words.shape[1] == 0


def test_bm25_of_the_background_itself_is_ordinary(model: SemanticModel) -> None:
    query = model.counts(["cat", "road brake"])
    z = model.bm25(model.counts(TEXTS), query)
    assert np.allclose(z.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(z.std(axis=0), 1, atol=1e-3)


def test_bm25_of_an_unknown_query_is_zero(model: SemanticModel) -> None:
    assert not model.bm25(model.counts(TEXTS), model.counts(["xylophone"])).any()


def test_a_model_keeps_no_more_than_a_sample_of_its_background() -> None:
    texts = [f"cat dog number{n % 50}" for n in range(SAMPLE + 10)]
    assert len(fit(texts, dimensions=2).sample) == SAMPLE


def test_a_title_counts_twice_and_keeps_to_its_line(model: SemanticModel) -> None:
    assert text_of("A\ncat ", "purr") == "A cat\npurr"
    counts = model.counts([text_of("cat", "engine")]).toarray()[0]
    assert counts[model.vocabulary["cat"]] == 2
    assert counts[model.vocabulary["engin"]] == 1


def test_zero_vectors_stay_zero() -> None:
    assert unit(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [
        [0.0, 0.0],
        [pytest.approx(0.6), pytest.approx(0.8)],
    ]
