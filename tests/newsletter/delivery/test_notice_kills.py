"""Sign-ups while everything fails: workers killed at any moment, a broker that forgets all.

What must hold: every confirmation goes out within a minute of a worker's return, at most one per
killed process twice, and those two under one Message-ID; every other email once or in doubt.
"""

import random
import time
from collections import Counter

import pytest
from django.utils import timezone

from newsletter.mail.message_ids import notice_id_of
from subscriptions.models import FormEntry, Notice, Subscriber
from subscriptions.notices import due
from subscriptions.readers import form_entries
from subscriptions.readers.signup import SignupChoices
from tests.newsletter.delivery.test_kills import Host
from tests.newsletter.delivery.test_queue import Queue
from tests.newsletter.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)

SIGNUPS = 100


def sign_up(number: int) -> None:
    form_entries.note_signup(
        f"r{number}@example.org", [], SignupChoices(), timezone.now(), "Subscribe"
    )


def is_done() -> bool:
    return not FormEntry.objects.exists() and not Notice.objects.open().exists()


def wait_until_done(seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_done():
        found = Counter(Notice.objects.values_list("kind", "state"))
        assert time.monotonic() < end, f"{FormEntry.objects.count()} forms, {found}"
        time.sleep(0.1)


def assert_confirmed_all(sink: Sink, killed: int) -> None:
    per_reader: Counter[str] = Counter()
    for (recipient, _), count in sink.accepted.items():
        per_reader[recipient] += count
    assert set(per_reader) == {f"r{number}@example.org" for number in range(SIGNUPS)}
    assert len(sink.accepted) == SIGNUPS  # one Message-ID for each reader
    assert per_reader.total() - SIGNUPS <= killed
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}


def test_confirmations_survive_kills_at_any_moment(tmp_path):
    chance = random.Random(20260611)
    with (
        Sink(lambda: time.sleep(chance.random() / 50)) as sink,
        Host("one", tmp_path, sink) as one,
        Host("two", tmp_path, sink) as two,
    ):
        hosts = (one, two)
        for number in range(SIGNUPS):
            sign_up(number)
            if number % 5 == 0:
                for host in hosts:
                    host.start()
            time.sleep(chance.random() / 25)
            if number % 5 == 4:
                for host in hosts:
                    host.kill()
        killed = sum(host.killed for host in hosts)
        one.start()
        wait_until_done()
    assert killed == 2 * SIGNUPS / 5
    assert_confirmed_all(sink, killed)


def test_other_emails_go_out_once_or_are_in_doubt(tmp_path):
    chance = random.Random(7)
    readers = Subscriber.objects.bulk_create(
        [Subscriber(email=f"r{number}@example.org", status="left") for number in range(SIGNUPS)]
    )
    for reader in readers:
        due.ask_for(Notice.Kind.GOODBYE, reader.pk, timezone.now())
    with (
        Sink(lambda: time.sleep(chance.random() / 50)) as sink,
        Host("one", tmp_path, sink) as host,
    ):
        while host.killed < 12:
            host.start()
            time.sleep(0.1 + chance.random() / 10)
            host.kill()
        killed = host.killed
        host.start()
        wait_until_done()
    states = Counter(Notice.objects.values_list("state", flat=True))
    assert set(states) <= {"sent", "unknown"}
    assert states["unknown"] <= killed
    assert max(sink.accepted.values()) == 1
    taken = {notice_id_of(message_id) for _, message_id in sink.accepted}
    sent = set(Notice.objects.filter(state="sent").values_list("pk", flat=True))
    doubtful = set(Notice.objects.filter(state="unknown").values_list("pk", flat=True))
    assert sent <= taken <= sent | doubtful


def test_without_any_message_and_with_celery_workers_killed(tmp_path_factory):
    chance = random.Random(3)
    kills = 3
    with Sink(lambda: time.sleep(0.02)) as sink:
        queue = Queue(tmp_path_factory.mktemp("q"), sink)
        try:
            for number in range(SIGNUPS):
                if number % (SIGNUPS // kills) == 0:
                    queue.start_worker()  # which looks at the queue when it starts
                sign_up(number)
                if number % (SIGNUPS // kills) == SIGNUPS // kills - 1:
                    time.sleep(chance.random())
                    queue.workers[-1].kill()
                    queue.workers[-1].wait()
                    queue.broker.flush()
            queue.start_worker()
            wait_until_done()
        finally:
            queue.stop()
    assert_confirmed_all(sink, kills)
