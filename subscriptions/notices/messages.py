"""A Django message as it should leave: its headers, pure 7-bit lines, list headers on one line.

Django writes text that is not ASCII with eight bits, which a mail server on the way may have to
recode, and that breaks a DKIM signature (RFC 6376 section 5.3 asks for seven). It also folds long
headers, and not every mailbox provider puts a folded `List-Unsubscribe` together again.
"""

from email import charset
from typing import Any

from django.core.mail import EmailMultiAlternatives

from subscriptions.models import Subscriber
from subscriptions.notices.list_headers import AUTOMATIC, feedback_id, unsubscribe_headers

QUOTED_PRINTABLE = charset.Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = charset.QP

LONGEST_LINE = 998  # RFC 5322 section 2.1.1


class Message(EmailMultiAlternatives):
    """Like Django's, with quoted-printable bodies and headers that are not folded."""

    encoding: Any = QUOTED_PRINTABLE

    def message(self, **options: Any) -> Any:
        """The MIME message; its generator leaves the length of header lines alone."""
        made = super().message(**options)
        made.policy = made.policy.clone(max_line_length=LONGEST_LINE)
        return made


def headers_for(kind: str, subscriber: Subscriber, recipient: str) -> dict[str, str]:
    """The headers of an email of `kind` that is no digest, to an address of the subscriber's or to
    one that is to become theirs.

    A subscriber can leave from any email with one click (RFC 8058). Somebody who has not confirmed
    yet, or has left, has nothing to leave: there such a header would promise what nothing does. An
    address that is not the subscriber's yet may be a stranger's, who must not end a subscription.
    None of these emails is sent to a list, so none has a List-Id.
    """
    headers = {
        **dict([AUTOMATIC]),
        "Feedback-ID": feedback_id("service", kind, "mail"),
    }
    if subscriber.status == Subscriber.Status.ACTIVE and recipient == subscriber.address:
        headers |= unsubscribe_headers(subscriber.pk, subscriber.link_version)
    return headers
