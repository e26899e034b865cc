"""The last look at an email before a provider's API gets it, whoever made it.

Digests are checked as they are built. The other emails (confirmations, Django's error reports) go
to Anymail's backends as Django messages, which check neither line breaks nor control characters:
what Django's own SMTP backend refuses would reach the provider, and in its hands become headers.
What each provider wants to be told differently is changed here as well, for all emails alike.
"""

from typing import Any

from anymail.signals import pre_send
from django.core.mail import EmailMessage
from django.dispatch import receiver

from newsletter.mail import headers
from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.providers import registry as providers


@receiver(pre_send, dispatch_uid="newsletter.mail.outgoing")
def before_sending(sender: Any, message: EmailMessage, esp_name: str, **_: Any) -> None:
    """Raise `UnsendableMail` for what must not leave, and fit the rest to the provider."""
    refuse_unsafe(message)
    provider = providers.provider_named(esp_name)
    if provider is not None:
        providers.fit(message, provider)


def refuse_unsafe(message: EmailMessage) -> None:
    """Raise `UnsendableMail` for a subject, a header or an address that holds a control character,
    for a header that is there twice, and for one that does not fit on a line.
    """
    headers.unstructured("Subject", str(message.subject))
    headers.mailbox("From", str(message.from_email))
    for recipient in message.recipients():
        headers.mailbox("To", str(recipient))
    for reply_to in message.reply_to or ():
        headers.mailbox("Reply-To", str(reply_to))
    names = [name.lower() for name in message.extra_headers]
    if len(set(names)) < len(names):
        raise UnsendableMail("a header appears twice")
    for name, value in message.extra_headers.items():
        headers.check_name(name)
        headers.header(name, str(value))
