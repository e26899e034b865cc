"""The worker: claim, post, settle. At least once, and never by two workers at a time.

A claim is the row's `not_before` moved past any attempt, in a transaction of its own: a worker
that dies leaves a message that is ready again a few minutes later, under the same id. What fails
is tried again after a pause that grows; a message is given up after `PAUSES`, and a webhook that
took nothing for `DISABLED_AFTER` is switched off and shown.

Every post goes through the guard of the sources: the name is looked up, each address must be public
or allowed by PRIVATE_HOSTS_ALLOWED, and the connection goes to what was looked up. Redirects count
as failures: who moved says so in the admin.
"""

import datetime as dt
import json
import logging
import random
import secrets as random_secrets
import time
from dataclasses import dataclass

import httpx
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from newsletter.models import Webhook, WebhookMessage, WebhookMessageQuerySet
from newsletter.webhooks import secrets
from papers.retry_after import seconds_in
from papers.sources.base import FetchFailed
from papers.sources.http import post, public_addresses

logger = logging.getLogger(__name__)

State = WebhookMessage.State

BATCH = 20
"""Messages claimed at a time."""

SECONDS = 10.0
"""For one post with all of its answer."""

PATIENCE = 2.0
"""Seconds: a failure that takes longer lets the webhook's other messages wait for a minute."""

LEASE = dt.timedelta(seconds=BATCH * SECONDS + 60)
"""How long a claim holds: longer than the posts of a batch may take one after the other."""

PAUSES = tuple(
    dt.timedelta(seconds=seconds)
    for seconds in (15, 60, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
)
"""After each failed attempt; nine attempts within two days."""

LONGEST_PAUSE = dt.timedelta(days=1)
"""The longest that a Retry-After is heeded."""

DISABLED_AFTER = dt.timedelta(days=3)
"""How long nothing may be taken until a webhook is switched off."""

MOST_ANSWER = 4_096
"""Bytes of an answer that are read; nothing of it is kept but the status."""

GONE = 410
"""A receiver that answers so wants no more."""


@dataclass(slots=True)
class Tally:
    """What a run did."""

    sent: int = 0
    failed: int = 0


def send_due(seconds: float = 50.0) -> Tally:
    """Send what is ready, for so long at most."""
    tally = Tally()
    until = time.monotonic() + seconds
    slow: set[int] = set()
    while time.monotonic() < until:
        claimed = _claim(timezone.now())
        if not claimed:
            break
        for message in claimed:
            if time.monotonic() >= until or message.webhook_id in slow:
                # One that does not answer must not make all others wait for it.
                _give_back(message, later=message.webhook_id in slow)
                continue
            began = time.monotonic()
            if _send(message):
                tally.sent += 1
            else:
                tally.failed += 1
                if time.monotonic() - began > PATIENCE:
                    slow.add(message.webhook_id)
    return tally


def payload(message: WebhookMessage) -> str:
    """The body, as JSON: the same for every attempt, but for an address that is gone since."""
    event = message.event
    data = dict(event.data)
    if message.webhook.with_addresses and "subscriber" in data:
        data["email"] = event.subscriber.address if event.subscriber else None
    return json.dumps({"type": event.kind, "timestamp": event.at.isoformat(), "data": data})


def resend(messages: QuerySet[WebhookMessage], now: dt.datetime) -> int:
    """Put settled messages back in the queue, each under its id, as an operator wants it; how many.
    One statement.
    """
    return messages.exclude(state=State.PENDING).update(
        state=State.PENDING, not_before=now, attempts=0, settled_at=None, claim=""
    )


def enable(webhook: Webhook) -> None:
    """Tell it again; what waited meanwhile goes out."""
    Webhook.objects.filter(pk=webhook.pk).update(
        is_active=True, disabled_because="", failing_since=None, last_error=""
    )
    webhook.refresh_from_db()


def _claim(now: dt.datetime) -> list[WebhookMessage]:
    """Up to `BATCH` messages that are this worker's until the lease ends."""
    claim = random_secrets.token_hex(16)
    with transaction.atomic():
        ready = WebhookMessage.objects.ready(now).order_by("not_before", "id")
        if connection.features.has_select_for_update_skip_locked:
            ready = ready.select_for_update(skip_locked=True, of=("self",))
        ids = list(ready.values_list("pk", flat=True)[:BATCH])
        mine = WebhookMessage.objects.filter(pk__in=ids, state=State.PENDING, not_before__lte=now)
        mine.update(claim=claim, not_before=now + LEASE)
    found = WebhookMessage.objects.filter(pk__in=ids, claim=claim).order_by("pk")
    return list(found.select_related("webhook", "event__subscriber"))


def _give_back(message: WebhookMessage, *, later: bool) -> None:
    now = timezone.now()
    _mine(message).update(not_before=now + PAUSES[1] if later else now, claim="")


def _mine(message: WebhookMessage) -> WebhookMessageQuerySet:
    """The row, while the claim is still ours."""
    return WebhookMessage.objects.filter(pk=message.pk, claim=message.claim, state=State.PENDING)


def _send(message: WebhookMessage) -> bool:
    """One attempt; whether the receiver took it."""
    webhook, at = message.webhook, timezone.now()
    body = payload(message)
    message_id = f"msg_{message.event_id.hex}"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": secrets.signatures(webhook, message_id, at, body),
    }
    status, wait, error = None, None, ""
    try:
        answer = post(
            webhook.url,
            body.encode(),
            headers=headers,
            guard=public_addresses,
            seconds=SECONDS,
            most_bytes=MOST_ANSWER,
        )
        status, wait = answer.status, seconds_in(answer.headers.get("retry-after"))
        if not 200 <= status < 300:
            error = f"The receiver answers {status}."
    except FetchFailed as failed:
        error = str(failed)[:300]
    _settle(message, status, error, wait, timezone.now())
    return not error


def _settle(
    message: WebhookMessage,
    status: int | None,
    error: str,
    wait: float | None,
    now: dt.datetime,
) -> None:
    """Write down what came of an attempt."""
    attempts = message.attempts + 1
    values: dict[str, object] = {"attempts": attempts, "status": status, "error": error}
    if not error:
        values |= {"state": State.SENT, "settled_at": now}
    elif attempts > len(PAUSES) or status == GONE:
        values |= {"state": State.FAILED, "settled_at": now}
    else:
        values |= {"not_before": now + _pause(attempts, wait), "claim": ""}
    with transaction.atomic():
        if not _mine(message).update(**values):
            return  # the lease ended, and another worker has it
        _note(message.webhook_id, status, error, now)


def _pause(attempts: int, wait: float | None) -> dt.timedelta:
    """How long until the next attempt: longer each time, never the same for all, and as long as the
    receiver asks.
    """
    usual = PAUSES[attempts - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    asked = min(dt.timedelta(seconds=wait or 0), LONGEST_PAUSE)
    return max(usual, asked)


def _note(pk: int, status: int | None, error: str, now: dt.datetime) -> None:
    """Keep how the webhook does, and switch off one that is gone or fails for too long."""
    rows = Webhook.objects.filter(pk=pk)
    if not error:
        rows.update(failing_since=None, last_error="", last_success_at=now)
        return
    rows.filter(failing_since=None).update(failing_since=now)
    rows.update(last_error=error)
    too_long = Q(failing_since__lte=now - DISABLED_AFTER)
    why = "the receiver answered 410, which means that it wants no more"
    if status != GONE:
        why = f"nothing was taken for {DISABLED_AFTER.days} days; the last time: {error}"
        rows = rows.filter(too_long)
    if rows.filter(is_active=True).update(is_active=False, disabled_because=why[:300]):
        logger.error("switched off a webhook", extra={"webhook": pk, "reason": why})


def url_fault(url: str) -> str:
    """What is wrong with the address of a receiver, in a sentence; empty for nothing. Looks the
    name up.
    """
    try:
        public_addresses(httpx.URL(url))
    except FetchFailed as error:
        return str(error)
    except (httpx.InvalidURL, ValueError):
        return "This isn't an address."
    return ""
