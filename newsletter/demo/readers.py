"""The demo's three readers: Alice, Bob and Charlie, and what the ledger says of their digests."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from newsletter.delivery import planning
from newsletter.digests import selection
from newsletter.digests.choices import chosen_papers
from newsletter.digests.history import issues_sharing, papers_had
from newsletter.digests.readers import readers_of
from newsletter.issues.freezing import places_to_choose_from, week_to
from newsletter.models import Delivery, Issue, IssuePaper
from papers.models import Paper, Topic
from subscriptions.models import Subscriber
from subscriptions.readers.signup import SignupChoices, subscribe

WORDING = "Subscribed by the demo"

_RESENT = (Delivery.State.UNKNOWN, Delivery.State.FAILED, Delivery.State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Person:
    """A reader as the demo knows them. `topics` are slugs; `weekday` counts for weekly ones."""

    name: str
    topics: tuple[str, ...]
    rhythm: str
    hour: int
    timezone: str
    weekday: int = 0

    @property
    def email(self) -> str:
        """Their address, which reaches nobody (RFC 2606)."""
        return f"{self.name.lower()}@example.org"


CAST = (
    Person(
        "Alice",
        (
            "language-models",
            "reasoning",
            "agents",
            "code",
            "evaluation",
            "retrieval-search",
            "multilingual",
            "safety-robustness",
        ),
        Subscriber.Rhythm.DAILY,
        7,
        "Europe/Berlin",
    ),
    Person(
        "Bob",
        (
            "vision-language",
            "image-generation",
            "video-generation",
            "3d-scenes",
            "computer-vision",
            "diffusion-flow",
            "speech-audio-music",
        ),
        Subscriber.Rhythm.WEEKDAYS,
        8,
        "America/New_York",
    ),
    Person(
        "Charlie",
        ("reinforcement-learning", "robotics", "world-models", "efficient-inference"),
        Subscriber.Rhythm.WEEKLY,
        9,
        "Asia/Tokyo",
    ),
)


@dataclass(frozen=True, slots=True)
class DemoReader:
    """A person with their row in the database."""

    person: Person
    subscriber: Subscriber

    @property
    def described(self) -> str:
        """Their name, rhythm and topics on one line, as they are now."""
        one = self.subscriber
        days = {
            Subscriber.Rhythm.DAILY.value: "every day",
            Subscriber.Rhythm.WEEKDAYS.value: "Monday to Friday",
            Subscriber.Rhythm.WEEKLY.value: f"every {one.get_weekday_display()}",
        }
        names = list(one.topics.values_list("name", flat=True))
        topics = ", ".join(names[:3]) or "no topic"
        if len(names) > 3:
            topics += f" and {len(names) - 3} more"
        return f"{days[one.rhythm]} at {one.hour}:00, {one.timezone}: {topics}"


@dataclass(frozen=True, slots=True)
class Result:
    """What a reader got of an issue, in words, and the titles of the papers."""

    said: str
    titles: tuple[str, ...]


def gather(now: dt.datetime) -> list[DemoReader]:
    """The cast as subscribers. Whoever is there already keeps what was changed by hand since:
    topics, rhythm, and also having left.
    """
    return [_subscribed(person, now) for person in CAST]


@transaction.atomic
def _subscribed(person: Person, now: dt.datetime) -> DemoReader:
    found = Subscriber.objects.with_email(person.email).first()
    if found is not None:
        return DemoReader(person, found)
    topics = Topic.objects.active()
    # An editor may have taken these topics away; then the first few serve as well.
    wanted = list(topics.filter(slug__in=person.topics) or topics[:4])
    choices = SignupChoices(
        rhythm=person.rhythm, weekday=person.weekday, hour=person.hour, timezone=person.timezone
    )
    subscribe(person.email, wanted, choices, now, WORDING)
    subscriber = Subscriber.objects.with_email(person.email).get()
    subscriber.confirm(now, WORDING)
    # They have just confirmed: nobody is to be asked, nor to wonder at an email that was skipped.
    subscriber.notices.open().delete()
    return DemoReader(person, subscriber)


@transaction.atomic
def make_due(readers: Sequence[DemoReader], issue: Issue, now: dt.datetime) -> int:
    """Make a digest of `issue` due at `now` for each reader who had none yet; how many are to be
    sent again because an earlier run left them failed, late or in doubt.

    The current issue is left for the next tick to plan, as at any reader's hour. For an earlier
    one, which no tick plans anymore, the rows are made here.
    """
    resent = 0
    due: list[Subscriber] = []
    deadline = now + settings.DIGEST_DEADLINE
    for reader in _mailable(readers):
        row = _delivery(reader, issue)
        if row is None:
            due.append(reader.subscriber)
        elif row.state in _RESENT:
            resent += row.resend(now, deadline)
    if planning.current_issue(now) == issue:
        Subscriber.objects.filter(pk__in=[one.pk for one in due]).update(next_digest_at=now)
        return resent
    Delivery.objects.bulk_create(
        [
            Delivery(issue=issue, subscriber=one, due_at=now, not_before=now, deadline=deadline)
            for one in due
        ],
        ignore_conflicts=True,
    )
    return resent


def start_afresh(readers: Sequence[DemoReader], issue: Issue) -> bool:
    """Let readers for whom nothing in `issue` is new forget their digests; whether there were any.

    For the sample, whose papers come again every week. The ledger keeps its rows, as after a
    reader's erasure.
    """
    new = [
        reader.subscriber.pk for reader in _mailable(readers) if _delivery(reader, issue) is None
    ]
    found, _ = readers_of(new)
    done = [pk for pk, reader in found.items() if not _has_news(issue, reader)]
    return bool(Delivery.objects.filter(subscriber__in=done).update(subscriber=None))


def _has_news(issue: Issue, reader: selection.Reader) -> bool:
    places = places_to_choose_from(
        issue, week_to(issue.day) if reader.is_weekly else None, is_weekly=reader.is_weekly
    )
    papers = [place.paper_id for place in places]
    works = Paper.objects.works_of(papers)
    had = papers_had([reader.id], issues_sharing(papers), works=works)
    return bool(selection.Shelf(places).select(reader, had.get(reader.id, ())))


def waiting(readers: Sequence[DemoReader], issue: Issue) -> bool:
    """Whether a reader's digest is still to be planned or sent."""
    rows = [_delivery(reader, issue) for reader in _mailable(readers)]
    return any(row is None or row.is_open for row in rows)


def result(reader: DemoReader, issue: Issue) -> Result:
    """What became of a reader's digest."""
    row = _delivery(reader, issue)
    if row is None:
        status = reader.subscriber.get_status_display()
        return Result("waiting to be planned" if reader.subscriber.is_mailable else status, ())
    if row.state != Delivery.State.SENT:
        reason = f": {row.reason}" if row.reason else ""
        return Result(f"{row.get_state_display()}{reason}", ())
    ids = [one.place_id for one in chosen_papers(row.choices)]
    places = IssuePaper.objects.in_bulk(ids)
    titles = tuple(str(places[pk].card["title"]) for pk in ids if pk in places)
    when = f"{row.sent_at:%H:%M} UTC" if row.sent_at else "an unknown time"
    return Result(f"{len(titles)} papers, sent at {when}", titles)


def trouble(readers: Sequence[DemoReader], issue: Issue) -> str:
    """Why the readers did not all get their digest; empty if they did.

    A reader for whom there was nothing new is no trouble, unless nobody got anything.
    """
    mailable = _mailable(readers)
    found: list[str] = []
    sent = 0
    for reader in mailable:
        row = _delivery(reader, issue)
        sent += row is not None and row.state == Delivery.State.SENT
        if row is None or row.state not in (Delivery.State.SENT, Delivery.State.SKIPPED):
            found.append(f"{reader.person.name}'s digest {result(reader, issue).said}")
    if found:
        return "Not every digest was delivered: " + "; ".join(found) + "."
    if not sent:
        return (
            f"Nobody got a digest for {issue}: there are no readers left, or nothing was new to "
            "them."
        )
    return ""


def _mailable(readers: Sequence[DemoReader]) -> list[DemoReader]:
    return [reader for reader in readers if reader.subscriber.is_mailable]


def _delivery(reader: DemoReader, issue: Issue) -> Delivery | None:
    return Delivery.objects.filter(issue=issue, subscriber=reader.subscriber).first()
