"""The number of papers that is kept for each day: what the listings come to, whoever wrote them."""

import datetime as dt

import pytest

from papers.ingest.identity import merge
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Join, ListedDay, Pick
from tests.factories import DAY, NOW, make_paper, make_source

pytestmark = pytest.mark.django_db

NEXT = DAY + dt.timedelta(days=1)


def kept() -> dict[dt.date, int]:
    return dict(ListedDay.objects.values_list("day", "papers"))


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_papers_are_counted_once_a_day_whatever_lists_them(committed):
    with committed():
        alice, bob = make_paper("Alice's"), make_paper("Bob's")
        other = make_source(slug="other")
        Feature.objects.bulk_create(
            [
                Feature(source=other, paper=alice, day=DAY),
                Feature(source=other, paper=bob, day=NEXT),
            ]
        )
    assert kept() == {DAY: 2, NEXT: 1}


def test_a_listing_that_goes_or_moves_counts_no_more(committed):
    with committed():
        alice, bob = make_paper("Alice's"), make_paper("Bob's")
    with committed():
        alice.delete()
    assert kept() == {DAY: 1}
    with committed():
        bob.features.update(day=NEXT)
    assert kept() == {DAY: 0, NEXT: 1}
    with committed():
        bob.features.update(is_again=True)
    assert kept() == {DAY: 0, NEXT: 0}


def test_two_names_of_one_work_count_once_from_when_they_are_joined(committed):
    with committed():
        preprint = make_paper("A preprint", identifier="arxiv:2606.90001")
        article = make_paper("An article", identifier="doi:10.1000/1")
    assert kept() == {DAY: 2}
    with committed():
        Join.objects.create(first=preprint, second=article, state=Join.State.JOINED)
        merge([preprint.pk, article.pk])
    assert kept() == {DAY: 1}
    with committed():
        Join.objects.all().delete()
        merge([preprint.pk, article.pk])
    assert kept() == {DAY: 2}


def test_what_an_editor_hid_is_taken_off_at_once(committed):
    with committed():
        hidden, _ = make_paper("Hidden"), make_paper("Shown")
    make_paper("Never counted", day=NEXT)
    Pick.objects.create(day=NEXT, paper=hidden, kind=Pick.Kind.HIDE)
    days = [DAY, NEXT, NEXT + dt.timedelta(days=1)]
    assert ListedDay.objects.papers_on(days) == {DAY: 1, NEXT: 1}
    assert kept() == {DAY: 2}


def test_ranking_mends_a_number_that_was_missed():
    make_paper()
    ListedDay.objects.create(day=DAY, papers=7)
    rank_and_match(now=NOW)
    assert kept()[DAY] == 1
