"""The sample: a hundred papers of several fields, for machines without a network."""

import datetime as dt

import pytest

from papers import days
from papers.sources.sample import Sample
from papers.text import cleaning

DAY = dt.date(2026, 6, 12)


def test_any_weekday_gives_twenty_papers_without_a_problem():
    for ahead in range(30):
        day = days.last_weekday(DAY + dt.timedelta(days=ahead))
        fetched = Sample().fetch(day)
        assert len(fetched.records) == 20
        assert fetched.problems == ()


def test_any_five_feature_days_in_a_row_show_all_of_it_once():
    for ahead in range(7):
        shown = [
            record.identifier
            for day in days.feature_days(DAY + dt.timedelta(days=ahead), 5)
            for record in Sample().fetch(day).records
        ]
        assert len(shown) == len(set(shown)) == 100


def test_a_day_always_shows_the_same():
    assert Sample().fetch(DAY) == Sample().fetch(DAY)


def test_weekends_have_no_list():
    assert Sample().fetch(dt.date(2026, 6, 13)).records == ()


@pytest.mark.parametrize("day", days.feature_days(DAY, 5))
def test_every_paper_has_what_a_card_needs(day):
    for record in Sample().fetch(day).records:
        assert record.abstract
        assert record.authors
        assert record.categories
        assert "$" not in record.title
        assert record.code_url == cleaning.safe_url(record.code_url)


def test_a_count_that_nobody_made_is_not_a_zero():
    records = [r for day in days.feature_days(DAY, 5) for r in Sample().fetch(day).records]

    assert any(record.stars is None for record in records)
    assert any(record.stars for record in records)


def test_every_day_has_papers_of_several_fields_and_authors_by_their_names():
    for day in days.feature_days(DAY, 5):
        records = Sample().fetch(day).records
        of = {category for record in records for category in record.categories[:1]}
        assert sum(name.startswith("cs.") for name in of) >= 3
        for field in ("biorxiv:", "math", "econ q-fin", "physics q-bio", "cond-mat physics cs.LG"):
            assert any(name.startswith(tuple(field.split())) for name in of), (day, field)
        assert sum(record.is_counted for record in records) >= 12
    everyone = [
        author
        for day in days.feature_days(DAY, 5)
        for record in Sample().fetch(day).records
        for author in record.authors
    ]
    assert max(len(r.authors) for r in Sample().fetch(dt.date(2026, 6, 8)).records) == 414
    assert any(author.orcid for author in everyone)


def test_abstracts_that_are_not_ours_are_free():
    records = [r for day in days.feature_days(DAY, 5) for r in Sample().fetch(day).records]
    elsewhere = [one for one in records if not one.identifier.startswith("arxiv:")]
    assert len(elsewhere) == 9
    assert {one.license for one in elsewhere} == {"cc-by"}
