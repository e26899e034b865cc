"""Whether readers notice when a mail provider reports ten thousand events at once.

    python -m tests.benchmarks.bench_webhooks [--events 10000] [--workers 2] [--threads 8] [--json]

Starts gunicorn on a free port with a scratch database beside DATABASE_URL's (a file for SQLite),
fills it with an issue's deliveries, and posts each event in a request of its own, in the form of
Postmark, as fast as the server takes them. Meanwhile the home page is asked for again and again, as
it was before the burst and will be after it; printed are the percentiles of its latency, how fast
events were taken, and how fast `consequences.process` then worked them off. Load and server share
the machine, so the figures are a lower bound.
"""

import argparse
import base64
import datetime as dt
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

PASSWORD = "bench:mark"
SENDERS = 8
"""How many connections the provider opens at once."""


@contextmanager
def a_database() -> Iterator[None]:
    """A scratch database, made and dropped; the environment names it."""
    given = os.environ.get("DATABASE_URL", "")
    with tempfile.TemporaryDirectory() as directory:
        os.environ["VAR_DIR"] = directory
        if not given.startswith("postgres"):
            os.environ["DATABASE_URL"] = f"sqlite:///{directory}/bench.sqlite3"
            yield
            return
        import psycopg

        base, _, _ = given.rpartition("/")
        name = f"bench_webhooks_{os.getpid()}"
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        os.environ["DATABASE_URL"] = f"{base}/{name}"
        try:
            yield
        finally:
            from django.db import connections

            connections.close_all()
            with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(events: int) -> list[int]:
    """An issue and a delivery for each event; their ids."""
    from newsletter.models import Delivery, Issue
    from subscriptions.models import Subscriber

    now = dt.datetime.now(dt.UTC)
    issue = Issue.objects.create(day=now.date(), frozen_at=now)
    people = Subscriber.objects.bulk_create(
        Subscriber(email=f"r{n}@example.org", status="active") for n in range(events)
    )
    rows = Delivery.objects.bulk_create(
        Delivery(
            issue=issue,
            subscriber=one,
            state="sent",
            sent_at=now,
            due_at=now,
            not_before=now,
            deadline=now,
        )
        for one in people
    )
    return [row.pk for row in rows]


def payload(number: int, delivery_id: int) -> bytes:
    """What Postmark posts: mostly deliveries, now and then a bounce or a complaint."""
    event: dict[str, Any] = {
        "MessageStream": "outbound",
        "MessageID": f"m-{number}",
        "Tag": "digest",
        "Metadata": {"delivery_id": str(delivery_id), "issue": "2026-06-10"},
        "Recipient": f"r{number}@example.org",
        "Email": f"r{number}@example.org",
        "Details": "smtp;250 2.0.0 OK",
        "DeliveredAt": "2026-06-11T08:05:00Z",
    }
    if number % 50 == 7:
        event |= {"RecordType": "Bounce", "Type": "HardBounce", "ID": number}
        event |= {"Details": "smtp;550 5.1.1 unknown", "BouncedAt": "2026-06-11T08:05:00Z"}
    elif number % 500 == 8:
        event |= {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": number}
    else:
        event["RecordType"] = "Delivery"
    return json.dumps(event).encode()


@contextmanager
def a_server(workers: int, threads: int) -> Iterator[int]:
    """Gunicorn, as docs/deploying.md starts it; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "newsletter.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(workers), "--worker-class", "gthread", "--threads", str(threads)]
    process = subprocess.Popen([*command, "--log-level", "warning"])
    try:
        for _ in range(300):
            with suppress(OSError):
                if get(port, "/health/live")[0] == 200:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str) -> tuple[int, float]:
    """Status and seconds of one GET over a connection of its own."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        response = connection.getresponse()
        response.read()
        return response.status, time.perf_counter() - began
    finally:
        connection.close()


class Watcher(threading.Thread):
    """Asks for the home page again and again, with a short rest in between, and keeps the times."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.stopped = threading.Event()
        self.seconds: list[float] = []
        self.failures = 0

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            try:
                status, seconds = get(self._port, "/")
            except OSError:
                status, seconds = 0, 30.0
            self.failures += status != 200
            self.seconds.append(seconds)


@contextmanager
def watched(port: int, results: dict[str, Any], name: str) -> Iterator[None]:
    """Measure the home page while the block runs."""
    watcher = Watcher(port)
    watcher.start()
    try:
        yield
    finally:
        watcher.stopped.set()
        watcher.join()
    times = sorted(watcher.seconds)
    results[name] = {
        "pages": len(times),
        "failures": watcher.failures,
        **{
            f"p{percent}_ms": round(
                times[min(len(times) - 1, len(times) * percent // 100)] * 1000, 1
            )
            for percent in (50, 95, 99)
        },
        "max_ms": round(times[-1] * 1000, 1),
    }


def send(port: int, path: str, bodies: list[bytes], failures: list[int]) -> None:
    """Post them one after the other over one connection."""
    headers = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode(),
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for body in bodies:
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                failures.append(response.status)
        except (OSError, http.client.HTTPException):
            failures.append(0)
            connection.close()
    connection.close()


def burst(port: int, path: str, bodies: list[bytes]) -> tuple[float, list[int]]:
    """All of them over `SENDERS` connections; seconds, and the statuses that were not 200."""
    failures: list[int] = []
    senders = [
        threading.Thread(target=send, args=(port, path, bodies[at::SENDERS], failures))
        for at in range(SENDERS)
    ]
    began = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return time.perf_counter() - began, failures


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "SECRET_KEY": "bench-" + "x" * 40,
        "ANYMAIL": json.dumps({"WEBHOOK_SECRET": PASSWORD}),
        "SITE_URL": "http://localhost",
        "STATIC_MANIFEST": "false",
        "LOG_LEVEL": "ERROR",
    }
    with a_database():
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from newsletter.events import consequences
        from newsletter.models import Event
        from newsletter.pages import webhooks

        bodies = [payload(*one) for one in enumerate(fill(options.events))]
        path = "/webhooks/" + webhooks.url_of("postmark").partition("/webhooks/")[2]
        results: dict[str, Any] = {"events": options.events}
        with a_server(options.workers, options.threads) as port:
            for _ in range(20):
                get(port, "/")
            with watched(port, results, "before"):
                time.sleep(5)
            with watched(port, results, "during"):
                seconds, failures = burst(port, path, bodies)
            with watched(port, results, "after"):
                time.sleep(5)
        results["seconds"] = round(seconds, 2)
        results["events_per_second"] = round(options.events / seconds)
        results["not_taken"] = len(failures)
        stored = Event.objects.count()
        began = time.perf_counter()
        consequences.process(dt.datetime.now(dt.UTC))
        results["stored"] = stored
        results["processed_per_second"] = round(stored / (time.perf_counter() - began))
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(
        f"{options.events} events in {seconds:.1f} s ({results['events_per_second']}/s), ", end=""
    )
    print(f"{results['not_taken']} not taken, {stored} stored, ", end="")
    print(f"then processed at {results['processed_per_second']}/s")
    for name in ("before", "during", "after"):
        print(f"home page {name:7}", results[name])


if __name__ == "__main__":
    main()
