"""Anymail's real backends, through the transport, against stand-ins for the providers' APIs."""

import json
import re
import socket
import time
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug import Response

from newsletter.mail.outcomes import Kind
from newsletter.mail.transports.backend import open_transport
from tests.newsletter.mail.test_message import make_mail
from tests.newsletter.provider_answers import ANSWERS
from tests.newsletter.smtp_servers import ScriptedServer

ACCEPTED, REFUSED, DEFERRED = Kind.ACCEPTED, Kind.REFUSED, Kind.DEFERRED
IN_DOUBT, BROKEN = Kind.IN_DOUBT, Kind.BROKEN


@dataclass(frozen=True)
class Provider:
    """How one of Anymail's backends is made to talk to a stand-in, and what it answers."""

    module: str
    settings: dict[str, str]
    success: tuple[int, Any, dict[str, str]]

    @property
    def path(self):
        return f"anymail.backends.{self.module}.EmailBackend"


QUEUED: tuple[int, Any, dict[str, str]] = (200, {"id": "m-1", "message": "Queued. Thank you."}, {})
PROVIDERS = {
    "brevo": Provider("brevo", {"api_key": "k"}, (201, {"messageId": "m-1"}, {})),
    "mailersend": Provider("mailersend", {"api_token": "k"}, (202, "", {"X-Message-Id": "m-1"})),
    "mailgun": Provider("mailgun", {"api_key": "k", "sender_domain": "example.org"}, QUEUED),
    "mailjet": Provider(
        "mailjet",
        {"api_key": "k", "secret_key": "s"},
        (
            200,
            {
                "Messages": [
                    {
                        "Status": "success",
                        "To": [{"Email": "alice@example.org", "MessageID": "m-1"}],
                    }
                ]
            },
            {},
        ),
    ),
    "postmark": Provider(
        "postmark",
        {"server_token": "k"},
        (
            200,
            {"ErrorCode": 0, "Message": "OK", "MessageID": "m-1", "To": "alice@example.org"},
            {},
        ),
    ),
    "resend": Provider("resend", {"api_key": "k"}, (200, {"id": "m-1"}, {})),
    "sparkpost": Provider(
        "sparkpost",
        {"api_key": "k"},
        (
            200,
            {
                "results": {
                    "total_accepted_recipients": 1,
                    "total_rejected_recipients": 0,
                    "id": "m-1",
                }
            },
            {},
        ),
    ),
}
EVERY = pytest.mark.parametrize("name", sorted(PROVIDERS))


def answer(httpserver, number, body, headers=None):
    httpserver.clear()
    is_json = not isinstance(body, str)
    httpserver.expect_request(re.compile(".*")).respond_with_response(
        Response(
            json.dumps(body) if is_json else body,
            status=number,
            headers=headers or {},
            content_type="application/json" if is_json else "text/html",
        )
    )


def transport_for(name, url, **options):
    provider = PROVIDERS[name]
    return open_transport(
        provider.path, api_url=url, **{"timeout": 2, **provider.settings, **options}
    )


class TestProviders:
    @EVERY
    def test_success(self, name, httpserver):
        answer(httpserver, *PROVIDERS[name].success)
        with transport_for(name, httpserver.url_for("/")) as transport:
            outcomes = [transport.send(make_mail()) for _ in range(3)]
        assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
        assert outcomes[0].provider_id == "m-1"
        assert len(httpserver.log) == 3

    @EVERY
    @pytest.mark.parametrize(
        ("number", "kind"),
        [
            (401, BROKEN),
            (403, BROKEN),
            (404, BROKEN),
            (413, REFUSED),
            (429, DEFERRED),
            (500, IN_DOUBT),
            (502, IN_DOUBT),
            (503, DEFERRED),
        ],
    )
    def test_errors(self, name, number, kind, httpserver):
        answer(httpserver, number, "<html>error</html>", {"Retry-After": "17"})
        with transport_for(name, httpserver.url_for("/")) as transport:
            outcome = transport.send(make_mail())
        assert outcome.kind is kind
        assert outcome.code == f"HTTP {number}"
        assert not outcome.suppress
        if kind is DEFERRED:
            assert outcome.retry_after == 17

    @pytest.mark.parametrize(("name", "number", "body", "kind", "suppress"), ANSWERS)
    def test_each_in_its_own_words(self, name, number, body, kind, suppress, httpserver):
        answer(httpserver, number, body)
        with transport_for(name, httpserver.url_for("/")) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.suppress) == (kind, suppress), outcome
        assert outcome.reason

    @EVERY
    def test_no_answer_in_time_is_a_doubt(self, name):
        def script(line):
            line.hear()
            time.sleep(0.6)

        with ScriptedServer(script) as server:
            url = f"http://127.0.0.1:{server.port}/"
            with transport_for(name, url, timeout=0.3) as transport:
                outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code) == (IN_DOUBT, "timeout")

    @EVERY
    def test_a_connection_cut_after_the_request_is_a_doubt(self, name):
        with (
            ScriptedServer(lambda line: line.hear()) as server,
            transport_for(name, f"http://127.0.0.1:{server.port}/") as transport,
        ):
            outcome = transport.send(make_mail())
        assert outcome.kind is IN_DOUBT

    @EVERY
    def test_a_refused_connection_is_not(self, name):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        with transport_for(name, f"http://127.0.0.1:{port}/") as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.tried) == (DEFERRED, False)

    @EVERY
    def test_header_injection_never_reaches_the_provider(self, name, httpserver):
        answer(httpserver, *PROVIDERS[name].success)
        with transport_for(name, httpserver.url_for("/")) as transport:
            for changes in (
                {"subject": "Hi\r\nBcc: eve@example.org"},
                {"headers": (("X-Note", "a\nBcc: eve@example.org"),)},
                {"to_addr": "alice@example.org\nBcc: eve@example.org"},
                {"to_addr": "alice@example.org, eve@example.org"},
            ):
                outcome = transport.send(make_mail(**changes))
                assert (outcome.kind, outcome.code) == (REFUSED, "unsendable")
        assert httpserver.log == []

    def test_one_session_serves_all_messages(self, httpserver):
        answer(httpserver, *PROVIDERS["postmark"].success)
        with transport_for("postmark", httpserver.url_for("/")) as transport:
            transport.send(make_mail())
            session = transport._connection.session
            transport.send(make_mail())
            assert transport._connection.session is session is not None
        assert transport._connection.session is None

    def test_an_error_does_not_disturb_the_next_message(self, httpserver):
        with transport_for("postmark", httpserver.url_for("/")) as transport:
            answer(httpserver, 500, "oops")
            assert transport.send(make_mail()).kind is IN_DOUBT
            answer(httpserver, *PROVIDERS["postmark"].success)
            assert transport.send(make_mail()).kind is ACCEPTED

    def test_a_signal_receiver_that_cancels_or_fails(self, httpserver):
        from anymail.exceptions import AnymailCancelSend
        from anymail.signals import post_send, pre_send

        def cancel(**kwargs):
            raise AnymailCancelSend

        def fail(**kwargs):
            raise ValueError("a mistake of ours")

        answer(httpserver, *PROVIDERS["postmark"].success)
        with transport_for("postmark", httpserver.url_for("/")) as transport:
            pre_send.connect(cancel)
            try:
                assert transport.send(make_mail()).kind is REFUSED
            finally:
                pre_send.disconnect(cancel)
            assert httpserver.log == []
            post_send.connect(fail)
            try:
                assert transport.send(make_mail()).kind is ACCEPTED
            finally:
                post_send.disconnect(fail)
