"""The worker: signed, guarded, tried again, never twice at once, and switched off in the end."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from standardwebhooks import Webhook as Signer
from standardwebhooks import WebhookVerificationError

from newsletter.models import Webhook, WebhookMessage
from newsletter.webhooks import recording, secrets, sending
from newsletter.webhooks.sending import PAUSES, send_due
from papers.sources import http
from subscriptions.readers import personal_data
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db


def happen(times: int = 1, **kwargs) -> None:
    bob = make_subscriber(f"bob{times}@example.org", **kwargs)
    recording.record(
        [
            recording.Happening("subscriber.left", NOW, {"subscriber": bob.pk}, bob.pk)
            for _ in range(times)
        ],
        NOW,
    )


def verified(receiver, secret: str, number: int = -1) -> Any:
    headers, body = receiver.posts[number]
    return Signer(secret).verify(body, headers)


def test_a_message_is_signed_as_standard_webhooks_say(receiver, make_webhook):
    webhook = make_webhook()
    happen()
    assert send_due().sent == 1
    told = verified(receiver, secrets.secret_of(webhook))
    assert told["type"] == "subscriber.left"
    assert dt.datetime.fromisoformat(told["timestamp"]) == NOW
    assert set(told["data"]) == {"subscriber"}
    message = WebhookMessage.objects.get()
    assert receiver.ids == [f"msg_{message.event_id.hex}"]
    assert (message.state, message.status, message.attempts) == ("sent", 200, 1)
    assert send_due().sent == 0


def test_a_new_secret_signs_and_the_one_before_does_so_for_a_day(receiver, make_webhook):
    webhook = make_webhook()
    before = secrets.secret_of(webhook)
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        after = secrets.rotate(webhook, dt.datetime.now(dt.UTC))
        assert before != after
        happen()
        send_due()
        assert verified(receiver, before) == verified(receiver, after)
        clock.shift(secrets.OVERLAP)
        sending.resend(WebhookMessage.objects.all(), dt.datetime.now(dt.UTC))
        send_due()
        assert verified(receiver, after)
        with pytest.raises(WebhookVerificationError):
            verified(receiver, before)


def test_earlier_secret_keys_sign_as_well(receiver, make_webhook, settings):
    webhook = make_webhook()
    before = secrets.secret_of(webhook)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 8
    happen()
    send_due()
    assert verified(receiver, before) == verified(receiver, secrets.secret_of(webhook))


@pytest.mark.parametrize("is_erased", [False, True])
@pytest.mark.parametrize("with_addresses", [False, True])
def test_an_address_goes_to_those_who_may_have_it(
    with_addresses, is_erased, receiver, make_webhook
):
    make_webhook(with_addresses=with_addresses)
    bob = make_subscriber("Bob@example.org", email_typed="Bob@example.org")
    bob.leave(NOW)
    if is_erased:
        personal_data.erase(bob)
    send_due()
    data = receiver.told[0]["data"]
    assert data["subscriber"]
    if with_addresses:
        assert data["email"] == (None if is_erased else "Bob@example.org")
    else:
        assert "email" not in data


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (500, PAUSES[0]),
        (404, PAUSES[0]),
        (302, PAUSES[0]),
        ((503, {"Retry-After": "7200"}), dt.timedelta(hours=2)),
        ((429, {"Retry-After": "9999999"}), dt.timedelta(days=1)),
    ],
)
def test_what_fails_is_tried_again_later_under_the_same_id(answer, wait, receiver, make_webhook):
    receiver.answers = [answer]
    webhook = make_webhook()
    happen()
    with time_machine.travel(NOW, tick=False) as clock:
        assert send_due().failed == 1
        message = WebhookMessage.objects.get()
        assert message.state == "pending"
        assert wait * 0.79 <= message.not_before - NOW <= wait * 1.21
        webhook.refresh_from_db()
        assert webhook.failing_since == NOW
        assert str(message.status) in webhook.last_error
        assert send_due().failed == 0
        clock.shift(wait * 1.3)
        assert send_due().sent == 1
    assert len(set(receiver.ids)) == 1
    assert len(receiver.posts) == 2
    webhook.refresh_from_db()
    assert (webhook.failing_since, webhook.last_error) == (None, "")


def test_a_redirect_is_not_followed(receiver, make_webhook):
    receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"})]
    make_webhook()
    happen()
    assert send_due().failed == 1
    assert len(receiver.posts) == 1


def test_a_message_is_given_up_in_the_end_and_the_webhook_switched_off(receiver, make_webhook):
    receiver.answers = [500] * 20
    webhook = make_webhook()
    happen()
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(len(PAUSES) + 1):
            send_due()
            clock.shift(dt.timedelta(days=1))
        message = WebhookMessage.objects.get()
        assert (message.attempts, message.state) == (4, "pending")  # it was switched off before
        webhook.refresh_from_db()
        assert not webhook.is_active
        assert "nothing was taken for 3 days" in webhook.disabled_because
        receiver.answers = []
        sending.enable(webhook)
        assert send_due().sent == 1


def test_a_message_has_so_many_attempts(receiver, make_webhook, monkeypatch):
    monkeypatch.setattr(sending, "DISABLED_AFTER", dt.timedelta(days=99))
    receiver.answers = [500] * 20
    make_webhook()
    happen()
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(len(PAUSES) + 3):
            send_due()
            clock.shift(dt.timedelta(days=2))
        message = WebhookMessage.objects.get()
        assert (message.state, len(receiver.posts)) == ("failed", len(PAUSES) + 1)
        assert sending.resend(WebhookMessage.objects.filter(pk=message.pk), NOW)
        receiver.answers = []
        assert send_due().sent == 1
    assert len(set(receiver.ids)) == 1


def test_a_receiver_that_is_gone_is_told_no_more(receiver, make_webhook):
    receiver.answers = [410]
    webhook = make_webhook()
    happen()
    send_due()
    webhook.refresh_from_db()
    assert not webhook.is_active
    assert WebhookMessage.objects.get().state == "failed"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/",
        "http://192.0.2.1/",
        "https://user:password@127.0.0.1/",
        "ftp://example.org/",
        "no address",
    ],
)
def test_nothing_is_posted_where_the_guard_does_not_lead(url, make_webhook):
    make_webhook(url=url)
    happen()
    assert send_due().failed == 1
    message = WebhookMessage.objects.get()
    assert message.status is None
    assert message.error
    assert sending.url_fault(url)


def test_one_that_does_not_answer_lets_the_others_go_on(receiver, make_webhook, monkeypatch):
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    wakes = threading.Event()
    receiver.before = lambda: wakes.wait(5) and None
    make_webhook(name="slow")
    happen(3)
    began = time.monotonic()
    tally = send_due()
    took = time.monotonic() - began
    wakes.set()
    assert (tally.failed, len(receiver.posts)) == (1, 1)
    assert took < 2
    rows = WebhookMessage.objects.filter(state="pending")
    assert sorted(rows.values_list("attempts", flat=True)) == [0, 0, 1]
    assert "too long" in rows.get(attempts=1).error


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once(receiver, make_webhook, monkeypatch):
    monkeypatch.setattr(sending, "BATCH", 3)
    make_webhook()
    happen(20)
    tallies = []

    def work() -> None:
        try:
            tallies.append(send_due().sent)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sum(tallies) == 20
    assert sorted(receiver.ids) == sorted(set(receiver.ids))
    assert len(receiver.ids) == 20


def test_a_worker_whose_lease_ended_settles_nothing(receiver, make_webhook):
    make_webhook()
    happen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "post", _taking_over(http.post))
        send_due()
    message = WebhookMessage.objects.get()
    assert (message.state, message.attempts, message.claim) == ("pending", 0, "another")


def _taking_over(post):
    """Another worker takes the message while the first one posts it."""

    def posting(*args, **kwargs):
        WebhookMessage.objects.update(claim="another")
        return post(*args, **kwargs)

    return posting


KILLED = """
import os, django
django.setup()
from django.conf import settings
from django.db import connections
connections["default"].settings_dict["NAME"] = os.environ["TEST_DATABASE"]
settings.PRIVATE_HOSTS_ALLOWED = {("127.0.0.1", int(os.environ["RECEIVER_PORT"]))}
from newsletter.webhooks.sending import send_due
send_due()
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_had_in_hand_goes_out_again_under_its_id(receiver, make_webhook):
    """Killed with -9 while the receiver takes the second of three messages."""
    make_webhook()
    happen(3)
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        if len(receiver.posts) == 2:
            reached.set()
            go_on.wait(30)

    receiver.before = hold
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "newsletter.settings",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "RECEIVER_PORT": str(receiver.port),
        },
    )
    assert reached.wait(60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(30)
    go_on.set()
    receiver.before = lambda: None
    assert send_due().sent == 0  # the claim holds
    with time_machine.travel(dt.datetime.now(dt.UTC) + sending.LEASE, tick=False):
        assert send_due().sent == 2
    assert len(receiver.ids) == 4
    assert len(set(receiver.ids)) == 3
    assert set(WebhookMessage.objects.values_list("state", flat=True)) == {"sent"}


def test_a_test_reaches_a_webhook_whatever_it_is_told_of(receiver, make_webhook):
    webhook: Webhook = make_webhook(kinds=["issue.sent"])
    recording.test(webhook, NOW)
    send_due()
    assert receiver.told[0]["type"] == "webhook.test"
