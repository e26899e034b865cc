"""Papers in JSON lines: what a line may say, and what is said of one that is wrong."""

import datetime as dt
import json
from typing import Any

import pytest

from papers.sources import pushed
from papers.sources.pushed import read

PAPER = {"id": "10.5555/Batteries.1", "title": "Batteries that last"}


def line(**fields: Any) -> bytes:
    return json.dumps(PAPER | fields).encode()


def only(body: bytes) -> pushed.Line:
    (found,) = read(body)
    return found


@pytest.mark.parametrize(
    ("said", "identifier"),
    [
        ("10.5555/Batteries.1", "doi:10.5555/batteries.1"),
        ("https://doi.org/10.5555/b", "doi:10.5555/b"),
        ("arXiv:2605.13779v2", "arxiv:2605.13779"),
        ("https://arxiv.org/abs/astro-ph/0601001", "arxiv:astro-ph/0601001"),
        ("pubmed:123", "pubmed:123"),
        ("feed:https://example.org/posts/7", "feed:https://example.org/posts/7"),
    ],
)
def test_an_id_is_whatever_names_a_paper(said, identifier):
    record = only(line(id=said)).record

    assert record
    assert record.identifier == identifier


def test_a_line_with_every_field():
    found = only(
        line(
            abstract="<p>We try <i>sodium</i>.</p>",
            summary="Sodium works.",
            authors=[
                "Alice Adams",
                {"family": "Brown", "given": "Bob", "orcid": "0000-0002-1825-0097",
                 "affiliations": ["University of X", {"name": "Institute Y", "ror": "04tnbqb63"}]},
                {"name": "The Battery Collaboration", "is_group": True},
            ],
            organization="University of X",
            categories=["cond-mat.mtrl-sci"],
            keywords=["sodium"],
            names=["arXiv:2605.13779"],
            issns=["1476-4687"],
            published_on="2026-05-13",
            venue="Journal of Batteries",
            license="CC BY 4.0",
            free_url="https://example.org/b.pdf",
            code_url="https://example.org/code",
            kind="preprint",
            upvotes=3,
            comments=None,
        )
    )  # fmt: skip
    record = found.record
    assert record
    assert not found.notes
    assert record.abstract == "We try sodium."
    assert [author.name for author in record.authors] == [
        "Alice Adams", "Bob Brown", "The Battery Collaboration"
    ]  # fmt: skip
    assert record.authors[1].orcid == "0000-0002-1825-0097"
    assert len(record.authors[1].affiliations) == 2
    assert record.names == ("arxiv:2605.13779",)
    assert (record.venue, record.kind, record.upvotes) == ("Journal of Batteries", "preprint", 3)
    assert str(record.published_on) == "2026-05-13"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"nonsense", "it isn't JSON: Expecting value at character 1"),
        (b'{"id": "10.5555/b", "title": "A"', "it isn't JSON"),
        (b"[" * 100_000, "it isn't readable JSON"),
        (b'"text"', "it isn't a JSON object"),
        (b"[]", "it isn't a JSON object"),
        (b"\xff\xfe{}", "it is not UTF-8"),
        (b'{"title": "A"}', "it has no id"),
        (b'{"id": "", "title": ""}', "it has no id; it has no title"),
        (line(id="batteries"), "isn't an identifier"),
        (line(id=7), "id isn't text"),
        (line(titel="A"), "there is no field 'titel'"),
        (line(authors="Alice"), "authors isn't a list"),
        (line(authors=[7]), "author 1 is neither a name nor an object"),
        (line(authors=["Alice", {}]), "author 2 has no name"),
        (line(authors=[{"name": "A", "email": "x"}]), "author 1 has an unknown field, 'email'"),
        (line(keywords=[1]), "keywords isn't a list of strings"),
        (line(upvotes="3"), "upvotes isn't a whole number"),
        (line(upvotes=True), "upvotes isn't a whole number"),
        (line(published_on="yesterday"), "not a day such as 2026-05-13"),
        (line(kind="poem"), "kind is 'poem', not one of article"),
        (line(abstract="x" * 200_001), "more than 200,000 bytes"),
        (line(status="retracted"), "there is no field 'status'"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(body, why):
    found = only(body)

    assert found.record is None
    assert why in found.problem


def test_a_bad_line_costs_only_itself_and_keeps_its_number():
    body = b"\xef\xbb\xbf" + line() + b"\r\n\n  \nnonsense\n" + line(id="10.5555/b.2") + b"\n"

    found = list(read(body))
    assert [(one.number, one.record is not None) for one in found] == [
        (1, True), (4, False), (5, True)
    ]  # fmt: skip


def test_what_was_left_out_of_a_paper_is_said():
    found = only(line(code_url="javascript:alert(1)", upvotes=-1))

    assert found.record
    assert len(found.notes) == 2


def test_there_is_an_end_to_what_is_taken(monkeypatch):
    monkeypatch.setattr(pushed, "MOST_LINES", 3)
    body = b"\n".join(line(id=f"10.5555/b.{n}") for n in range(10))

    found = list(read(body))
    assert len(found) == 4
    assert "more than 3 papers" in found[-1].problem


def test_nothing_is_fetched():
    answer = pushed.Pushed().fetch(dt.date(2026, 11, 25))
    assert answer.records == ()
    assert "Nothing is fetched" in answer.notes[0]
