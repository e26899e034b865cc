"""MailerSend."""

from collections.abc import Mapping
from typing import Any

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: developers.mailersend.com, "Webhooks": activity.hard_bounced, activity.soft_bounced.
    """
    how = {"hard_bounced": Bounce.HARD, "soft_bounced": Bounce.SOFT}.get(word(raw, "data", "type"))
    return bounced(reading, how) if how else reading


PROVIDER = Provider(
    "MailerSend",
    Keeps.ASKED,
    "Custom headers and a custom unsubscribe address need the Professional or Enterprise plan. "
    "On other plans, MailerSend writes the unsubscribe headers itself.",
    "https://www.mailersend.com/help/how-to-add-a-custom-unsubscribe-header",
    message_id=Keeps.NO,
    sends_message_id=False,
    link_as="list_unsubscribe",
    metadata=False,
    watches=True,
    reads=read,
)
