"""The ledger: issues as they were frozen, one delivery for each reader and issue, and what mail
providers reported.
"""

from newsletter.models.continuity import Continuity
from newsletter.models.delivery import Delivery, DeliveryQuerySet
from newsletter.models.event import Event, EventQuerySet
from newsletter.models.heartbeat import Heartbeat, HeartbeatQuerySet
from newsletter.models.issue import Issue, IssuePaper, IssueQuerySet, MissingSource
from newsletter.models.rate_bucket import RateBucket
from newsletter.models.retraction import (
    Retraction,
    RetractionAlert,
    RetractionAlertQuerySet,
    RetractionQuerySet,
)
from newsletter.models.trouble import Trouble, TroubleQuerySet

__all__ = [
    "Continuity",
    "Delivery",
    "DeliveryQuerySet",
    "Event",
    "EventQuerySet",
    "Heartbeat",
    "HeartbeatQuerySet",
    "Issue",
    "IssuePaper",
    "IssueQuerySet",
    "MissingSource",
    "RateBucket",
    "Retraction",
    "RetractionAlert",
    "RetractionAlertQuerySet",
    "RetractionQuerySet",
    "Trouble",
    "TroubleQuerySet",
]
