"""By mail, through whatever mail backend is configured."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from newsletter.channels.base import HandedOver
from newsletter.mail.transports.base import Transport

if TYPE_CHECKING:
    from newsletter.digests.rendering import DigestPress
    from newsletter.digests.selection import Choice, Reader
    from newsletter.mail.message import Mail


class EmailChannel(HandedOver):
    """A digest is one email."""

    name = "email"
    wish = "mail"
    label = _("By email")
    is_mail = True

    def compose(
        self, press: "DigestPress", reader: "Reader", choices: "Sequence[Choice]", delivery_id: int
    ) -> "Mail":
        """The reader's mail."""
        return press.render(reader, choices, delivery_id)

    def open(self) -> Transport:
        """The transport for EMAIL_BACKEND."""
        from newsletter.mail.transports import backend  # which web processes do without

        return backend.for_settings()
