"""The editors' view of readers, of the addresses never to be emailed, of files of readers that
come in and go out, and of what readers submit."""

from subscriptions.admin.imports import ImportRunAdmin, ReaderExportAdmin
from subscriptions.admin.submissions import SubmissionAdmin
from subscriptions.admin.subscribers import SubscriberAdmin
from subscriptions.admin.suppressions import SuppressionAdmin

__all__ = [
    "ImportRunAdmin",
    "ReaderExportAdmin",
    "SubmissionAdmin",
    "SubscriberAdmin",
    "SuppressionAdmin",
]
