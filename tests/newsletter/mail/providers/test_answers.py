"""Sorting what providers' APIs say, and what they do not say."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from anymail.message import AnymailRecipientStatus, AnymailStatus
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.outcomes import REASON_LIMIT, Kind
from newsletter.mail.providers.answers import retry_after, sort_provider_error, sort_status

ACCEPTED, REFUSED, DEFERRED = Kind.ACCEPTED, Kind.REFUSED, Kind.DEFERRED
IN_DOUBT, BROKEN = Kind.IN_DOUBT, Kind.BROKEN


def api_error(number, body="", headers=None, error=AnymailRequestsAPIError):
    response = requests.Response()
    response.status_code = number
    response._content = body.encode()
    response.headers.update(headers or {})
    response.reason = "reason"
    return error("failed", response=response)


def network_error(cause):
    """As Anymail raises it: a class made on the spot, from the original."""
    kind = type("AnymailRequestsAPIError", (AnymailRequestsAPIError, type(cause)), {})
    error = kind("Error posting to https://api.example.com:")
    error.__cause__ = cause
    return error


class TestProviders:
    @pytest.mark.parametrize(
        ("number", "body", "kind", "suppress"),
        [
            (400, '{"message": "\'to\' parameter is not a valid address"}', REFUSED, True),
            (422, '{"message": "The to.0.email must be a valid email address."}', REFUSED, True),
            (422, '{"name": "validation_error", "message": "Invalid `to` field."}', REFUSED, True),
            (
                400,
                '{"code": "invalid_parameter", "message": "email is not valid in to"}',
                REFUSED,
                True,
            ),
            (422, '{"message": "The from.email domain must be verified."}', BROKEN, False),
            (400, '{"message": "the sender you used is not valid. Go to settings"}', BROKEN, False),
            (422, '{"message": "Invalid `from` field."}', BROKEN, False),
            (400, '{"message": "could not send to anyone, invalid JSON"}', REFUSED, False),
            (400, "", REFUSED, False),
            (413, "too large", REFUSED, False),
            (401, '{"message": "bad key"}', BROKEN, False),
            (402, '{"message": "no credits"}', BROKEN, False),
            (403, '{"message": "the domain is not verified"}', BROKEN, False),
            (403, '{"message": "daily limit reached"}', DEFERRED, False),
            (404, "not found", BROKEN, False),
            (408, "", DEFERRED, False),
            (420, '{"errors": [{"message": "Exceed Sending Limit"}]}', DEFERRED, False),
            (429, '{"message": "too many requests"}', DEFERRED, False),
            (500, "oops", IN_DOUBT, False),
            (502, "<html>bad gateway</html>", IN_DOUBT, False),
            (503, "maintenance", DEFERRED, False),
            (504, "", IN_DOUBT, False),
            (200, "not json", IN_DOUBT, False),
            (200, "Mailgun Magnificent API", BROKEN, False),
            (301, "", BROKEN, False),
        ],
    )
    def test_answers_are_sorted(self, number, body, kind, suppress):
        outcome = sort_provider_error(api_error(number, body))
        assert (outcome.kind, outcome.suppress) == (kind, suppress)
        assert outcome.bounce == ("hard" if suppress else "")
        assert outcome.code == f"HTTP {number}"
        assert outcome.tried

    @given(st.integers(100, 599), st.text(max_size=200))
    def test_no_answer_is_an_acceptance_and_a_reason_is_clean(self, number, body):
        outcome = sort_provider_error(api_error(number, body))
        assert outcome.kind is not ACCEPTED
        assert len(outcome.reason) <= REASON_LIMIT
        if number in (500, 502, 504):
            assert outcome.kind is IN_DOUBT

    def test_the_reason_is_the_providers(self):
        body = '{"errors": [{"message": "Invalid recipient", "description": "no a@b"}], "id": 1}'
        assert sort_provider_error(api_error(400, body)).reason == "Invalid recipient; no [address]"

    @pytest.mark.parametrize(
        ("error", "kind", "tried"),
        [
            (requests.ConnectTimeout("connect"), DEFERRED, False),
            (requests.ReadTimeout("read"), IN_DOUBT, True),
            (requests.ConnectionError("Connection aborted."), IN_DOUBT, True),
            (requests.exceptions.ChunkedEncodingError("cut"), IN_DOUBT, True),
            (requests.exceptions.MissingSchema("no scheme"), BROKEN, False),
            (requests.exceptions.InvalidHeader("bad header"), BROKEN, False),
            (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), BROKEN, False),
            (requests.exceptions.SSLError("EOF occurred"), IN_DOUBT, True),
            (requests.TooManyRedirects("30"), BROKEN, True),
        ],
    )
    def test_no_answer_is_a_doubt_unless_nothing_left(self, error, kind, tried):
        for raised in (error, network_error(error)):
            outcome = sort_provider_error(raised)
            assert (outcome.kind, outcome.tried) == (kind, tried)

    def test_a_refused_connection_is_seen_through_its_wrappings(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        with pytest.raises(requests.ConnectionError) as raised:
            requests.post(f"http://127.0.0.1:{port}/", timeout=5)
        outcome = sort_provider_error(network_error(raised.value))
        assert (outcome.kind, outcome.tried) == (DEFERRED, False)
        with pytest.raises(requests.ConnectionError) as raised:
            requests.post("http://no-such-host.invalid/", timeout=5)
        assert sort_provider_error(network_error(raised.value)).kind is DEFERRED

    @pytest.mark.parametrize(
        ("error", "kind", "suppress"),
        [
            (
                AnymailInvalidAddress("Invalid email address 'x' parsed from 'x' in `to`."),
                REFUSED,
                True,
            ),
            (AnymailInvalidAddress("Invalid email address 'x' in `from_email`."), BROKEN, False),
            (AnymailUnsupportedFeature("MailerSend does not support metadata"), BROKEN, False),
            (AnymailSerializationError("date"), BROKEN, False),
            (AnymailConfigurationError("no key"), BROKEN, False),
        ],
    )
    def test_what_anymail_refuses_by_itself(self, error, kind, suppress):
        outcome = sort_provider_error(error)
        assert (outcome.kind, outcome.suppress, outcome.tried) == (kind, suppress, False)

    @pytest.mark.parametrize(
        ("response", "kind"),
        [
            ({"Error": {"Code": "TooManyRequestsException"}}, DEFERRED),
            ({"Error": {"Code": "ThrottlingException", "Message": "Maximum rate"}}, DEFERRED),
            ({"Error": {"Code": "MessageRejected", "Message": "Address is not verified"}}, BROKEN),
            ({"Error": {"Code": "MessageRejected", "Message": "content"}}, REFUSED),
            ({"Error": {"Code": "AccountSuspendedException"}}, BROKEN),
            (
                {"Error": {"Code": "InternalFailure"}, "ResponseMetadata": {"HTTPStatusCode": 500}},
                IN_DOUBT,
            ),
        ],
    )
    def test_amazon_ses_answers(self, response, kind):
        assert sort_provider_error(AnymailAPIError("x", response=response)).kind is kind

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("EndpointConnectionError", DEFERRED),
            ("ReadTimeoutError", IN_DOUBT),
            ("ConnectionClosedError", IN_DOUBT),
            ("NoCredentialsError", BROKEN),
        ],
    )
    def test_amazon_ses_without_an_answer(self, name, kind):
        cause = type(name, (Exception,), {"__module__": "botocore.exceptions"})("x")
        error = AnymailAPIError("x")
        error.__cause__ = cause
        assert sort_provider_error(error).kind is kind


def status_of(word, number=200, body="", message_id="abc"):
    status = AnymailStatus()
    status.esp_response = api_error(number, body).response
    status.set_recipient_status({"a@b.c": AnymailRecipientStatus(message_id, word)})
    return status


class TestRecipientStatus:
    @pytest.mark.parametrize(
        ("word", "kind", "suppress"),
        [
            ("sent", ACCEPTED, False),
            ("queued", ACCEPTED, False),
            ("rejected", REFUSED, True),
            ("invalid", REFUSED, True),
            ("failed", REFUSED, False),
            ("unknown", IN_DOUBT, False),
            (None, IN_DOUBT, False),
        ],
    )
    def test_counts_more_than_the_200(self, word, kind, suppress):
        outcome = sort_status(status_of(word))
        assert (outcome.kind, outcome.suppress) == (kind, suppress)
        assert outcome.provider_id == "abc"

    def test_of_a_refusal_comes_with_the_exception(self):
        message = SimpleNamespace(anymail_status=status_of("rejected"))
        outcome = sort_provider_error(AnymailRecipientsRefused(email_message=message))
        assert (outcome.kind, outcome.code, outcome.suppress) == (REFUSED, "rejected", True)

    def test_is_what_counts_when_a_receiver_of_ours_failed_later(self):
        assert sort_provider_error(ValueError("x"), status_of("sent")).kind is ACCEPTED

    def test_may_come_under_another_spelling(self):
        status = status_of("unknown")
        status.set_recipient_status({"A@b.c": AnymailRecipientStatus("abc", "sent")})
        assert sort_status(status).kind is ACCEPTED

    def test_says_whether_a_mistake_came_before_the_answer(self):
        assert sort_provider_error(TypeError("x"), AnymailStatus()).kind is BROKEN
        assert sort_provider_error(TypeError("x")).kind is IN_DOUBT
        answered = AnymailStatus()
        answered.esp_response = api_error(200).response
        assert sort_provider_error(KeyError("Content-Type"), answered).kind is IN_DOUBT

    def test_empty_is_a_doubt(self):
        assert sort_status(AnymailStatus()).kind is IN_DOUBT

    @pytest.mark.parametrize(
        ("related", "kind", "suppress"),
        [
            ("To[0].Email", REFUSED, True),
            ("From", BROKEN, False),
            ('Headers[\\"Message-ID\\"]', BROKEN, False),
        ],
    )
    def test_failed_at_mailjet_says_whose_fault(self, related, kind, suppress):
        body = (
            '{"Messages": [{"Status": "error", "Errors": [{"ErrorCode": "mj-0013", '
            f'"ErrorMessage": "is invalid", "ErrorRelatedTo": ["{related}"]}}]}}]}}'
        )
        outcome = sort_status(status_of("failed", 400, body, None))
        assert (outcome.kind, outcome.suppress) == (kind, suppress)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            *(("30", 30), (" 7 ", 7), ("0", 0), ("1.5", 1.5), ("999999", 86400)),
            *(("", None), ("soon", None), ("-5", None), ("nan", None), ("1e9", None)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ],
    )
    def test_is_believed_within_a_day(self, value, seconds):
        assert retry_after(SimpleNamespace(headers={"Retry-After": value})) == seconds

    def test_may_be_a_date(self):
        moment = datetime.now(UTC) + timedelta(minutes=10)
        error = api_error(429, headers={"retry-after": format_datetime(moment, usegmt=True)})
        assert 590 <= (sort_provider_error(error).retry_after or 0) <= 600

    def test_without_one_there_is_none(self):
        assert sort_provider_error(api_error(429)).retry_after is None
