"""Background work of this app: submissions, upvotes, forgetting.

The mails that are not digests are due here and sent by `newsletter`, which alone knows what the
answers of mail servers and providers mean: pages wake `subscriptions.tasks.send_mail_to` by name.
"""

from celery import shared_task
from django.utils import timezone

from subscriptions.readers import address_change, submissions, upvotes


@shared_task
def forget() -> None:
    """Delete what was kept for a few days only: changes of address that nobody confirmed."""
    address_change.delete_lapsed(timezone.now())


@shared_task
def check_submissions() -> None:
    """Look up at arXiv the papers that readers submitted."""
    submissions.check(timezone.now())


@shared_task
def count_upvotes() -> None:
    """Bring the papers' counts of upvotes up to date."""
    upvotes.count(timezone.now())
