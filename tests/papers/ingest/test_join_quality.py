"""How many duplicates the rules leave, and how many joins are wrong, on recorded papers.

Works that are certainly two are distinct arXiv numbers, each beside the one whose title is most
like its own. Works that are certainly one are a paper and what a publisher's record makes of it:
another case and punctuation, initials for given names, with and without its abstract. Run with `-s`
to see the numbers. `test_labeled_pairs.py` has pairs of real records.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz, process

from papers.ingest.facts import folded_title, title_key
from papers.ingest.identity import Claim, Work, judge, work_of
from papers.models import Join
from papers.text.person_names import parts_of

ASKED = 600
"""Papers of which the most alike is looked for."""


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


def test_no_two_recorded_works_are_joined_however_alike_their_titles(papers):
    titles = [folded_title(record["title"]) for record in papers]
    wrong, questions = [], 0
    for at in range(ASKED):
        best = process.extract(titles[at], titles, scorer=fuzz.ratio, limit=2)
        other = next(place for _, _, place in best if place != at)
        one, two = as_work(1, papers[at]), as_work(2, papers[other])
        claims = {Claim.TITLE} if one.titles == two.titles else {Claim.DIRECT}
        verdict = judge(one, two, claims)
        questions += verdict is not None and verdict.state == Join.State.QUESTION
        if verdict is not None and verdict.state == Join.State.JOINED:
            wrong.append((papers[at]["title"], papers[other]["title"]))
    print(f"{len(wrong)} wrong joins and {questions} questions in {ASKED} pairs of two works")
    assert not wrong


@pytest.mark.parametrize("has_abstract", [True, False])
def test_a_paper_and_its_publishers_record_are_one(papers, has_abstract):
    missed = []
    for record in papers[:2_000]:
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
    print(f"{len(missed)} of 2000 missed, {len(short)} of them titles of fewer than five words")
    # A title that is too short says too little by itself: an abstract or a relation must speak.
    assert len(missed) - (0 if has_abstract else len(short)) <= 2_000 // 200
