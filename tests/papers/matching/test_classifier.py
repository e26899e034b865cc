"""The classifier of a topic: what teaches it, what it says, and what it may change."""

import random
from dataclasses import replace

import numpy as np
import pytest

from papers.matching import learning, scoring
from papers.matching.classifier import (
    FEWEST_SENT,
    MOST_WEIGHTS,
    Classifier,
    Classifiers,
    Corpus,
    fit_classifier,
    read_corpus,
)
from papers.matching.learning import Learned, digest, learn
from papers.matching.scoring import match, score
from papers.matching.texts import PaperText, TopicSpec, tokens_of
from papers.semantics.lsa import FEWEST_TO_VOUCH, SemanticModel, fit, text_of
from papers.text.tokens import Tokens

ROBOTS = "arm gripper grasp object motion camera policy demonstration hand table"
GARDENS = "soil flower seed rain bee harvest compost root leaf season"
ANYTHING = "study learn find better small large first data time group"


def invented(subject: str, number: int, *more: str) -> PaperText:
    """A paper on a subject, the same for the same number."""
    chance = random.Random(f"{subject} {number}")
    words = chance.choices(subject.split(), k=25) + chance.choices(ANYTHING.split(), k=15)
    chance.shuffle(words)
    return PaperText(f"{subject[:3]}-{number}", " ".join([*words[:4], *more]), " ".join(words))


PAPERS = [invented(ROBOTS, n, "robot") for n in range(60)]
PAPERS += [invented(GARDENS, n) for n in range(FEWEST_TO_VOUCH)]
TEXTS = [text_of(paper.title, paper.abstract) for paper in PAPERS]
TOPIC = TopicSpec("robots", "Robots", "An arm and a gripper grasp objects.", ("robot",))
SENT = np.arange(len(PAPERS)) < 60


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read_corpus(tokens_of(PAPERS))


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    return fit(TEXTS, dimensions=8, version="test")


@pytest.fixture(scope="module")
def learned(model: SemanticModel) -> Learned:
    return learn(PAPERS, [TOPIC], model)[0]


def z(classifier: Classifier | None, *papers: PaperText) -> list[float]:
    found = Classifiers([classifier]).z_scores(tokens_of(papers))
    values: list[float] = found[:, 0].tolist()
    return values


def test_a_paper_that_reads_like_those_sent_stands_out_without_any_keyword(corpus: Corpus) -> None:
    classifier = fit_classifier(corpus, SENT, {"robot"})
    like, unlike = z(classifier, invented(ROBOTS, 900), invented(GARDENS, 900))
    assert like > 1 > 0 > unlike


def test_what_is_known_already_teaches_nothing(corpus: Corpus) -> None:
    classifier = fit_classifier(corpus, SENT, {"robot"})
    assert classifier is not None
    assert not [feature for feature in classifier.features if "robot" in feature.split()]


def test_few_papers_teach_nothing(corpus: Corpus) -> None:
    few = np.arange(len(PAPERS)) < FEWEST_SENT - 1
    assert fit_classifier(corpus, few) is None
    assert fit_classifier(corpus, np.ones(len(PAPERS), np.bool_)) is None
    assert learn([], [TOPIC], fit(TEXTS, dimensions=2))[0].classifier is None


def test_no_more_weights_are_kept_than_promised() -> None:
    chance = random.Random(0)
    names = [f"word{chance.randrange(3_000)}x" for _ in range(60_000)]
    texts = [(f"t{n % 7}", " ".join(names[n * 100 : n * 100 + 100])) for n in range(600)]
    classifier = fit_classifier(read_corpus(Tokens.of_pairs(texts)), np.arange(600) < 300)
    assert classifier is not None
    assert len(classifier.features) == MOST_WEIGHTS
    assert len(classifier.to_bytes()) < 100_000


def test_an_editors_word_outweighs_the_rule(corpus: Corpus) -> None:
    strange = [invented(GARDENS, n) for n in range(1_000, 1_003)]
    more = read_corpus(tokens_of([*PAPERS, *strange]))
    sent = np.append(SENT, [False] * 3)
    without = fit_classifier(more, sent)
    pinned = fit_classifier(more, sent, verdicts=dict.fromkeys(range(len(PAPERS), len(sent)), True))
    assert z(pinned, strange[0])[0] > z(without, strange[0])[0]


def test_the_same_papers_teach_the_same_and_it_can_be_stored(corpus: Corpus) -> None:
    one, other = (fit_classifier(corpus, SENT) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.to_bytes() == other.to_bytes()
    again = Classifier.from_bytes(one.to_bytes())
    assert z(again, PAPERS[0]) == pytest.approx(z(one, PAPERS[0]), abs=1e-5)


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 40])
def test_bytes_that_are_no_classifier_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a classifier"):
        Classifier.from_bytes(data)


def test_topics_without_a_classifier_stay_as_the_rule_says(model: SemanticModel) -> None:
    assert not Classifiers([None]).known.any()
    with_nothing = {TOPIC.id: Learned(digest(TOPIC), 0, None)}
    assert match(PAPERS, [TOPIC], model, None, with_nothing) == match(PAPERS, [TOPIC], model)


def test_what_a_topic_learned_joins_the_ranking_and_is_told(
    model: SemanticModel, learned: Learned
) -> None:
    plain, taught = (
        score(PAPERS, [TOPIC], model, None, own) for own in (None, {"robots": learned})
    )
    assert learned.sent >= FEWEST_SENT
    assert (taught.total[:60] > plain.total[:60]).all()
    told = [result.evidence for result in match(PAPERS, [TOPIC], model, None, {"robots": learned})]
    phrases = {item.phrase for evidence in told for item in evidence}
    assert "reads like the other papers of this topic" in phrases


def test_a_topic_that_was_changed_has_to_learn_anew(model: SemanticModel, learned: Learned) -> None:
    changed = replace(TOPIC, keywords=("robot", "gripper"))
    own = {"robots": learned}
    assert score(PAPERS, [TOPIC], model, None, own).reading is not None
    assert score(PAPERS, [changed], model, None, own).reading is None


def strengths(papers: list[PaperText], model: SemanticModel) -> list[float]:
    """The strengths of those that have the topic's keyword in the company it keeps."""
    pairs = learning.pairs_with(papers, [TOPIC], model)
    values: list[float] = pairs.strength.tolist()
    return values


def test_a_paper_that_reads_otherwise_is_vetoed_and_one_that_reads_alike_is_let_in(
    model: SemanticModel, learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How close two papers are is moved across the bar by how they read."""
    own = {"robots": learned}
    robots, gardens = ROBOTS.split(), GARDENS.split()
    papers = [
        PaperText(f"{n}-{m}", "robot", " ".join(robots[:n] * 2 + gardens[:m] * 2))
        for n in range(1, 11)
        for m in range(11)
    ]
    middle = float(np.median(strengths(papers, model)))
    monkeypatch.setattr(scoring, "BAR", middle)
    scores = score(papers, [TOPIC], model, None, own)
    reading = scores.reading
    assert reading is not None
    by_rule = score(papers, [TOPIC], model).sendable
    assert (reading.vetoed == (by_rule & ~scores.sendable)).all()
    assert (reading.let_in == (scores.sendable & ~by_rule)).all()
    assert reading.vetoed.any() or reading.let_in.any()
    said = {
        result.paper_id: result.second_look for result in match(papers, [TOPIC], model, None, own)
    }
    assert {papers[row].id for row in np.flatnonzero(reading.vetoed)} == {
        paper for paper, what in said.items() if what == "vetoed"
    }


def test_nothing_without_a_keyword_is_let_in(model: SemanticModel, learned: Learned) -> None:
    papers = [invented(ROBOTS, n) for n in range(500, 520)]
    assert not score(papers, [TOPIC], model, None, {"robots": learned}).sendable.any()


def test_no_text_is_an_error(learned: Learned) -> None:
    assert len(z(learned.classifier, PaperText("a", "", ""), PaperText("b", "🙂", "\0"))) == 2
