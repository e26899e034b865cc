"""Workers look at the queue unasked: each kind of pool, when it starts and while it runs."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from newsletter.delivery import watch, worker
from newsletter.delivery.worker import Tally
from subscriptions.models import Notice, Subscriber
from subscriptions.readers import form_entries
from subscriptions.readers.signup import SignupChoices
from tests.newsletter.delivery.test_kills import ROOT
from tests.newsletter.delivery.test_queue import Queue
from tests.newsletter.sink import Sink


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_pool_sends_without_a_message_and_ends_without_a_doubt(pool, tmp_path_factory):
    def sign_up(number):
        email = f"r{number}@example.org"
        form_entries.note_signup(email, [], SignupChoices(), timezone.now(), "Subscribe")

    for number in range(30):
        sign_up(number)
    directory = tmp_path_factory.mktemp("q")
    with Sink(lambda: time.sleep(0.05)) as sink:
        queue = Queue(directory, sink)
        command = queue.celery("worker", "-P", pool, "--concurrency", "2", "-Q", "default,delivery")
        with Path(directory / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=queue.environment, stdout=log, stderr=log
            )
        try:
            end = time.monotonic() + 60
            while sink.total < 5:
                assert time.monotonic() < end, (directory / "log").read_text()
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            queue.stop()
    taken = sink.total
    states = set(Notice.objects.filter(attempts__gt=0).values_list("state", flat=True))
    assert states <= {"sent", "pending"}
    assert Notice.objects.filter(state="sent").count() == taken
    assert Subscriber.objects.filter(status="pending").count() >= taken
    assert list((directory / "journal").glob("*.journal")) == []


def test_it_looks_again_and_again_and_survives_an_error(monkeypatch):
    looks = []

    def drain(seconds):
        looks.append(seconds)
        if len(looks) == 1:
            raise OSError("no database")
        return Tally()

    monkeypatch.setattr(worker, "drain", drain)
    monkeypatch.setattr(watch, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(watch, "GLANCE_EVERY", 0.01)
    monkeypatch.setattr(connections, "close_all", lambda: None)
    watch.start()
    watch.start()  # is one thread all the same
    end = time.monotonic() + 10
    while len(looks) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    watch.stop()
    worker.allow_drains()
    seen = len(looks)
    time.sleep(0.1)
    assert seen >= 3
    assert len(looks) == seen


def test_it_does_not_look_while_its_process_drains(monkeypatch):
    looks: list[float] = []
    monkeypatch.setattr(worker, "drain", looks.append)
    monkeypatch.setattr(worker, "is_draining", lambda: True)
    monkeypatch.setattr(watch, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(watch, "GLANCE_EVERY", 0.01)
    watch.start()
    time.sleep(0.1)
    watch.stop()
    worker.allow_drains()
    assert looks == []


@pytest.mark.parametrize(("is_one_hand", "at_most"), [(True, 1), (False, 2)])
def test_a_process_drains_by_one_hand_and_threads_by_many(monkeypatch, is_one_hand, at_most):
    busy, most = 0, 0
    lock = threading.Lock()

    def drain(seconds):
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.2)
        with lock:
            busy -= 1
        return Tally()

    def task():
        with watch.hand(10) as is_mine:
            assert is_mine
            drain(10)

    monkeypatch.setattr(worker, "drain", drain)
    monkeypatch.setattr(connections, "close_all", lambda: None)
    watch.start(is_one_hand=is_one_hand)
    time.sleep(0.05)  # it looks at once
    try:
        beside = threading.Thread(target=task)
        beside.start()
        beside.join()
    finally:
        watch.stop()
        watch.start()
        watch.stop()
        worker.allow_drains()
    assert most == at_most


def test_a_hand_that_is_busy_is_waited_for_no_longer_than_asked(monkeypatch):
    monkeypatch.setattr(watch, "_is_one_hand", True)
    with watch.hand(0) as first, watch.hand(0.01) as second:
        assert (first, second) == (True, False)
    with watch.hand(0) as third:
        assert third
