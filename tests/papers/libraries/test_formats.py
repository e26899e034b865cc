"""Files of reference managers: what is recognized, what isn't and why, and what is too much."""

import json
from pathlib import Path

import pytest

from papers.libraries import formats, sandbox
from papers.libraries.entries import NO_AUTHORS, NO_TITLE, Library, isbn_in
from papers.libraries.formats import UnknownFormat, read
from papers.libraries.proposals import proposals, terms

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "sources" / "libraries"

BIB = """@article{one, title = {On {NMR} of \\"Ubungen}, author = {M{\\"u}ller, Anna and Bob Brown},
  doi = {10.1234/AB.c}, journal = {J. Things}}
"""
RIS = "TY  - JOUR\nTI  - On things\nAU  - Ash, Alice\nDO  - 10.1234/ab.c\nER  - \n"
CSL = json.dumps([{"title": "On things", "DOI": "10.1234/ab.c", "author": [{"family": "Ash"}]}])


@pytest.mark.parametrize("text", [BIB, RIS, CSL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_each_format_is_read_in_each_encoding(text, encoding):
    (entry,) = read(text.encode(encoding)).entries
    assert entry.identifier == "doi:10.1234/ab.c"


def test_names_and_titles_are_plain():
    (entry,) = read(BIB.encode()).entries
    assert entry.title == "On NMR of Übungen"
    assert entry.authors == ("Anna Müller", "Bob Brown")
    assert entry.venue == "J. Things"


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ("eprint={2605.13779}, archivePrefix={arXiv}", "arxiv:2605.13779"),
        ("journal={arXiv preprint arXiv:2605.13779}", "arxiv:2605.13779"),
        ("url={https://doi.org/10.1234/x}", "doi:10.1234/x"),
        ("doi={10.1234/a\\_b}", "doi:10.1234/a_b"),
        ("isbn={0-306-40615-2}", "isbn:9780306406157"),
        ("pmid={31393839}", "pubmed:31393839"),
        ("year={2020}", ""),
    ],
)
def test_an_entry_is_recognized_by_its_identifiers_or_by_title_and_authors(fields, known):
    (entry,) = read(f"@misc{{k, title={{T}}, author={{A Ash}}, {fields}}}".encode()).entries
    assert entry.identifier == known


def test_what_is_not_recognized_says_why():
    text = "@misc{a, title={T}}\n@misc{b, author={A Ash}}\n@misc{c, title={U}, author={B Bo}}"
    library = read(text.encode())
    assert [why for _, why in library.unrecognized] == [NO_AUTHORS, NO_TITLE]
    assert [entry.title for entry in library.entries] == ["U"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"PK\x03\x04rest", "packed"),
        (b"\x1f\x8brest", "packed"),
        (b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "b">]><l>&a;</l>', "xml"),
        (b"<!DOCTYPE html><p>x", "html"),
        (b"[" * 200_000, "broken"),
        (b'{"a": ', "broken"),
        (b"[1, 2, 3]", "other"),
        (b"just words", "other"),
        (bytes(range(256)) * 50, "other"),
        (b"x" * (formats.MOST_BYTES + 1), "big"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_says_why(data, code):
    with pytest.raises(UnknownFormat) as caught:
        read(data)
    assert caught.value.code == code


def test_no_more_than_the_most_entries_are_read(monkeypatch):
    monkeypatch.setattr(formats, "MOST_ENTRIES", 3)
    one = "@misc{k%d, title={T %d}, author={A Ash}}\n"
    library = read("".join(one % (at, at) for at in range(10)).encode())
    assert (len(library.entries), library.left_out) == (3, 7)


@pytest.mark.parametrize("text", ["0-306-40615-3", "9780306406158", "12", ""])
def test_what_is_no_isbn_is_none(text):
    assert isbn_in(text) == ""


def test_a_bomb_costs_its_process_and_gets_a_code(monkeypatch):
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 1)
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 20)
    with pytest.raises(UnknownFormat) as caught:
        sandbox.read_apart(b"@a{b," + b"c={" * 5_000_000)  # a fast machine reads many in a second
    assert caught.value.code == "heavy"


def test_a_child_reads_what_the_parent_gets():
    assert sandbox.read_apart(RIS.encode()) == read(RIS.encode())
    assert Library.from_json(read(BIB.encode()).as_json()) == read(BIB.encode())


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded libraries aren't here")
@pytest.mark.parametrize(
    ("name", "recognized", "not_recognized"),
    [
        ("hepml_300.bib", 300, 0),
        ("mendeley_512.bib", 507, 5),
        ("odd_field_names_283.bib", 185, 99),
        ("zotero_100.ris", 100, 0),
        ("baseline_99.ris", 100, 0),
        ("csl_pubmed.json", 1, 0),
    ],
)
def test_recorded_libraries_are_recognized(name, recognized, not_recognized):
    library = read((RECORDED / name).read_bytes())
    assert (len(library.entries), len(library.unrecognized)) == (recognized, not_recognized)


def test_what_comes_up_again_is_proposed():
    line = "@article{k%d, title={State of charge of cell %d}, journal={Cells}, author={%s}}\n"
    people = ["Alice Ash and Bob Brown", "A. Ash and Carl Cole", "Ash, Alice and Bob Brown"]
    library = read("".join(line % (at, at, who) for at, who in enumerate(people)).encode())
    found = {(one.kind, one.name): one for one in proposals(library.entries)}
    assert found["author", "Alice Ash"].entries == 3
    assert "Bob Brown" in found["author", "Alice Ash"].coauthors
    assert ("author", "Bob Brown") not in found
    assert ("venue", "Cells") in found
    assert {word for word, _ in terms(library.entries)} >= {"charge", "cell"}
