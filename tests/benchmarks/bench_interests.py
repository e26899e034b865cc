"""What it costs to match a day's papers with what very many readers follow, on PostgreSQL.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench python -m tests.benchmarks.bench_interests
        [--papers 3000] [--interests 300000] [--readers 1000000] [--json]

Makes a scratch database beside that of DATABASE_URL. The papers are recorded ones and such as are
made of them; the interests are phrases of recorded papers (60 %), their authors (30 %), names of
organizations (5 %) and papers like three others (5 %), all different. Each reader follows three,
some of them very popular. Measured:

* matching: from the frozen issue to the stored matches, in a process of its own: seconds, CPU
  seconds of the process and of the one of PostgreSQL that serves it, its largest resident memory
  in megabytes, matches stored;
* planning: the same until each reader has a delivery of the issue;
* digests: CPU of this process, which collects garbage as a worker's do, for one digest of a reader
  with three interests and of one without, in turns: the best of fifteen rounds, and the median of
  the ratios of two that follow one another. Each round has readers of its own, with five topics
  each, as those of `benchmark_delivery`. They are sent to postfix's `smtp-sink`, and once more only
  composed; the CPU of the database's process is counted apart, its tables vacuumed as PostgreSQL
  does by itself where it is let.
"""

import argparse
import contextlib
import datetime as dt
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.bench_webhooks import a_database

NOW = dt.datetime(2026, 6, 11, 8, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 6, 10)
DIGESTS = 1_000
"""Readers of each kind whose digests are made in a round."""

ROUNDS = 23

UNCOUNTED = 8
"""So many rounds first: a worker keeps the cards, subjects and reasons that it made. All cards are
made after the first one; of a million readers, some get each.
"""

TOPICS_EACH = 5


def fill_papers(count: int) -> None:
    """The day's papers, matched with their topics, with a model and the frozen issue."""
    from newsletter.issues.freezing import build_issue
    from papers.matching.ranking import rank_and_match
    from papers.models import Feature, Paper, Source
    from tests.benchmarks.corpus import fill

    fill(count)
    source = Source.objects.create(slug="bench", name="Bench", kind="feed")
    draw = random.Random(3)
    rows = list(Paper.objects.order_by("pk"))
    for paper in rows:
        paper.organization = f"Laboratory {draw.randrange(2_000)}"
        paper.upvotes = draw.randrange(100)
    Paper.objects.bulk_update(rows, ["organization", "upvotes"], batch_size=1_000)
    Feature.objects.bulk_create(
        [Feature(source=source, paper=paper, day=DAY) for paper in rows], batch_size=1_000
    )
    rank_and_match(day=DAY, now=NOW)
    issue = build_issue(DAY, NOW)
    assert issue is not None


def specs(count: int) -> Iterator[Any]:
    """So many different specs."""
    from papers.matching.interests.specs import BadSpec, InterestSpec, spec_of
    from papers.models import Paper
    from tests.benchmarks.corpus import records

    draw = random.Random(5)
    found = records()
    texts = [f"{one['title']}. {one['abstract']}".split() for one in found]
    names = sorted({name for one in found for name in one["authors"] if " " in name})
    stored = list(Paper.objects.values_list("pk", flat=True))
    seen: set[str] = set()

    # What more than 3 % of papers have is refused by the form.
    having = Counter(word.lower() for words in texts for word in set(words))
    common = {word for word, count in having.items() if count > 0.03 * len(texts)}

    def phrase() -> str:
        while True:
            words = draw.choice(texts)
            size = draw.choices((1, 2, 3), (10, 60, 30))[0]
            at = draw.randrange(max(1, len(words) - size))
            chosen = words[at : at + size]
            if any(word.lower() not in common for word in (chosen[0], chosen[-1])):
                return " ".join(chosen).strip(".,;:()")

    def words() -> InterestSpec:
        odd = draw.random()
        phrases = [phrase() for _ in range(2 if odd < 0.3 else 1)]
        without = [phrase()] if odd > 0.95 else []
        return spec_of(
            "words",
            phrases=phrases,
            any_of=odd < 0.1,
            title_only=0.3 < odd < 0.4,
            without=without,
        )

    def author() -> InterestSpec:
        name = draw.choice(names)
        if draw.random() < 0.4:  # another person of that family, or the same by initials
            name = f"{draw.choice(names).split()[0]} {name.split()[-1]}"
        others = draw.sample(names, 3) if draw.random() < 0.5 else []
        return spec_of("author", name=name, coauthors=others)

    def organization() -> InterestSpec:
        return spec_of("organization", name=f"Laboratory {draw.randrange(100_000)}")

    def likeness() -> InterestSpec:
        return spec_of("likeness", papers=draw.sample(stored, 3))

    kinds = ((words, 0.6), (author, 0.3), (organization, 0.05), (likeness, 0.05))
    for make, share in kinds:
        wanted = round(count * share)
        while wanted:
            try:
                spec = make()
            except BadSpec:
                continue
            if spec.key not in seen:
                seen.add(spec.key)
                wanted -= 1
                yield spec


def fill_interests(count: int, readers: int) -> None:
    """The interests, the readers, and three interests for each."""
    from itertools import islice

    from django.db import connection

    from papers.semantics import current
    from subscriptions.interests.matching import STORED, vectors_for
    from subscriptions.models import Interest

    fitted = current.number_in_use()
    assert fitted is not None
    left = specs(count)
    while some := list(islice(left, 10_000)):
        like = [spec for spec in some if spec.papers]
        vectors = dict(zip((spec.key for spec in like), vectors_for(like, fitted), strict=True))
        rows = []
        for spec in some:
            vector = vectors.get(spec.key)
            row = Interest(
                kind=spec.kind.value,
                key=spec.key,
                spec=spec.as_json(),
                is_new=False,
                created_at=NOW,
            )
            if vector is not None:
                row.vector, row.fitted = vector.astype(STORED).tobytes(), fitted
            rows.append(row)
        Interest.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO subscriptions_subscriber (email, email_key, status, rhythm, weekday, hour,"
            " timezone, papers_wanted, text_only, learns, language, link_version, created_at,"
            " confirmed_at, next_digest_at)"
            " SELECT 'r' || n || '@example.org', 'r' || n || '@example.org', 'active', 'daily', 0,"
            " 8, 'UTC', 10, false, true, 'en', 1, %s, %s, %s FROM generate_series(1, %s) n",
            [NOW, NOW - dt.timedelta(days=30), NOW, readers],
        )
        # Every other reader has no interests, for comparison; all follow two topics.
        cursor.execute(
            "INSERT INTO subscriptions_following (subscriber_id, interest_id, name, token, rhythm,"
            " most_papers, takes_maybe, is_paused, is_waiting, created_at, changed_at)"
            " SELECT s.id, i.id, 'What ' || i.id, s.id || '-' || k, 'digest', 10, false, false,"
            " false, %s, %s FROM subscriptions_subscriber s CROSS JOIN generate_series(1, 3) k"
            " CROSS JOIN LATERAL (SELECT 1 + floor(power("
            " abs(hashint8(s.id * 7 + k)::bigint) / 2147483648.0, 4) * %s)::bigint AS id) i"
            " ON CONFLICT DO NOTHING",
            [NOW, NOW, count - 1],
        )
        cursor.execute("ANALYZE")


def database_cpu() -> float:
    """CPU seconds of the process of PostgreSQL that serves us, where it runs on this machine."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def largest_memory() -> float:
    """The largest resident memory of this process so far, in megabytes; that of `getrusage` may be
    its parent's.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def match_day() -> dict[str, Any]:
    """Matching, in this process."""
    from subscriptions.interests import matching
    from subscriptions.models import InterestMatch, InterestRun

    InterestRun.objects.filter(day=DAY).delete()
    InterestRun.objects.create(day=DAY, started_at=NOW)
    began, own, theirs = time.perf_counter(), time.process_time(), database_cpu()
    stored = matching.run_day(DAY, NOW)
    figures = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - own,
        "database_cpu": database_cpu() - theirs,
        "megabytes": largest_memory(),
        "interests": InterestRun.objects.get(day=DAY).interests,
        "matches": stored,
    }
    assert InterestMatch.objects.count() == stored
    return figures


def in_a_process(part: str) -> dict[str, Any]:
    """What a part measures, in a process of its own with this one's environment."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_interests", "--part", part],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def plan() -> dict[str, Any]:
    """Planning a delivery for each reader."""
    from newsletter.delivery import planning

    began, own, theirs = time.perf_counter(), time.process_time(), database_cpu()
    planned = planning.plan(NOW)
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - own,
        "database_cpu": database_cpu() - theirs,
        "megabytes": largest_memory(),
        "deliveries": planned.deliveries,
    }


def digests() -> dict[str, Any]:
    """CPU of one digest, with interests and without, in turns: sent by SMTP, and without that."""
    from newsletter.mail.transports.smtp import SMTPTransport
    from tests.benchmarks.bench_transport import a_sink
    from tests.newsletter.transports import RecordingTransport

    with a_sink() as (host, port):
        sent = _digests(SMTPTransport(host, port))
    composed = _digests(RecordingTransport())
    return sent | {f"{name}_unsent": value for name, value in composed.items()}


def _digests(transport: Any) -> dict[str, Any]:
    from django.db import connection
    from django.utils import timezone

    from newsletter import celery
    from newsletter.delivery import worker
    from newsletter.delivery.journal import Journal
    from newsletter.models import Delivery, Issue
    from papers.models import Topic
    from subscriptions.models import Following, Subscriber, Subscription

    topics = list(Topic.objects.active().values_list("pk", flat=True))
    everyone = Subscriber.objects.order_by("pk").values_list("pk", flat=True)
    ids = list(everyone[: 2 * ROUNDS * DIGESTS])
    half = len(ids) // 2
    groups = {"with": ids[:half], "without": ids[half:]}
    Following.objects.filter(subscriber_id__gte=ids[half], subscriber_id__lte=ids[-1]).delete()
    draw = random.Random(7)
    Subscription.objects.bulk_create(
        [
            Subscription(subscriber_id=pk, topic_id=topic)
            for pk in ids
            for topic in draw.sample(topics, TOPICS_EACH)
        ],
        ignore_conflicts=True,
    )
    issue = Issue.objects.get(day=DAY)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE newsletter_delivery CASCADE")
        cursor.execute("VACUUM ANALYZE")
    celery.keep_what_stays()
    spent: dict[str, list[float]] = {"with": [], "without": []}
    in_database: dict[str, list[float]] = {"with": [], "without": []}
    papers: dict[str, int] = {}
    now = timezone.now()
    with tempfile.TemporaryDirectory() as directory, Journal(Path(directory)) as journal:
        sender = worker.Worker({"email": transport}, journal)
        for at in range(ROUNDS):
            for name, of_kind in groups.items():
                group = of_kind[at * DIGESTS : (at + 1) * DIGESTS]
                Delivery.objects.bulk_create(
                    [
                        Delivery(
                            issue=issue,
                            subscriber_id=pk,
                            due_at=now,
                            not_before=now,
                            deadline=now + dt.timedelta(hours=12),
                        )
                        for pk in group
                    ]
                )
                own, theirs = time.process_time(), database_cpu()
                sender.run()
                if at >= UNCOUNTED:
                    spent[name].append((time.process_time() - own) / len(group))
                    in_database[name].append((database_cpu() - theirs) / len(group))
                sent = Delivery.objects.filter(state=Delivery.State.SENT).count()
                assert sent == len(group), (name, sent)
                rows = Delivery.objects.exclude(interests=None)
                papers[name] = sum(len(row.interests or {}) for row in rows)
                with connection.cursor() as cursor:
                    cursor.execute("TRUNCATE newsletter_delivery, newsletter_waitingpaper CASCADE")
            if not at:
                make_all_cards(sender)
    ratios = [one / other for one, other in zip(spent["with"], spent["without"], strict=True)]
    return {
        "with_interests_microseconds": min(spent["with"]) * 1e6,
        "without_microseconds": min(spent["without"]) * 1e6,
        "ratio": statistics.median(ratios),
        "database_with_interests_microseconds": statistics.mean(in_database["with"]) * 1e6,
        "database_without_microseconds": statistics.mean(in_database["without"]) * 1e6,
        "followed_papers_a_digest": papers["with"] / DIGESTS,
    }


def make_all_cards(sender: Any) -> None:
    """Make the cards of all papers of the day."""
    from newsletter.digests.selection import Choice, Reader
    from newsletter.issues.freezing import places_by_id

    reader = Reader(0, "", 0, frozenset(), in_full=True)
    for edition in sender._editions.values():
        places = list(places_by_id(edition.stock.place_of.values()).values())
        edition.stock.followed.update((place.id, place) for place in places)
        edition.press.know(places)
        edition.press.prepare([(reader, [Choice(place, (), "") for place in places])])


PARTS = {"matching": match_day, "planning": plan, "digests": digests}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=3_000)
    parser.add_argument("--interests", type=int, default=300_000)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    if args.part:
        _set_up()
        print(json.dumps(PARTS[args.part]()))
        return
    with a_database():
        _set_up()
        from django.core.management import call_command
        from django.db import connections

        with contextlib.redirect_stdout(sys.stderr):
            call_command("migrate", verbosity=0)
            fill_papers(args.papers)
            fill_interests(args.interests, args.readers)
        connections.close_all()
        figures = {}
        for part in PARTS:
            figures[part] = in_a_process(part)
            print(part, figures[part], file=sys.stderr)
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    for part, values in figures.items():
        print(part + ": " + ", ".join(f"{name} {value:,.4g}" for name, value in values.items()))


def _set_up() -> None:
    import django

    django.setup()


if __name__ == "__main__":
    main()
