"""The operators' view of issues, digests and other emails, what was reported about them, and which
other programs take part.
"""

from newsletter.admin.api import ApiTokenAdmin, ApiWriteAdmin
from newsletter.admin.deliveries import DeliveryAdmin
from newsletter.admin.drafts import IssueDraftAdmin
from newsletter.admin.events import EventAdmin
from newsletter.admin.issues import IssueAdmin
from newsletter.admin.letters import LetterAdmin
from newsletter.admin.notices import NoticeAdmin
from newsletter.admin.site import SiteAdmin
from newsletter.admin.staff import GroupAdmin, UserAdmin
from newsletter.admin.statistics import StatisticsAdmin
from newsletter.admin.troubles import TroubleAdmin
from newsletter.admin.webhooks import WebhookAdmin, WebhookMessageAdmin

__all__ = [
    "ApiTokenAdmin",
    "ApiWriteAdmin",
    "DeliveryAdmin",
    "EventAdmin",
    "GroupAdmin",
    "IssueAdmin",
    "IssueDraftAdmin",
    "LetterAdmin",
    "NoticeAdmin",
    "SiteAdmin",
    "StatisticsAdmin",
    "TroubleAdmin",
    "UserAdmin",
    "WebhookAdmin",
    "WebhookMessageAdmin",
]
