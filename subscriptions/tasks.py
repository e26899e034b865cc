"""Background work of this app: the mails that are not digests, submissions, upvotes, forgetting."""

import logging
import smtplib

from celery import shared_task
from django.utils import timezone

from subscriptions.notices import letters
from subscriptions.readers import address_change, submissions, upvotes

logger = logging.getLogger(__name__)


@shared_task(
    autoretry_for=(Exception,),
    retry_backoff=30,
    retry_backoff_max=1800,
    retry_jitter=True,
    max_retries=6,
)
def send_mail_to(kind: str, subscriber_id: int) -> None:
    """Send a mail of `kind` (see `emails.Kind`) to a subscriber, if that is still due.

    Tried again for about an hour while the mail server is out of order. A server's final refusal
    is logged and not retried.
    """
    try:
        letters.send(letters.Kind(kind), subscriber_id, timezone.now())
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        if not _is_final(error):
            raise
        logger.warning(
            "a mail was refused", extra={"kind": kind, "subscriber": subscriber_id}, exc_info=True
        )


@shared_task
def forget() -> None:
    """Delete what was kept for a few days only: changes of address that nobody confirmed."""
    address_change.forget_lapsed(timezone.now())


def _is_final(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> bool:
    """Whether the server said 5xx: trying again gets the same answer (RFC 5321 section 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return error.smtp_code >= 500


@shared_task
def check_submissions() -> None:
    """Look up at arXiv the papers that readers submitted."""
    submissions.check(timezone.now())


@shared_task
def count_upvotes() -> None:
    """Bring the papers' counts of upvotes up to date."""
    upvotes.count(timezone.now())
