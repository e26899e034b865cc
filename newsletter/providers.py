"""What each mail provider does with the headers of a digest.

Gmail and Yahoo want `List-Unsubscribe` and `List-Unsubscribe-Post` (RFC 8058) in bulk mail. Some
providers carry them as they are given, some only for accounts that asked for it, and some put their
own in their place: a reader who then presses "unsubscribe" leaves the provider's list and stays on
ours. With such a provider nothing is sent until an operator has looked at a mail that arrived
(setting UNSUBSCRIBE_HEADERS_SEEN).

The table was read from the providers' and Anymail's documentation in 2026; each line names where.
docs/deploying.md shows it, and a test compares the two.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.core.mail import EmailMessage

ANYMAIL = "anymail.backends."


class Keeps(StrEnum):
    """What becomes of a header that we give to a provider."""

    YES = "yes"
    ASKED = "if asked to"
    """Only as some setting of the account, or a plan, allows."""
    NO = "no"
    """Replaced by the provider's own, or refused."""
    UNKNOWN = "not documented"


@dataclass(frozen=True, slots=True)
class Provider:
    """One of Anymail's providers."""

    name: str
    """Anymail's name for it."""
    unsubscribe: Keeps
    """Whether it carries `List-Unsubscribe` and `List-Unsubscribe-Post` as we write them."""
    why: str
    """What an operator has to know, in a sentence."""
    source: str
    message_id: Keeps = Keeps.UNKNOWN
    """Whether our Message-ID stays. Where not, a delivery is known by its metadata."""
    sends_message_id: bool = True
    """False where a Message-ID of ours is an error."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers that make it keep ours."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anymail's `esp_extra` that makes it keep ours."""
    link_as: str = ""
    """The request's parameter that takes the https address alone and makes both headers of it."""
    metadata: bool = True
    """False where it has none; then metadata becomes tags, "delivery_id:7"."""
    tags: int | None = None
    """The most tags that it takes; None for any number."""
    watches: bool = False
    """Whether it would note what readers open and follow, and can be told for each mail not to.
    The others do not, or only by a setting of the account.
    """


_TABLE = [
    Provider(
        "Amazon SES",
        Keeps.YES,
        "The message goes out as we wrote it; Message-ID and Date are set anew. Do not use "
        "Amazon's own subscription management.",
        "https://docs.aws.amazon.com/ses/latest/dg/header-fields.html",
        message_id=Keeps.NO,
    ),
    Provider(
        "Brevo",
        Keeps.ASKED,
        "Brevo puts a List-Unsubscribe of its own into transactional mail; ask its support to "
        "leave yours alone.",
        "https://help.brevo.com/hc/en-us/articles/19100260472850",
        message_id=Keeps.NO,
    ),
    Provider(
        "MailerSend",
        Keeps.ASKED,
        "Headers and an unsubscribe address of one's own are for the plans Professional and "
        "Enterprise; in all others MailerSend writes the unsubscribe headers itself.",
        "https://www.mailersend.com/help/how-to-add-a-custom-unsubscribe-header",
        message_id=Keeps.NO,
        sends_message_id=False,
        link_as="list_unsubscribe",
        metadata=False,
        watches=True,
    ),
    Provider(
        "Mailgun",
        Keeps.YES,
        "Turn unsubscribe handling off in the domain's tracking settings, or Mailgun adds "
        "unsubscribe headers and a footer of its own.",
        "https://help.mailgun.com/hc/en-us/articles/203306610-Unsubscribe-Handling-Links",
        message_id=Keeps.YES,
        watches=True,
    ),
    Provider(
        "Mailjet",
        Keeps.NO,
        "Mailjet's Send API replaces List-Unsubscribe by its own, which leads to Mailjet.",
        "https://github.com/Notifuse/notifuse/issues/348",
        message_id=Keeps.NO,
        sends_message_id=False,
        tags=1,
        watches=True,
    ),
    Provider(
        "Mailtrap",
        Keeps.UNKNOWN,
        "Mailtrap takes headers of one's own, but does not say which it keeps.",
        "https://anymail.dev/en/stable/esps/mailtrap/",
        tags=1,
    ),
    Provider(
        "Mandrill",
        Keeps.YES,
        "Leave Mandrill's unsubscribe footer and its UNSUB tag out, or it adds a List-Unsubscribe "
        "of its own.",
        "https://mandrill.zendesk.com/hc/en-us/articles/205582947",
        watches=True,
    ),
    Provider(
        "Postal",
        Keeps.YES,
        "Postal is a mail server of your own and passes headers on.",
        "https://github.com/postalserver/postal/issues/1292",
        metadata=False,
        tags=1,
    ),
    Provider(
        "Postmark",
        Keeps.ASKED,
        "Bulk mail goes through a broadcast stream, where Postmark writes the unsubscribe headers "
        "itself until its support lets you manage unsubscribes on your own.",
        "https://postmarkapp.com/support/article/1299-how-to-include-a-list-unsubscribe-header",
        message_id=Keeps.YES,
        headers={"X-PM-KeepID": "true"},
        tags=1,
        watches=True,
    ),
    Provider(
        "Resend",
        Keeps.YES,
        "Resend documents both headers for mail to a list that you manage yourself.",
        "https://resend.com/docs/dashboard/emails/add-unsubscribe-to-transactional-emails",
    ),
    Provider(
        "Scaleway",
        Keeps.UNKNOWN,
        "Scaleway takes additional headers, but does not say which it keeps.",
        "https://www.scaleway.com/en/docs/transactional-email/api-cli/send-emails-with-api",
    ),
    Provider(
        "SendGrid",
        Keeps.YES,
        "Turn subscription tracking off, or SendGrid writes unsubscribe headers of its own.",
        "https://docs.sendgrid.com/ui/sending-email/list-unsubscribe",
        watches=True,
    ),
    Provider(
        "SparkPost",
        Keeps.ASKED,
        "SparkPost replaces List-Unsubscribe in mail that is not marked transactional. Broadsheet "
        "marks it; Anymail's documentation says that it may be replaced all the same.",
        "https://anymail.dev/en/stable/esps/sparkpost/#limitations-and-quirks",
        extra={"options": {"transactional": True}},
        tags=1,
        watches=True,
    ),
    Provider(
        "Unisender Go",
        Keeps.ASKED,
        "A List-Unsubscribe of one's own is for accounts that were approved to leave Unisender's "
        "unsubscribe link out.",
        "https://anymail.dev/en/stable/esps/unisender_go/",
        watches=True,
    ),
]
PROVIDERS = {provider.name: provider for provider in _TABLE}
"""By Anymail's name."""

_HTTPS = re.compile("<(https?://[^>]+)>")  # in List-Unsubscribe
_MODULES = {name.lower().replace(" ", "_"): provider for name, provider in PROVIDERS.items()}


def fit(message: EmailMessage, provider: Provider) -> None:
    """Change a message so that `provider` takes it, keeps the unsubscribe headers if it can, and
    does not watch its reader.
    """
    headers = message.extra_headers
    extra: dict[str, Any] = dict(provider.extra)
    if not provider.sends_message_id:
        headers.pop("Message-ID", None)
    if provider.link_as and "List-Unsubscribe" in headers:
        found = _HTTPS.search(headers.pop("List-Unsubscribe"))
        headers.pop("List-Unsubscribe-Post", None)
        if found:
            extra[provider.link_as] = found[1]
    headers.update(provider.headers)
    if provider.watches:  # whatever the account's own settings say
        vars(message).update(track_opens=False, track_clicks=False)
    if extra:
        vars(message)["esp_extra"] = extra | getattr(message, "esp_extra", {})


def provider_named(name: str) -> Provider | None:
    """The provider of that name in Anymail (`esp_name`); None for one that is not in the table."""
    return PROVIDERS.get(name)


def provider_of(backend_path: str) -> Provider | None:
    """The provider behind a mail backend's dotted path; None for SMTP and for unknown ones."""
    if not backend_path.startswith(ANYMAIL):
        return None
    return _MODULES.get(backend_path.removeprefix(ANYMAIL).partition(".")[0])


def is_anymail(backend_path: str) -> bool:
    """Whether mail goes through a provider's API, which reports back by webhook."""
    return backend_path.startswith(ANYMAIL)


def objection(backend_path: str) -> str:
    """Why nothing should be sent through this backend before somebody looked; "" where all is well.

    Raises nothing: a backend that is neither in the table nor Anymail's is taken for SMTP-like,
    which carries a message as it is.
    """
    provider = provider_of(backend_path)
    if provider is None or provider.unsubscribe is Keeps.YES:
        return ""
    verdict = {
        Keeps.ASKED: f"{provider.name} carries our List-Unsubscribe and List-Unsubscribe-Post "
        "headers, which bulk mail must have, only for accounts that asked for it",
        Keeps.NO: f"{provider.name} does not carry our List-Unsubscribe and List-Unsubscribe-Post "
        "headers, which bulk mail must have",
        Keeps.UNKNOWN: f"nobody documents whether {provider.name} carries our List-Unsubscribe and "
        "List-Unsubscribe-Post headers, which bulk mail must have",
    }[provider.unsubscribe]
    return f"{verdict}. {provider.why}"
