"""The editors' view of readers, of the addresses never to be emailed, and of what readers
submit."""

from subscriptions.admin.submissions import SubmissionAdmin
from subscriptions.admin.subscribers import SubscriberAdmin
from subscriptions.admin.suppressions import SuppressionAdmin

__all__ = ["SubmissionAdmin", "SubscriberAdmin", "SuppressionAdmin"]
