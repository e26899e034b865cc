"""The operators' view of issues, the ledger, and what mail providers reported."""

from newsletter.admin.deliveries import DeliveryAdmin
from newsletter.admin.events import EventAdmin
from newsletter.admin.issues import IssueAdmin
from newsletter.admin.troubles import TroubleAdmin

__all__ = ["DeliveryAdmin", "EventAdmin", "IssueAdmin", "TroubleAdmin"]
