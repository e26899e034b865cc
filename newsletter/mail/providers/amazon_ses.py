"""Amazon SES."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.exceptions import AnymailAPIError
from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.bounce_severity import names_a_limit
from newsletter.mail.outcomes import Kind, Outcome, clean, described
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: docs.aws.amazon.com/ses, "Contents of event data that Amazon SES publishes to
    Amazon SNS".
    """
    event = word(raw, "eventType") or word(raw, "notificationType")
    if event == "deliverydelay":
        return replace(reading, kind=EventType.DEFERRED)
    if event == "complaint" and word(raw, "complaint", "complaintFeedbackType") == "not-spam":
        return replace(reading, kind=EventType.UNKNOWN, reason="")
    if event == "reject":  # its own virus scanner: nothing about the address
        return replace(reading, severity=Bounce.BLOCKED)
    if event != "bounce":
        return reading
    kind, subtype = word(raw, "bounce", "bounceType"), word(raw, "bounce", "bounceSubType")
    if subtype == "unsubscribedrecipient":
        return replace(reading, kind=EventType.UNSUBSCRIBED, reason=RejectReason.UNSUBSCRIBED)
    if kind == "permanent":
        return bounced(reading, Bounce.HARD)
    refused = subtype in ("contentrejected", "attachmentrejected")
    return bounced(reading, Bounce.BLOCKED if refused else Bounce.SOFT)


_THROTTLES = ("Throttling", "TooManyRequests", "LimitExceeded", "ServiceUnavailable")
_OUR_ACCOUNT = ("NotVerified", "Suspended", "Paused", "NotFound", "AccessDenied", "Token", "Signa")


def sort(error: AnymailAPIError) -> Outcome | None:
    """What an error of boto3 says of one message; None for any other provider's.

    botocore's errors are told by their module and name, for it need not be installed.
    """
    if isinstance(error.response, Mapping):
        return _sort_answer(error.response, error)
    cause = error.__cause__ or error
    is_botos = any(kind.__module__.startswith("botocore") for kind in type(cause).__mro__)
    return _sort_without_answer(cause) if is_botos else None


def _sort_answer(response: Mapping[str, Any], error: BaseException) -> Outcome:
    word = str(response.get("Error", {}).get("Code", ""))
    reason = clean(response.get("Error", {}).get("Message", "") or error)
    number = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if any(part in word for part in _THROTTLES) or names_a_limit(reason):
        return Outcome(Kind.DEFERRED, word, reason)
    if number >= 500:
        return Outcome(Kind.IN_DOUBT, word, reason)
    if any(part in word for part in _OUR_ACCOUNT) or "not verified" in reason:
        return Outcome(Kind.BROKEN, word, reason)
    return Outcome(Kind.REFUSED, word, reason)


def _sort_without_answer(error: BaseException) -> Outcome:
    name, reason = type(error).__name__, described(error)
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"):
        return Outcome(Kind.DEFERRED, name, reason, tried=False)
    if "Credential" in name or name in ("NoRegionError", "ParamValidationError", "SSLError"):
        return Outcome(Kind.BROKEN, name, reason, tried=False)
    return Outcome(Kind.IN_DOUBT, name, reason)


PROVIDER = Provider(
    "Amazon SES",
    Keeps.YES,
    "The message is sent as composed, with a new Message-ID and Date. Don't use Amazon's own "
    "subscription management.",
    "https://docs.aws.amazon.com/ses/latest/dg/header-fields.html",
    message_id=Keeps.NO,
    reads=read,
    sorts=sort,
)
