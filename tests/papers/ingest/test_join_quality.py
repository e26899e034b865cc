"""How many duplicates the rules leave, and how many joins are wrong, on recorded papers.

Works that are certainly two are distinct arXiv numbers that share half of their authors, those of
the most alike titles and abstracts first. Works that are certainly one are a paper and what a
publisher's record makes of it: another case and punctuation, initials for given names, with and
without its abstract. Run with `-s` to see the numbers. `test_labeled_pairs.py` has pairs of real
records.
"""

import gzip
import json
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from papers.ingest.facts import folded_title, title_key
from papers.ingest.identity import Claim, Work, judge, work_of
from papers.models import Join
from papers.text.folding import folded
from papers.text.person_names import parts_of

ASKED = 700
"""Pairs of two works by the same authors that are looked at, of about 8,600."""

TWICE = frozenset({"Conveying Imagistic Thinking in Traditional Chinese Medicine Translation"})
"""How titles begin of works that were sent to arXiv twice."""


def as_work(number: int, record: dict[str, Any], identifier: str = "", **changed) -> Work:
    facts = {
        "title": record["title"],
        "abstract": record["abstract"],
        "authors": [{"name": name} for name in record["authors"]],
        "kind": "article",
    } | changed
    return work_of(number, identifier or f"doi:10.{1000 + number}/x", [facts])


def initialed(name: str) -> dict[str, str]:
    family, given = parts_of(name)
    initials = " ".join(f"{word[0]}." for word in given.split())
    return {"name": f"{initials} {family}".strip(), "family": family, "given": initials}


@pytest.fixture
def papers(shared: Path) -> list[dict[str, Any]]:
    """Recorded arXiv papers with authors, each once."""
    with gzip.open(shared / "data" / "arxiv_metadata.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [record for line in lines if (record := json.loads(line))["authors"]]


def companions(papers: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of works that share half of the authors of one of them."""
    of_author: dict[str, list[int]] = defaultdict(list)
    for at, record in enumerate(papers):
        for name in set(record["authors"][:40]):
            of_author[name].append(at)
    shared: Counter[tuple[int, int]] = Counter()
    for places in of_author.values():
        if len(places) <= 60:
            shared.update(combinations(places, 2))
    return [
        (papers[one], papers[other])
        for (one, other), common in shared.items()
        if common * 2 >= min(len(papers[one]["authors"]), len(papers[other]["authors"]))
        and not papers[one]["title"].startswith(tuple(TWICE))
    ]


@pytest.mark.parametrize("has_abstract", [True, False])
def test_no_two_recorded_works_of_the_same_authors_are_joined_by_a_wrong_claim(
    papers, has_abstract
):
    found = companions(papers)
    alike = "abstract" if has_abstract else "title"
    words = {id(one): frozenset(folded(one[alike]).split()) for pair in found for one in pair}

    def likeness(pair: tuple[dict[str, Any], dict[str, Any]]) -> float:
        one, other = (words[id(record)] for record in pair)
        return len(one & other) / max(1, min(len(one), len(other)))

    wrong, questions = [], 0
    kept = {} if has_abstract else {"abstract": ""}
    for one, other in sorted(found, key=likeness, reverse=True)[:ASKED]:
        # The titles of technical reports and of second versions are the most alike of all.
        works = (as_work(1, one, published_on="2026-05-01", **kept), as_work(2, other, **kept))
        verdict = judge(*works, {Claim.DIRECT})
        assert verdict is not None
        questions += verdict.state == Join.State.QUESTION
        if verdict.state == Join.State.JOINED:
            wrong.append((one["title"], other["title"]))
    print(f"{len(wrong)} wrong joins and {questions} questions in {ASKED} of {len(found)} pairs")
    assert len(found) > 5_000
    assert not wrong


@pytest.mark.parametrize("has_abstract", [True, False])
def test_a_paper_and_its_publishers_record_are_one(papers, has_abstract):
    missed = []
    for record in papers[:1_000]:
        title = record["title"].upper().replace(":", " –")
        authors = [initialed(name) for name in record["authors"]]
        abstract = f"Abstract {record['abstract']}" if has_abstract else ""
        one = as_work(1, record, "arxiv:2606.00001")
        other = as_work(2, record, title=title, abstract=abstract, authors=authors)
        names = [{"name": name} for name in record["authors"]]
        is_found = title_key(record["title"], names) == title_key(title, authors) != ""
        claims = {Claim.TITLE} if is_found else set()
        verdict = judge(one, other, claims) if claims else None
        if verdict is None or verdict.state != Join.State.JOINED:
            missed.append(record["title"])
    short = [title for title in missed if len(folded_title(title).split()) < 5]
    print(f"{len(missed)} of 1000 missed, {len(short)} of them titles of fewer than five words")
    # A title that is too short says too little by itself: an abstract or a relation must speak.
    assert len(missed) - (0 if has_abstract else len(short)) <= 1_000 // 200
