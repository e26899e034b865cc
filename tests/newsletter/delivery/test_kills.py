"""kill -9 at any moment: real worker processes, a real sink, a real database.

What must hold, however often workers die: no reader gets an issue twice, at most one message per
killed process is in doubt, and everything else goes out without anybody's help.
"""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
from django.db import connection
from django.utils import timezone

from newsletter.delivery import ledger, worker
from newsletter.issues.freezing import build_issue
from newsletter.mail.transports.smtp import SMTPTransport
from newsletter.models import Delivery, Issue
from subscriptions.models import Subscriber, Subscription
from tests.factories import DAY, make_match, make_paper, make_topic
from tests.newsletter.sink import ApiSink, Sink

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parent.parent.parent.parent
READERS = 5_000
KILLS = 30


def database_url() -> str:
    """The test database, as another process finds it."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    login = config["USER"] + (f":{config['PASSWORD']}" if config["PASSWORD"] else "")
    return f"postgres://{login}@{config['HOST']}:{config['PORT'] or 5432}/{config['NAME']}"


class Host:
    """One machine's worth of workers: processes that share a journal directory."""

    def __init__(self, name: str, directory: Path, sink: Sink) -> None:
        self.workers: list[int] = []
        self.killed = 0
        self._log = (directory / f"{name}.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.newsletter.worker"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "newsletter.settings",
                "DATABASE_URL": database_url(),
                "JOURNAL_DIR": str(directory / name),
                "DELIVERY_BATCH": "100",
                "LOG_LEVEL": "ERROR",
                **sink.environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._said() == "ready"

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def start(self) -> None:
        """Start one more worker."""
        assert self._process.stdin is not None
        self._process.stdin.write("start\n")
        self._process.stdin.flush()
        self.workers.append(int(self._said()))

    def signal_all(self) -> int:
        """SIGKILL every worker; how many were alive."""
        alive = 0
        for pid in self.workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                alive += 1
        return alive

    def kill(self) -> None:
        """SIGKILL every worker and wait for its end."""
        self.signal_all()
        end = time.monotonic() + 10
        for pid in self.workers:
            with suppress(ProcessLookupError):
                while time.monotonic() < end:
                    os.kill(pid, 0)
                    time.sleep(0.002)
        self.killed += len(self.workers)
        self.workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.kill()
        self._process.wait()
        self._log.close()


def make_readers(count: int) -> Issue:
    """An issue of one paper and `count` readers whose deliveries are pending now."""
    topic = make_topic("Agents")
    make_match(make_paper("A paper"), topic)
    now = timezone.now()
    issue = build_issue(DAY, now)
    assert issue is not None
    readers = Subscriber.objects.bulk_create(
        [Subscriber(email=f"r{number}@example.org", status="active") for number in range(count)]
    )
    Subscription.objects.bulk_create(
        [Subscription(subscriber=reader, topic=topic) for reader in readers]
    )
    Delivery.objects.bulk_create(
        [
            Delivery(
                issue=issue,
                subscriber=reader,
                due_at=now,
                not_before=now,
                deadline=now + dt.timedelta(hours=12),
            )
            for reader in readers
        ]
    )
    return issue


def states() -> Counter[str]:
    return Counter(Delivery.objects.values_list("state", flat=True))


def wait_until_settled(seconds: float) -> None:
    end = time.monotonic() + seconds
    while Delivery.objects.open().exists():
        assert time.monotonic() < end, f"still open after {seconds} s: {states()}"
        time.sleep(0.2)


def assert_promises_hold(sink: Sink, killed: int, planned: int = READERS) -> None:
    found = states()
    assert found.total() == planned
    assert set(found) <= {"sent", "unknown"}
    assert found["unknown"] <= killed
    unknown = set(
        Delivery.objects.filter(state="unknown").values_list("subscriber__email", flat=True)
    )
    per_reader: Counter[str] = Counter()
    for (recipient, _message_id), count in sink.accepted.items():
        per_reader[recipient] += count
    assert [to for to, count in per_reader.items() if count > 1] == []
    sent = set(Delivery.objects.filter(state="sent").values_list("subscriber__email", flat=True))
    assert sent <= per_reader.keys() <= sent | unknown


@pytest.mark.parametrize("kind", [Sink, ApiSink])
def test_thirty_kills_lose_nothing_and_repeat_nothing(tmp_path, kind):
    make_readers(READERS)
    chance = random.Random(20260611)
    victims: list[Host] = []

    def before_answer() -> None:
        """Now and then, between the sink's taking a message and its answer, a host dies."""
        with sink.lock:
            victim = victims.pop() if victims else None
        if victim is not None:
            victim.signal_all()

    with (
        kind(before_answer) as sink,
        Host("one", tmp_path, sink) as one,
        Host("two", tmp_path, sink) as two,
    ):
        hosts = (one, two)
        while sum(host.killed for host in hosts) < KILLS:
            for host in hosts:
                host.start()
            wanted = sink.total + chance.randrange(1, 2 * READERS // (KILLS + 2))
            while sink.total < wanted and Delivery.objects.open().exists():
                time.sleep(chance.random() / 100)
            if not Delivery.objects.open().exists():
                break
            if chance.random() < 0.5:  # this time between accept and answer
                with sink.lock:
                    victims.append(chance.choice(hosts))
                end = time.monotonic() + 5
                while victims and time.monotonic() < end:
                    time.sleep(0.001)
                victims.clear()
            for host in hosts:
                host.kill()
        killed = sum(host.killed for host in hosts)
        for host in hosts:
            host.start()
        wait_until_settled(60)
    assert killed >= KILLS, "the run was too fast for its kills: raise READERS"
    assert_promises_hold(sink, killed)


def test_two_hosts_share_an_issue_without_overlap(tmp_path):
    make_readers(1_000)
    with (
        Sink() as sink,
        Host("one", tmp_path, sink) as one,
        Host("two", tmp_path, sink) as two,
    ):
        one.start()
        two.start()
        wait_until_settled(60)
    assert states() == {"sent": 1_000}
    assert_promises_hold(sink, 0, planned=1_000)
    assert len(set(Delivery.objects.values_list("claim", flat=True))) > 1


def test_refusing_server_is_waited_for(tmp_path):
    make_readers(300)
    with Sink() as sink, Host("one", tmp_path, sink) as host:
        sink.refuse_with = "451 4.3.0 later"
        host.start()
        end = time.monotonic() + 30
        while not Delivery.objects.filter(state="pending", attempts=1).exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        assert sink.total == 0
        host.kill()
        sink.refuse_with = ""
        ledger.recover(tmp_path / "one", timezone.now())
        Delivery.objects.update(not_before=timezone.now())
        host.start()
        wait_until_settled(30)
        killed = host.killed
    assert_promises_hold(sink, killed, planned=300)


def test_server_that_hangs_up_stalls_and_talks_nonsense_costs_no_reader_a_digest(tmp_path):
    make_readers(400)
    chance = random.Random(7)
    tricks = ("hang up early", "hang up in the body", "hang up after", "nonsense", "421", "slow")
    with Sink() as sink:
        sink.mischief = lambda: chance.choice(tricks) if chance.random() < 0.1 else ""
        transport = SMTPTransport("127.0.0.1", sink.port, timeout=5)
        end = time.monotonic() + 60
        while Delivery.objects.open().exists():
            assert time.monotonic() < end, states()
            worker.drain(transport=transport, directory=tmp_path)
            Delivery.objects.filter(state="pending").update(not_before=timezone.now())
    found = states()
    assert found.keys() == {"sent", "unknown"}
    assert found["unknown"] < 40  # only those whose answer was lost after the body
    assert_promises_hold(sink, found["unknown"], planned=400)
