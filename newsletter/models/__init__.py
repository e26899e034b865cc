"""The ledger: issues as they were frozen, one delivery for each reader and issue, what mail
providers reported, and counts of all that for statistics.
"""

from newsletter.models.api import ApiToken, ApiTokenQuerySet, ApiWrite
from newsletter.models.continuity import Continuity
from newsletter.models.correction import Correction
from newsletter.models.delivery import Delivery, DeliveryQuerySet
from newsletter.models.draft import IssueDraft
from newsletter.models.event import Event, EventQuerySet
from newsletter.models.heartbeat import Heartbeat, HeartbeatQuerySet
from newsletter.models.issue import Issue, IssuePaper, IssueQuerySet, MissingSource
from newsletter.models.letter import Letter, LetterQuerySet
from newsletter.models.rate_bucket import RateBucket
from newsletter.models.retraction import (
    Retraction,
    RetractionAlert,
    RetractionAlertQuerySet,
    RetractionQuerySet,
)
from newsletter.models.statistics import (
    CountedDay,
    DailyCount,
    Dimension,
    IssueCount,
    Measure,
)
from newsletter.models.trouble import Trouble, TroubleQuerySet
from newsletter.models.waiting_paper import WaitingPaper
from newsletter.models.webhook import (
    Webhook,
    WebhookEvent,
    WebhookMessage,
    WebhookMessageQuerySet,
    WebhookQuerySet,
)

__all__ = [
    "ApiToken",
    "ApiTokenQuerySet",
    "ApiWrite",
    "Continuity",
    "Correction",
    "CountedDay",
    "DailyCount",
    "Delivery",
    "DeliveryQuerySet",
    "Dimension",
    "Event",
    "EventQuerySet",
    "Heartbeat",
    "HeartbeatQuerySet",
    "Issue",
    "IssueCount",
    "IssueDraft",
    "IssuePaper",
    "IssueQuerySet",
    "Letter",
    "LetterQuerySet",
    "Measure",
    "MissingSource",
    "RateBucket",
    "Retraction",
    "RetractionAlert",
    "RetractionAlertQuerySet",
    "RetractionQuerySet",
    "Trouble",
    "TroubleQuerySet",
    "WaitingPaper",
    "Webhook",
    "WebhookEvent",
    "WebhookMessage",
    "WebhookMessageQuerySet",
    "WebhookQuerySet",
]
