"""Readers: addresses with consent and rhythm, the topics they follow, what they said about papers
and added to them, and the addresses that must never be emailed again.
"""

from subscriptions.models.address_change import AddressChange
from subscriptions.models.consent import Consent
from subscriptions.models.feedback import Feedback
from subscriptions.models.former_subscriber import FormerSubscriber
from subscriptions.models.import_run import (
    ImportedReader,
    ImportPiece,
    ImportReport,
    ImportRun,
    ReaderExport,
)
from subscriptions.models.interest import (
    Following,
    Interest,
    InterestMatch,
    InterestRun,
    Muted,
)
from subscriptions.models.notice import FormEntry, Notice
from subscriptions.models.saved_paper import SavedPaper
from subscriptions.models.submission import Submission
from subscriptions.models.subscriber import Subscriber, SubscriberQuerySet, validate_timezone
from subscriptions.models.subscription import Subscription
from subscriptions.models.suppression import Suppression
from subscriptions.models.topic_change import TopicChange
from subscriptions.models.upvote import Upvote

__all__ = [
    "AddressChange",
    "Consent",
    "Feedback",
    "Following",
    "FormEntry",
    "FormerSubscriber",
    "ImportPiece",
    "ImportReport",
    "ImportRun",
    "ImportedReader",
    "Interest",
    "InterestMatch",
    "InterestRun",
    "Muted",
    "Notice",
    "ReaderExport",
    "SavedPaper",
    "Submission",
    "Subscriber",
    "SubscriberQuerySet",
    "Subscription",
    "Suppression",
    "TopicChange",
    "Upvote",
    "validate_timezone",
]
