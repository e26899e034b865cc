"""What operators do to many emails and messages at once, and the work on all that people do in
bulk, in every app.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from newsletter.models import Delivery, WebhookMessage
from newsletter.webhooks import sending
from papers import bulk
from papers.bulk import Job, Kind
from papers.in_bulk import KINDS as OF_PAPERS
from papers.waking import wake
from subscriptions.models import Notice
from subscriptions.readers.in_bulk import KINDS as OF_READERS

AGAIN = "Send again (in doubt, failed or too late)"


def _send_now() -> bool:
    return wake("newsletter.tasks.drain")


def _lost(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those in doubt, failed or too late."""
    return rows.filter(state__in=("unknown", "failed", "expired"))


def _lost_digests(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of readers who are still there."""
    return _lost(rows).filter(subscriber__isnull=False)


def _resend(keys: Sequence[int], job: Job) -> int:
    deadline = job.now + settings.DIGEST_DEADLINE
    return Delivery.objects.filter(pk__in=keys).resend(job.now, deadline)


RESEND = Kind(
    key="newsletter.resend",
    model=Delivery,
    words=AGAIN,
    permission="newsletter.change_issue",
    done="will be sent again",
    means="They go back in the queue. One in doubt may reach its reader twice.",
    act=_resend,
    fits=_lost_digests,
    after=_send_now,
)


def _resend_notices(keys: Sequence[int], job: Job) -> int:
    return Notice.objects.filter(pk__in=keys).resend(job.now)


RESEND_NOTICES = Kind(
    key="newsletter.resend_notices",
    model=Notice,
    words=AGAIN,
    permission="subscriptions.change_notice",
    done="will be sent again",
    means="They go back in the queue, the newest of each kind to each reader. One in doubt may "
    "reach its reader twice.",
    act=_resend_notices,
    fits=_lost,
    after=_send_now,
)


def _settled(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(state=WebhookMessage.State.PENDING)


def _resend_messages(keys: Sequence[int], job: Job) -> int:
    return sending.resend(WebhookMessage.objects.filter(pk__in=keys), job.now)


def _tell_now() -> bool:
    return wake("newsletter.tasks.send_webhooks")


RESEND_MESSAGES = Kind(
    key="newsletter.resend_messages",
    model=WebhookMessage,
    words="Send again",
    permission="newsletter.change_webhookmessage",
    done="will be sent again",
    means="Each goes out once more under its ID.",
    act=_resend_messages,
    fits=_settled,
    after=_tell_now,
)

KINDS: Mapping[str, Kind] = {
    kind.key: kind for kind in (*OF_PAPERS, *OF_READERS, RESEND, RESEND_NOTICES, RESEND_MESSAGES)
}


def work(*, seconds: float) -> bool:
    """Work on what people do in bulk; whether there is more to do when time is over."""
    return bulk.work(KINDS, seconds=seconds)
