"""Citations as files of many papers: each entry can be read back, and none shadows another."""

import datetime as dt
import json
import re

import pytest

from papers.models import Paper
from papers.text import citations
from tests.factories import make_paper

pytestmark = pytest.mark.django_db


def make_similar(title: str = "") -> Paper:
    """A paper of the same author and year as all others of these."""
    return make_paper(title, authors=["Alice Adams"], published_on=dt.date(2026, 6, 10))


def test_no_key_stands_twice_in_a_bibtex_file():
    papers = [make_similar("Sparse attention") for _ in range(3)]
    text = citations.bibtex_file([*papers, make_similar("Dense attention")])
    keys = re.findall(r"@misc\{([^,]+),", text)
    assert keys == [
        "adams2026sparse",
        "adams2026sparse-2",
        "adams2026sparse-3",
        "adams2026dense",
    ]


def test_every_entry_of_an_ris_file_begins_and_ends():
    text = citations.ris_file([make_similar(), make_paper(title="Two\r\nER  - lines")])
    lines = [line for line in text.split("\r\n") if line]
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines)
    assert [line for line in lines if line.startswith(("TY", "ER"))] == [
        "TY  - UNPB",
        "ER  - ",
    ] * 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Alice B. Adams", {"family": "Adams", "given": "Alice B."}),
        ("Broadsheet", {"literal": "Broadsheet"}),
        ("  Bob \n Brown ", {"family": "Brown", "given": "Bob"}),
    ],
)
def test_csl_names_people_by_their_parts(name, said):
    assert citations.csl(make_paper(authors=[name]))["author"] == [said]


def test_names_are_printed_by_the_parts_that_a_source_gave():
    paper = make_paper(
        "Batteries that last",
        authors=["Lange, A. de", "Ludwig van Beethoven", "ATLAS Collaboration", "Broadsheet"],
        published_on=dt.date(2026, 6, 10),
    )
    paper.author_records = [
        {"name": "Lange, A. de", "family": "de Lange", "given": "A."},
        {"name": "Ludwig van Beethoven"},
        {"name": "ATLAS Collaboration", "is_group": True},
        {"name": "Broadsheet"},
    ]
    lines = citations.ris(paper).split("\r\n")
    assert [line.removeprefix("AU  - ") for line in lines if line.startswith("AU")] == [
        "de Lange, A.",
        "van Beethoven, Ludwig",
        "ATLAS Collaboration",
        "Broadsheet",
    ]
    entry = citations.bibtex(paper)
    assert "de Lange, A. and Ludwig van Beethoven and {ATLAS Collaboration} and Broadsheet" in entry
    assert entry.startswith("@misc{lange2026batteries,")
    assert citations.csl(paper)["author"] == [
        {"family": "de Lange", "given": "A."},
        {"family": "van Beethoven", "given": "Ludwig"},
        {"literal": "ATLAS Collaboration"},
        {"literal": "Broadsheet"},
    ]


def test_csl_holds_what_is_known_and_leaves_out_the_rest():
    paper = make_paper(
        'A "quoted" title',
        identifier="arxiv:2606.00001",
        authors=["Alice Adams"],
        published_on=dt.date(2026, 6, 10),
        abstract="What we did.",
    )
    item = json.loads(json.dumps(citations.csl(paper)))
    assert item == {
        "id": "arxiv:2606.00001",
        "type": "article",
        "title": 'A "quoted" title',
        "author": [{"family": "Adams", "given": "Alice"}],
        "issued": {"date-parts": [[2026, 6, 10]]},
        "number": "arxiv:2606.00001",
        "publisher": "arXiv",
        "URL": paper.abstract_url,
        "abstract": "What we did.",
    }
    bare = make_paper(authors=[], published_on=None, abstract="")
    assert not {"author", "issued", "abstract"} & citations.csl(bare).keys()
