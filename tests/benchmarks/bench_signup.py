"""What a stranger who signs up meets: what the form's time tells, and how soon the email comes.

    python -m tests.benchmarks.bench_signup [--groups 400] [--digests 40000] [--only PART] [--json]

Needs a broker (REDIS_URL) and takes DATABASE_URL, beside whose database it makes a scratch one (a
file for SQLite). It starts gunicorn, one Celery worker with two processes, and an SMTP sink.

`timing`: fresh addresses of five kinds (unknown, pending, active, left, suppressed), interleaved in
groups of five in random order, limits off, no worker. Printed for each known kind: the probability
that its answer is slower than an unknown address's, 0.5 where time tells nothing.
`idle`: 50 sign-ups, one after the other; seconds from the form's POST until the SMTP server has the
confirmation.
`busy`: the same for 20 sign-ups while digests go out; once plainly, once with a rate, once with a
sink that takes 50 ms a message.
"""

import argparse
import datetime as dt
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.bench_webhooks import a_database, a_server
from tests.newsletter.sink import Sink

KINDS = ("unknown", "pending", "active", "left", "suppressed")
RATE = 200
"""Mails a second, in the part that sets a rate."""


class TimingSink(Sink):
    """Remembers when each recipient's first message was taken, and may be slow."""

    def __init__(self) -> None:
        super().__init__(lambda: time.sleep(self.pause))
        self.taken: dict[str, float] = {}
        self.taken_for = self._note
        self.pause = 0.0

    def _note(self, recipient: str) -> None:
        self.taken.setdefault(recipient, time.perf_counter())


def post(port: int, email: str) -> tuple[int, float]:
    """Status and seconds of one sign-up."""
    body = urlencode({"email": email, "rhythm": "daily", "hour": "7", "topics": TOPICS}, doseq=True)
    headers = {
        "Host": "localhost",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        began = time.perf_counter()
        connection.request("POST", "/subscribe/", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status, time.perf_counter() - began
    finally:
        connection.close()


TOPICS: list[str] = []


def timing(port: int, groups: int) -> dict[str, float]:
    """How often an answer to each kind is slower than one to an unknown address, 0 to 1."""
    from subscriptions.models import Subscriber, Suppression

    now = dt.datetime.now(dt.UTC)
    for kind in KINDS[1:]:
        emails = [f"{kind}{number}@example.org" for number in range(groups)]
        Subscriber.objects.bulk_create([Subscriber(email=one, status=kind) for one in emails])
        if kind == "suppressed":
            reason = Suppression.Reason.REQUEST
            Suppression.objects.add_addresses(dict.fromkeys(emails, reason), now)
    chance = random.Random(1)
    seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(30):  # warm
        post(port, f"warm{chance.random()}@example.org")
    for number in range(groups):
        for kind in chance.sample(KINDS, len(KINDS)):
            status, spent = post(port, f"{kind}{number}@example.org")
            assert status == 302, status
            seconds[kind].append(spent)
    return {kind: slower(seconds[kind], seconds["unknown"]) for kind in KINDS[1:]}


def slower(these: list[float], those: list[float]) -> float:
    """The probability that one of `these` is larger than one of `those` (Mann and Whitney)."""
    wins = sum((one > other) + 0.5 * (one == other) for one in these for other in those)
    return wins / (len(these) * len(those))


@contextmanager
def a_worker(port: int, **environment: str) -> Iterator[None]:
    """Celery, as docs/deploying.md starts it."""
    command = [sys.executable, "-m", "celery", "-A", "newsletter", "worker"]
    command += ["-Q", "default,delivery", "--concurrency", "2", "--loglevel", "ERROR"]
    settings = {"EMAIL_URL": f"smtp://127.0.0.1:{port}", **environment}
    process = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        time.sleep(8)
        yield
    finally:
        process.terminate()
        process.wait()


def waits(port: int, sink: TimingSink, name: str, count: int, pause: float) -> list[float]:
    """Seconds from each of `count` POSTs until the sink had the confirmation."""
    found = []
    for number in range(count):
        email = f"{name}{number}@example.org"
        began = time.perf_counter()
        assert post(port, email)[0] == 302
        while email not in sink.taken:
            if time.perf_counter() - began > 120:
                raise SystemExit(f"{name}: a confirmation did not come within two minutes.")
            time.sleep(0.005)
        found.append(sink.taken[email] - began)
        time.sleep(pause)
    return found


def make_digests(count: int) -> None:
    """An issue of the newest day with `count` readers whose digests are due now."""
    from newsletter.issues.freezing import build_issue
    from newsletter.models import Delivery, Issue
    from subscriptions.models import Subscriber, Subscription
    from tests.factories import DAY, make_match, make_paper, make_topic

    now = dt.datetime.now(dt.UTC)
    topic = make_topic("Agents")
    issue = Issue.objects.first()
    if issue is None:
        for number in range(10):
            make_match(make_paper(f"A paper of number {number}"), topic)
        issue = build_issue(DAY, now)
        assert issue is not None
    Delivery.objects.all().delete()
    have = list(Subscriber.objects.filter(email__startswith="digest")[:count])
    missing = range(len(have), count)
    new = Subscriber.objects.bulk_create(
        [Subscriber(email=f"digest{n}@example.org", status="active") for n in missing], 5000
    )
    Subscription.objects.bulk_create([Subscription(subscriber=s, topic=topic) for s in new], 5000)
    late = now + dt.timedelta(hours=12)
    Delivery.objects.bulk_create(
        [
            Delivery(issue=issue, subscriber=s, due_at=now, not_before=now, deadline=late)
            for s in [*have, *new]
        ],
        5000,
    )


def busy(port: int, digests: int, name: str, pause: float, **environment: str) -> dict[str, Any]:
    """20 sign-ups while `digests` go out."""
    from newsletter.models import Delivery

    make_digests(digests)
    with TimingSink() as sink, a_worker(sink.port, **environment):
        sink.pause = pause
        end = time.monotonic() + 60
        while sink.total < 20 and time.monotonic() < end:
            time.sleep(0.1)
        found = sorted(waits(port, sink, name, 20, 0.2))
        left = Delivery.objects.open().count()
    return {
        "median_s": round(statistics.median(found), 2),
        "p95_s": round(found[18], 2),
        "largest_s": round(found[-1], 2),
        "digests_still_waiting": left,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--groups", type=int, default=400)
    parser.add_argument("--digests", type=int, default=40_000)
    parser.add_argument("--only", choices=("timing", "idle", "busy"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    limits = ("PER_ADDRESS", "PER_NETWORK", "IN_TOTAL", "UNPROVEN")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "SECRET_KEY": "bench-" + "x" * 40,
        "SITE_URL": "http://localhost",
        "STATIC_MANIFEST": "false",
        "LOG_LEVEL": "ERROR",
        "FROM_EMAIL": "digest@papers.example.org",
        "POSTAL_ADDRESS": "Broadsheet, 1 Example Street, 12345 Example",
        "LIST_ID": "digest.papers.example.org",
        "UNSUBSCRIBE_EMAIL": "leave@papers.example.org",
        **{f"LIMIT_{name}": "1000000" for name in limits},
    }
    results: dict[str, Any] = {}
    with a_database():
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from papers.models import Topic

        TOPICS.extend(Topic.objects.active().values_list("slug", flat=True)[:3])
        parts: dict[str, Callable[[int], Any]] = {
            "timing": lambda port: timing(port, options.groups),
            "idle": _idle,
            "busy": lambda port: {
                "plain": busy(port, options.digests, "plain", 0.0),
                f"rate of {RATE}/s": busy(
                    port, options.digests, "rate", 0.0, DELIVERY_RATE_PER_SECOND=str(RATE)
                ),
                "50 ms a message": busy(port, options.digests, "slow", 0.05),
            },
        }
        with a_server(2, 8) as port:
            for name, measure in parts.items():
                if options.only in (None, name):
                    results[name] = measure(port)
                    if not options.json:
                        print(name, json.dumps(results[name], indent=2), flush=True)
    if options.json:
        print(json.dumps(results, indent=2))


def _idle(port: int) -> dict[str, float]:
    with TimingSink() as sink, a_worker(sink.port):
        found = sorted(waits(port, sink, "idle", 50, 0.05))
    return {"median_s": round(statistics.median(found), 3), "largest_s": round(found[-1], 3)}


if __name__ == "__main__":
    main()
