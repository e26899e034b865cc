"""An optional sentence encoder: what it adds to the semantic model, and where its files lie."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from papers.matching.ranking import match_topic, rank_and_match
from papers.matching.scoring import ENCODER_SHARE, PaperText, TopicSpec, score
from papers.models import FittedModel, Match, Paper, PaperVector
from papers.search.related import related_to
from papers.semantics import combined, current, encoder, fitting
from papers.semantics.combined import SHARE, CombinedModel, EncoderView, combine
from papers.semantics.encoder import Encoder, EncoderError, EncoderFiles, find
from papers.semantics.fitting import fit_now, is_due
from papers.semantics.lsa import Floats, ModelFormatError, fit, unit
from tests.factories import NOW, make_paper, make_papers_about, make_topic

CATS = "cat purr whisker paw milk"
CARS = "car engine wheel road brake"
HOUR = dt.timedelta(hours=1)


class Thesaurus:
    """An encoder that knows what words are about, "feline" and "vehicle" among them."""

    digest = "thesaurus"

    def __init__(self) -> None:
        self.read: list[str] = []

    def embed(self, texts: Iterable[str]) -> Floats:
        texts = list(texts)
        self.read += texts
        known = (f"{CATS} feline".split(), f"{CARS} vehicle".split())
        return unit(
            np.array(
                [
                    [0.1 + sum(word in text.lower() for word in words) for words in known]
                    + [0.1 * (len(text) % 5)]
                    for text in texts
                ],
                np.float32,
            )
        )


@pytest.fixture
def thesaurus(monkeypatch: pytest.MonkeyPatch) -> Thesaurus:
    """The encoder that is set."""
    found = Thesaurus()
    set_encoder(monkeypatch, found)
    return found


def set_encoder(monkeypatch: pytest.MonkeyPatch, found: Thesaurus | None) -> None:
    """Have a process with this encoder, or with none."""
    current.clear()
    monkeypatch.setattr(current, "configured", lambda: found)
    monkeypatch.setattr(fitting, "configured", lambda: found)


def fitted(now: dt.datetime = NOW) -> CombinedModel:
    """The model in use after another fit."""
    assert fit_now(now) is not None
    model = current.current_model()
    assert isinstance(model, CombinedModel)
    return model


TEXTS = [f"{words}\n{words}" for words in (CATS, CARS, "cat paw", "car wheel")] * 5


# What it adds


def test_the_cosine_of_combined_vectors_is_the_mean_of_both_cosines():
    model = fit(TEXTS)
    both = combine(model, Thesaurus())
    cat, car, vehicle = both.embed(["cat paw", "car milk", "vehicle wheel"])
    lsa = model.embed(["cat paw", "car milk", "vehicle wheel"])
    encoded = both.encode(["cat paw", "car milk", "vehicle wheel"])

    assert len(cat) == both.dimensions
    assert np.linalg.norm(cat) == pytest.approx(1, abs=1e-5)
    mean = (1 - SHARE) * (lsa[0] @ lsa[1]) + SHARE * (encoded[0] @ encoded[1])
    assert cat @ car == pytest.approx(mean, abs=1e-5)
    assert np.allclose(both.encoded_part(np.stack([cat, car, vehicle])), encoded, atol=1e-5)


@pytest.mark.django_db
def test_papers_are_found_by_a_word_that_none_of_them_has(thesaurus: Thesaurus):
    make_papers_about(CATS, CARS)
    model = fitted()

    found = current.nearest(model.embed(["feline"])[0], 10)

    assert len(found) == 10
    assert all("cat" in Paper.objects.get(pk=pk).abstract for pk, _ in found)


def test_an_encoder_has_a_say_in_the_score_and_none_in_what_is_sent():
    papers = [PaperText(1, "On felines", "A feline."), PaperText(2, "On roads", "Road and brake.")]
    topics = [TopicSpec(1, "Cats", "About cats and their whiskers", ("cat", "paw"))]
    model = fit(TEXTS)
    both = combine(model, Thesaurus())

    without = score(papers, topics, model)
    encoded = both.encode([f"{paper.title}\n{paper.abstract}" for paper in papers])
    with_it = score(papers, topics, both, encoded)

    assert without.encoder_z is None
    assert with_it.encoder_z is not None
    assert with_it.encoder_z[0, 0] > with_it.encoder_z[1, 0]
    assert np.allclose(with_it.total, without.total + ENCODER_SHARE * with_it.encoder_z)
    assert (with_it.sendable == without.sendable).all()


@pytest.mark.django_db
def test_a_papers_page_encodes_nothing_that_is_stored(thesaurus: Thesaurus):
    paper, *_ = make_papers_about(CATS, CARS)
    model = fitted()
    anew = model.embed([current.text_of_stored(paper)])[0]
    thesaurus.read.clear()

    using = current.in_use()
    assert using is not None
    assert current.vector_of(paper, using) @ anew == pytest.approx(1, abs=0.002)
    related_to(paper)
    assert not thesaurus.read

    PaperVector.objects.all().delete()
    assert np.allclose(current.vector_of(paper, using), anew)
    assert thesaurus.read


@pytest.mark.django_db
def test_the_stored_score_has_the_encoders_say(
    thesaurus: Thesaurus, monkeypatch: pytest.MonkeyPatch
):
    make_papers_about(CATS, CARS)
    topic = make_topic("Cats", keywords=["cat"])
    fitted()
    rank_and_match(now=NOW)
    scores = dict(Match.objects.values_list("paper_id", "score"))
    assert scores

    set_encoder(monkeypatch, None)
    match_topic(topic, NOW)
    without = dict(Match.objects.values_list("paper_id", "score"))

    assert without.keys() == scores.keys()
    assert all(without[pk] < scores[pk] for pk in scores)


# Fitting and storing


@pytest.mark.django_db
def test_a_model_is_due_when_an_encoder_comes_and_when_it_goes(monkeypatch: pytest.MonkeyPatch):
    make_papers_about(CATS, CARS)
    set_encoder(monkeypatch, None)
    assert fit_now(NOW) is not None
    assert not is_due(NOW + HOUR)

    set_encoder(monkeypatch, Thesaurus())
    assert is_due(NOW + HOUR)
    fitted(NOW + HOUR)
    assert not is_due(NOW + 2 * HOUR)

    set_encoder(monkeypatch, None)
    assert is_due(NOW + 2 * HOUR)


@pytest.mark.django_db
def test_the_next_model_encodes_only_papers_that_are_new(
    thesaurus: Thesaurus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(combined, "SAMPLE", 20)
    make_papers_about(CATS, CARS)
    fitted()
    thesaurus.read.clear()
    make_paper("Feline on wheels", abstract="A cat and a car")

    model = fitted(NOW + HOUR)

    assert thesaurus.read == ["Feline on wheels\nA cat and a car"]
    latest = FittedModel.objects.latest("pk")
    vectors = current.vectors_of(Paper.objects.values_list("pk", flat=True), latest.pk)
    for paper in Paper.objects.all():
        anew = model.embed([current.text_of_stored(paper)])[0]
        assert vectors[paper.pk] @ anew == pytest.approx(1, abs=0.002)


@pytest.mark.django_db
def test_what_an_interrupted_fit_has_encoded_is_not_encoded_again(
    thesaurus: Thesaurus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(combined, "SAMPLE", 20)
    monkeypatch.setattr(fitting, "BATCH", 15)
    make_papers_about(CATS, CARS)

    def interrupt(what: str, done: int, total: int) -> None:
        if what == "embedding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_now(NOW, interrupt)
    thesaurus.read.clear()
    fitted(NOW + HOUR)
    assert len(thesaurus.read) == 5

    with pytest.raises(KeyboardInterrupt):
        fit_now(NOW + 2 * HOUR, interrupt)
    thesaurus.read.clear()
    fitted(NOW + 3 * HOUR)
    assert not thesaurus.read


@pytest.mark.django_db
def test_a_view_of_few_papers_is_measured_anew(thesaurus: Thesaurus):
    make_papers_about(CATS, CARS)
    assert fitted().view.measured_on == 20
    make_paper("Feline on wheels", abstract="A cat and a car")

    assert fitted(NOW + HOUR).view.measured_on == 21


@pytest.mark.django_db
def test_a_machine_without_the_encoder_orders_by_words_and_spoils_nothing(
    thesaurus: Thesaurus, monkeypatch: pytest.MonkeyPatch
):
    make_papers_about(CATS, CARS)
    fitted()
    before = dict(PaperVector.objects.values_list("pk", "vector"))

    set_encoder(monkeypatch, None)
    model = current.current_model()
    assert model is not None
    rank_and_match(now=NOW)
    found = current.nearest(model.embed(["whisker paw"])[0], 10)

    assert all("cat" in Paper.objects.get(pk=pk).abstract for pk, _ in found)
    assert dict(PaperVector.objects.values_list("pk", "vector")) == before


@pytest.mark.django_db
def test_what_was_stored_without_the_encoder_is_made_whole_by_a_machine_with_it(
    thesaurus: Thesaurus, monkeypatch: pytest.MonkeyPatch
):
    make_papers_about(CATS, CARS)
    fitted()
    set_encoder(monkeypatch, None)
    paper = make_paper("Feline", abstract="whisker")
    rank_and_match(now=NOW)
    number = current.number_in_use()
    assert number is not None
    half = current.vectors_of([paper.pk], number)[paper.pk]

    set_encoder(monkeypatch, thesaurus)
    rank_and_match(now=NOW)

    model = current.current_model()
    assert isinstance(model, CombinedModel)
    assert not model.encoded_part(half[None]).any()
    assert model.encoded_part(current.vectors_of([paper.pk], number)[paper.pk][None]).any()


def test_a_view_is_read_as_it_was_stored():
    view = combine(fit(TEXTS), Thesaurus()).view

    read = EncoderView.from_bytes(view.to_bytes())

    assert (read.encoder, read.measured_on) == ("thesaurus", 20)
    assert np.array_equal(read.axes, view.axes)
    assert np.array_equal(read.covariance, view.covariance)
    with pytest.raises(ModelFormatError):
        EncoderView.from_bytes(b"not a view")


# Files


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the two packages were there, which `find` does not import."""
    monkeypatch.setattr(encoder, "find_spec", lambda name: object())


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoder, "find_spec", lambda name: None)

    with pytest.raises(EncoderError, match="pip install onnxruntime tokenizers"):
        find("/anywhere")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("/no/such/place", "neither a directory nor package:NAME"),
        ("package:no-such-package", "is not installed"),
        ("package:django", "no model.onnx"),
        ("package:", "is not installed"),
        (",", "no model.onnx"),
    ],
)
def test_a_place_without_an_encoder_is_refused(installed: None, where: str, message: str):
    with pytest.raises(EncoderError, match=message):
        find(where)


def test_files_are_found_as_hubs_lay_them_out_and_in_several_places(
    installed: None, tmp_path: Path
):
    (tmp_path / "a/onnx").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "a/onnx/model.onnx").touch()
    with pytest.raises(EncoderError, match=r"no tokenizer.json"):
        find(str(tmp_path / "a"))

    (tmp_path / "b/tokenizer.json").touch()

    assert find(f"{tmp_path}/a, {tmp_path}/b") == EncoderFiles(
        tmp_path / "a/onnx/model.onnx", tmp_path / "b/tokenizer.json"
    )


def test_an_encoder_that_cannot_be_used_fails_the_check_and_nothing_else(
    settings, installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings.ENCODER = str(tmp_path)

    assert "papers.E001" in [found.id for found in run_checks()]
    assert encoder.configured() is None


def test_the_evaluation_says_why_an_encoder_cannot_be_used(installed: None, shared: Path):
    data = shared / "data" / "relevance"
    files = (
        f"--candidates={data / 'candidates.jsonl.gz'}",
        f"--topics={data / 'topics.yaml'}",
        f"--judgments={data / 'judgments.jsonl'}",
    )
    with pytest.raises(CommandError, match="neither a directory nor package:NAME"):
        call_command("evaluate_topics", *files, "--encoder=/no/such/place", stdout=StringIO())


# The real thing, where onnxruntime and tokenizers are installed


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a protocol buffer message, as ONNX files are made of."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A number in base 128, the least digit first."""
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def tensor(name: str, kind: int, sizes: tuple[str, ...]) -> bytes:
    """The declaration of an input or output with named sizes."""
    shape = b"".join(field(1, field(2, size)) for size in sizes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A real model in a directory: the vectors of four words, looked up by their numbers."""
    for package in ("onnxruntime", "tokenizers"):
        pytest.importorskip(package, reason="needs the extra `semantic`")
    table = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "<f4")
    weights = field(1, 4) + field(1, 2) + field(2, 1) + field(8, "table")
    graph = (
        field(1, field(1, "table") + field(1, "input_ids") + field(2, "out") + field(4, "Gather"))
        + field(2, "tiny")
        + field(5, weights + field(9, table.tobytes()))
        + field(11, tensor("input_ids", 7, ("batch", "tokens")))
        + field(12, tensor("out", 1, ("batch", "tokens", "two")))
    )
    model = field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))
    (tmp_path / "model.onnx").write_bytes(model)
    words = {"type": "WordLevel", "vocab": {"?": 0, "cat": 1, "car": 2, "paper": 3}}
    tokenizer: dict[str, object] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {**words, "unk_token": "?"},
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    yield tmp_path
    encoder._usable.cache_clear()


def test_a_text_becomes_the_mean_of_its_words_as_a_unit_vector(tiny: Path):
    made = encoder.load(str(tiny))

    vectors = made.embed(["cat", "cat car", "cat cat cat car", "", "\ud83d \x00"])

    root = np.sqrt(0.5)
    expected = unit(np.array([[1, 0], [root, root], [3, 1], [0, 0], [0, 0]]))
    assert np.allclose(vectors, expected, atol=1e-6)


def test_a_long_text_is_cut_and_the_others_are_not_touched_by_it(tiny: Path):
    made = encoder.load(str(tiny))

    long = "cat " * encoder.LONGEST + "car " * 9_999

    assert np.allclose(made.embed([long, "car"]), [[1, 0], [0, 1]])


def test_another_file_has_another_digest(tiny: Path):
    before = Encoder(find(str(tiny))).digest
    (tiny / "tokenizer.json").write_text((tiny / "tokenizer.json").read_text() + "\n")

    assert Encoder(find(str(tiny))).digest != before


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_that_is_no_encoder_is_refused_with_a_sentence(tiny: Path, name: str):
    (tiny / name).write_text("<html>Not found</html>")

    with pytest.raises(EncoderError, match="no sentence encoder"):
        encoder.load(str(tiny))


@pytest.mark.django_db
def test_the_service_fits_and_searches_with_a_real_encoder(tiny: Path, settings):
    settings.ENCODER = str(tiny)
    make_papers_about(CATS, CARS)

    model = fitted()

    found = current.nearest(model.embed(["cat whisker"])[0], 10)
    assert not run_checks(include_deployment_checks=False)
    assert all("cat" in Paper.objects.get(pk=pk).abstract for pk, _ in found)
