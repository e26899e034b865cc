"""Freezing a day."""

import datetime as dt

import pytest

from newsletter.issues.freezing import build_issue, freeze_due, places_of, week_to
from newsletter.models import Issue
from papers.cards import Card
from papers.days import closes_at
from papers.models import Observation, Pick, Source
from tests.factories import DAY, NOW, make_issue, make_match, make_paper, make_source, make_topic

pytestmark = pytest.mark.django_db


def freeze(day: dt.date = DAY, now: dt.datetime = NOW) -> Issue:
    issue = build_issue(day, now)
    assert issue is not None
    return issue


def titles(issue):
    return [place.card["title"] for place in issue.places.all()]


def test_papers_stand_by_trending_score():
    make_paper("Second", trending_score=1)
    make_paper("First", trending_score=2)
    make_paper("Another day's", day=DAY - dt.timedelta(days=1))
    assert titles(freeze()) == ["First", "Second"]


def test_day_without_papers_has_no_issue():
    assert build_issue(DAY, NOW) is None
    assert not Issue.objects.exists()


def test_frozen_issue_never_changes():
    paper = make_paper("As it was", upvotes=5)
    issue = freeze()
    paper.title = "As it became"
    paper.upvotes = 500
    paper.save()
    make_paper("Too late")
    again = freeze(now=NOW + dt.timedelta(hours=1))
    assert again == issue
    assert titles(again) == ["As it was"]
    assert places_of(again)[0].card.upvotes == 5


def test_pin_comes_first_and_may_come_from_another_day():
    make_paper("Loud", trending_score=9)
    old = make_paper("Old but gold", day=DAY - dt.timedelta(days=30), trending_score=0)
    Pick.objects.create(day=DAY, paper=old, kind=Pick.Kind.PIN, note="Read this.")
    issue = freeze()
    assert titles(issue) == ["Old but gold", "Loud"]
    card = places_of(issue)[0].card
    assert card.is_pick
    assert card.note == "Read this."


def test_hidden_paper_is_left_out():
    paper = make_paper("Hidden")
    make_paper("Shown")
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    assert titles(freeze()) == ["Shown"]


def test_only_sure_matches_of_active_topics_count():
    paper = make_paper()
    sure, unsure, gone = make_topic("Sure"), make_topic("Unsure"), make_topic("Gone")
    make_match(paper, sure)
    make_match(paper, unsure, is_sendable=False)
    make_match(paper, gone)
    gone.is_active = False
    gone.save()
    (place,) = places_of(freeze())
    assert list(place.topics) == [sure.pk]
    assert place.topics[sure.pk].why == "Matches Sure"
    assert [topic.name for topic in place.card.topics] == ["Sure"]


def test_card_tells_what_was_gained_since_the_day_before():
    paper = make_paper(upvotes=30, comments=4, stars=100, day=DAY)
    source = make_source()
    for hours, counts in (
        (60, {"upvotes": 1, "comments": 4, "stars": 90}),
        (25, {"upvotes": 12, "stars": None}),
        (2, {"upvotes": 29}),
    ):
        at = NOW - dt.timedelta(hours=hours)
        Observation.objects.create(paper=paper, source=source, observed_at=at, **counts)
    Observation.objects.filter(comments=2).delete()
    card = places_of(freeze())[0].card
    assert (card.upvotes_gained, card.comments_gained, card.stars_gained) == (18, None, 10)


def test_card_says_in_two_sentences_what_the_summary_says_else_what_authors_say_they_do():
    abstract = "One thing is known. We show another. A third follows."
    make_paper(abstract=abstract, trending_score=2.0)
    make_paper(abstract=abstract, summary="It works. It is fast. It is small.", trending_score=1.0)
    first, second = (place.card for place in places_of(freeze()))
    assert (first.excerpt, first.excerpt_is_cut) == ("We show another.", True)
    assert (second.excerpt, second.excerpt_is_cut) == ("It works. It is fast.", False)
    assert (first.is_summarised, second.is_summarised) == (False, True)


def test_card_of_an_earlier_version_can_still_be_read():
    make_paper()
    kept = places_of(freeze())[0].card.as_dict()
    for name in ("comments_gained", "stars_gained", "thumbnail_url", "is_summarised"):
        del kept[name]
    card = Card.from_dict(kept)
    assert (card.thumbnail_url, card.is_summarised, card.stars_gained) == ("", False, None)


def test_weekly_places_come_from_seven_days():
    for ago in range(9):
        make_paper(f"{ago} days ago", day=DAY - dt.timedelta(days=ago))
        build_issue(DAY - dt.timedelta(days=ago), NOW)
    issue = Issue.objects.get(day=DAY)
    found = {place.card.title for place in places_of(issue, week_to(issue.day))}
    assert found == {f"{ago} days ago" for ago in range(7)}


def test_day_is_frozen_after_its_end_and_a_fetch_that_saw_it_whole():
    make_paper()
    Source.objects.update(last_fetched_at=closes_at(DAY) - dt.timedelta(minutes=1))
    soon = closes_at(DAY) + dt.timedelta(minutes=5)
    assert freeze_due(soon) is None
    Source.objects.update(last_fetched_at=soon)
    issue = freeze_due(soon)
    assert issue is not None
    assert issue.day == DAY
    assert freeze_due(soon) is None


def test_day_is_frozen_in_the_end_even_if_no_fetch_succeeds():
    make_paper()
    Source.objects.update(last_fetched_at=None)
    assert freeze_due(closes_at(DAY) + dt.timedelta(hours=4)) is not None


def test_pause_resume_stop_move_as_named():
    issue = make_issue()
    assert issue.pause("too many bounces")
    assert not issue.pause("again")
    assert issue.resume()
    assert issue.stop("wrong papers")
    assert not issue.resume()
    assert issue.state == Issue.State.STOPPED
    assert issue.state_reason == "wrong papers"


def test_an_issue_that_was_frozen_with_words_for_evidence_can_still_be_read():
    topic = make_topic("Agents")
    make_match(make_paper("Old news"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    place = issue.places.get()
    place.topics = {str(topic.pk): {"score": 3.0, "why": '"agents" in the title'}}
    place.save()

    (read,) = places_of(issue)

    assert read.topics[topic.pk].why == "Matches Agents"


def test_a_topic_that_is_gone_is_not_named():
    topic = make_topic("Agents")
    make_match(make_paper("Old news"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    gone = topic.pk
    topic.delete()
    assert places_of(issue)[0].topics[gone].why == "Matches a topic"


def test_the_week_is_ordered_by_what_papers_gained_in_it_and_that_stays():
    """Monday's paper trended less on its day than Wednesday's, and gained more since."""
    topic = make_topic("Agents")
    monday = make_paper("Monday", day=DAY - dt.timedelta(days=2), upvotes=5, trending_score=1.0)
    make_match(monday, topic)
    build_issue(DAY - dt.timedelta(days=2), NOW - dt.timedelta(days=2))
    make_match(make_paper("Wednesday", upvotes=20, trending_score=9.0), topic)
    later = {"source": make_source(), "observed_at": NOW - dt.timedelta(hours=9)}
    Observation.objects.create(paper=monday, upvotes=80, **later)
    issue = build_issue(DAY, NOW)
    assert issue is not None

    def order() -> list[str]:
        places = places_of(issue, week_to(issue.day), is_weekly=True)
        return [place.card.title for place in sorted(places, key=lambda each: -each.score)]

    assert order() == ["Monday", "Wednesday"]
    Observation.objects.filter(paper__title="Wednesday").update(upvotes=500)
    assert order() == ["Monday", "Wednesday"]
