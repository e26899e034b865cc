"""Hugging Face Daily Papers: which facts are taken, and what malformed ones cost."""

import datetime as dt
import json

import pytest

from papers.models import Paper
from papers.sources.huggingface import HuggingFace
from tests.papers.daily_papers import DAY, PATH, item


def test_facts_come_from_the_nested_paper_and_from_the_item(site):
    site.expect_request(PATH).respond_with_json([item()])

    fetched = HuggingFace().fetch(DAY)

    (record,) = fetched.records
    assert fetched.problems == ()
    assert record.identifier == "arxiv:2605.00001"
    assert record.title == "Paper number 1"
    assert record.abstract == "We study something."
    assert record.summary == "In short."
    assert record.keywords == ("KV cache", "attention")
    assert record.organization == "Acme Research"
    assert record.published_on == dt.date(2026, 5, 7)
    assert (record.upvotes, record.comments, record.stars) == (7, 3, 12)
    assert record.code_url == "https://github.com/a/b"
    assert record.project_url == "https://a.example.org"
    assert record.thumbnail_url == "https://cdn.example.org/t.png"
    assert record.submitted_by == "Dora Dill"
    assert record.submitted_at == dt.datetime(2026, 5, 8, 10, 1, 31, 399_000, dt.UTC)


def test_hidden_authors_are_left_out(site):
    site.expect_request(PATH).respond_with_json([item()])

    authors = HuggingFace().fetch(DAY).records[0].authors
    assert [author.name for author in authors] == ["Alice Adams", "Charlie Clark"]


def test_a_missing_count_is_not_a_zero(site):
    bare = {"id": "2605.00001", "title": "Bare"}
    site.expect_request(PATH).respond_with_json([{"paper": bare}])

    (record,) = HuggingFace().fetch(DAY).records
    assert (record.upvotes, record.comments, record.stars) == (None, None, None)
    assert not record.is_counted
    assert not record.authors
    assert not record.keywords


def test_a_zero_is_a_zero(site):
    site.expect_request(PATH).respond_with_json([item(paper={"upvotes": 0}, numComments=0)])

    (record,) = HuggingFace().fetch(DAY).records
    assert (record.upvotes, record.comments) == (0, 0)


@pytest.mark.parametrize("count", [-5, True, "12", 1.5, 10**12, [1], {"n": 1}])
def test_what_is_no_count_is_left_out_and_named(site, count):
    site.expect_request(PATH).respond_with_json([item(paper={"upvotes": count})])

    fetched = HuggingFace().fetch(DAY)

    assert fetched.records[0].upvotes is None
    assert fetched.records[0].stars == 12
    assert "upvotes" in fetched.problems[0]
    assert "arxiv:2605.00001" in fetched.problems[0]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        5,
        [],
        {},
        {"paper": None},
        {"paper": []},
        {"paper": {}},
        {"paper": {"id": "2605.00009"}},
        {"paper": {"id": 5, "title": "x"}},
        {"paper": {"id": "no id", "title": "x"}},
        {"paper": {"id": "2605.00009", "title": " \u202e\x00 "}},
        {"paper": {"id": "2605.00009", "title": ["x"]}},
    ],
    ids=repr,
)
def test_a_malformed_item_costs_only_itself_and_says_why(site, bad, caplog):
    site.expect_request(PATH).respond_with_json([item(1), bad, item(2)])

    fetched = HuggingFace().fetch(DAY)

    assert [r.identifier for r in fetched.records] == ["arxiv:2605.00001", "arxiv:2605.00002"]
    (problem,) = fetched.problems
    assert "item 2 was left out" in problem
    assert any(problem in str(record.__dict__.get("problem")) for record in caplog.records)


@pytest.mark.parametrize("value", [None, 5, True, "x" * 5_000, [], [[]], {"a": {}}, ["\x00"]])
@pytest.mark.parametrize("field", ["authors", "organization", "ai_keywords", "ai_summary"])
def test_a_malformed_field_costs_only_itself(site, field, value):
    site.expect_request(PATH).respond_with_json([item(paper={field: value})])

    (record,) = HuggingFace().fetch(DAY).records
    assert record.title == "Paper number 1"
    assert len(record.organization) <= 200


@pytest.mark.parametrize(
    "when", [None, "", "yesterday", 5, "0001-01-01", "9999-12-31T23:59:59Z", "2026-05-07T99:00", []]
)
def test_a_date_that_cannot_be_is_no_date(site, when):
    site.expect_request(PATH).respond_with_json(
        [item(paper={"publishedAt": when, "submittedOnDailyAt": when})]
    )

    (record,) = HuggingFace().fetch(DAY).records
    assert (record.published_on, record.submitted_at) == (None, None)


def test_links_that_are_no_web_addresses_are_dropped_and_named(site):
    site.expect_request(PATH).respond_with_json(
        [item(paper={"githubRepo": "javascript:alert(1)", "projectPage": "/x"}, thumbnail=7)]
    )

    fetched = HuggingFace().fetch(DAY)

    (record,) = fetched.records
    assert (record.code_url, record.project_url, record.thumbnail_url) == ("", "", "")
    assert len(fetched.problems) == 3


HOSTILE_TITLES = [
    ('<b>Bold</b> & "quoted" {{ x }} {% y %}', '<b>Bold</b> & "quoted" {{ x }} {% y %}'),
    ("Line\r\nBcc: everyone@example.org", "Line Bcc: everyone@example.org"),
    ("A$^2$TGPO 🚀", "A²TGPO 🚀"),
    ("שלום \u202eevil\u202c", "שלום evil"),
    ("\ud800lone\x00", "lone"),
]


@pytest.mark.parametrize(("raw", "shown"), HOSTILE_TITLES)
def test_hostile_titles_are_harmless(site, raw, shown):
    site.expect_request(PATH).respond_with_data(
        json.dumps([item(paper={"title": raw})]), content_type="application/json"
    )

    assert HuggingFace().fetch(DAY).records[0].title == shown


def test_a_title_of_two_thousand_characters_is_shortened(site):
    site.expect_request(PATH).respond_with_json([item(paper={"title": "x" * 2_000})])

    assert len(HuggingFace().fetch(DAY).records[0].title) == Paper.TITLE_LENGTH


def test_versions_and_spellings_of_one_paper_are_one_record(site):
    site.expect_request(PATH).respond_with_json(
        [item(paper={"id": "2605.00001v2"}), item(), item(paper={"id": "arXiv:2605.00001"})]
    )

    assert len(HuggingFace().fetch(DAY).records) == 1


def test_an_old_style_identifier_is_known(site):
    site.expect_request(PATH).respond_with_json([item(paper={"id": "astro-ph/0601001v3"})])

    assert HuggingFace().fetch(DAY).records[0].identifier == "arxiv:astro-ph/0601001"
