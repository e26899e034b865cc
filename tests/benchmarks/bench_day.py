"""A day of thousands of papers: fetched, cleaned, stored, matched, ranked, frozen; then a refresh.

    python -m tests.benchmarks.bench_day [--papers 3000] [--topics 200] [--days 10]

runs in a scratch database beside the one of DATABASE_URL. A third of the papers come from a
stand-in for Hugging Face (`COUNTED` of them with votes), bioRxiv and medRxiv each, served by a
process of its own without pauses. Computer science is recorded; biology and medicine are varied
copies: of the few hundred recorded abstracts, the sentences of two are put together. A model is
fitted first, on recorded papers; there is no encoder. With `--days` as many such weekdays are
stored, and a refresh of all is measured in a process of its own, as a worker's that was started
since: its sources are asked again, and give the same.

Prints for each step the seconds on the clock and of the processor, and the largest memory that
the process held (Linux).
"""

import argparse
import datetime as dt
import json
import multiprocessing
import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.corpus import RECORDS, records

COUNTED = 60
"""Papers of a day that somebody upvoted."""

BACKGROUND = 4_000
"""Recorded papers that the model is fitted on."""

PAGE = 100

SOURCES = (
    ("huggingface", "Hugging Face"),
    ("biorxiv", "bioRxiv"),
    ("medrxiv", "medRxiv"),
)


class Stock:
    """What the stand-ins list on any day, the same whenever they are asked."""

    def __init__(self, papers: int) -> None:
        self.each = papers // 3
        self._science = records()
        self._life = _life()

    def huggingface(self, day: dt.date) -> list[dict[str, Any]]:
        """As `/api/daily_papers` has them."""
        chance = random.Random(day.toordinal())
        items = []
        for number, record in enumerate(chance.sample(self._science, self.each)):
            paper = {
                "id": f"{day:%y%m}.{day.day:02}{number:03}",
                "title": record["title"],
                "summary": record["abstract"],
                "authors": [{"name": name} for name in record["authors"]],
                "publishedAt": f"{day}T08:00:00.000Z",
            }
            if number < COUNTED:
                paper["upvotes"] = 2 * (COUNTED - number)
            items.append({"paper": paper, "publishedAt": f"{day}T08:00:00.000Z"})
        return items

    def preprints(self, server: str, day: dt.date) -> list[dict[str, Any]]:
        """As bioRxiv's `/details` has them."""
        chance = random.Random(f"{server} {day}")
        rows = []
        for number in range(self.each):
            first, second = chance.choice(self._life), chance.choice(self._life)
            halves = [_half(one["abstract"].split(". "), chance) for one in (first, second)]
            title = f"{first['title']}: {' '.join(second['title'].split()[:6])}"
            rows.append(
                {
                    "doi": f"10.1101/{day:%Y.%m.%d}.{1 + (server == 'medrxiv')}{number:05}",
                    "title": title,
                    "authors": first["authors"],
                    "author_corresponding_institution": "An institute",
                    "date": day.isoformat(),
                    "version": "1",
                    "type": "new results",
                    "license": "cc_by",
                    "category": first["category"],
                    "abstract": ". ".join([*halves[0], *halves[1]]),
                    "published": "NA",
                    "server": server,
                }
            )
        return rows


def _half(sentences: list[str], chance: random.Random) -> list[str]:
    return chance.sample(sentences, (len(sentences) + 1) // 2)


def _life() -> list[dict[str, Any]]:
    """Recorded rows of bioRxiv and medRxiv that have an abstract."""
    folder = RECORDS.parent / "sources" / "biorxiv"
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text("utf-8"))
        rows += found.get("collection", []) if isinstance(found, dict) else []
    return [row for row in rows if len(str(row.get("abstract"))) > 300 and row.get("category")]


def serve(papers: int, ready: Any) -> None:
    """Answer as the three services do, until the process ends."""
    stock = Stock(papers)
    kept: dict[tuple[str, str], list[dict[str, Any]]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            details = re.fullmatch(r"/details/(\w+)/([\d-]+)/[\d-]+/(\d+)/json", url.path)
            if details:
                server, day, cursor = details[1], details[2], int(details[3])
                rows = self._rows(server, day)
                page = rows[cursor : cursor + PAGE]
                said = {"status": "ok", "count": len(page), "total": str(len(rows))}
                body: Any = {"messages": [said], "collection": page}
            else:
                asked = parse_qs(url.query)
                day, at = asked["date"][0], int(asked.get("p", ["0"])[0])
                body = self._rows("huggingface", day)[at * PAGE : (at + 1) * PAGE]
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _rows(self, server: str, day: str) -> list[dict[str, Any]]:
            if (server, day) not in kept:
                at = dt.date.fromisoformat(day)
                is_open = at.weekday() < 5
                make = stock.huggingface if server == "huggingface" else None
                made = make(at) if make else stock.preprints(server, at)
                kept[server, day] = made if is_open else []
            return kept[server, day]

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_port)
    server.serve_forever()


@contextmanager
def served(papers: int) -> Iterator[str]:
    """The stand-ins in a process of their own; gives their address."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=serve, args=(papers, ready), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ready.get(timeout=600)}"
    finally:
        process.terminate()
        process.join()


def reset_peak() -> None:
    """Forget how much memory the process held so far."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def peak() -> int:
    """The most memory that the process held since, in MB."""
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0


class Steps:
    """Measures steps and prints them."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        reset_peak()

    def take(self, what: str, work: Callable[[], Any]) -> Any:
        """Do it, and say what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        done = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.wall, self.cpu = self.wall + wall, self.cpu + cpu
        print(f"  {what:<22} {wall:7.1f} s   {cpu:7.1f} s CPU   peak {peak():4} MB", flush=True)
        return done

    def total(self) -> None:
        """Say what all of them took."""
        print(f"  {'together':<22} {self.wall:7.1f} s   {self.cpu:7.1f} s CPU   peak {peak():4} MB")


def measure(papers: int, topics: int, days: int, database: str) -> None:
    """Everything, in the scratch database."""
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from newsletter.issues.freezing import build_issue
    from papers.days import feature_day
    from papers.ingest import fetching
    from papers.ingest.records import store
    from papers.matching.ranking import rank_and_match
    from papers.models import Match, Paper, Source
    from papers.semantics.fitting import fit_now
    from papers.sources import polite
    from papers.sources.registry import reader_of

    now = timezone.now()
    day = feature_day(now)
    _topics(topics)
    Source.objects.update(is_active=False)
    sources = [
        Source.objects.update_or_create(slug=f"bench-{kind}", kind=kind, defaults={"name": name})[0]
        for kind, name in SOURCES
    ]
    Paper.objects.bulk_create(
        [
            Paper(identifier=f"bench:{n}", title=one["title"][:500], abstract=one["abstract"])
            for n, one in enumerate(records()[:BACKGROUND])
        ],
        batch_size=1_000,
    )
    fit_now(now)
    polite.sleep = lambda _: None  # the stand-ins, unlike the services, need no rest between pages
    with served(papers) as address:
        settings.HUGGINGFACE_URL = settings.BIORXIV_URL = address
        for source in sources:  # the stand-ins make their papers when first asked
            reader_of(source, now).fetch(day)
        print(f"{connection.vendor}, {papers} papers, {topics} topics")
        steps = Steps()

        def fetch() -> list[Any]:
            return [(one, reader_of(one, now).fetch(day)) for one in sources]

        fetched = steps.take("fetch and clean", fetch)

        def keep() -> None:
            while fetched:
                one, got = fetched.pop()
                store(got.records, one, day, now, source_day=day)

        steps.take("store", keep)
        for one in sources:
            one.record_answer(day, now, {}, {})
        done = steps.take("match and rank", lambda: rank_and_match(now=now, day=day))
        steps.take("freeze", lambda: build_issue(day, now))
        steps.total()
        print(f"  {done.papers} papers, {Match.objects.sendable().count()} sendable matches")
        if not days:
            return
        earlier = day
        for _ in range(days - 1):
            earlier -= dt.timedelta(days=1)
            while earlier.weekday() > 4:
                earlier -= dt.timedelta(days=1)
            for one in sources:
                got = reader_of(one, now).fetch(earlier)
                store(got.records, one, earlier, now, source_day=earlier)
        fetching.refresh(now)  # what else may still change, such as today's
        print(
            f"a refresh with {Paper.objects.count()} papers stored, {days} days of them", flush=True
        )
        connection.close()
        context = multiprocessing.get_context("spawn")
        worker = context.Process(target=refreshed, args=(database, address, now), daemon=True)
        worker.start()
        worker.join()
        if worker.exitcode:
            sys.exit("the refresh failed")


def refreshed(database: str, address: str, now: dt.datetime) -> None:
    """Measure a refresh of what is stored in `database`."""
    os.environ |= {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "newsletter.settings"}
    import django

    django.setup()
    from django.conf import settings

    from newsletter.celery import keep_little_of_the_file
    from papers.ingest import fetching
    from papers.matching.ranking import rank_and_match

    keep_little_of_the_file()
    settings.HUGGINGFACE_URL = settings.BIORXIV_URL = address
    steps = Steps()
    later = now + dt.timedelta(hours=1)
    steps.take("refresh", lambda: fetching.refresh(later))
    again = steps.take("of that, rank", lambda: rank_and_match(now=later))
    print(f"  {again.papers} papers ranked, {again.matched} matched again", flush=True)


def _topics(count: int) -> None:
    """Topics of 24 keywords each, from titles of all fields."""
    from papers.models import Topic
    from tests.benchmarks.bench_matching import topics

    chance = random.Random(0)
    mixed = [*chance.sample(records(), 1_000), *_life() * 5]
    Topic.objects.all().delete()
    Topic.objects.bulk_create(
        [
            Topic(
                slug=f"topic-{at}",
                name=spec.name,
                description=spec.description,
                keywords=list(spec.keywords),
                categories=list(spec.categories),
            )
            for at, spec in enumerate(topics(mixed, count, chance))
        ]
    )


def main() -> None:
    """Read the options, and measure."""
    import django

    django.setup()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=3_000)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--days", type=int, default=0, help="stored before the refresh; 0: none")
    options = parser.parse_args()
    from tests.benchmarks.delivery import scratch_database

    with scratch_database() as database:
        measure(options.papers, options.topics, options.days, database)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    if not RECORDS.is_file():
        sys.exit(f"{RECORDS} is not on this machine")
    main()
