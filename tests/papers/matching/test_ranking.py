"""Ranking and matching of stored papers: repeatable, and an editor's word stands."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers import planner_statistics, tasks
from papers.matching import ranking, standings
from papers.matching.ranking import match_topic, rank_and_match, recent
from papers.matching.trending import HIDDEN, PINNED
from papers.models import ListedDay, Match, Observation, Paper, Pick, Topic
from tests.factories import DAY, NOW, make_match, make_paper, make_source, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _only_our_topics(db):
    Topic.objects.all().delete()


@pytest.fixture
def caches():
    return make_topic("KV cache", keywords=["KV cache", "cache eviction"])


def test_a_paper_with_a_keyword_in_its_title_matches_with_the_evidence(caches):
    paper = make_paper("KV cache compression", abstract="On cache eviction in KV caches.")
    make_paper("Robots that dance")

    done = rank_and_match(now=NOW)

    match = Match.objects.get()
    assert (match.paper, match.topic, match.is_sendable) == (paper, caches, True)
    assert "“KV cache” in the title" in match.why
    assert (done.papers, done.matches, done.written) == (2, 1, 1)


def test_a_second_run_changes_nothing(caches):
    make_paper("KV cache compression")
    rank_and_match(now=NOW)
    before = list(Match.objects.values()), list(Paper.objects.values())

    done = rank_and_match(now=NOW)

    assert (done.rescored, done.written, done.dropped) == (0, 0, 0)
    assert (list(Match.objects.values()), list(Paper.objects.values())) == before


def test_a_match_that_no_longer_holds_goes(caches):
    make_match(make_paper("Robots that dance"), caches)

    assert rank_and_match(now=NOW).dropped == 1
    assert not Match.objects.exists()


@pytest.mark.parametrize("verdict", [Match.Verdict.PINNED, Match.Verdict.VETOED])
def test_an_editors_word_stands_when_the_match_is_found(caches, verdict):
    match = make_match(make_paper("KV cache compression"), caches, verdict=verdict, score=-5)

    rank_and_match(now=NOW)

    match.refresh_from_db()
    assert match.verdict == verdict
    assert match.score > 0


@pytest.mark.parametrize(
    ("verdict", "sent"), [(Match.Verdict.PINNED, True), (Match.Verdict.VETOED, False)]
)
def test_an_editors_word_stands_when_no_match_is_found(caches, verdict, sent):
    match = make_match(make_paper("Robots that dance"), caches, verdict=verdict)

    rank_and_match(now=NOW)
    again = rank_and_match(now=NOW)

    match.refresh_from_db()
    assert (match.verdict, match.is_sendable, match.evidence) == (verdict, False, [])
    assert Match.objects.sendable().exists() is sent
    assert again.written == again.dropped == 0


def test_inactive_topics_match_nothing_and_keep_what_they_had(caches):
    make_paper("KV cache compression")
    rank_and_match(now=NOW)
    Topic.objects.update(is_active=False)
    make_paper("More on the KV cache")

    rank_and_match(now=NOW)

    assert Match.objects.count() == 1
    assert not Match.objects.sendable().exists()


def test_a_days_papers_can_be_ranked_alone(caches):
    old = make_paper("KV cache", day=DAY - dt.timedelta(days=400), trending_score=0)
    new = make_paper("KV cache", trending_score=0)

    assert rank_and_match(now=NOW, day=DAY - dt.timedelta(days=400)).papers == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert old.trending_score > 0
    assert new.trending_score == 0


def test_the_papers_to_rank_can_be_given(caches):
    make_paper("KV cache", trending_score=0)
    chosen = make_paper("KV cache", trending_score=0)

    rank_and_match(now=NOW, papers=Paper.objects.filter(pk=chosen.pk))

    assert Paper.objects.get(trending_score__gt=0) == chosen


def test_the_last_two_weeks_of_papers_are_ranked():
    kept = [make_paper(day=DAY - dt.timedelta(days=ago)) for ago in (0, 13)]
    make_paper(day=DAY - dt.timedelta(days=14))
    make_paper(day=NOW.date() + dt.timedelta(days=1))
    make_paper(day=None)

    assert set(recent(NOW)) == set(kept)


def test_a_site_that_was_not_fed_for_a_while_still_has_its_last_weeks():
    paper = make_paper(day=DAY)

    assert list(recent(NOW + dt.timedelta(days=300))) == [paper]
    Paper.objects.all().delete()
    assert list(recent(NOW)) == []


def test_more_attention_ranks_higher_and_age_lowers():
    quiet, loud = make_paper(upvotes=3, stars=None), make_paper(upvotes=90, stars=None)
    old = make_paper(upvotes=90, stars=None, day=DAY - dt.timedelta(days=7))

    rank_and_match(now=NOW)

    assert list(Paper.objects.by_trend()) == [loud, old, quiet]


def test_growth_is_read_from_earlier_observations():
    steady, growing = make_paper(upvotes=40), make_paper(upvotes=40)
    for paper, upvotes in ((steady, 40), (growing, 10)):
        Observation.objects.filter(paper=paper).update(upvotes=upvotes)
        Observation.objects.create(
            paper=paper, source=make_source(), observed_at=NOW, upvotes=40, comments=2
        )

    rank_and_match(now=NOW)

    assert list(Paper.objects.by_trend()) == [growing, steady]


def test_a_pin_for_the_day_lifts_above_all_and_an_old_pin_no_longer():
    pinned, once_pinned = make_paper(upvotes=1), make_paper(upvotes=1)
    Pick.objects.create(day=DAY, paper=pinned, kind=Pick.Kind.PIN)
    Pick.objects.create(day=DAY - dt.timedelta(days=1), paper=once_pinned, kind=Pick.Kind.PIN)

    rank_and_match(now=NOW)

    pinned.refresh_from_db()
    once_pinned.refresh_from_db()
    assert pinned.trending_score > PINNED > once_pinned.trending_score


def test_a_hidden_paper_is_below_all_and_a_note_changes_nothing():
    hidden, noted, plain = make_paper(upvotes=50), make_paper(upvotes=5), make_paper(upvotes=5)
    Pick.objects.create(day=DAY, paper=hidden, kind=Pick.Kind.HIDE)
    Pick.objects.create(day=DAY, paper=noted, kind=Pick.Kind.NOTE)

    rank_and_match(now=NOW)

    for paper in (hidden, noted, plain):
        paper.refresh_from_db()
    assert hidden.trending_score == HIDDEN
    # What is left of the prior may differ; what a note could do would be more.
    assert noted.trending_score == pytest.approx(plain.trending_score, abs=0.01)
    assert noted.trending_score > 0


def test_what_happens_after_now_does_not_matter():
    paper = make_paper(upvotes=10)
    rank_and_match(now=NOW)
    paper.refresh_from_db()
    score = paper.trending_score
    Observation.objects.create(
        paper=paper, source=make_source(), observed_at=NOW + dt.timedelta(hours=1), upvotes=999
    )

    rank_and_match(now=NOW)

    paper.refresh_from_db()
    assert paper.trending_score == score


def test_the_score_can_be_explained():
    paper = make_paper(upvotes=10)
    rank_and_match(now=NOW)
    paper.refresh_from_db()

    shown = standings.explain_score(paper, NOW)

    assert shown.score == paper.trending_score
    assert "huggingface" in str(shown)


def test_batches_cover_everything_and_give_the_same_scores(caches, monkeypatch):
    papers = [make_paper(f"KV cache {n}", upvotes=n) for n in range(23)]
    rank_and_match(now=NOW)
    whole = dict(Paper.objects.values_list("pk", "trending_score"))
    monkeypatch.setattr(ranking, "BATCH", 5)

    done = rank_and_match(now=NOW)

    assert done.papers == len(papers)
    assert dict(Paper.objects.values_list("pk", "trending_score")) == whole
    assert Match.objects.count() == 23


def test_the_number_of_queries_does_not_depend_on_the_number_of_papers(caches, monkeypatch):
    monkeypatch.setattr(planner_statistics, "LEAST", 1_000_000)  # pages; renewing takes one more

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            rank_and_match(now=NOW)
        return len(captured)

    for n in range(5):
        make_paper(f"KV cache {n}")
    queries()  # from now on there is something to compare with
    Match.objects.all().delete()
    Paper.objects.update(trending_score=1.0)
    first = queries()
    Match.objects.all().delete()
    Paper.objects.all().delete()
    for n in range(50):
        make_paper(f"KV cache {n}")
    ListedDay.objects.filter(day=DAY).update(papers=50)  # one that differs takes one more
    assert queries() == first <= 42


def test_one_topic_can_be_matched_anew_without_touching_the_others(caches):
    robots = make_topic("Robots", keywords=["robot"])
    kept = make_match(make_paper("A KV cache for robots"), caches, evidence=[], score=9.0)

    assert match_topic(robots, NOW).written == 1
    kept.refresh_from_db()
    assert kept.score == 9.0
    assert Match.objects.filter(topic=robots).exists()


def test_an_inactive_topic_is_not_matched(caches):
    make_paper("KV cache")
    caches.is_active = False

    assert match_topic(caches, NOW).papers == 0


def test_hostile_titles_are_matched_without_harm(caches):
    for title in ("<b>KV cache</b> & {{ x }}", "שלום KV cache", "KV cache " * 50, "🚀", "$\\frac{"):
        make_paper(title)

    assert rank_and_match(now=NOW).matches == 3


def test_no_papers_and_no_topics_are_no_trouble():
    assert rank_and_match(now=NOW).papers == 0
    make_paper()
    assert rank_and_match(now=NOW).matches == 0


def test_the_rank_task_ranks():
    make_paper(trending_score=0.0)

    tasks.rank.apply()

    assert Paper.objects.get().trending_score > 0
