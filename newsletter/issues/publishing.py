"""From draft to published: what an editor prepared for an issue, and the wait for approval.

A frozen issue is published at once or waits for somebody to approve it, as HOLD_ISSUES or its draft
says. While it waits nobody knows of it and nobody is passed over to the issue before; once it is
out, all hours that passed meanwhile are due at once, and deadlines count from then.
"""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db import transaction

from newsletter.models import Issue, IssueDraft
from newsletter.webhooks import recording

logger = logging.getLogger(__name__)

UNAPPROVED = "nobody approved it in time"
"""Why an issue was published or dropped without anybody's hand."""


def holds(draft: IssueDraft | None) -> bool:
    """Whether an issue with this draft waits for approval once it is frozen."""
    if draft is None or draft.publishing == IssueDraft.Publishing.DEFAULT:
        return bool(settings.HOLD_ISSUES)
    return draft.publishing == IssueDraft.Publishing.HOLD


def drafted(day: dt.date, now: dt.datetime) -> dict[str, Any]:
    """The fields of the issue of `day`, frozen `now`, that its draft and the settings decide."""
    draft = IssueDraft.objects.filter(day=day).first() or IssueDraft(day=day)
    waits = holds(draft)
    return {
        "state": Issue.State.WAITING if waits else Issue.State.RUNNING,
        "published_at": None if waits else now,
        "note": draft.note,
        "subject": draft.subject,
        "preview_line": draft.preview_line,
    }


def forget_draft(day: dt.date) -> None:
    """Delete the draft: the issue has it now."""
    IssueDraft.objects.filter(day=day).delete()


def publish(issue: Issue, now: dt.datetime, reason: str = "") -> bool:
    """Let an issue out that waits, and tell webhooks; whether that changed anything. `reason` where
    nobody approved it.
    """
    with transaction.atomic():
        done = issue.publish(now, reason)
        if done:
            recording.issue_is_out(issue, now)
    return done


def settle_unapproved(now: dt.datetime) -> int:
    """Publish the issues that have waited too long for approval, or drop them where
    DROP_UNAPPROVED says so; how many there were.
    """
    waiting = Issue.objects.filter(
        state=Issue.State.WAITING, frozen_at__lte=now - settings.APPROVE_WITHIN
    )
    count = 0
    for issue in waiting:
        drops = settings.DROP_UNAPPROVED
        if issue.drop(UNAPPROVED) if drops else publish(issue, now, UNAPPROVED):
            count += 1
            what = "dropped" if drops else "published"
            logger.warning(
                f"an issue nobody approved was {what}", extra={"day": issue.day.isoformat()}
            )
    return count


def unapproved_since(moment: dt.datetime) -> Issue | None:
    """The newest issue that was published or dropped after `moment` because nobody approved it."""
    late = Issue.objects.filter(
        state_reason=UNAPPROVED, frozen_at__gt=moment - settings.APPROVE_WITHIN
    )
    return late.order_by("-day").first()
