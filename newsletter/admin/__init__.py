"""The operators' view of issues, digests and other emails, and what was reported about them."""

from newsletter.admin.deliveries import DeliveryAdmin
from newsletter.admin.events import EventAdmin
from newsletter.admin.issues import IssueAdmin
from newsletter.admin.notices import NoticeAdmin
from newsletter.admin.statistics import StatisticsAdmin
from newsletter.admin.troubles import TroubleAdmin

__all__ = [
    "DeliveryAdmin",
    "EventAdmin",
    "IssueAdmin",
    "NoticeAdmin",
    "StatisticsAdmin",
    "TroubleAdmin",
]
