"""Whether an issue costs us our name: complaints and bounces against what was sent.

Mailbox providers judge a sender by these rates: Gmail and Yahoo want complaints under 0.1 % and
punish 0.3 %, and providers of mail suspend accounts whose hard bounces pass some percent. So an
issue that goes beyond `LIMITS` is paused before they act, once, and the operator is told: by mail
to ADMINS, in the log, and on the issue's page in the admin. Who resumes it has decided, and is not
asked again.
"""

import datetime as dt
import logging
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from newsletter.channels.email import EmailChannel
from newsletter.issues import operator_notes
from newsletter.issues.counting import MOST_COUNTED
from newsletter.models import Delivery, Dimension, Issue, IssueCount, Measure

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """A share of the sent digests not to be passed, and a number below which it is chance."""

    name: str
    share: float
    least: int


LIMITS = (
    # Of a small list one angry reader is a percent. Five are a pattern, and at five the share is
    # passed by every issue of fewer than 5,000 digests.
    Limit("complaints", 0.001, 5),
    Limit("hard bounces", 0.02, 10),
    # Blocked by policy or content: the next digests would be, too, and each makes it worse.
    Limit("blocked", 0.05, 20),
)


@dataclass(frozen=True, slots=True)
class Rates:
    """What became of an issue's digests that were emailed: counts. Other channels do not count, or
    they would make the shares look better than mailbox providers see them.
    """

    sent: int
    """With those that a server refused for good while it was told of them: it saw them, too."""
    delivered: int
    complaints: int
    hard_bounces: int
    soft_bounces: int
    blocked: int

    def share(self, count: int) -> float:
        """`count` as a share of what was sent, 0 to 1."""
        return count / self.sent if self.sent else 0.0

    @property
    def passed(self) -> list[str]:
        """The limits that are passed, in words: ["complaints: 12 of 4,000 digests (0.30 %)"]."""
        found = {
            "complaints": self.complaints,
            "hard bounces": self.hard_bounces,
            "blocked": self.blocked,
        }
        return [
            f"{limit.name}: {found[limit.name]:,} of {self.sent:,} digests "
            f"({self.share(found[limit.name]):.2%})"
            for limit in LIMITS
            if found[limit.name] >= limit.least and self.share(found[limit.name]) > limit.share
        ]


def rates_of(issue: Issue) -> Rates:
    """The issue's numbers, counted in one query."""
    bounce = Delivery.Bounce
    counted = Delivery.objects.filter(issue=issue).aggregate(
        sent=Count(
            "pk",
            Delivery.went_through(EmailChannel.name)
            | (Q(state=Delivery.State.FAILED) & ~Q(bounce="")),
        ),
        delivered=Count("pk", Q(delivered_at__isnull=False)),
        complaints=Count("pk", Q(complained_at__isnull=False)),
        hard_bounces=Count("pk", Q(bounce=bounce.HARD)),
        soft_bounces=Count("pk", Q(bounce=bounce.SOFT)),
        blocked=Count("pk", Q(bounce=bounce.BLOCKED)),
    )
    return Rates(**counted)


def rates_told(issue: Issue) -> Rates | None:
    """The issue's numbers for its page: counted, where that reads few rows, and else as the
    statistics counted them last; None where they did not yet.
    """
    # In the order of an index: else PostgreSQL may read all that is older first.
    some = Delivery.objects.filter(issue=issue).order_by("subscriber_id").values_list("pk")
    if len(some[: MOST_COUNTED + 1]) <= MOST_COUNTED:
        return rates_of(issue)
    dimensions = (Dimension.ALL, Dimension.CHANNEL, Dimension.SEVERITY)
    rows = IssueCount.objects.filter(issue=issue, dimension__in=dimensions).order_by()
    found = {
        (measure, key): count for measure, key, count in rows.values_list("measure", "key", "count")
    }
    if not found:
        return None
    bounced = {kind: found.get((Measure.BOUNCED, kind), 0) for kind in Delivery.Bounce}
    return Rates(
        sent=found.get((Measure.SENT, EmailChannel.name), 0),
        delivered=found.get((Measure.RECEIVED, ""), 0),
        complaints=found.get((Measure.COMPLAINED, ""), 0),
        hard_bounces=bounced[Delivery.Bounce.HARD],
        soft_bounces=bounced[Delivery.Bounce.SOFT],
        blocked=bounced[Delivery.Bounce.BLOCKED],
    )


def review(delivery_ids: Collection[int], now: dt.datetime) -> list[Issue]:
    """Pause the issues of these deliveries where they passed a limit; which ones that was.

    Most reviews end after two counts in small indexes: what was sent is counted only where there
    is trouble enough.
    """
    if not delivery_ids:
        return []
    issues = Issue.objects.filter(
        pk__in=Delivery.objects.filter(pk__in=delivery_ids).order_by().values("issue"), warning=""
    )
    return [issue for issue in issues if _is_troubled(issue) and _warn(issue, now)]


def _is_troubled(issue: Issue) -> bool:
    """Whether there are enough complaints or bounces for any limit to be passed."""
    complaints, hard_bounces, blocked = LIMITS
    rows = Delivery.objects.filter(issue=issue).order_by()
    if rows.filter(complained_at__isnull=False).count() >= complaints.least:
        return True
    bounces = dict(
        rows.exclude(bounce="")
        .values_list("bounce")
        .annotate(Count("pk"))
        .values_list("bounce", "pk__count")
    )
    return (
        bounces.get(Delivery.Bounce.HARD, 0) >= hard_bounces.least
        or bounces.get(Delivery.Bounce.BLOCKED, 0) >= blocked.least
    )


def _warn(issue: Issue, now: dt.datetime) -> bool:
    """Pause the issue and tell the operator, where a limit is passed and nobody did before."""
    passed = rates_of(issue).passed
    if not passed:
        return False
    warning = "; ".join(passed)[:300]
    if not Issue.objects.filter(pk=issue.pk, warning="").update(warning=warning):
        return False
    was_running = issue.pause(warning)
    logger.error(
        "paused an issue because of bounces or complaints"
        if was_running
        else ("an issue crossed a limit"),
        extra={"day": issue.day.isoformat(), "warning": warning},
    )
    operator_notes.ask_for(issue, now)
    return True
