"""Which papers match which topics, with what evidence, and what may be sent."""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.evidence import Evidence
from papers.matching.scoring import (
    CLOSE,
    KEYWORD_SHARE,
    NEARBY_SHARE,
    MatchResult,
    PaperText,
    TopicSpec,
    match,
    score,
)
from papers.semantics.lsa import FEWEST_TO_VOUCH, SemanticModel, fit, text_of
from tests.papers.labelled import Labelled, labelled

CACHE = TopicSpec("cache", "Efficient inference", "Serving models", ("KV cache", "pruning"))
ROBOTS = TopicSpec("robots", "Robots", "Arms that grasp objects", ("robot", "grasping"), ("cs.RO",))

SUBJECTS = {
    "cache": "token decode memory latency accelerator serving batch language model cache prefill",
    "robots": "arm gripper grasp object motion camera policy demonstration hand table",
    "crawls": "website crawler publisher log file search engine page server request",
    "anything": "we study learn many find better small large first often data time",
    "gardens": "soil flower seed rain bee harvest compost root leaf season",
}


def invented(subject: str, number: int) -> str:
    """A text on a subject of `SUBJECTS`, the same for the same number."""
    chance = random.Random(f"{subject} {number}")
    own = SUBJECTS[subject].split()
    chosen = chance.choices(own, k=25) + chance.choices(SUBJECTS["anything"].split(), k=15)
    chance.shuffle(chosen)
    keyword = {"cache": "KV cache", "robots": "robot"}.get(subject, "")
    title = " ".join([*chance.sample(own, 3), keyword])
    return text_of(title, " ".join(chosen))


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    """A model that knows the invented subjects, most of which are neither caches nor robots."""
    size = FEWEST_TO_VOUCH
    texts = [invented("crawls", n) for n in range(size)]
    texts += [invented("gardens", n) for n in range(size)]
    texts += [invented("cache", n) for n in range(size // 5)]
    texts += [invented("robots", n) for n in range(size // 5)]
    return fit(texts, dimensions=8, version="test")


@pytest.fixture(scope="module")
def truth() -> Labelled:
    """The labelled papers."""
    return labelled()


def paper(title: str, abstract: str = "", *categories: str) -> PaperText:
    return PaperText("p", title, abstract, categories)


def only(results: list[MatchResult]) -> MatchResult:
    (result,) = results
    return result


# Evidence


def test_evidence_says_which_keyword_stands_where() -> None:
    result = only(match([paper("A smaller kv-cache", "With pruning.")], [CACHE]))
    assert [evidence.phrase for evidence in result.evidence] == [
        "“KV cache” in the title",
        "“pruning” in the abstract",
    ]


def test_evidence_names_a_shared_category() -> None:
    result = only(match([paper("A robot", "", "cs.LG", "cs.RO")], [ROBOTS]))
    assert Evidence("category", "cs.RO") in result.evidence
    assert "cs.RO" in [evidence.phrase for evidence in result.evidence]


def test_evidence_of_meaning_is_a_similarity(model: SemanticModel) -> None:
    text = invented("robots", 1).partition("\n")
    result = only(match([paper(text[0], text[2])], [ROBOTS], model))
    (meaning,) = [evidence for evidence in result.evidence if evidence.kind == "meaning"]
    assert 0 < float(meaning.detail) <= 1


@pytest.mark.parametrize(
    ("similarity", "words"),
    [
        ("1.00", "very close in meaning"),
        ("0.50", "very close in meaning"),
        ("0.49", "close in meaning"),
        ("0.01", "close in meaning"),
    ],
)
def test_a_similarity_is_told_in_words(similarity: str, words: str) -> None:
    assert Evidence("meaning", similarity).phrase == words


def test_evidence_survives_json() -> None:
    evidence = Evidence("keyword", "KV cache", "title")
    assert Evidence.from_dict(json.loads(json.dumps(evidence.as_dict()))) == evidence


def test_a_notice_on_code_is_no_evidence() -> None:
    topic = TopicSpec("code", "Code", "", ("code",))
    assert match([paper("Bees", "They dance. Code is available at https://x.org.")], [topic]) == []


# What is kept


def test_a_paper_with_nothing_of_the_topic_is_no_match(model: SemanticModel) -> None:
    for known in (None, model):
        assert match([paper("Seeds in the rain", "Soil and compost.")], [CACHE], known) == []


def test_no_papers_and_no_topics_give_nothing(model: SemanticModel) -> None:
    assert match([], [CACHE], model) == []
    assert match([paper("A robot")], [], model) == []


def test_a_topic_without_keywords_is_found_by_its_name() -> None:
    topic = TopicSpec("t", "Knowledge graphs")
    assert only(match([paper("A knowledge graph")], [topic])).evidence[0].detail == topic.name


def test_a_topic_of_nothing_but_signs_matches_nothing() -> None:
    assert match([paper("A robot", "and more")], [TopicSpec("t", "—", "", ("", " - "))]) == []


def test_a_paper_without_text_matches_nothing(model: SemanticModel) -> None:
    for known in (None, model):
        assert match([paper("", "")], [CACHE, ROBOTS], known) == []


def test_best_topics_come_first_and_papers_keep_their_order(model: SemanticModel) -> None:
    first = PaperText("a", "A robot with a KV cache", "The robot arm grasps an object.")
    second = PaperText("b", "A robot", "")
    results = match([first, second], [CACHE, ROBOTS], model)
    assert [result.paper_id for result in results] == ["a", "a", "b"]
    assert results[0].score >= results[1].score


# What may be sent, with a model


def test_a_keyword_in_the_title_is_sent_when_it_is_meant(model: SemanticModel) -> None:
    text = "The arm moves its hand and the gripper takes an object from the table by camera."
    assert only(match([paper("A robot at breakfast", text)], [ROBOTS], model)).sendable


def test_a_keyword_in_another_sense_is_not_sent(model: SemanticModel) -> None:
    text = "A crawler reads robots.txt of each website. We compare the server log of publishers."
    lure = paper("Who obeys robots.txt? A log of robots", text)
    meaning_z = score([lure], [ROBOTS], model).meaning_z
    assert meaning_z is not None
    assert meaning_z[0, 0] > CLOSE  # The word alone makes it look close.
    result = only(match([lure], [ROBOTS], model))
    assert not result.sendable
    assert result.evidence[0].phrase == "“robot” in the title"


def test_two_keywords_in_the_abstract_are_sent_when_they_are_meant(model: SemanticModel) -> None:
    text = "The robot arm learns grasping of an object with hand and gripper from a camera."
    assert only(match([paper("Breakfast", text)], [ROBOTS], model)).sendable


def test_one_keyword_in_the_abstract_is_not_enough(model: SemanticModel) -> None:
    text = "The robot arm takes an object with hand and gripper by camera."
    assert not only(match([paper("Breakfast", text)], [ROBOTS], model)).sendable


def test_closeness_without_a_keyword_is_never_sent(model: SemanticModel) -> None:
    text = SUBJECTS["robots"].replace("grasp ", "")
    results = match([paper("Motion of an arm", text)], [ROBOTS], model)
    assert not any(result.sendable for result in results)


def test_what_a_paper_gets_does_not_depend_on_the_days_other_papers(model: SemanticModel) -> None:
    text = invented("robots", 7).partition("\n")
    one = PaperText("one", text[0], text[2])
    crowd = [PaperText(n, *invented("robots", n).partition("\n")[::2]) for n in range(20, 40)]
    alone = match([one], [ROBOTS, CACHE], model)
    among = [r for r in match([*crowd, one], [CACHE, ROBOTS], model) if r.paper_id == "one"]
    assert {r.topic_id: r for r in alone} == {r.topic_id: r for r in among}


def test_all_views_join_the_ranking(model: SemanticModel) -> None:
    texts = [invented("robots", 1), invented("gardens", 1)]
    papers = [PaperText(n, *text.partition("\n")[::2]) for n, text in enumerate(texts)]
    scores = score(papers, [ROBOTS], model)
    assert scores.bm25_z is not None
    assert scores.closer_z is not None
    assert scores.nearby_z is not None
    for view in (scores.keyword_z, scores.bm25_z, scores.closer_z, scores.nearby_z):
        assert view[0, 0] > view[1, 0]
    parts = KEYWORD_SHARE * scores.keyword_z + scores.bm25_z + scores.closer_z
    assert np.allclose(scores.total, parts + NEARBY_SHARE * scores.nearby_z)


def test_a_topic_of_categories_alone_is_sent_by_category_and_meaning(model: SemanticModel) -> None:
    topic = TopicSpec("t", "Arms and hands", "A gripper that takes an object", (), ("cs.RO",))
    text = "The arm moves its hand and the gripper takes an object by camera."
    assert only(match([paper("Breakfast", text, "cs.RO")], [topic], model)).sendable
    off = match([paper("Compost", "Soil, seed and rain in season.", "cs.RO")], [topic], model)
    assert not any(result.sendable for result in off)


def test_a_model_of_few_papers_ranks_but_has_no_say_in_sending(model: SemanticModel) -> None:
    young = replace(model, fitted_on=FEWEST_TO_VOUCH - 1)
    papers = [paper("Robots in the garden", "Soil, seed and rain.")]
    assert only(match(papers, [ROBOTS], young)).sendable == only(match(papers, [ROBOTS])).sendable
    assert only(match(papers, [ROBOTS], young)).score == only(match(papers, [ROBOTS], model)).score


def test_a_second_keyword_does_not_switch_the_check_of_its_company_off(
    model: SemanticModel,
) -> None:
    """A keyword in another sense is close in meaning by the very word that misleads."""
    topic = TopicSpec("robots", "Robots", "Arms that grasp objects", ("robot", "gripper"))
    strange = paper("Robot gripper", "Soil flower seed rain bee harvest compost root leaf season")
    z = score([strange], [topic], model).meaning_z
    assert z is not None
    assert z[0, 0] > CLOSE
    assert not any(result.sendable for result in match([strange], [topic], model))
    own = paper("Robot gripper", "Arm, grasp, camera, policy, demonstration and hand.")
    assert only(match([own], [topic], model)).sendable


# What may be sent, without a model


@pytest.mark.parametrize(
    ("title", "abstract", "categories", "sent"),
    [
        ("A robot", "", (), False),
        ("A robot", "", ("cs.RO",), True),
        ("A robot", "It learns grasping.", (), True),
        ("A robot", "It moves objects.", (), True),
        ("Breakfast", "A robot learns grasping.", (), True),
        ("Breakfast", "A robot at the table.", (), False),
        ("Breakfast", "Nothing of it.", ("cs.RO",), False),
    ],
)
def test_without_a_model_a_second_reason_is_needed(
    title: str, abstract: str, categories: tuple[str, ...], sent: bool
) -> None:
    results = match([PaperText("p", title, abstract, categories)], [ROBOTS])
    assert any(result.sendable for result in results) is sent


# The labelled set


def test_the_labelled_set_is_what_it_says(truth: Labelled) -> None:
    assert len(truth.topics) == 13
    assert len(truth.absent) == 3
    assert len(truth.right) == 80
    assert len([p for p in truth.papers if str(p.id).startswith("off-")]) == 30
    assert len(truth.lures) >= 10


def test_without_a_model_what_is_sent_of_the_labelled_set_is_right(truth: Labelled) -> None:
    results = match(truth.papers, truth.topics)
    assert truth.precision(results) >= 0.90
    assert truth.recall(results) >= 0.60
    assert not {topic for _, topic in truth.sent(results)} & truth.absent


def test_a_model_of_the_labelled_papers_alone_does_no_harm(truth: Labelled) -> None:
    own = fit([text_of(paper.title, paper.abstract) for paper in truth.papers])
    results = match(truth.papers, truth.topics, own)
    assert truth.precision(results) >= 0.90
    assert truth.recall(results) >= 0.60
    assert not {topic for _, topic in truth.sent(results)} & truth.absent


def test_with_a_model_what_is_sent_of_the_labelled_set_is_right(
    truth: Labelled, shared: Path
) -> None:
    with gzip.open(shared / "data" / "arxiv_metadata.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    model = fit([text_of(record["title"], record["abstract"]) for record in records])
    results = match(truth.papers, truth.topics, model)
    assert truth.precision(results) >= 0.90
    assert truth.recall(results) >= 0.60
    assert not {topic for _, topic in truth.sent(results)} & truth.absent
    assert len(truth.sent(results) & truth.lures) <= 2


# Properties

TEXTS = st.text(st.sampled_from("robt agsin KVche-.\n"), max_size=60)


@given(title=TEXTS, abstract=TEXTS)
@settings(max_examples=60, deadline=None)
def test_any_text_is_matched_without_an_error(title: str, abstract: str) -> None:
    for result in match([paper(title, abstract)], [CACHE, ROBOTS]):
        assert result.evidence


@given(mentions=st.integers(min_value=0, max_value=30))
@settings(max_examples=20, deadline=None)
def test_another_mention_never_lowers_the_keyword_score(mentions: int) -> None:
    fewer, more = paper("x", "robot. " * mentions), paper("x", "robot. " * (mentions + 1))
    keywords = score([fewer, more], [ROBOTS]).keyword_z[:, 0]
    assert keywords[1] >= keywords[0]
