"""What happened, as rows in the transaction in which it happens: told if and only if it is so.

Nothing is written where no active webhook wants to know, so a site without webhooks pays one small
query for each happening. Data names readers by id; whose address goes along is a foreign key, which
the worker follows when it sends, and which erasure cuts.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from celery import signature
from django.db import transaction
from kombu.exceptions import OperationalError

from newsletter.models import Issue, Webhook, WebhookEvent, WebhookMessage
from newsletter.models.webhook import TEST
from subscriptions.models import Consent

logger = logging.getLogger(__name__)

_OF_CONSENT = {
    Consent.Action.ASKED.value: "subscriber.subscribed",
    Consent.Action.CONFIRMED.value: "subscriber.confirmed",
    Consent.Action.LEFT.value: "subscriber.left",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to tell."""

    kind: str
    at: dt.datetime
    data: dict[str, Any] = field(default_factory=dict)
    subscriber_id: int | None = None
    once: str | None = None
    """What it is told of only once."""


def record(happenings: Sequence[Happening], now: dt.datetime) -> int:
    """Write down what is to be told to whom; how many messages that makes. Three statements for any
    number of happenings, one where nobody wants to know.
    """
    if not happenings:
        return 0
    wanted: dict[str, list[int]] = {}
    for pk, kinds in Webhook.objects.active().values_list("pk", "kinds"):
        for kind in kinds:
            wanted.setdefault(kind, []).append(pk)
    told = [one for one in happenings if one.kind in wanted]
    if not told:
        return 0
    with transaction.atomic():
        known = set(
            WebhookEvent.objects.filter(
                once__in=[one.once for one in told if one.once]
            ).values_list("once", flat=True)
        )
        events = [
            WebhookEvent(
                kind=one.kind,
                at=one.at,
                data=one.data,
                subscriber_id=one.subscriber_id,
                once=one.once,
            )
            for one in told
            if one.once is None or one.once not in known
        ]
        WebhookEvent.objects.bulk_create(events)
        messages = [
            WebhookMessage(webhook_id=webhook, event=event, not_before=now)
            for event in events
            for webhook in wanted[event.kind]
        ]
        WebhookMessage.objects.bulk_create(messages)
    if messages:
        transaction.on_commit(wake, robust=True)
    return len(messages)


def wake() -> None:
    """Call a worker; one that does not come is made up for by beat within a minute."""
    try:
        signature("newsletter.tasks.send_webhooks").apply_async(expires=60)
    except OperationalError:
        logger.warning("couldn't reach a worker", exc_info=True)


def of_consent(consent: Consent) -> Happening | None:
    """What a new row of consent tells: somebody signed up, confirmed or left."""
    kind = _OF_CONSENT.get(consent.action)
    if kind is None:
        return None
    return Happening(kind, consent.at, {"subscriber": consent.subscriber_id}, consent.subscriber_id)


def on_consent(sender: Any, instance: Consent, created: bool, raw: bool, **_: Any) -> None:
    """Tell of each row of consent that is written one by one; a file's are not told."""
    if created and not raw and (happening := of_consent(instance)):
        record([happening], instance.at)


def on_consents(sender: Any, rows: Sequence[Consent], **_: Any) -> None:
    """Tell of rows of consent that were written together."""
    record([told for row in rows if (told := of_consent(row))], rows[0].at)


def of_issue(kind: str, issue: Issue, at: dt.datetime, **more: Any) -> Happening:
    """What there is to tell of an issue, once."""
    day = issue.day.isoformat()
    data = {"day": day, "frozen_at": issue.frozen_at.isoformat(), **more}
    return Happening(f"issue.{kind}", at, data, once=f"issue.{kind} {day}")


def issue_is_out(issue: Issue, now: dt.datetime) -> None:
    """Tell that an issue was frozen and is published. One that waits for approval is told of when
    it is published, and not before.
    """
    papers = issue.places.count() if Webhook.objects.active().exists() else 0
    frozen = of_issue("frozen", issue, issue.frozen_at, papers=papers)
    record([frozen, of_issue("published", issue, now, papers=papers)], now)


def test(webhook: Webhook, now: dt.datetime) -> WebhookMessage:
    """A message that tells nothing, to see whether the receiver takes it."""
    with transaction.atomic():
        event = WebhookEvent.objects.create(kind=TEST, at=now, data={"test": True})
        message = WebhookMessage.objects.create(webhook=webhook, event=event, not_before=now)
        transaction.on_commit(wake, robust=True)
    return message
