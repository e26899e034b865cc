"""Measuring delivery: a scratch database full of readers, real Celery workers, a real socket.

Every reader's digest is their own: five topics of thirty, ten papers of sixty, their own "why"
lines and signed links. `Load` makes it as large as a day of every field: thousands of papers, a
week of issues of which each lists again a fifth of the one before, readers who rated papers,
readers of the week's best, and new ones who are welcomed. The figures come from the ledger (when
was the first claimed, when the last settled), from what the workers log about their stages, and
from the kernel (CPU and memory of the worker processes). `manage.py benchmark_delivery` runs it.
"""

import datetime as dt
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from newsletter import bulk_sql
from newsletter.delivery import planning
from newsletter.demo.environment import valkey_binary
from newsletter.demo.processes import Family, Lock
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from papers.days import feature_day
from papers.models import (
    Feature,
    FittedModel,
    Match,
    Paper,
    PaperVector,
    Source,
    Topic,
)
from subscriptions.models import Feedback, Subscriber, Subscription

TOPICS_EACH = 5

READERS_SINCE = dt.timedelta(days=60)
"""How long ago the readers confirmed: who has just done so would get a welcome instead."""
COUNTED = 60
"""Papers of a day that somebody upvoted, whatever their number."""

RATINGS = 20
"""Papers that a reader who rates any rated."""

DIMENSIONS = 100
SUBJECTS = 400
"""What made papers are about: each lies near one of these directions, so that two of one subject
are somewhat alike (a cosine of about 0.5) and two of different ones are not."""

WEEKDAYS = 5
"""Issues of a week, where there are weekly readers."""

FORMER = 50
"""Different digests that readers had of the issue before."""

SENDER = {
    "FROM_EMAIL": "Benchmark <digest@benchmark.example.org>",
    "POSTAL_ADDRESS": "1 Example Street, 12345 Example",
    "LIST_ID": "digest.benchmark.example.org",
    "UNSUBSCRIBE_EMAIL": "leave@benchmark.example.org",
}
"""What a worker does not start without; the mail goes nowhere."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to choose from, and who chooses."""

    papers: int = 60
    """Of one day."""
    topics: int = 30
    rated: float = 0.0
    """Share of the readers who rated papers; with any, papers have vectors."""
    weekly: float = 0.0
    """Share of the readers who get the week's best; with any, one in a hundred is new and gets the
    welcome, and the week has an issue on each weekday."""


_SENTENCE = (
    "We study how the method behaves when the amount of data, the size of the model and the "
    "length of the input grow together, and we compare it with five strong baselines on twelve "
    "public tasks. It is better on ten of them at half of the cost, and we explain why."
)


@dataclass(slots=True)
class Figures:
    """What a run measured. Seconds, megabytes, and shares of the workers' time."""

    database: str
    subscribers: int
    processes: int
    sink: str
    threads: int = 0
    """In one process instead of processes; 0 for none."""
    planned: int = 0
    plan_seconds: float = 0.0
    plan_peak_mb: float = 0.0
    sent: int = 0
    seconds: float = 0.0
    digests_per_second: float = 0.0
    bytes_per_digest: int = 0
    cpu_microseconds_per_digest: float = 0.0
    worker_peak_mb: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@contextmanager
def scratch_database() -> Iterator[str]:
    """A new, migrated, empty database on the configured server; gives its address."""
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = (
        str(settings.VAR_DIR / "benchmark.sqlite3")
        if connection.vendor == "sqlite"
        else f"broadsheet_benchmark_{os.getpid()}"
    )
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield _address()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _address() -> str:
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    login = quote(config["USER"] or "postgres", safe="")
    if config["PASSWORD"]:
        login += ":" + quote(config["PASSWORD"], safe="")
    host, port = config["HOST"] or "127.0.0.1", config["PORT"] or 5432
    return f"postgres://{login}@{host}:{port}/{config['NAME']}"


def fill(count: int, now: dt.datetime, load: Load | None = None) -> Issue:
    """Topics, papers, matches, frozen issues, and `count` readers who are due at `now`; the newest
    issue.
    """
    load = load or Load()
    Topic.objects.all().delete()
    topics = Topic.objects.bulk_create(
        [
            Topic(slug=f"topic-{n}", name=f"Topic number {n}", group="All", description="A topic.")
            for n in range(load.topics)
        ]
    )
    fitted = None
    if load.rated:
        fitted = FittedModel.objects.create(
            version="benchmark", started_at=now, ready_at=now, dimensions=DIMENSIONS, data=b""
        )
    days = [feature_day(now)]
    while load.weekly and len(days) < WEEKDAYS:
        before = days[0] - dt.timedelta(days=1)
        days[:0] = [before - dt.timedelta(days=max(0, before.weekday() - 4))]
    days = [day for day in days if day > days[-1] - dt.timedelta(days=7)]
    listed: list[Paper] = []
    issue = before_it = None
    for number, day in enumerate(days):
        again = listed[-load.papers // 5 :] if listed else []
        listed = _insert_papers(number, load, topics, fitted, again)
        source = Source.objects.order_by("pk").first()
        if source is None:
            source = Source.objects.create(kind="sample", slug="benchmark", name="Benchmark")
        Feature.objects.bulk_create(
            [Feature(source=source, paper=each, day=day) for each in listed], batch_size=5_000
        )
        issue, before_it = build_issue(day, now), issue
    if issue is None:
        raise RuntimeError("the benchmark's issue has no papers")
    _insert_readers(count, now, [topic.pk for topic in topics], load)
    if load.weekly:
        new = Subscriber.objects.alias(rest=F("pk") % 100).filter(rest=99)
        new.update(welcomed_on=issue.day)
    if load.rated:
        _insert_ratings(now, load)
    if before_it is not None:
        _insert_former(before_it, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return issue


def _insert_papers(
    number: int,
    load: Load,
    topics: list[Topic],
    fitted: FittedModel | None,
    again: list[Paper],
) -> list[Paper]:
    """The papers of the day with this number: `again`, and new ones with their matches."""
    new = load.papers - len(again)
    papers = Paper.objects.bulk_create(
        [
            Paper(
                identifier=f"arxiv:{2601 + number}.{n:05d}",
                title=f"A method of number {number}{n:04d} for learning, and what it cannot do",
                abstract=f"In this paper, the {n}th, {_SENTENCE} {_SENTENCE}",
                authors=[f"Author {letter}. Number{n}" for letter in "ABCDEFGH"],
                organization="An institute of technology",
                upvotes=400 - 6 * n if n < COUNTED else None,
                comments=n % 7 if n < COUNTED else None,
                stars=n * 11 if n < COUNTED else None,
                code_url=f"https://github.com/example/method-{n}",
                trending_score=5.0 - 3.0 * n / load.papers,
            )
            for n in range(new)
        ],
        batch_size=1_000,
    )
    Match.objects.bulk_create(
        [
            Match(
                paper=paper,
                topic=topics[(n * 7 + offset * 11) % load.topics],
                score=5.0 - offset,
                is_sendable=True,
                evidence=[
                    {"kind": "keyword", "detail": f"keyword {offset} of it", "where": "title"},
                    {"kind": "category", "detail": "cs.LG", "where": ""},
                ],
            )
            for n, paper in enumerate(papers)
            for offset in range(4)
        ],
        batch_size=5_000,
    )
    if fitted is not None:
        subjects = np.random.default_rng(7).normal(size=(SUBJECTS, DIMENSIONS))
        subjects /= np.linalg.norm(subjects, axis=1, keepdims=True)
        draw = np.random.default_rng(number)
        vectors = subjects[draw.integers(SUBJECTS, size=new)]
        vectors = vectors + draw.normal(scale=0.1, size=vectors.shape)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        PaperVector.objects.bulk_create(
            [
                PaperVector(paper=paper, fitted=fitted, vector=row.astype("<f2").tobytes())
                for paper, row in zip(papers, vectors, strict=True)
            ],
            batch_size=5_000,
        )
    return [*again, *papers]


def _insert_readers(count: int, now: dt.datetime, topics: list[int], load: Load) -> None:
    """Readers and their topics, made by the database itself: a million take seconds."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
    weekly = f"CASE WHEN i %% 100 < {round(100 * load.weekly)} THEN 'weekly' ELSE 'daily' END"
    true, false = ("true", "false") if connection.vendor == "postgresql" else ("1", "0")
    moment = bulk_sql.timestamp_text(now)
    since = bulk_sql.timestamp_text(now - READERS_SINCE)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {bulk_sql.table(Subscriber)}
                (email, status, rhythm, weekday, hour, timezone, papers_wanted, receives_by,
                 text_only, learns, language, link_version, created_at, confirmed_at,
                 next_digest_at)
                {numbers}
                SELECT 'reader' || i || '@benchmark.example.org', 'active',
                       {weekly}, 0, 7, 'UTC',
                       10, 'mail', {false}, {true}, 'en', 1, r.since, r.since, r.at
                FROM n, {bulk_sql.rows({"at": "time", "since": "time"})}""",
            [count, bulk_sql.packed([{"at": moment, "since": since}])],
        )
        # Five different topics each: a start that moves on with the reader, and steps of seven.
        cursor.execute(
            f"""INSERT INTO {bulk_sql.table(Subscription)} (subscriber_id, topic_id)
                SELECT s.id, r.id FROM {bulk_sql.table(Subscriber)} s
                CROSS JOIN (SELECT 0 AS step UNION SELECT 1 UNION SELECT 2 UNION SELECT 3
                            UNION SELECT 4) AS steps
                JOIN {bulk_sql.rows({"id": "id", "place": "integer"})}
                  ON r.place = (s.id + step * 7) %% {load.topics}""",
            [bulk_sql.packed([{"id": pk, "place": n} for n, pk in enumerate(topics)])],
        )


def _insert_ratings(now: dt.datetime, load: Load) -> None:
    """What `load.rated` of the readers said about `RATINGS` papers each, of any day."""
    papers = list(Paper.objects.order_by("pk").values_list("pk", flat=True))
    readers = Subscriber.objects.order_by("pk").values_list("pk", flat=True)
    rating = [pk for pk in readers if pk % 100 * 37 % 100 < 100 * load.rated]
    for at in range(0, len(rating), 1_000):
        Feedback.objects.bulk_create(
            [
                Feedback(
                    subscriber_id=pk,
                    paper_id=papers[(pk * 31 + step * 577) % len(papers)],
                    value=Feedback.Value.MORE if step % 4 else Feedback.Value.LESS,
                    at=now,
                )
                for pk in rating[at : at + 1_000]
                for step in range(RATINGS)
            ],
            batch_size=5_000,
        )


def _insert_former(issue: Issue, now: dt.datetime) -> None:
    """The digests of the issue before, which daily readers had; new ones had none."""
    places = list(issue.places.values_list("paper_id", "pk"))
    draw = random.Random(3)
    digests = [
        [[paper, place, [], "Matches a topic"] for paper, place in draw.sample(places, 10)]
        for _ in range(FORMER)
    ]
    daily = Subscriber.objects.filter(rhythm=Subscriber.Rhythm.DAILY, welcomed_on=None)
    Delivery.objects.bulk_create(
        [
            Delivery(
                issue=issue,
                subscriber_id=pk,
                state=Delivery.State.SENT,
                channel="email",
                due_at=now,
                deadline=now,
                not_before=now,
                sent_at=now,
                choices=digests[pk % FORMER],
            )
            for pk in daily.order_by("pk").values_list("pk", flat=True)
        ],
        batch_size=5_000,
    )


def measure_planning(figures: Figures, now: dt.datetime) -> None:
    """Plan in this process."""
    began = time.perf_counter()
    figures.planned = planning.plan(now).deliveries
    figures.plan_seconds = time.perf_counter() - began
    figures.plan_peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_delivery(
    figures: Figures, address: str, environment: dict[str, str], progress: Callable[[int], None]
) -> None:
    """Send what was planned through real Celery workers, and wait until every row is settled."""
    directory = settings.VAR_DIR / "benchmark"
    directory.mkdir(parents=True, exist_ok=True)
    lock = Lock(directory / "lock")
    lock.acquire("a benchmark", lambda: None)
    log = directory / "worker.log"
    log.unlink(missing_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Family(directory, lock) as family:
        socket = directory / "valkey.sock"
        socket.unlink(missing_ok=True)
        family.start(
            "valkey",
            [valkey_binary(), "-"],
            os.environ,
            f'port 0\nunixsocket {json.dumps(str(socket))}\nsave ""\nappendonly no\n',
        )
        family.wait_for("Valkey", socket.exists, 15)
        environment = {
            **SENDER,
            **os.environ,
            **environment,
            "DATABASE_URL": address,
            "REDIS_URL": f"unix://{socket}",
            "JOURNAL_DIR": str(directory / "journal"),
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
        }
        kind = "threads" if figures.threads else "prefork"
        pool = ["-P", kind, "--concurrency", str(figures.threads or figures.processes)]
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        celery = [sys.executable, "-m", "celery", "-A", "newsletter"]
        worker = family.start(
            "worker",
            [*celery, "worker", "-Q", "default,delivery", *pool, *quiet],
            environment,
        )
        family.wait_for("The worker", lambda: b"ready" in log.read_bytes(), 60)
        subprocess.run(
            [*celery, "call", "newsletter.tasks.drain"],
            env=environment,
            check=True,
            capture_output=True,
        )
        began: float | None = None
        while True:
            family.check()
            left = Delivery.objects.filter(state=Delivery.State.PENDING).count()
            if began is None and left < figures.planned:
                began = time.perf_counter()
                already = figures.planned - left
            progress(figures.planned - left)
            if not Delivery.objects.open().exists():
                break
            time.sleep(0.2 if left < 2_000 else 1.0)  # counting costs, too
        ended = time.perf_counter()
        time.sleep(1.0)  # for the workers' last log lines
        figures.worker_peak_mb = largest_of(worker.process.pid)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lock.release()
    newest = Issue.objects.order_by("-day")[:1].values("pk")
    figures.sent = Delivery.objects.filter(state=Delivery.State.SENT, issue__in=newest).count()
    figures.seconds = ended - (began or ended)
    if figures.seconds:
        figures.digests_per_second = (figures.planned - already) / figures.seconds
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    figures.cpu_microseconds_per_digest = spent * 1e6 / max(1, figures.planned)
    figures.shares = stage_shares(log)


def largest_of(main: int) -> float:
    """The most memory that a worker's main process or one of its children held, in megabytes
    (Linux). What `getrusage` says of a child counts what its parent held before.
    """
    children = Path(f"/proc/{main}/task/{main}/children").read_text("ascii").split()
    peaks = []
    for pid in (str(main), *children):
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return max(peaks)


def stage_shares(log: Path) -> dict[str, float]:
    """Each stage's share of the workers' time, from their log."""
    spent: Counter[str] = Counter()
    for line in log.read_text("utf-8", "replace").splitlines():
        if not any(said in line for said in ('"drained"', '"sent without being asked"')):
            continue
        try:
            spent.update(json.loads(line)["milliseconds"])
        except (ValueError, KeyError):
            continue
    total = spent.total()
    return {name: round(part / total, 3) for name, part in spent.most_common()} if total else {}


def bytes_of_one(issue: Issue) -> int:
    """The size of one reader's digest as sent."""
    from newsletter.delivery.composing import compose_for
    from newsletter.digests.readers import readers_of

    pk = Subscriber.objects.order_by("pk").values_list("pk", flat=True)[0]
    readers, _ = readers_of([pk])
    mail, _choices = compose_for(issue, readers[pk])
    return len(mail.as_bytes()) if mail else 0


def _backend(sink: str) -> dict[str, str]:
    """The environment that makes workers send to `sink`."""
    if sink == "null":
        return {"EMAIL_BACKEND": "null", "EMAIL_URL": ""}
    if sink.startswith("http"):
        provider = {
            "RESEND_API_KEY": "benchmark",
            "RESEND_API_URL": sink,
            "WEBHOOK_SECRET": "nobody:calls",
        }
        backend = "anymail.backends.resend.EmailBackend"
        return {"EMAIL_BACKEND": backend, "EMAIL_URL": "", "ANYMAIL": json.dumps(provider)}
    return {"EMAIL_URL": f"smtp://{sink}"}


def run(
    subscribers: int,
    processes: int,
    threads: int,
    sink: str,
    say: Say,
    progress: Callable[[int], None],
    load: Load | None = None,
) -> Figures:
    """Everything: fill, plan, send. `sink` is HOST:PORT of an SMTP server, the address of a
    stand-in for a provider's API, "null", or "plan" to stop after planning.
    """
    now = timezone.now()
    figures = Figures(connection.vendor, subscribers, processes, sink, threads)
    environment = _backend(sink)
    with scratch_database() as address:
        say(f"Making {subscribers:,} readers of {TOPICS_EACH} topics each …")
        issue = fill(subscribers, now, load)
        say("Planning …")
        measure_planning(figures, timezone.now())
        if sink != "plan":
            figures.bytes_per_digest = bytes_of_one(issue)
            hands = f"{threads} threads" if threads else f"{processes} processes"
            say(f"Sending with {hands} …")
            connection.close()
            measure_delivery(figures, address, environment, progress)
    return figures
