"""Why not? What the ledger says of one issue and one reader, in words for an operator."""

import datetime as dt

from newsletter.issues.freezing import week_to
from newsletter.models import Delivery, Issue
from subscriptions.models import Subscriber


def explain(subscriber: Subscriber, issue: Issue) -> list[str]:
    """What became of `issue` for the reader, in sentences: their own delivery of it, the digest of
    a later issue that carried its papers, or why there is neither.
    """
    own = Delivery.objects.filter(subscriber=subscriber, issue=issue).first()
    said = _of_its_own(own) if own else []
    carrier = _carrier(subscriber, issue)
    if carrier is not None and (own is None or own.state in _BROUGHT_NOTHING):
        state = carrier.get_state_display()
        why = f": {carrier.reason}" if carrier.reason else ""
        said.append(
            f"Its papers were in the digest of {carrier.issue} (delivery {carrier.pk}, "
            f"{state}{why})."
        )
    return said or [_no_delivery(subscriber, issue)]


_BROUGHT_NOTHING = (Delivery.State.FAILED, Delivery.State.EXPIRED, Delivery.State.SKIPPED)


def _of_its_own(own: Delivery) -> list[str]:
    why = f": {own.reason}" if own.reason else ""
    said = [f"Delivery {own.pk} of this issue: {own.get_state_display()}{why}."]
    if own.since is not None:
        said.append(f"It includes issues since {_day(own.since)}.")
    said += [
        f"No new issue when the reader's rhythm asked again: {at:%A, %-d %B %Y, %H:%M} UTC."
        for at in own.asked_in_vain
    ]
    return said


def _carrier(subscriber: Subscriber, issue: Issue) -> Delivery | None:
    """The first delivery of a later issue that draws on this one."""
    if issue.state != Issue.State.RUNNING:
        return None
    later = Delivery.objects.filter(subscriber=subscriber, issue__day__gt=issue.day)
    is_drawn = later.filter(since__lte=issue.day)
    if subscriber.rhythm == Subscriber.Rhythm.WEEKLY:
        last = issue.day + (issue.day - week_to(issue.day))
        is_drawn |= later.filter(issue__day__lte=last)
    return is_drawn.select_related("issue").order_by("issue__day").first()


def _no_delivery(subscriber: Subscriber, issue: Issue) -> str:
    """Why the reader has no delivery that this issue is in, as far as their row says it."""
    day = issue.out_since
    if subscriber.status == Subscriber.Status.SUPPRESSED:
        return "None: the address is suppressed."
    if subscriber.confirmed_at is None:
        return "None: the reader has not confirmed."
    if subscriber.confirmed_at > day and subscriber.welcomed_on != issue.day:
        at = subscriber.confirmed_at
        return f"None: the reader confirmed later, on {_day(at.date())} at {at:%H:%M} UTC."
    if subscriber.left_at is not None and subscriber.status == Subscriber.Status.LEFT:
        return f"None: the reader unsubscribed on {_day(subscriber.left_at.date())}."
    if issue.state == Issue.State.WAITING:
        by = issue.approve_by
        return f"None yet: the issue waits for approval until {by:%H:%M} UTC on {_day(by.date())}."
    if issue.state == Issue.State.DROPPED:
        return f"None: the issue was dropped: {issue.state_reason or 'an editor decided so'}."
    if issue.state == Issue.State.STOPPED:
        return "None: the issue was stopped."
    if subscriber.paused_until is not None and subscriber.paused_until > issue.day:
        why = f", because {subscriber.pause_reason}" if subscriber.pause_reason else ""
        return f"None: the reader is paused until {_day(subscriber.paused_until)}{why}."
    if subscriber.next_digest_at is not None:
        at = subscriber.next_digest_at
        return f"None yet: the reader's next digest is due on {_day(at.date())} at {at:%H:%M} UTC."
    return "None: no digest is due."


def _day(day: dt.date) -> str:
    return f"{day:%A, %-d %B %Y}"
