"""Interests against papers: an index of the papers finds what reading each paper would find."""

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from papers.matching.interests.day_index import DayIndex, DayPaper
from papers.matching.interests.matcher import Found, Wanted, match
from papers.matching.interests.specs import BadSpec, InterestSpec, spec_of
from papers.sources.record import Affiliation, Author
from papers.text.phrases import PhraseTable

RECORDS = Path(__file__).parents[5] / "shared" / "data" / "arxiv_metadata.jsonl.gz"


def found_in(spec: InterestSpec, *papers: DayPaper) -> list[Found]:
    return sorted(match(DayIndex(papers), [Wanted(1, spec)]), key=lambda one: one.row)


def rows(spec: InterestSpec, *papers: DayPaper) -> list[int]:
    return [one.row for one in found_in(spec, *papers)]


WORDS = [
    # phrases, title, abstract, is found
    (["state of charge"], "Estimating the state of charge", "", True),
    (["state of charge"], "", "States of charge are hard", True),
    (["state of charge"], "The state of a charge", "", False),
    (["state of charge"], "The charge of state", "", False),
    (["state of"], "The last state", "of charge", False),  # no run crosses from title to abstract
    (["image segmentation"], "On images, segmentations and more", "", False),
    (["image segmentation"], "", "We look at images. Segmentation is hard.", False),
    (["image segmentation"], "Image; segmentation", "", False),
    (["image segmentation"], "Image (segmentation)", "", True),
    (["finetuning"], "Fine, tuning", "", False),
    (["E. coli"], "", "Growth of E. coli cells", True),
    (["1,000 genomes"], "The 1,000 Genomes Project", "", True),
    (["fine-tuning"], "Finetuning models", "", True),
    (["finetuning"], "Fine tuning models", "", True),
    (["quantization"], "On quantisation", "", True),
    (["policy"], "Two policies", "", True),
    (["adapter"], "Adaptive models", "", False),
    (["transformer"], "Trans formers", "", True),
    (["trans former"], "Transformers", "", True),
    (["models zoo"], "A modelszoo", "", True),
    (["RAG"], "A rag and a bone", "", False),
    (["RAG"], "RAG is all", "", True),
    (["LoRA"], "LORA for all", "", True),
    (["LoRA"], "LoRa radio", "", False),
    (["LLM"], "Many LLMs", "", True),
    (["RAG"], "WITH RAG FROM EVERY SINGLE PLACE", "", False),
    (["battery", "aging"], "Battery cells", "How they are aging", True),
    (["battery", "aging"], "Battery cells", "", False),
    (["gpt-4.1"], "We ask GPT-4.1", "", True),
    (["one two three four five six"], "", "count one two three four five six times", True),
]


@pytest.mark.parametrize(("phrases", "title", "abstract", "is_found"), WORDS)
def test_words_are_found_as_a_topics_keywords_are(phrases, title, abstract, is_found):
    spec = spec_of("words", phrases=phrases)
    assert bool(rows(spec, DayPaper(1, title, abstract))) is is_found
    if len(phrases) == 1:
        table = PhraseTable(phrases)
        assert bool([*table.find(title), *table.find(abstract)]) is is_found


BATTERY = DayPaper(
    1, "Battery aging", "Lithium cells.", categories=("cs.LG", "eess.SY"), topics=("energy",),
    has_code=True, days=("2026-06-10",), authors=(Author("Alice B. Adams"), Author("Bob Brown")),
)  # fmt: skip
CELL = DayPaper(
    2, "Lithium cells", "No battery here.", categories=("eess.SY",), venue="Nature Energy",
    sources=("nature",), days=("2026-06-08", "2026-06-10"),
)  # fmt: skip
PREPRINT = DayPaper(
    3, "A battery of tests", "", categories=("cs.CL",), is_preprint=True, days=("2026-06-09",)
)

LIMITS = [
    ({"phrases": ["battery"]}, [0, 1, 2]),
    ({"phrases": ["battery"], "title_only": True}, [0, 2]),
    ({"phrases": ["lithium", "tests"], "any_of": True}, [0, 1, 2]),
    ({"phrases": ["lithium", "tests"]}, []),
    ({"phrases": ["battery"], "without": ["lithium cell"]}, [2]),
    ({"phrases": ["battery"], "categories": ["eess.SY"]}, [0, 1]),
    ({"phrases": ["battery"], "categories": ["eess.SY"], "primary_only": True}, [1]),
    ({"phrases": ["battery"], "not_categories": ["cs.CL"]}, [0, 1]),
    ({"phrases": ["battery"], "sources": ["nature"]}, [1]),
    ({"phrases": ["battery"], "not_sources": ["nature"]}, [0, 2]),
    ({"phrases": ["battery"], "venues": ["nature energy"]}, [1]),
    ({"phrases": ["battery"], "not_venues": ["Nature Energy"]}, [0, 2]),
    ({"phrases": ["battery"], "no_preprints": True}, [0, 1]),
    ({"phrases": ["battery"], "topics": ["energy"]}, [0]),
    ({"phrases": ["battery"], "only_fields": ["computer-science"]}, [0, 2]),
    ({"phrases": ["battery"], "only_fields": ["engineering", "physics"]}, [1]),
    ({"phrases": ["battery"], "only_fields": ["other"]}, []),
    ({"phrases": ["battery"], "has_code": True}, [0]),
    ({"phrases": ["battery"], "since": "2026-06-10"}, [0, 1]),
    ({"phrases": ["battery"], "until": "2026-06-09"}, [1, 2]),
    ({"phrases": ["battery"], "since": "2026-06-11"}, []),
    ({"phrases": ["battery"], "authors": ["adams ALICE"]}, [0]),
    ({"phrases": ["battery"], "authors": ["alice brown"]}, []),
]


@pytest.mark.parametrize(("asked", "expected"), LIMITS)
def test_limits_hold(asked, expected):
    assert rows(spec_of("words", **asked), BATTERY, CELL, PREPRINT) == expected


VENUES = [
    ({"name": "Nature Energy"}, [1]),
    ({"ids": ["category:arxiv:cs.CL"]}, [2]),
    ({"ids": ["source:nature"]}, [1]),
    ({"ids": ["type:preprint"]}, [2]),
    ({"ids": ["category:arxiv:eess.SY"], "not_sources": ["nature"]}, [0]),
]


@pytest.mark.parametrize(("asked", "expected"), VENUES)
def test_venues_are_found_exactly(asked, expected):
    assert rows(spec_of("venue", **asked), BATTERY, CELL, PREPRINT) == expected


def by(*authors: Author | str) -> DayPaper:
    made = tuple(one if isinstance(one, Author) else Author(one) for one in authors)
    return DayPaper(1, "A title", authors=made, categories=("cs.LG",))


ORCID = "0000-0002-1825-0097"
AUTHORS = [
    ({"name": "Alice Adams"}, by("Alice Adams", "Bob Brown"), "certain"),
    ({"name": "Alice Adams"}, by("Alicia Adams"), ""),
    ({"name": "Alice Adams"}, by("A. Adams"), "maybe"),
    ({"name": "Alice Adams", "coauthors": ["Bob Brown"]}, by("A. Adams", "Bob Brown"), "certain"),
    ({"name": "Ada", "ids": [f"orcid:{ORCID}"]}, by(Author("A. A.", orcid=ORCID)), "certain"),
    ({"ids": [f"orcid:{ORCID}"]}, by(Author("Anybody", orcid=ORCID)), "certain"),
    # A mute of the one with these co-authors leaves namesakes alone.
    ({"name": "Wei Wang", "coauthors": ["Bob Brown"], "is_person": True}, by("Wei Wang"), ""),
    (
        {"name": "Wei Wang", "coauthors": ["Bob Brown"], "is_person": True},
        by("Wei Wang", "Bob Brown"),
        "certain",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "paper", "expected"), AUTHORS)
def test_authors_are_certain_or_maybe_or_others(asked, paper, expected):
    found = found_in(spec_of("author", **asked), paper)
    said = ["certain" if one.is_certain else "maybe" for one in found]
    assert said == ([expected] if expected else [])


def test_organizations_go_by_name_or_ror():
    at = Author(
        "Alice Adams",
        affiliations=(Affiliation("Université de Genève", "https://ror.org/01swzsf04"),),
    )
    paper = DayPaper(1, "A title", authors=(at,), organization="Example Lab")
    for asked in (
        {"name": "universite de geneve"},
        {"ids": ["ror:01swzsf04"]},
        {"name": "Example Lab"},
    ):
        assert rows(spec_of("organization", **asked), paper) == [0]
    assert rows(spec_of("organization", name="Geneva"), paper) == []


def test_papers_like_these_are_the_closest_without_themselves():
    index = DayIndex(
        [DayPaper(1, "One"), DayPaper(2, "Two"), DayPaper(3, "Three")],
        {
            1: np.array([1, 0], np.float32),
            2: np.array([0.8, 0.6], np.float32),
            3: np.array([0, 1], np.float32),
        },
    )
    wanted = Wanted(7, spec_of("likeness", papers=[1]), np.array([1, 0], np.float32))
    (found,) = match(index, [wanted])
    assert (found.row, found.evidence[0].detail) == (1, "0.80")


@pytest.mark.skipif(not RECORDS.exists(), reason="the recorded papers aren't here")
def test_the_index_finds_in_recorded_papers_what_the_table_of_phrases_finds():
    """Every phrase and every paper: the same pairs, one way round and the other."""
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        records = [json.loads(next(lines)) for _ in range(300)]
    papers = [DayPaper(at, one["title"], one["abstract"]) for at, one in enumerate(records)]
    chosen = random.Random(1)
    phrases = set()
    for paper in papers:
        parts = paper.abstract.split()
        for size in (1, 2, 3):
            at = chosen.randrange(max(1, len(parts) - size))
            phrases.add(" ".join(parts[at : at + size]))
            phrases.add("".join(parts[at : at + size]))
    specs = []
    for phrase in sorted(phrases):
        try:
            specs.append(spec_of("words", phrases=[phrase]))
        except BadSpec:
            continue
    page = [Wanted(at, spec) for at, spec in enumerate(specs)]
    by_index = {(one.interest, one.row) for one in match(DayIndex(papers), page)}
    table = PhraseTable([spec.phrases[0] for spec in specs])
    by_table = {
        (hit.keyword, row)
        for row, paper in enumerate(papers)
        for text in (paper.title, paper.abstract)
        for hit in table.find(text)
    }
    assert len(by_table) > 1_000
    missed = {table.bases[number] for number, _ in by_table - by_index}
    assert (missed, by_index - by_table) == (set(), set())


BAD = [
    ("words", {"phrases": []}),
    ("words", {"phrases": ["the of"]}),
    ("words", {"phrases": ["one two three four five six seven"]}),
    ("words", {"phrases": ["x" * 200]}),
    ("words", {"phrases": [f"word{at}" for at in range(100)]}),
    ("author", {"name": " \u200b "}),
    ("author", {"ids": ["no scheme"]}),
    ("nothing", {}),
]


@pytest.mark.parametrize(("kind", "asked"), BAD)
def test_what_says_nothing_or_too_much_is_refused(kind, asked):
    with pytest.raises(BadSpec):
        spec_of(kind, **asked)


@pytest.mark.parametrize(
    "data",
    [None, [], {"kind": "words"}, {"kind": "words", "phrases": "text"}, {"kind": "words", "x": 1},
     {"kind": "likeness", "papers": [True]}, {"kind": "likeness", "terms": [["a", float("nan")]]},
     {"kind": 3}, {"kind": "words", "phrases": ["a battery"], "any_of": "yes"}],
)  # fmt: skip
def test_a_file_is_not_trusted(data):
    with pytest.raises(BadSpec):
        InterestSpec.from_json(data)


SAME = [
    ({"phrases": ["Fine-tuning", "policies"]}, {"phrases": ["policy", "fine tuning"]}, True),
    ({"phrases": ["LoRA"]}, {"phrases": ["lora"]}, False),
    ({"phrases": ["a battery"], "any_of": True}, {"phrases": ["a battery"]}, True),
    ({"phrases": ["cell"], "categories": ["cs.LG"]}, {"phrases": ["cell"]}, False),
    ({"phrases": ["cell"], "categories": ["cs.LG"]},
     {"phrases": ["cells"], "categories": ["arxiv:cs.LG"]}, True),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "is_same"), SAME)
def test_equal_interests_are_one(one, other, is_same):
    assert (spec_of("words", **one).key == spec_of("words", **other).key) is is_same


def test_a_spec_comes_back_as_it_went():
    spec = spec_of("author", name="Alice Adams", ids=[f"orcid:{ORCID}"], coauthors=["Bob Brown"])
    again = InterestSpec.from_json(json.loads(json.dumps(spec.as_json())))
    assert again == spec == InterestSpec.trusted(spec.as_json())
