"""Measuring delivery: a scratch database full of readers, real Celery workers, a real socket.

Every reader's digest is their own: five topics of thirty, ten papers of sixty, their own "why"
lines and signed links. The figures come from the ledger (when was the first claimed, when the last
settled), from what the workers log about their stages, and from the kernel (CPU and memory of the
worker processes). `manage.py benchmark_delivery` runs it.
"""

import datetime as dt
import json
import os
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

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter import bulk_sql
from newsletter.delivery import planning
from newsletter.demo.environment import valkey_binary
from newsletter.demo.processes import Family, Lock
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from papers.days import feature_day
from papers.models import Feature, Match, Paper, Source, Topic
from subscriptions.models import Subscriber, Subscription

TOPICS = 30
PAPERS = 60
TOPICS_EACH = 5

READERS_SINCE = dt.timedelta(days=60)
"""How long ago the readers confirmed: who has just done so would get a welcome instead."""

SENDER = {
    "FROM_EMAIL": "Benchmark <digest@benchmark.example.org>",
    "POSTAL_ADDRESS": "1 Example Street, 12345 Example",
    "LIST_ID": "digest.benchmark.example.org",
    "UNSUBSCRIBE_EMAIL": "leave@benchmark.example.org",
}
"""What a worker does not start without; the mail goes nowhere."""

Say = Callable[[str], None]

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


def fill(count: int, now: dt.datetime) -> Issue:
    """Topics, papers, matches, a frozen issue, and `count` readers who are due at `now`."""
    Topic.objects.all().delete()
    topics = Topic.objects.bulk_create(
        [
            Topic(slug=f"topic-{n}", name=f"Topic number {n}", group="All", description="A topic.")
            for n in range(TOPICS)
        ]
    )
    day = feature_day(now)
    papers = Paper.objects.bulk_create(
        [
            Paper(
                identifier=f"arxiv:2606.{n:05d}",
                title=f"A method of number {n} for learning more from less, and what it cannot do",
                abstract=f"In this paper, the {n}th, {_SENTENCE} {_SENTENCE}",
                authors=[f"Author {letter}. Number{n}" for letter in "ABCDEFGH"],
                organization="An institute of technology",
                upvotes=400 - 6 * n,
                comments=n % 7,
                stars=n * 11,
                code_url=f"https://github.com/example/method-{n}",
                trending_score=5.0 - n / 20,
            )
            for n in range(PAPERS)
        ]
    )
    source = Source.objects.order_by("pk").first()
    if source is None:
        source = Source.objects.create(kind="sample", slug="benchmark", name="Benchmark")
    Feature.objects.bulk_create([Feature(source=source, paper=each, day=day) for each in papers])
    Match.objects.bulk_create(
        [
            Match(
                paper=paper,
                topic=topics[(n * 7 + offset * 11) % TOPICS],
                score=5.0 - offset,
                is_sendable=True,
                evidence=[
                    {"kind": "keyword", "detail": f"keyword {offset} of it", "where": "title"},
                    {"kind": "category", "detail": "cs.LG", "where": ""},
                ],
            )
            for n, paper in enumerate(papers)
            for offset in range(4)
        ]
    )
    issue = build_issue(day, now)
    if issue is None:
        raise RuntimeError("the benchmark's issue has no papers")
    _insert_readers(count, now, [topic.pk for topic in topics])
    return issue


def _insert_readers(count: int, now: dt.datetime, topics: list[int]) -> None:
    """Readers and their topics, made by the database itself: a million take seconds."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
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
                SELECT 'reader' || i || '@benchmark.example.org', 'active', 'daily', 0, 7, 'UTC',
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
                  ON r.place = (s.id + step * 7) %% {TOPICS}""",
            [bulk_sql.packed([{"id": pk, "place": n} for n, pk in enumerate(topics)])],
        )
        cursor.execute("ANALYZE")


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
        family.start(
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
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lock.release()
    figures.sent = Delivery.objects.filter(state=Delivery.State.SENT).count()
    figures.seconds = ended - (began or ended)
    if figures.seconds:
        figures.digests_per_second = (figures.planned - already) / figures.seconds
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    figures.cpu_microseconds_per_digest = spent * 1e6 / max(1, figures.planned)
    figures.worker_peak_mb = after.ru_maxrss / 1024
    figures.shares = stage_shares(log)


def stage_shares(log: Path) -> dict[str, float]:
    """Each stage's share of the workers' time, from their log."""
    spent: Counter[str] = Counter()
    for line in log.read_text("utf-8", "replace").splitlines():
        if '"drained"' not in line:
            continue
        try:
            spent.update(json.loads(line)["milliseconds"])
        except (ValueError, KeyError):
            continue
    total = spent.total()
    return {name: round(part / total, 3) for name, part in spent.most_common()} if total else {}


def bytes_of_one(issue: Issue) -> int:
    """The size of one reader's digest as sent."""
    from newsletter.delivery.worker import compose_for
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
) -> Figures:
    """Everything: fill, plan, send. `sink` is HOST:PORT of an SMTP server, the address of a
    stand-in for a provider's API, "null", or "plan" to stop after planning.
    """
    now = timezone.now()
    figures = Figures(connection.vendor, subscribers, processes, sink, threads)
    environment = _backend(sink)
    with scratch_database() as address:
        say(f"Making {subscribers:,} readers of {TOPICS_EACH} topics each …")
        issue = fill(subscribers, now)
        say("Planning …")
        measure_planning(figures, timezone.now())
        if sink != "plan":
            figures.bytes_per_digest = bytes_of_one(issue)
            hands = f"{threads} threads" if threads else f"{processes} processes"
            say(f"Sending with {hands} …")
            connection.close()
            measure_delivery(figures, address, environment, progress)
    return figures
