"""The editors' view of readers, of the addresses never to be emailed, of files of readers that
come in and go out, of what readers submit, and of what many of them follow."""

from subscriptions.admin.imports import ImportRunAdmin, ReaderExportAdmin
from subscriptions.admin.interests import InterestAdmin
from subscriptions.admin.submissions import SubmissionAdmin
from subscriptions.admin.subscribers import SubscriberAdmin
from subscriptions.admin.suppressions import SuppressionAdmin
from subscriptions.admin.topic_changes import TopicChangeAdmin

__all__ = [
    "ImportRunAdmin",
    "InterestAdmin",
    "ReaderExportAdmin",
    "SubmissionAdmin",
    "SubscriberAdmin",
    "SuppressionAdmin",
    "TopicChangeAdmin",
]
