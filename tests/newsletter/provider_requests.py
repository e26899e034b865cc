"""Every provider's backend against a stand-in, and the headers that each was asked to send.

The stand-ins answer as the providers do. `told(...)` reads a request in the provider's own form
and gives the header fields in it, so that one test can hold all of them to the same list.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from types import ModuleType
from typing import Any

from newsletter.mail.transports.backend import open_transport
from newsletter.mail.transports.base import Transport

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class StandIn:
    """How one of Anymail's backends is made to talk to a stand-in, and what that answers."""

    settings: dict[str, str]
    answer: Any
    headers: Callable[[Any], Pairs]
    """From the request's JSON, or its form, to the header fields that it asks for."""
    status: int = 200
    answer_headers: dict[str, str] = field(default_factory=dict)


def _named(body: Any) -> Pairs:
    return list(body["headers"].items())


def _mailersend(body: Any) -> Pairs:
    """It makes both unsubscribe headers of one parameter."""
    fields = [(one["name"], one["value"]) for one in body["headers"]]
    if link := body.get("list_unsubscribe"):
        fields.append(("List-Unsubscribe", f"<{link}>"))
        fields.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return fields


QUEUED = {"id": "m-1", "message": "Queued. Thank you."}
STAND_INS = {
    "brevo": StandIn({"api_key": "k"}, {"messageId": "m-1"}, _named, status=201),
    "mailersend": StandIn(
        {"api_token": "k"},
        "",
        _mailersend,
        status=202,
        answer_headers={"X-Message-Id": "m-1"},
    ),
    "mailgun": StandIn(
        {"api_key": "k", "sender_domain": "example.org"},
        QUEUED,
        lambda form: [(name[2:], value) for name, value in form if name.startswith("h:")],
    ),
    "mailjet": StandIn(
        {"api_key": "k", "secret_key": "s"},
        {
            "Messages": [
                {"Status": "success", "To": [{"Email": "alice@example.org", "MessageID": "m-1"}]}
            ]
        },
        lambda body: list(body["Globals"]["Headers"].items()),
    ),
    "mailtrap": StandIn({"api_token": "k"}, {"success": True, "message_ids": ["m-1"]}, _named),
    "mandrill": StandIn(
        {"api_key": "k"},
        [{"email": "alice@example.org", "status": "sent", "_id": "m-1"}],
        lambda body: _named(body["message"]),
    ),
    "postal": StandIn(
        {"api_key": "k"},
        {
            "status": "success",
            "data": {"message_id": "m", "messages": {"alice@example.org": {"id": 1}}},
        },
        _named,
    ),
    "postmark": StandIn(
        {"server_token": "k"},
        {"ErrorCode": 0, "Message": "OK", "MessageID": "m-1", "To": "alice@example.org"},
        lambda body: [(one["Name"], one["Value"]) for one in body["Headers"]],
    ),
    "resend": StandIn({"api_key": "k"}, {"id": "m-1"}, _named),
    "scaleway": StandIn(
        {"secret_key": "k", "project_id": "p"},
        {"emails": [{"id": "m-1", "status": "new", "mail_rcpt": "alice@example.org"}]},
        lambda body: [(one["key"], one["value"]) for one in body["additional_headers"]],
    ),
    "sendgrid": StandIn({"api_key": "k"}, "", _named, status=202),
    "sparkpost": StandIn(
        {"api_key": "k"},
        {
            "results": {
                "total_accepted_recipients": 1,
                "total_rejected_recipients": 0,
                "id": "m-1",
            }
        },
        lambda body: _named(body["content"]),
    ),
    "unisender_go": StandIn(
        {"api_key": "k", "api_url": ""},
        {"status": "success", "job_id": "m-1", "emails": ["alice@example.org"]},
        lambda body: _named(body["message"]),
    ),
}


def transport_for(name: str, url: str, **options: Any) -> Transport:
    """The transport for a provider, talking to the stand-in at `url`."""
    chosen = {"timeout": 2, **STAND_INS[name].settings, "api_url": url, **options}
    return open_transport(f"anymail.backends.{name}.EmailBackend", **chosen)


def answer(httpserver: Any, name: str) -> None:
    """Let the stand-in take every message as the provider does."""
    from werkzeug import Response

    one = STAND_INS[name]
    is_json = not isinstance(one.answer, str)
    httpserver.clear()
    httpserver.expect_request(re.compile(".*")).respond_with_response(
        Response(
            json.dumps(one.answer) if is_json else one.answer,
            status=one.status,
            headers=one.answer_headers,
            content_type="application/json" if is_json else "text/html",
        )
    )


def asked_of(name: str, request: Any) -> Any:
    """What the request holds: a list of form fields for Mailgun, JSON for all others."""
    if name == "mailgun":
        return list(request.form.items(multi=True))
    return json.loads(request.get_data(as_text=True))


def told(name: str, request: Any) -> Pairs:
    """The header fields that a request asks the provider to send."""
    return STAND_INS[name].headers(asked_of(name, request))


class FakeSes:
    """Amazon's client in place of boto3, which is an optional part of an installation."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_email(self, **parameters: Any) -> dict[str, str]:
        self.sent.append(parameters["Content"]["Raw"]["Data"])
        return {"MessageId": "m-1"}

    def close(self) -> None:
        """Nothing is open."""

    @property
    def headers(self) -> Pairs:
        """The header fields of the last message."""
        return [(name, str(value)) for name, value in message_from_bytes(self.sent[-1]).items()]


def ses_transport(monkeypatch: Any, client: FakeSes) -> Transport:
    """The transport for Amazon SES, handing its requests to `client`."""
    boto3, botocore = ModuleType("boto3"), ModuleType("botocore")
    session = type("Session", (), {"client": lambda self, *_, **__: client, "__init__": _any})
    boto3.session = type("session", (), {"Session": session})  # type: ignore[attr-defined]
    botocore.client = ModuleType("botocore.client")  # type: ignore[attr-defined]
    botocore.client.Config = type("Config", (), {"__init__": _any, "merge": lambda self, _: self})
    botocore.exceptions = ModuleType("botocore.exceptions")  # type: ignore[attr-defined]
    for error in ("BotoCoreError", "ClientError", "ConnectionError"):
        setattr(botocore.exceptions, error, type(error, (Exception,), {}))
    fakes = {
        "boto3": boto3,
        "botocore": botocore,
        "botocore.client": botocore.client,
        "botocore.exceptions": botocore.exceptions,
    }
    for name, module in fakes.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "anymail.backends.amazon_ses", raising=False)
    return open_transport("anymail.backends.amazon_ses.EmailBackend")


def _any(*_: Any, **__: Any) -> None:
    """Take anything."""
