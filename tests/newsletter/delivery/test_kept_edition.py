"""What previews of an issue have in common is made once, and anew when anything in it changes."""

import datetime as dt

import pytest

from newsletter.delivery import composing
from newsletter.delivery.composing import KeptEdition, compose_for
from newsletter.digests.readers import readers_of
from newsletter.issues import corrections
from newsletter.models import Issue
from papers.models import Pick, Topic
from tests.factories import (
    DAY,
    NOW,
    make_frozen_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Desk:
    """An issue of two papers, a reader, and how often an edition was made."""

    def __init__(self, monkeypatch) -> None:
        self.topic = make_topic("Agents")
        for number in range(2):
            make_match(make_paper(f"Paper {number}"), self.topic)
        self.issue = make_frozen_issue()
        self.alice = make_subscriber(topics=[self.topic])
        self.kept = KeptEdition()
        self.made = 0
        real = composing.edition_of

        def counted(*args):
            self.made += 1
            return real(*args)

        monkeypatch.setattr(composing, "edition_of", counted)

    def look(self, **changed) -> str:
        """The plain text of the reader's digest, as it is now."""
        reader = readers_of([self.alice.pk])[0][self.alice.pk]._replace(**changed)
        issue = Issue.objects.get(pk=self.issue.pk)
        mail, _ = compose_for(issue, reader, kept=self.kept)
        assert mail is not None
        return f"{mail.subject}\n" + "".join(one.text for one in mail.text)


@pytest.fixture
def desk(monkeypatch, settings) -> Desk:
    settings.PAGE_CACHE_SECONDS = 300
    return Desk(monkeypatch)


def test_several_readers_of_one_form_take_one(desk):
    whole = desk.look()
    assert desk.look() == whole
    assert "Paper 1" in desk.look(papers_wanted=1) or "Paper 0" in desk.look(papers_wanted=1)
    assert desk.made == 1
    desk.look(language="de")
    assert desk.made == 2


def hide(desk):
    paper = desk.issue.places.get(card__title="Paper 1").paper
    Pick.objects.create(paper=paper, day=DAY, kind=Pick.Kind.HIDE)


def mend(desk):
    place = desk.issue.places.get(card__title="Paper 1")
    corrections.mend(place, {"title": "Mended"}, NOW, by=None)


def rename(desk):
    Topic.objects.filter(pk=desk.topic.pk).update(name="Robots")


def note(desk):
    desk.issue.note = "Read the first one."
    desk.issue.save()


def subject(desk):
    Issue.objects.filter(pk=desk.issue.pk).update(subject="Mind the agents")


@pytest.mark.parametrize(
    ("change", "there", "gone"),
    [
        (hide, "Paper 0", "Paper 1"),
        (mend, "Mended", "Paper 1"),
        (rename, "Robots", None),  # cards keep the name that they were frozen with
        (note, "Read the first one.", None),
        (subject, "Mind the agents", None),
    ],
)
def test_what_is_changed_shows_at_once(desk, change, there, gone):
    before = desk.look()
    assert there not in before or change is hide
    change(desk)
    after = desk.look()
    assert there in after
    assert gone is None or (gone in before and gone not in after)
    assert desk.made == 2


def test_the_state_of_an_earlier_issue_shows_at_once(desk):
    earlier = Issue.objects.create(day=DAY - dt.timedelta(days=1), frozen_at=NOW)
    desk.look(is_weekly=True)
    Issue.objects.filter(pk=earlier.pk).update(state=Issue.State.DROPPED)
    desk.look(is_weekly=True)
    assert desk.made == 2


def test_where_pages_are_not_kept_it_is_not(desk, settings):
    settings.PAGE_CACHE_SECONDS = 0
    desk.look()
    desk.look()
    assert desk.made == 2
