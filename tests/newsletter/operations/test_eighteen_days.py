"""Eighteen days with a fault on most: nobody is mailed twice, nobody loses a paper, and the
operator hears of every fault within ten minutes, each day while it lasts, and when it is over.

The production functions run against a clock of their own: the fetch, the freeze, the minute's tick,
the drain and the watch, each as the beat and the workers would call it. What is not real is the
service that lists papers and the mail server. Around each fault every minute is played, and an hour
at a time in between. The Sunday in the middle sets European clocks back.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from newsletter.delivery import ledger, planning, welcome, worker
from newsletter.digests.choices import chosen_papers
from newsletter.events import consequences
from newsletter.issues import freezing
from newsletter.mail.message import Mail
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Delivery, Heartbeat, Issue
from newsletter.operations.watching import heartbeats, stand_in, troubles
from newsletter.operations.watching.alerts import Alert
from papers.days import feature_day
from papers.ingest import fetching
from papers.models import Match, Paper, Source
from papers.sources.base import Fetched, FetchFailed
from papers.sources.huggingface import HuggingFace
from papers.sources.record import PaperRecord
from subscriptions.models import Subscriber
from tests.factories import make_source, make_subscriber, make_topic
from tests.newsletter.transports import ACCEPTED, RecordingTransport

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 10, 12, tzinfo=dt.UTC)  # a Monday
DAYS = 18
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
QUIET = 7
TELLS_WITHIN = 10 * MINUTE
VERBS = ("plan", "taste")  # so two papers a day
NOUNS = (
    *("apples", "bridges", "clouds", "deserts", "engines", "forests", "glaciers", "harbors"),
    *("islands", "jungles", "kettles", "lakes", "meadows", "novels", "oceans", "parades"),
    *("quarries", "rivers"),
)

Rhythm = Subscriber.Rhythm
READERS = [
    ("berlin", "Europe/Berlin", Rhythm.DAILY, 7),
    ("berlin-weekdays", "Europe/Berlin", Rhythm.WEEKDAYS, 8),
    ("adelaide", "Australia/Adelaide", Rhythm.DAILY, 6),
    ("tokyo-weekdays", "Asia/Tokyo", Rhythm.WEEKDAYS, 8),
    ("angeles", "America/Los_Angeles", Rhythm.DAILY, 7),
    ("honolulu-weekdays", "Pacific/Honolulu", Rhythm.WEEKDAYS, 9),
    ("utc", "UTC", Rhythm.DAILY, 7),
    ("utc-weekdays", "UTC", Rhythm.WEEKDAYS, 7),
    ("weekly", "Europe/Berlin", Rhythm.WEEKLY, 7),
]


class Killed(BaseException):
    """The worker's process is gone, at this very line."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong from `start` to `end`."""

    name: str
    start: dt.datetime
    end: dt.datetime

    def is_on(self, now: dt.datetime) -> bool:
        return self.start <= now < self.end


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A moment of the day of this number, the first being 1."""
    return START + dt.timedelta(days=day - 1, hours=hour, minutes=minute)


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("source fails for 18 hours", at(2, 20), at(3, 14)),
        Fault("server refuses for two hours", at(4, 6), at(4, 8)),
        Fault("a worker is killed in a mail", at(5, 7), at(5, 7, 1)),
        Fault("a worker is killed between mails", at(8, 7), at(8, 7, 1)),
        Fault("beat is silent", at(9, 6, 50), at(9, 7, 30)),
        Fault("no worker lives", at(10, 6, 50), at(10, 7, 35)),
        Fault("disk fills", at(11, 10), at(11, 11)),
        Fault("source fails for 32 hours", at(15, 0), at(16, 8)),
        Fault("clock is two hours ahead", at(17, 5), at(17, 5, 3)),
        Fault("server lists our host", at(12, 7), at(12, 8)),
        Fault("server greylists", at(18, 6), at(18, 9)),
    )
}


def is_on(name: str, now: dt.datetime) -> bool:
    return FAULTS[name].is_on(now)


@dataclass
class World:
    """The service, the mail server and the operator, and what each of them saw."""

    directory: Path
    now: dt.datetime = START
    got: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each address got each paper."""
    mails: Counter[str] = field(default_factory=Counter)
    heard: dict[str, list[tuple[str, dt.datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    welcomed_at: dt.datetime | None = None
    asked: set[str] = field(default_factory=set)
    kills: list[str] = field(default_factory=list)

    # --- what is outside ---

    def list_papers(self, reader: object, day: dt.date) -> Fetched:
        if is_on("source fails for 18 hours", self.now):
            raise FetchFailed("The service answers 503.")
        if is_on("source fails for 32 hours", self.now):
            raise FetchFailed("The service answers 503.")
        if day.weekday() > 4 or day > self.now.date():
            return Fetched(())
        noun = NOUNS[day.day % len(NOUNS)]
        titles = [f"Efficient inference can {verb} {noun} {day:%A}" for verb in VERBS]
        return Fetched(
            tuple(
                PaperRecord(
                    f"arxiv:26{day:%m}.{day.day:02d}{number:03d}", title, f"{title}. It does."
                )
                for number, title in enumerate(titles)
            )
        )

    def take(self, mail: Mail) -> Outcome:
        """The mail server's answer."""
        if is_on("server refuses for two hours", self.now):
            return Outcome(Kind.DEFERRED, "unreachable", "connection refused", tried=False)
        if is_on("server lists our host", self.now):
            return Outcome(Kind.BROKEN, "554 5.7.1", "Client host blocked using zen.spamhaus.org")
        if is_on("server greylists", self.now) and mail.message_id not in self.asked:
            self.asked.add(mail.message_id)
            return Outcome(Kind.DEFERRED, "450 4.2.0", "Greylisted")
        self.deliver(mail)
        if is_on("a worker is killed in a mail", self.now) and "in" not in self.kills:
            self.kills.append("in")
            raise Killed  # the server has it, and the answer was not heard
        return ACCEPTED

    def begin(self, of_worker: worker.Worker, one: worker.Composed) -> Outcome | None:
        """What a worker does before each mail."""
        if is_on("a worker is killed between mails", self.now) and "between" not in self.kills:
            self.kills.append("between")
            raise Killed
        return BEGIN(of_worker, one)

    def deliver(self, mail: Mail) -> None:
        self.mails[mail.to_addr] += 1
        if mail.delivery_id is None:
            return
        row = Delivery.objects.get(pk=mail.delivery_id)
        if "new@" in mail.to_addr and self.welcomed_at is None:
            self.welcomed_at = self.now
        for paper in chosen_papers(row.choices):
            self.got[mail.to_addr, paper.paper_id] += 1

    def tell(self, alert: Alert) -> bool:
        self.heard[alert.trouble].append((alert.state.value, self.now))
        return True

    # --- what runs ---

    def step(self) -> None:
        """One minute of the service."""
        now = self.now
        clock = now + 2 * HOUR if is_on("clock is two hours ahead", now) else now
        has_worker = not is_on("no worker lives", now)
        has_beat = not is_on("beat is silent", now)
        if has_beat:
            Heartbeat.objects.record(Heartbeat.Kind.BEAT, "beat", clock, version="1")
        if not has_worker:
            if stand_in.is_needed(now):  # a monitor asks the web process
                troubles.watch(now, self.tell, pings=False)
            return
        if has_beat:
            self.tasks(clock)
        self.drain(clock)
        free = 5 if is_on("disk fills", now) else 50
        Heartbeat.objects.record(
            Heartbeat.Kind.WORKER, "worker one", clock, journal_free=free, journal_total=100
        )
        troubles.watch(clock, self.tell)

    def tasks(self, clock: dt.datetime) -> None:
        """What beat calls in this minute."""
        if clock.minute == 7:
            fetching.refresh(clock)
            Match.objects.update(is_sendable=True)  # what matches well enough is another test's
        freezing.freeze_due(clock)
        planning.plan(clock)
        welcome.plan(clock)
        heartbeats.tick_was_run(clock)
        ledger.sweep(self.directory, clock)
        consequences.process(clock)

    def drain(self, clock: dt.datetime) -> None:
        for _worker in range(2):  # whoever is killed has a successor
            try:
                worker.drain(
                    transport=RecordingTransport(self.take),
                    directory=self.directory,
                    clock=lambda: clock,
                )
            except Killed:
                continue
            return

    def run(self) -> None:
        """All days: each minute around faults, once an hour else."""
        edges = {moment for fault in FAULTS.values() for moment in (fault.start, fault.end)}
        edges |= {fault.start + 2 * HOUR for fault in FAULTS.values()}
        edges |= {fault.start.replace(minute=7) for fault in FAULTS.values()}
        edges |= {NO_ISSUE_FROM, CONFIRMS_AT}
        near = {edge + minute * MINUTE for edge in edges for minute in range(-1, 14)}
        end = START + dt.timedelta(days=DAYS)
        while self.now < end:
            if self.now in near or self.now.minute == QUIET:
                self.step()
            if self.now == CONFIRMS_AT:
                Subscriber.objects.get(email="new@example.org").confirm(self.now)
            self.now += MINUTE


BEGIN = worker.Worker._begin
CONFIRMS_AT = at(8, 12, 6)
NO_ISSUE_FROM = at(16, 0) + 7 * HOUR
"""ALERT_ISSUE_HOURS after the end of the day of which nothing was fetched."""


@pytest.fixture
def world(settings, monkeypatch, tmp_path):
    settings.ADMINS = [("", "operator@example.org")]
    settings.ALERT_ISSUE_HOURS = 7
    settings.JOURNAL_DIR = tmp_path
    Source.objects.all().delete()
    make_source()
    topic = make_topic("Efficient inference")
    for name, zone, rhythm, hour in READERS:
        reader = make_subscriber(
            f"{name}@example.org",
            topics=[topic],
            timezone=zone,
            rhythm=rhythm,
            hour=hour,
            weekday=2,
            confirmed_at=START - dt.timedelta(days=60),
            welcomed_on=START.date() - dt.timedelta(days=60),
        )
        reader.reschedule(START)
        reader.save()
    make_subscriber(
        "new@example.org",
        topics=[topic],
        status=Subscriber.Status.PENDING,
        confirmed_at=None,
        next_digest_at=None,
    )
    found = World(tmp_path)
    monkeypatch.setattr(HuggingFace, "fetch", lambda reader, day: found.list_papers(reader, day))
    monkeypatch.setattr(worker.Worker, "_begin", lambda of, one: found.begin(of, one))
    return found


def test_nobody_gets_a_paper_twice_or_not_at_all_and_the_operator_hears(world):
    world.run()

    # Mails: of each paper one to each reader whose rhythm has every day, and none twice.
    assert max(world.got.values()) == 1, [one for one, n in world.got.items() if n > 1]
    settled = [
        issue.day
        for issue in Issue.objects.all()
        if START.date() <= issue.day <= feature_day(START + dt.timedelta(days=DAYS - 2))
    ]
    papers = Paper.objects.filter(features__day__in=settled).distinct()
    assert papers.count() >= len(VERBS) * 11  # so many weekdays
    lost = {
        (name, paper.title)
        for name, _, rhythm, _ in READERS
        if rhythm != Rhythm.WEEKLY
        for paper in papers
        if not world.got[f"{name}@example.org", paper.pk]
    }
    assert not lost
    assert world.mails["weekly@example.org"] == 3
    assert world.welcomed_at is not None
    assert world.welcomed_at - CONFIRMS_AT <= MINUTE
    assert sorted(world.kills) == ["between", "in"]

    # What is in doubt is the mail that a worker was killed in, and it is told.
    assert Delivery.objects.filter(state=Delivery.State.UNKNOWN).count() == 1
    assert not Delivery.objects.filter(state=Delivery.State.FAILED).exists()

    # The operator: of each fault at its start and its end.
    source = FAULTS["source fails for 18 hours"]
    long = FAULTS["source fails for 32 hours"]
    expected: dict[str, list[tuple[dt.datetime, dt.datetime | None]]] = {
        "source:huggingface": [
            # Answered last in the hour before; two hours of failing are no news.
            (source.start + 2 * HOUR, source.end + 7 * MINUTE),
            (long.start + 2 * HOUR, long.end + 7 * MINUTE),
        ],
        "backend": [
            (FAULTS["server refuses for two hours"].start, None),
            (FAULTS["server lists our host"].start, None),
        ],
        "beat": [(FAULTS["beat is silent"].start, FAULTS["beat is silent"].end)],
        "workers": [(FAULTS["no worker lives"].start, FAULTS["no worker lives"].end)],
        "disk:one": [(FAULTS["disk fills"].start, FAULTS["disk fills"].end)],
        "no-issue": [(NO_ISSUE_FROM, long.end + 7 * MINUTE)],
    }
    for key, spans in expected.items():
        said = world.heard[key]
        opened = [when for state, when in said if state == "open"]
        over = [when for state, when in said if state == "over"]
        assert (len(opened), len(over)) == (len(spans), len(spans)), (key, said)
        for (start, end), first, last in zip(spans, opened, over, strict=True):
            assert first - start <= TELLS_WITHIN, (key, "open", first, start)
            assert end is None or last - end <= TELLS_WITHIN, (key, "over", last, end)
    still = [state for state, _ in world.heard["source:huggingface"] if state == "still open"]
    assert len(still) == 1  # of the 32 hours, after a day
    # Nothing else is told but what the faults bring about.
    others = {key for key in world.heard if not key.startswith("lost")} - set(expected)
    assert others <= {"tick", "queue"}, others
