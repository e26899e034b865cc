"""What mail providers post to a webhook, in the forms of their documentation, with real signatures.

`EVENTS` has, for each provider and each thing that may become of a mail, the payload and what we
take it for. `post` sends one to a test client as the provider would.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from newsletter.mail.message_ids import message_id
from newsletter.pages.webhooks import path_secrets, url_of

PASSWORD = "hook:s3cret"
AT = 1_781_165_100  # 2026-06-11 08:05:00 UTC
ISO = "2026-06-11T08:05:00.000Z"
ALICE = "alice@example.org"
KEY = "a-signing-key"

#: ANYMAIL as it would be set for all of them at once.
ANYMAIL = {
    "WEBHOOK_SECRET": PASSWORD,
    "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
    "MAILERSEND_SIGNING_SECRET": KEY,
    "MANDRILL_WEBHOOK_KEY": KEY,
    "UNISENDER_GO_API_KEY": KEY,
}

HARD, SOFT, BLOCKED, NONE = "hard", "soft", "blocked", ""

Payload = Any


@dataclass(frozen=True)
class Said:
    """One event of a provider's: what happened, and how it must be understood."""

    provider: str
    what: str
    payload: Callable[[int], Payload]
    """By delivery id; called anew for every post, so that ids stay the same and times too."""
    kind: str
    reason: str = ""
    severity: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.provider}-{self.what}"


def post(client: Client, said: Said, delivery_id: int, **changes: Any) -> Any:
    """Post the event as its provider would: its encoding, its signature, our password."""
    body, content_type, headers = _wrapped(said, said.payload(delivery_id))
    password = changes.get("password", PASSWORD)
    if password:
        headers["Authorization"] = "Basic " + base64.b64encode(password.encode()).decode()
    headers |= changes.get("headers", {})
    secret = changes.get("secret", path_secrets()[0])
    return client.generic(
        "POST",
        f"/webhooks/{secret}/{said.provider}/",
        changes.get("body", body),
        content_type=content_type,
        headers=headers,
        secure=True,
    )


def _wrapped(said: Said, payload: Payload) -> tuple[bytes, str, dict[str, str]]:
    """Body, content type and headers."""
    body, headers = json.dumps(payload).encode(), dict(said.headers)
    match said.provider:
        case "amazon_ses":
            headers |= {
                "X-Amz-Sns-Message-Type": payload["Type"],
                "X-Amz-Sns-Message-Id": payload["MessageId"],
            }
            return body, "text/plain; charset=UTF-8", headers
        case "mailersend":
            headers["Signature"] = hmac.new(KEY.encode(), body, "sha256").hexdigest()
        case "mandrill":
            form = {"mandrill_events": json.dumps(payload)}
            host = "testserver"
            url = url_of("mandrill").replace("papers.example.org", host)
            signed = url + "".join(name + value for name, value in sorted(form.items()))
            mac = hmac.new(KEY.encode(), signed.encode(), "sha1").digest()
            headers["X-Mandrill-Signature"] = base64.b64encode(mac).decode()
            return urlencode(form).encode(), "application/x-www-form-urlencoded", headers
        case "resend":
            headers["svix-id"] = f"msg_{said.what}"
        case "unisender_go":
            text = json.dumps(payload | {"auth": KEY})
            auth = hashlib.md5(text.encode()).hexdigest()
            body = text.replace(KEY, auth).encode()
    return body, "application/json", headers


# --- Amazon SES, by way of SNS: docs.aws.amazon.com/ses, event-publishing-retrieving-sns ------


def _ses(event: str, **details: Any) -> Callable[[int], Payload]:
    def payload(delivery_id: int) -> Payload:
        message = {
            "eventType": event,
            "mail": {
                "timestamp": ISO,
                "source": "digest@papers.example.org",
                "sendingAccountId": "123456789012",
                "messageId": "0100018f-ses",
                "destination": [ALICE],
                "headersTruncated": False,
                "headers": [
                    {"name": "Message-ID", "value": message_id(delivery_id)},
                    {"name": "X-Metadata", "value": json.dumps({"delivery_id": str(delivery_id)})},
                    {"name": "X-Tag", "value": "digest"},
                ],
            },
            **details,
        }
        return {
            "Type": "Notification",
            "MessageId": "sns-" + hashlib.sha256(json.dumps(message).encode()).hexdigest()[:30],
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses",
            "Message": json.dumps(message),
            "Timestamp": ISO,
            "SignatureVersion": "1",
        }

    return payload


def _ses_bounce(kind: str, subtype: str, code: str) -> Callable[[int], Payload]:
    recipient = {
        "emailAddress": ALICE,
        "action": "failed",
        "status": code.split()[1],
        "diagnosticCode": f"smtp; {code}",
    }
    bounce = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [recipient],
        "timestamp": ISO,
        "feedbackId": "f",
    }
    return _ses("Bounce", bounce=bounce)


def _ses_complaint(feedback: str) -> Callable[[int], Payload]:
    return _ses(
        "Complaint",
        complaint={
            "complainedRecipients": [{"emailAddress": ALICE}],
            "complaintFeedbackType": feedback,
            "userAgent": "ExampleCorp Feedback Loop (V0.01)",
            "timestamp": ISO,
            "feedbackId": feedback,
        },
    )


_SES = [
    Said(
        "amazon_ses",
        "delivered",
        _ses("Delivery", delivery={"recipients": [ALICE], "smtpResponse": "250 ok"}),
        "delivered",
    ),
    Said(
        "amazon_ses",
        "deferred",
        _ses(
            "DeliveryDelay",
            deliveryDelay={
                "delayType": "TransientCommunicationFailure",
                "delayedRecipients": [{"emailAddress": ALICE, "status": "4.4.1"}],
                "timestamp": ISO,
            },
        ),
        "deferred",
    ),
    Said(
        "amazon_ses",
        "hard bounce",
        _ses_bounce("Permanent", "General", "550 5.1.1 user unknown"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "amazon_ses",
        "soft bounce",
        _ses_bounce("Transient", "MailboxFull", "552 5.2.2 mailbox full"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said(
        "amazon_ses",
        "called permanent, but a matter of policy",
        _ses_bounce("Permanent", "General", "550 5.7.1 blocked, see example.net/why"),
        "bounced",
        "bounced",
        BLOCKED,
    ),
    Said("amazon_ses", "complained", _ses_complaint("abuse"), "complained", "spam"),
    Said("amazon_ses", "taken out of the spam folder", _ses_complaint("not-spam"), "unknown"),
    Said(
        "amazon_ses",
        "opened",
        _ses("Open", open={"ipAddress": "192.0.2.1", "timestamp": ISO, "userAgent": "Mail"}),
        "opened",
    ),
    Said(
        "amazon_ses",
        "clicked",
        _ses("Click", click={"link": "https://arxiv.org/abs/1", "userAgent": "Firefox"}),
        "clicked",
    ),
    Said(
        "amazon_ses",
        "rejected",
        _ses("Reject", reject={"reason": "Bad content"}),
        "rejected",
        "blocked",
        BLOCKED,
    ),
    Said(
        "amazon_ses",
        "unsubscribed",
        _ses_bounce("Permanent", "UnsubscribedRecipient", "550 5.7.1 has unsubscribed"),
        "unsubscribed",
        "unsubscribed",
    ),
]


# --- Brevo: developers.brevo.com, transactional webhooks ---------------------------------------


def _brevo(event: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "event": event,
        "email": ALICE,
        "id": 26224,
        "date": "2026-06-11 10:05:00",
        "ts": AT,
        "ts_event": AT,
        "ts_epoch": AT * 1000,
        "message-id": message_id(delivery_id),
        "subject": "Papers",
        "tags": ["digest"],
        "X-Mailin-custom": json.dumps({"delivery_id": str(delivery_id)}),
        "sending_ip": "192.0.2.7",
        **details,
    }


_BREVO = [
    Said("brevo", "delivered", _brevo("delivered"), "delivered"),
    Said("brevo", "deferred", _brevo("deferred", reason="421 4.7.0 try later"), "deferred"),
    Said(
        "brevo",
        "hard bounce",
        _brevo("hard_bounce", reason="550 5.1.1 does not exist"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "brevo",
        "soft bounce",
        _brevo("soft_bounce", reason="552 5.2.2 over quota"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said("brevo", "invalid address", _brevo("invalid_email"), "bounced", "invalid", HARD),
    Said("brevo", "complained", _brevo("spam"), "complained", "spam"),
    Said("brevo", "unsubscribed", _brevo("unsubscribe"), "unsubscribed"),
    Said("brevo", "opened", _brevo("unique_opened"), "opened"),
    Said("brevo", "clicked", _brevo("click", link="https://arxiv.org/abs/1"), "clicked"),
    Said(
        "brevo",
        "rejected",
        _brevo("blocked", reason="blocked : due to blacklist user"),
        "rejected",
        "blocked",
        SOFT,
    ),
]


# --- Mailgun: documentation.mailgun.com, webhooks ----------------------------------------------


def _mailgun(event: str, **details: Any) -> Callable[[int], Payload]:
    def payload(delivery_id: int) -> Payload:
        stamp = str(AT)
        token = hashlib.sha256(f"{event}{json.dumps(details)}".encode()).hexdigest()[:50]
        signature = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
        return {
            "signature": {"timestamp": stamp, "token": token, "signature": signature},
            "event-data": {
                "event": event,
                "id": "Ase7i2zsRYeDXztHGENqRA",
                "timestamp": AT + 0.5,
                "recipient": ALICE,
                "recipient-domain": "example.org",
                "tags": ["digest"],
                "user-variables": {"delivery_id": str(delivery_id)},
                "message": {"headers": {"message-id": message_id(delivery_id).strip("<>")}},
                **details,
            },
        }

    return payload


def _mailgun_failed(severity: str, reason: str, code: int, text: str) -> Callable[[int], Payload]:
    status = {"code": code, "message": text, "description": "", "attempt-no": 1}
    return _mailgun("failed", severity=severity, reason=reason, **{"delivery-status": status})


_MAILGUN = [
    Said(
        "mailgun",
        "delivered",
        _mailgun("delivered", **{"delivery-status": {"code": 250, "message": "OK"}}),
        "delivered",
    ),
    Said(
        "mailgun",
        "deferred",
        _mailgun_failed("temporary", "generic", 421, "4.7.0 try again"),
        "deferred",
        "other",
    ),
    Said(
        "mailgun",
        "hard bounce",
        _mailgun_failed("permanent", "bounce", 550, "5.1.1 no such user here"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "mailgun",
        "soft bounce",
        _mailgun_failed("permanent", "old", 498, "4.4.1 too old"),
        "bounced",
        "other",
        SOFT,
    ),
    Said(
        "mailgun",
        "full, though called permanent",
        _mailgun_failed("permanent", "bounce", 552, "5.2.2 mailbox is full"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said("mailgun", "complained", _mailgun("complained"), "complained"),
    Said("mailgun", "unsubscribed", _mailgun("unsubscribed"), "unsubscribed"),
    Said(
        "mailgun",
        "opened",
        _mailgun("opened", **{"client-info": {"user-agent": "Thunderbird"}}),
        "opened",
    ),
    Said("mailgun", "clicked", _mailgun("clicked", url="https://arxiv.org/abs/1"), "clicked"),
    Said(
        "mailgun",
        "rejected, bounced before",
        _mailgun_failed(
            "permanent", "suppress-bounce", 605, "Not delivering to previously bounced"
        ),
        "rejected",
        "bounced",
        HARD,
    ),
    Said(
        "mailgun",
        "rejected, complained before",
        _mailgun_failed("permanent", "suppress-complaint", 607, "Not delivering to a user who"),
        "rejected",
        "spam",
        BLOCKED,
    ),
    Said(
        "mailgun",
        "rejected, unsubscribed before",
        _mailgun_failed("permanent", "suppress-unsubscribe", 606, "Not delivering to unsubscribed"),
        "rejected",
        "unsubscribed",
        BLOCKED,
    ),
    Said(
        "mailgun",
        "rejected",
        _mailgun("rejected", reject={"reason": "Sandbox subdomains are for test purposes only"}),
        "rejected",
        "other",
        BLOCKED,
    ),
]


# --- Mailjet: dev.mailjet.com, Event API -------------------------------------------------------


def _mailjet(event: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: [
        {
            "event": event,
            "time": AT,
            "MessageID": 19421777835146490,
            "email": ALICE,
            "mj_campaign_id": 7257,
            "customcampaign": "",
            "CustomID": "",
            "Payload": json.dumps({"delivery_id": str(delivery_id)}),
            **details,
        }
    ]


def _mailjet_bounce(
    event: str, *, hard: bool, related: str, error: str
) -> Callable[[int], Payload]:
    return _mailjet(
        event,
        blocked=event == "blocked",
        hard_bounce=hard,
        error_related_to=related,
        error=error,
    )


_MAILJET = [
    Said("mailjet", "delivered", _mailjet("sent", smtp_reply="sent (250 2.0.0 OK)"), "delivered"),
    Said(
        "mailjet",
        "deferred",
        _mailjet_bounce("bounce", hard=False, related="domain", error="greylisted"),
        "deferred",
        "other",
    ),
    Said(
        "mailjet",
        "hard bounce",
        _mailjet_bounce("bounce", hard=True, related="recipient", error="user unknown"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "mailjet",
        "soft bounce",
        _mailjet_bounce("bounce", hard=False, related="recipient", error="quota exceeded"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said(
        "mailjet",
        "blocked as spam",
        _mailjet_bounce("bounce", hard=True, related="spam", error="sender blocked"),
        "bounced",
        "blocked",
        BLOCKED,
    ),
    Said("mailjet", "complained", _mailjet("spam", source="JMRPP"), "complained"),
    Said("mailjet", "unsubscribed", _mailjet("unsub", mj_list_id=1), "unsubscribed"),
    Said("mailjet", "opened", _mailjet("open", ip="192.0.2.1", agent="Mail"), "opened"),
    Said("mailjet", "clicked", _mailjet("click", url="https://arxiv.org/abs/1"), "clicked"),
    Said(
        "mailjet",
        "rejected",
        _mailjet_bounce("blocked", hard=False, related="mailjet", error="preblocked"),
        "rejected",
        "blocked",
        SOFT,
    ),
    Said(
        "mailjet",
        "rejected, complained before",
        _mailjet_bounce("blocked", hard=False, related="recipient", error="spam reporter"),
        "rejected",
        "spam",
        BLOCKED,
    ),
]


# --- Postmark: postmarkapp.com/developer, webhooks ---------------------------------------------


def _postmark(record: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "RecordType": record,
        "MessageStream": "outbound",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Tag": "digest",
        "Metadata": {"delivery_id": str(delivery_id)},
        **details,
    }


def _postmark_bounce(kind: str, code: int, details: str) -> Callable[[int], Payload]:
    return _postmark(
        "Bounce",
        ID=4323372036854775000 + code,
        Type=kind,
        TypeCode=code,
        Name=kind,
        Description="The server was unable to deliver your message.",
        Details=details,
        Email=ALICE,
        BouncedAt=ISO,
        Inactive=True,
        CanActivate=True,
    )


def _postmark_change(reason: str | None) -> Callable[[int], Payload]:
    return _postmark(
        "SubscriptionChange",
        Recipient=ALICE,
        ChangedAt=ISO,
        Origin="Recipient",
        SuppressSending=reason is not None,
        SuppressionReason=reason,
    )


_POSTMARK = [
    Said(
        "postmark",
        "delivered",
        _postmark("Delivery", Recipient=ALICE, DeliveredAt=ISO, Details="250 2.0.0 OK"),
        "delivered",
    ),
    Said("postmark", "deferred", _postmark_bounce("Transient", 2, "451 4.3.0 later"), "deferred"),
    Said(
        "postmark",
        "hard bounce",
        _postmark_bounce("HardBounce", 1, "smtp;550 5.1.1 The account does not exist"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "postmark",
        "soft bounce",
        _postmark_bounce("SoftBounce", 4096, "smtp;552 5.2.2 over quota"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said(
        "postmark",
        "blocked by the receiver",
        _postmark_bounce("Blocked", 100006, "smtp;550 5.7.1 listed"),
        "bounced",
        "blocked",
        BLOCKED,
    ),
    Said(
        "postmark",
        "complained",
        _postmark("SpamComplaint", ID=42, Type="SpamComplaint", Email=ALICE, BouncedAt=ISO),
        "complained",
        "spam",
    ),
    Said(
        "postmark",
        "unsubscribed",
        _postmark_change("ManualSuppression"),
        "unsubscribed",
        "unsubscribed",
    ),
    Said(
        "postmark",
        "suppressed after a bounce",
        _postmark_change("HardBounce"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said("postmark", "subscribed", _postmark_change(None), "subscribed"),
    Said("postmark", "opened", _postmark("Open", Recipient=ALICE, ReceivedAt=ISO), "opened"),
    Said(
        "postmark",
        "clicked",
        _postmark("Click", Recipient=ALICE, ReceivedAt=ISO, OriginalLink="https://arxiv.org/abs/1"),
        "clicked",
    ),
    Said(
        "postmark",
        "rejected",
        _postmark_bounce("ManuallyDeactivated", 100007, "deactivated by you"),
        "rejected",
        "blocked",
        SOFT,
    ),
]


# --- Resend: resend.com/docs, webhooks ---------------------------------------------------------


def _resend(event: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "type": event,
        "created_at": ISO,
        "data": {
            "created_at": ISO,
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "from": "digest@papers.example.org",
            "to": [ALICE],
            "subject": "Papers",
            "headers": [
                {"name": "X-Metadata", "value": json.dumps({"delivery_id": str(delivery_id)})},
                {"name": "X-Tags", "value": '["digest"]'},
            ],
            **details,
        },
    }


def _resend_bounce(kind: str, subtype: str, text: str) -> Callable[[int], Payload]:
    return _resend("email.bounced", bounce={"type": kind, "subType": subtype, "message": text})


_RESEND = [
    Said("resend", "delivered", _resend("email.delivered"), "delivered"),
    Said("resend", "deferred", _resend("email.delivery_delayed"), "deferred"),
    Said(
        "resend",
        "hard bounce",
        _resend_bounce("Permanent", "General", "The provider sent a hard bounce message."),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "resend",
        "soft bounce",
        _resend_bounce(
            "Transient", "MailboxFull", "sent a bounce message because the inbox was full."
        ),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said("resend", "complained", _resend("email.complained"), "complained"),
    Said("resend", "opened", _resend("email.opened"), "opened"),
    Said(
        "resend",
        "clicked",
        _resend("email.clicked", click={"link": "https://arxiv.org/abs/1", "userAgent": "Firefox"}),
        "clicked",
    ),
    Said(
        "resend",
        "rejected",
        _resend_bounce(
            "Permanent", "Suppressed", "Resend has suppressed sending to this address because"
        ),
        "bounced",
        "blocked",
        HARD,
    ),
]


# --- MailerSend: developers.mailersend.com, webhooks -------------------------------------------


def _mailersend(kind: str, morph: dict[str, Any] | None = None) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "type": f"activity.{kind}",
        "domain_id": "yv69oxl5kl785kw2",
        "created_at": ISO,
        "webhook_id": "2351ndgwr4zqx8ko",
        "data": {
            "object": "activity",
            "id": f"activity-{kind}",
            "type": kind,
            "created_at": ISO,
            "email": {
                "object": "email",
                "from": "digest@papers.example.org",
                "status": "delivered",
                "tags": [f"delivery_id:{delivery_id}", "digest"],
                "message": {"object": "message", "id": "62fb66bef54a112e920b5493"},
                "recipient": {"object": "recipient", "email": ALICE},
            },
            "morph": morph,
        },
    }


_MAILERSEND = [
    Said("mailersend", "delivered", _mailersend("delivered"), "delivered"),
    Said("mailersend", "deferred", _mailersend("deferred"), "unknown"),
    Said(
        "mailersend",
        "hard bounce",
        _mailersend("hard_bounced", {"object": "recipient_bounce", "reason": "Host or domain"}),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "mailersend",
        "soft bounce",
        _mailersend("soft_bounced", {"object": "recipient_bounce", "reason": "Mailbox full"}),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said(
        "mailersend",
        "complained",
        _mailersend("spam_complaint", {"object": "spam_complaint", "reason": None}),
        "complained",
        "spam",
    ),
    Said(
        "mailersend",
        "unsubscribed",
        _mailersend("unsubscribed", {"object": "recipient_unsubscribe", "reason": "option_3"}),
        "unsubscribed",
        "unsubscribed",
    ),
    Said("mailersend", "opened", _mailersend("opened", {"object": "open"}), "opened"),
    Said(
        "mailersend",
        "clicked",
        _mailersend("clicked", {"object": "click", "url": "https://arxiv.org/abs/1"}),
        "clicked",
    ),
]


# --- SparkPost: developers.sparkpost.com, webhooks ---------------------------------------------


def _sparkpost(kind: str, event_class: str = "message_event", **details: Any) -> Any:
    return lambda delivery_id: [
        {
            "msys": {
                event_class: {
                    "type": kind,
                    "event_id": f"92356927693813{len(kind)}{details.get('bounce_class', '')}",
                    "timestamp": str(AT),
                    "message_id": "000443ee14578172be22",
                    "transmission_id": "65832150921904138",
                    "rcpt_to": ALICE,
                    "raw_rcpt_to": "Alice@Example.org",
                    "rcpt_meta": {"delivery_id": str(delivery_id)},
                    "rcpt_tags": [],
                    **details,
                }
            }
        }
    ]


_SPARKPOST = [
    Said("sparkpost", "delivered", _sparkpost("delivery"), "delivered"),
    Said(
        "sparkpost",
        "deferred",
        _sparkpost("delay", bounce_class="20", raw_reason="421 4.7.0 busy"),
        "deferred",
        "bounced",
    ),
    Said(
        "sparkpost",
        "hard bounce",
        _sparkpost("bounce", bounce_class="10", raw_reason="550 5.1.1 user unknown"),
        "bounced",
        "invalid",
        HARD,
    ),
    Said(
        "sparkpost",
        "soft bounce",
        _sparkpost("out_of_band", bounce_class="22", raw_reason="552 5.2.2 mailbox full"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said(
        "sparkpost",
        "blocked for its content, which is no complaint",
        _sparkpost("bounce", bounce_class="51", raw_reason="550 5.7.1 spam"),
        "bounced",
        "spam",
        BLOCKED,
    ),
    Said("sparkpost", "complained", _sparkpost("spam_complaint", fbtype="abuse"), "complained"),
    Said(
        "sparkpost",
        "unsubscribed",
        _sparkpost("list_unsubscribe", "unsubscribe_event"),
        "unsubscribed",
    ),
    Said("sparkpost", "opened", _sparkpost("open", "track_event", user_agent="Mail"), "opened"),
    Said(
        "sparkpost",
        "clicked",
        _sparkpost("click", "track_event", target_link_url="https://arxiv.org/abs/1"),
        "clicked",
    ),
    Said(
        "sparkpost",
        "rejected",
        _sparkpost(
            "policy_rejection", bounce_class="25", raw_reason="550 5.7.1 recipient suppressed"
        ),
        "rejected",
        "blocked",
        SOFT,
    ),
]


# --- SendGrid: twilio.com/docs/sendgrid, Event Webhook Reference -------------------------------


def _sendgrid(event: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: [
        {
            "event": event,
            "email": ALICE,
            "timestamp": AT,
            "sg_event_id": f"sg-{event}-{details.get('type', '')}{details.get('reason', '')}"[:90],
            "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
            "smtp-id": message_id(delivery_id),
            "category": ["digest"],
            "delivery_id": str(delivery_id),
            **details,
        }
    ]


_SENDGRID = [
    Said("sendgrid", "delivered", _sendgrid("delivered", response="250 OK"), "delivered"),
    Said("sendgrid", "deferred", _sendgrid("deferred", response="400 try again"), "deferred"),
    Said(
        "sendgrid",
        "hard bounce",
        _sendgrid("bounce", type="bounce", reason="550 5.1.1 unknown user", status="5.1.1"),
        "bounced",
        "",
        HARD,
    ),
    Said(
        "sendgrid",
        "soft bounce",
        _sendgrid("bounce", type="bounce", reason="552 5.2.2 mailbox full", status="5.2.2"),
        "bounced",
        "",
        SOFT,
    ),
    Said(
        "sendgrid",
        "blocked by the receiver",
        _sendgrid("bounce", type="blocked", reason="550 5.7.1 blocked", status="5.7.1"),
        "bounced",
        "",
        BLOCKED,
    ),
    Said("sendgrid", "complained", _sendgrid("spamreport"), "complained"),
    Said("sendgrid", "unsubscribed", _sendgrid("unsubscribe"), "unsubscribed"),
    Said("sendgrid", "opened", _sendgrid("open", useragent="Mail"), "opened"),
    Said("sendgrid", "clicked", _sendgrid("click", url="https://arxiv.org/abs/1"), "clicked"),
    Said(
        "sendgrid",
        "rejected, bounced before",
        _sendgrid("dropped", reason="Bounced Address", status="5.0.0"),
        "rejected",
        "bounced",
        HARD,
    ),
    Said(
        "sendgrid",
        "rejected, complained before",
        _sendgrid("dropped", reason="Spam Reporting Address"),
        "rejected",
        "spam",
        BLOCKED,
    ),
]


# --- Mandrill: mailchimp.com/developer/transactional, webhooks ---------------------------------


def _mandrill(event: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: [
        {
            "event": event,
            "ts": AT,
            "_id": "abcdef123456789012345678901234",
            "msg": {
                "ts": AT - 10,
                "_id": "abcdef123456789012345678901234",
                "email": ALICE,
                "sender": "digest@papers.example.org",
                "subject": "Papers",
                "tags": ["digest"],
                "metadata": {"delivery_id": str(delivery_id)},
                "state": event,
                **details,
            },
        }
    ]


_MANDRILL = [
    Said("mandrill", "delivered", _mandrill("send"), "sent"),
    Said("mandrill", "deferred", _mandrill("deferral", diag="421 4.7.0 later"), "deferred"),
    Said(
        "mandrill",
        "hard bounce",
        _mandrill("hard_bounce", bounce_description="bad_mailbox", diag="smtp;550 5.1.1 unknown"),
        "bounced",
        "",
        HARD,
    ),
    Said(
        "mandrill",
        "soft bounce",
        _mandrill("soft_bounce", bounce_description="mailbox_full", diag="smtp;552 5.2.2 full"),
        "bounced",
        "",
        SOFT,
    ),
    Said("mandrill", "complained", _mandrill("spam"), "complained"),
    Said("mandrill", "unsubscribed", _mandrill("unsub"), "unsubscribed"),
    Said("mandrill", "opened", _mandrill("open"), "opened"),
    Said("mandrill", "clicked", _mandrill("click"), "clicked"),
    Said(
        "mandrill",
        "rejected",
        _mandrill("reject", reject={"reason": "hard-bounce", "last_event_at": "2026-05-01"}),
        "rejected",
        "bounced",
        HARD,
    ),
]


# --- Unisender Go: godocs.unisender.ru, callback format ----------------------------------------


def _unisender(status: str, why: str = "", **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "auth": "",
        "events_by_user": [
            {
                "user_id": 456,
                "events": [
                    {
                        "event_name": "transactional_email_status",
                        "event_data": {
                            "job_id": "1a3Q2V-0000OZ-S0",
                            "metadata": {"delivery_id": str(delivery_id)},
                            "email": ALICE,
                            "status": status,
                            "event_time": "2026-06-11 08:05:00",
                            "delivery_info": {"delivery_status": why},
                            **details,
                        },
                    }
                ],
            }
        ],
    }


_UNISENDER = [
    Said("unisender_go", "delivered", _unisender("delivered", "ok_delivered"), "delivered"),
    Said("unisender_go", "deferred", _unisender("soft_bounced", "err_will_retry"), "deferred"),
    Said(
        "unisender_go",
        "hard bounce",
        _unisender("hard_bounced", "err_user_unknown"),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "unisender_go",
        "soft bounce",
        _unisender("hard_bounced", "err_mailbox_full"),
        "bounced",
        "bounced",
        SOFT,
    ),
    Said(
        "unisender_go",
        "blocked as spam",
        _unisender("hard_bounced", "err_spam_rejected"),
        "bounced",
        "spam",
        BLOCKED,
    ),
    Said("unisender_go", "complained", _unisender("spam"), "complained"),
    Said("unisender_go", "unsubscribed", _unisender("unsubscribed"), "unsubscribed"),
    Said("unisender_go", "opened", _unisender("opened"), "opened"),
    Said(
        "unisender_go", "clicked", _unisender("clicked", url="https://arxiv.org/abs/1"), "clicked"
    ),
    Said(
        "unisender_go",
        "rejected, unsubscribed before",
        _unisender("hard_bounced", "err_unsubscribed"),
        "rejected",
        "unsubscribed",
        BLOCKED,
    ),
]


# --- Mailtrap: docs.mailtrap.io, webhooks ------------------------------------------------------


def _mailtrap(event: str, **details: Any) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "events": [
            {
                "event": event,
                "message_id": "1df37d17-0286-4d8b-8edf-bc4ec5be86e6",
                "sending_stream": "bulk",
                "email": ALICE,
                "timestamp": AT,
                "event_id": f"bede7236-{event}",
                "category": "digest",
                "custom_variables": {"delivery_id": str(delivery_id)},
                **details,
            }
        ]
    }


_MAILTRAP = [
    Said("mailtrap", "delivered", _mailtrap("delivery"), "delivered"),
    Said("mailtrap", "deferred", _mailtrap("suspension", reason="paused"), "deferred", "other"),
    Said(
        "mailtrap",
        "hard bounce",
        _mailtrap("bounce", response="550 5.1.1 unknown", response_code=550),
        "bounced",
        "bounced",
        HARD,
    ),
    Said(
        "mailtrap",
        "soft bounce",
        _mailtrap("soft bounce", response="452 4.2.2 full", response_code=452),
        "bounced",
        "other",
        SOFT,
    ),
    Said("mailtrap", "complained", _mailtrap("spam"), "complained", "spam"),
    Said("mailtrap", "unsubscribed", _mailtrap("unsubscribe"), "unsubscribed", "unsubscribed"),
    Said("mailtrap", "opened", _mailtrap("open", user_agent="Mail"), "opened"),
    Said("mailtrap", "clicked", _mailtrap("click", url="https://arxiv.org/abs/1"), "clicked"),
    Said(
        "mailtrap",
        "rejected",
        _mailtrap("reject", reason="on the list"),
        "rejected",
        "blocked",
        SOFT,
    ),
]

# --- Postal: docs.postalserver.io, webhooks; signed with RSA, see the test ---------------------


def _postal(status: str, details: str, output: str) -> Callable[[int], Payload]:
    return lambda delivery_id: {
        "event": "MessageSent",
        "timestamp": AT,
        "uuid": f"0fcc8ebe-{status}",
        "payload": {
            "message": _postal_message(delivery_id),
            "status": status,
            "details": details,
            "output": output,
            "sent_with_ssl": True,
            "timestamp": AT,
        },
    }


def _postal_message(delivery_id: int) -> dict[str, Any]:
    return {
        "id": 12345,
        "token": "abcdef123",
        "direction": "outgoing",
        "message_id": message_id(delivery_id).strip("<>"),
        "to": ALICE,
        "from": "digest@papers.example.org",
        "tag": f"delivery_id:{delivery_id}",
    }


def _postal_bounced(delivery_id: int) -> Payload:
    bounce = _postal_message(delivery_id) | {"id": 12347, "direction": "incoming"}
    return {
        "event": "MessageBounced",
        "timestamp": AT,
        "uuid": "0fcc8ebe-bounced",
        "payload": {"original_message": _postal_message(delivery_id), "bounce": bounce},
    }


POSTAL = [
    Said("postal", "delivered", _postal("Sent", "Accepted", "250 2.0.0 OK"), "delivered"),
    Said("postal", "deferred", _postal("SoftFail", "Will retry", "421 4.7.0 later"), "deferred"),
    Said(
        "postal",
        "hard bounce",
        _postal("HardFail", "Permanent failure", "550 5.1.1 no such user"),
        "bounced",
        "",
        HARD,
    ),
    Said("postal", "came back later", _postal_bounced, "bounced", "bounced", SOFT),
]

EVENTS: list[Said] = [
    *_SES,
    *_BREVO,
    *_MAILGUN,
    *_MAILJET,
    *_POSTMARK,
    *_RESEND,
    *_MAILERSEND,
    *_SPARKPOST,
    *_SENDGRID,
    *_MANDRILL,
    *_UNISENDER,
    *_MAILTRAP,
]
