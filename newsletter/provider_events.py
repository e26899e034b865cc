"""What a provider's event says beyond Anymail's vocabulary: whether a bounce is hard or soft.

Anymail brings all providers' events to one vocabulary, in which a full mailbox and a dead address
are both "bounced". The difference decides whether a reader is given up, so it is read here from the
provider's own event. Where provider and receiving server disagree, the milder word counts: several
providers call every 5yz answer a hard bounce, "blocked for spam" included. The rules follow the
providers' documentation of their webhooks; newsletter.mail.bounce_severity has those for status
codes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from newsletter.mail.bounce_severity import severity, status_in
from newsletter.models import Delivery

Bounce = Delivery.Bounce


@dataclass(frozen=True, slots=True)
class Reading:
    """An event as the ledger takes it. `kind` and `reason` are Anymail's words; `severity` is empty
    unless the mail came back.
    """

    kind: str
    reason: str = ""
    severity: str = ""


_BY_REASON = {
    # Of a message that the provider did not even try to send.
    RejectReason.INVALID: Bounce.HARD,
    RejectReason.BOUNCED: Bounce.HARD,
    RejectReason.TIMED_OUT: Bounce.SOFT,
    # On the provider's own list for some reason of its own: no mail will arrive until somebody
    # looks into it, so it counts towards a pause.
    RejectReason.BLOCKED: Bounce.SOFT,
}


def read(event: AnymailTrackingEvent, provider: str) -> Reading:
    """What `event` from an Anymail webhook says. Raises nothing, whatever the event holds."""
    raw = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    reading = Reading(str(event.event_type or EventType.UNKNOWN), str(event.reject_reason or ""))
    special = _PROVIDERS.get(provider)
    if special is not None:
        reading = special(raw, reading)
    text = f"{event.mta_response or ''} {event.description or ''}"
    if reading.kind == EventType.REJECTED and not reading.severity:
        return replace(reading, severity=_BY_REASON.get(reading.reason, Bounce.BLOCKED))
    if reading.kind == EventType.BOUNCED:
        return replace(reading, severity=_weighed(reading, text))
    return reading


def _weighed(reading: Reading, text: str) -> Delivery.Bounce:
    """The provider's word, made milder by the server's."""
    said = severity("", text) if status_in(text) else None
    word = reading.severity
    if not word:
        if said is not None:
            return said
        return Bounce.HARD if reading.reason == RejectReason.INVALID else severity("", text)
    if word == Bounce.HARD and said is not None:
        return said
    if word == Bounce.SOFT and said == Bounce.BLOCKED:
        return Bounce.BLOCKED
    return Bounce(word)


def _part(raw: Any, *path: str) -> Any:
    """The value at `path` in nested JSON objects; None where there is none."""
    for name in path:
        raw = raw.get(name) if isinstance(raw, Mapping) else None
    return raw


def _word(raw: Any, *path: str) -> str:
    value = _part(raw, *path)
    return value.strip().lower() if isinstance(value, str) else ""


def _bounced(reading: Reading, how: Delivery.Bounce | str, reason: str = "") -> Reading:
    return replace(reading, kind=EventType.BOUNCED, severity=how, reason=reason or reading.reason)


# --- One function for each provider -------------------------------------------------------


def _amazon_ses(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # docs.aws.amazon.com/ses, "Contents of event data that Amazon SES publishes to Amazon SNS"
    event = _word(raw, "eventType") or _word(raw, "notificationType")
    if event == "deliverydelay":
        return replace(reading, kind=EventType.DEFERRED)
    if event == "complaint" and _word(raw, "complaint", "complaintFeedbackType") == "not-spam":
        return replace(reading, kind=EventType.UNKNOWN, reason="")
    if event == "reject":  # its own virus scanner: nothing about the address
        return replace(reading, severity=Bounce.BLOCKED)
    if event != "bounce":
        return reading
    kind, subtype = _word(raw, "bounce", "bounceType"), _word(raw, "bounce", "bounceSubType")
    if subtype == "unsubscribedrecipient":
        return replace(reading, kind=EventType.UNSUBSCRIBED, reason=RejectReason.UNSUBSCRIBED)
    if kind == "permanent":
        return _bounced(reading, Bounce.HARD)
    refused = subtype in ("contentrejected", "attachmentrejected")
    return _bounced(reading, Bounce.BLOCKED if refused else Bounce.SOFT)


def _brevo(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # developers.brevo.com, "Transactional webhooks"
    how = {
        "hard_bounce": Bounce.HARD,
        "invalid_email": Bounce.HARD,
        "soft_bounce": Bounce.SOFT,
    }.get(_word(raw, "event"))
    return _bounced(reading, how) if how else reading


def _mailersend(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # developers.mailersend.com, "Webhooks": activity.hard_bounced, activity.soft_bounced
    how = {"hard_bounced": Bounce.HARD, "soft_bounced": Bounce.SOFT}.get(_word(raw, "data", "type"))
    return _bounced(reading, how) if how else reading


def _mailgun(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # documentation.mailgun.com, "Events": failed with severity permanent, and a reason
    if reading.kind != EventType.BOUNCED:
        return reading
    match _word(raw, "event-data", "reason"):
        case "suppress-complaint":
            return replace(reading, kind=EventType.REJECTED, reason=RejectReason.SPAM)
        case "suppress-unsubscribe":
            return replace(reading, kind=EventType.REJECTED, reason=RejectReason.UNSUBSCRIBED)
        case "suppress-bounce":
            return replace(reading, kind=EventType.REJECTED, reason=RejectReason.BOUNCED)
        case "bounce":
            return _bounced(reading, Bounce.HARD)
        case "old":  # tried for hours, in vain
            return _bounced(reading, Bounce.SOFT)
        case "espblock":
            return _bounced(reading, Bounce.BLOCKED)
    return _bounced(reading, "")


def _mailjet(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # dev.mailjet.com, "Event API": bounce, blocked, with hard_bounce, error_related_to and error
    event, error = _word(raw, "event"), _word(raw, "error")
    if event not in ("bounce", "blocked") or reading.kind == EventType.DEFERRED:
        return reading
    if error == "spam reporter":
        return replace(reading, kind=EventType.REJECTED, reason=RejectReason.SPAM)
    if error == "preblocked":  # it bounced for Mailjet before
        return replace(reading, reason=RejectReason.BLOCKED, severity=Bounce.SOFT)
    related = _word(raw, "error_related_to")
    if related in ("spam", "content", "policy", "mailjet") or error in ("relay/access denied",):
        return replace(reading, severity=Bounce.BLOCKED)
    if error == "quota exceeded":
        return replace(reading, severity=Bounce.SOFT)
    hard = bool(_part(raw, "hard_bounce"))
    return replace(reading, severity=Bounce.HARD if hard else Bounce.SOFT)


def _mailtrap(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # docs.mailtrap.io, "Webhooks"
    how = {"bounce": Bounce.HARD, "soft bounce": Bounce.SOFT}.get(_word(raw, "event"))
    return _bounced(reading, how) if how else reading


def _mandrill(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # mailchimp.com/developer/transactional, "Webhooks": hard_bounce, soft_bounce, reject
    event = _word(raw, "event")
    how = {"hard_bounce": Bounce.HARD, "soft_bounce": Bounce.SOFT}.get(event)
    if how:
        return _bounced(reading, how)
    if event == "reject":
        why = {
            "hard-bounce": RejectReason.BOUNCED,
            "soft-bounce": RejectReason.TIMED_OUT,
            "spam": RejectReason.SPAM,
            "unsub": RejectReason.UNSUBSCRIBED,
            "invalid": RejectReason.INVALID,
        }.get(_word(raw, "msg", "reject", "reason") or _word(raw, "msg", "reject"))
        return replace(reading, reason=why or reading.reason)
    return reading


def _postal(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # docs.postalserver.io, "Webhooks": a HardFail is a refusal for good, whatever the reason
    if _word(raw, "payload", "status") == "hardfail":
        return _bounced(reading, "")
    return reading


_POSTMARK = {
    # postmarkapp.com/developer, "Bounce types"
    "hardbounce": Bounce.HARD,
    "bademailaddress": Bounce.HARD,
    "softbounce": Bounce.SOFT,
    "undeterminedbounce": Bounce.SOFT,
    "blocked": Bounce.BLOCKED,
    "spamnotification": Bounce.BLOCKED,
    "dmarcpolicy": Bounce.BLOCKED,
    "virusnotification": Bounce.BLOCKED,
}


def _postmark(raw: Mapping[str, Any], reading: Reading) -> Reading:
    record = _word(raw, "RecordType")
    if record == "bounce":
        how = _POSTMARK.get(_word(raw, "Type"))
        return _bounced(reading, how) if how else reading
    if record == "subscriptionchange" and reading.kind == EventType.BOUNCED:
        return _bounced(reading, Bounce.HARD)
    return reading


def _resend(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # resend.com/docs, "email.bounced": bounce.type is that of Amazon SES
    if _word(raw, "type") == "email.suppressed":
        return replace(reading, kind=EventType.REJECTED, reason=RejectReason.BLOCKED)
    if reading.kind != EventType.BOUNCED:
        return reading
    subtype = _word(raw, "data", "bounce", "subType")
    if subtype in ("suppressed", "onaccountsuppressionlist"):
        return _bounced(reading, Bounce.HARD)
    kind = _word(raw, "data", "bounce", "type")
    how = {"permanent": Bounce.HARD, "transient": Bounce.SOFT, "undetermined": Bounce.SOFT}
    return _bounced(reading, how.get(kind, ""))


def _sendgrid(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # twilio.com/docs/sendgrid, "Event Webhook Reference": bounce has a type, dropped a reason
    event = _word(raw, "event")
    if event == "bounce":
        blocked = _word(raw, "type") == "blocked"
        return _bounced(reading, Bounce.BLOCKED if blocked else Bounce.HARD)
    if event == "dropped":
        why = {
            "bounced address": RejectReason.BOUNCED,
            "invalid": RejectReason.INVALID,
            "spam reporting address": RejectReason.SPAM,
            "unsubscribed address": RejectReason.UNSUBSCRIBED,
        }.get(_word(raw, "reason"))
        return replace(reading, reason=why or reading.reason)
    return reading


def _sparkpost(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # support.sparkpost.com, "Bounce classification codes"
    msys = _part(raw, "msys")
    inner = next(iter(msys.values()), None) if isinstance(msys, Mapping) else None
    kind, code = _word(inner, "type"), str(_part(inner, "bounce_class") or "")
    if kind not in ("bounce", "out_of_band", "policy_rejection", "generation_rejection"):
        return reading
    if kind in ("policy_rejection", "generation_rejection"):
        # Its own lists: "550 5.7.1 recipient address suppressed due to customer policy" and others.
        if code in ("10", "30"):
            return replace(reading, reason=RejectReason.BOUNCED)
        return replace(reading, severity=Bounce.SOFT if code == "25" else Bounce.BLOCKED)
    if reading.kind != EventType.BOUNCED:
        return reading
    if code in ("10", "30"):
        return _bounced(reading, Bounce.HARD)
    return _bounced(reading, Bounce.BLOCKED if code[:1] == "5" else Bounce.SOFT)


def _unisender_go(raw: Mapping[str, Any], reading: Reading) -> Reading:
    # godocs.unisender.ru, "Callback format": status and delivery_info.delivery_status
    status, why = _word(raw, "status"), _word(raw, "delivery_info", "delivery_status")
    if status not in ("hard_bounced", "soft_bounced"):
        return reading
    if why == "err_will_retry":
        return replace(reading, kind=EventType.DEFERRED)
    if why == "err_unsubscribed":
        return replace(reading, kind=EventType.REJECTED, reason=RejectReason.UNSUBSCRIBED)
    if why.startswith("err_spam") or why == "err_blacklisted":
        return _bounced(reading, Bounce.BLOCKED)
    hard = why in ("err_user_unknown", "err_user_inactive", "err_domain_inactive")
    return _bounced(reading, Bounce.HARD if hard and status == "hard_bounced" else Bounce.SOFT)


_PROVIDERS: dict[str, Callable[[Mapping[str, Any], Reading], Reading]] = {
    "Amazon SES": _amazon_ses,
    "Brevo": _brevo,
    "MailerSend": _mailersend,
    "Mailgun": _mailgun,
    "Mailjet": _mailjet,
    "Mailtrap": _mailtrap,
    "Mandrill": _mandrill,
    "Postal": _postal,
    "Postmark": _postmark,
    "Resend": _resend,
    "SendGrid": _sendgrid,
    "SparkPost": _sparkpost,
    "Unisender Go": _unisender_go,
}
