"""A Django message as it should leave: pure 7-bit lines, and every list header on one line.

Django writes text that is not ASCII with eight bits, which a mail server on the way may have to
recode, and that breaks a DKIM signature (RFC 6376 section 5.3 asks for seven). It also folds long
headers, and not every mailbox provider puts a folded `List-Unsubscribe` together again.
"""

from email import charset
from typing import Any

from django.core.mail import EmailMultiAlternatives

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
