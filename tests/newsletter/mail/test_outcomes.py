"""Sorting replies and errors: what was taken, what never will be, what later, what nobody knows."""

import errno
import smtplib
import socket
import ssl

import pytest
from anymail.exceptions import AnymailConfigurationError
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.outcomes import REASON_LIMIT, Kind, Stage, clean, sort_error, sort_reply
from newsletter.mail.providers.answers import sort_provider_error

ACCEPTED, REFUSED, DEFERRED = Kind.ACCEPTED, Kind.REFUSED, Kind.DEFERRED
IN_DOUBT, BROKEN = Kind.IN_DOUBT, Kind.BROKEN


class TestReplies:
    @pytest.mark.parametrize(
        ("code", "text", "stage", "kind", "suppress"),
        [
            (250, "2.0.0 Ok: queued as 4F1", Stage.AFTER_BODY, ACCEPTED, False),
            # later
            (450, "4.2.0 <a@b.c>: Greylisted, try again", Stage.RCPT, DEFERRED, False),
            (451, "4.3.0 local error", Stage.AFTER_BODY, DEFERRED, False),
            (452, "4.3.1 Insufficient system storage", Stage.MAIL, DEFERRED, False),
            (421, "4.7.0 Try again later", Stage.CONNECT, DEFERRED, False),
            (454, "4.7.0 Temporary authentication failure", Stage.AUTH, DEFERRED, False),
            (552, "Too many recipients", Stage.RCPT, DEFERRED, False),
            (550, "5.4.5 Daily user sending limit exceeded", Stage.AFTER_BODY, DEFERRED, False),
            (554, "Too many emails per second", Stage.MAIL, DEFERRED, False),
            # the address is bad
            (550, "5.1.1 <a@b.c>: User unknown", Stage.RCPT, REFUSED, True),
            (550, "5.1.1 no such user", Stage.AFTER_BODY, REFUSED, True),
            (550, "5.1.10 recipient's domain has a null MX", Stage.RCPT, REFUSED, True),
            (550, "5.2.1 The account is disabled", Stage.RCPT, REFUSED, True),
            (501, "5.1.3 Bad recipient address syntax", Stage.RCPT, REFUSED, True),
            (550, "No such user here", Stage.RCPT, REFUSED, True),
            (550, "Requested action not taken: mailbox unavailable", Stage.RCPT, REFUSED, True),
            (551, "User not local; please try another", Stage.RCPT, REFUSED, False),
            # the message or the mailbox, not the address
            (552, "5.2.2 mailbox full", Stage.RCPT, REFUSED, False),
            (550, "mailbox unavailable: over quota", Stage.RCPT, REFUSED, False),
            (552, "5.3.4 Message size exceeds fixed limit", Stage.MAIL, REFUSED, False),
            (550, "5.7.1 Message rejected as spam", Stage.AFTER_BODY, REFUSED, False),
            (554, "Transaction failed", Stage.AFTER_BODY, REFUSED, False),
            (554, "5.5.1 Error: no valid recipients", Stage.DATA, REFUSED, False),
            (550, "5.7.1 policy", Stage.RCPT, REFUSED, False),
            (550, "5.7.133 RESOLVER.RST; authentication required", Stage.RCPT, REFUSED, False),
            # our side
            (554, "5.7.1 <a@b.c>: Relay access denied", Stage.RCPT, BROKEN, False),
            (
                553,
                "5.7.1 <d@x>: Sender address rejected: not owned by user",
                Stage.RCPT,
                BROKEN,
                False,
            ),
            (
                554,
                "5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org",
                Stage.RCPT,
                BROKEN,
                False,
            ),
            (504, "5.5.2 <x>: Helo command rejected: need FQDN", Stage.RCPT, BROKEN, False),
            (550, "5.1.8 Sender address rejected: Domain not found", Stage.RCPT, BROKEN, False),
            (550, "5.7.26 unauthenticated email is not accepted", Stage.AFTER_BODY, BROKEN, False),
            (550, "5.7.1 sender not allowed", Stage.MAIL, BROKEN, False),
            (550, "5.1.1 sender unknown", Stage.MAIL, BROKEN, False),
            (530, "5.7.0 Must issue a STARTTLS command first", Stage.MAIL, BROKEN, False),
            (530, "5.7.0 Authentication required", Stage.RCPT, BROKEN, False),
            (535, "5.7.8 Bad credentials", Stage.AUTH, BROKEN, False),
            (554, "No SMTP service here", Stage.CONNECT, BROKEN, False),
            (500, "5.5.2 unrecognized command", Stage.DATA, BROKEN, False),
            # no reply at all
            (-1, "HTTP/1.1 400 Bad Request", Stage.AFTER_BODY, IN_DOUBT, False),
            (354, "go on", Stage.AFTER_BODY, IN_DOUBT, False),
            (-1, "HTTP/1.1 400 Bad Request", Stage.RCPT, DEFERRED, False),
            (250, "ok", Stage.DATA, DEFERRED, False),
        ],
    )
    def test_are_sorted(self, code, text, stage, kind, suppress):
        outcome = sort_reply(code, text, stage)
        assert (outcome.kind, outcome.suppress) == (kind, suppress)
        assert outcome.tried == (stage not in (Stage.CONNECT, Stage.AUTH))

    @pytest.mark.parametrize(
        ("code", "text", "stage", "bounce"),
        [
            (250, "2.0.0 Ok", Stage.AFTER_BODY, ""),
            (450, "4.2.0 Greylisted", Stage.RCPT, ""),
            (550, "5.1.1 User unknown", Stage.RCPT, "hard"),
            (550, "No such user here", Stage.RCPT, "hard"),
            (552, "5.2.2 mailbox full", Stage.RCPT, "soft"),
            (550, "mailbox unavailable: over quota", Stage.RCPT, "soft"),
            (554, "Transaction failed", Stage.AFTER_BODY, "soft"),
            (550, "5.7.1 Message rejected as spam", Stage.AFTER_BODY, "blocked"),
            (554, "Message blocked, listed at zen.spamhaus.org", Stage.AFTER_BODY, "blocked"),
            (550, "5.6.0 content rejected", Stage.AFTER_BODY, "blocked"),
            # a limit of the server that relays is nothing of the reader's
            (552, "5.3.4 Message size exceeds fixed limit", Stage.MAIL, "blocked"),
            (535, "5.7.8 Bad credentials", Stage.AUTH, ""),
            (554, "5.7.1 Relay access denied", Stage.RCPT, ""),
        ],
    )
    def test_say_how_bad_a_refusal_is(self, code, text, stage, bounce):
        assert sort_reply(code, text, stage).bounce == bounce

    @pytest.mark.parametrize(
        ("code", "text", "seconds"),
        [
            (454, "4.7.0 Throttling failure: Daily message quota exceeded", 3600),
            (454, "4.7.0 Throttling failure: Maximum sending rate exceeded", 60),
            (451, "4.7.1 try again later", None),
            (554, "Too many emails per second", 60),
        ],
    )
    def test_of_a_limit_say_when_to_come_back(self, code, text, seconds):
        assert sort_reply(code, text, Stage.AFTER_BODY).retry_after == seconds

    def test_keep_both_codes_and_one_clean_line(self):
        outcome = sort_reply(550, b"5.1.1 User\r\n5.1.1\x00 unknown \xff", Stage.RCPT)
        assert outcome.code == "550 5.1.1"
        assert outcome.reason == "5.1.1 User 5.1.1 unknown �"

    def test_an_address_that_looks_like_a_status_is_none(self):
        assert sort_reply(550, "<v5.1.1.2@b.c> rejected", Stage.RCPT).code == "550"

    @given(st.integers(-1, 999), st.text(), st.sampled_from(Stage))
    def test_only_a_2yz_answer_to_the_body_is_an_acceptance(self, code, text, stage):
        outcome = sort_reply(code, text, stage)
        assert (outcome.kind is ACCEPTED) == (stage is Stage.AFTER_BODY and 200 <= code < 300)
        if outcome.kind is IN_DOUBT:
            assert stage is Stage.AFTER_BODY
        assert outcome.suppress == (outcome.bounce == "hard")
        assert bool(outcome.bounce) == (outcome.kind is REFUSED)
        if outcome.suppress:
            assert stage not in (Stage.CONNECT, Stage.AUTH, Stage.MAIL)

    @given(st.one_of(st.text(), st.binary()))
    def test_reasons_are_short_and_clean(self, text):
        reason = clean(text)
        assert len(reason) <= REASON_LIMIT
        assert "\n" not in reason
        assert "\x00" not in reason
        reason.encode()


class TestErrors:
    @pytest.mark.parametrize(
        ("stage", "kind", "tried"),
        [
            (Stage.CONNECT, DEFERRED, False),
            (Stage.AUTH, DEFERRED, False),
            (Stage.MAIL, DEFERRED, True),
            (Stage.RCPT, DEFERRED, True),
            (Stage.DATA, DEFERRED, True),
            (Stage.BODY, DEFERRED, True),
            (Stage.AFTER_BODY, IN_DOUBT, True),
            (None, IN_DOUBT, True),
        ],
    )
    @pytest.mark.parametrize(
        "error",
        [
            TimeoutError("timed out"),
            ConnectionResetError(errno.ECONNRESET, "reset"),
            BrokenPipeError(errno.EPIPE, "broken pipe"),
            smtplib.SMTPServerDisconnected("closed"),
            ssl.SSLEOFError(8, "EOF occurred in violation of protocol"),
        ],
    )
    def test_a_lost_connection_is_a_doubt_only_after_the_body(self, error, stage, kind, tried):
        outcome = sort_error(error, stage)
        assert (outcome.kind, outcome.tried, outcome.suppress) == (kind, tried, False)

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), DEFERRED),
            (OSError(errno.EHOSTUNREACH, "no route"), DEFERRED),
            (socket.gaierror(socket.EAI_AGAIN, "try again"), DEFERRED),
            (socket.gaierror(socket.EAI_NONAME, "unknown"), BROKEN),
            (ssl.SSLCertVerificationError(1, "self-signed"), BROKEN),
            (OSError(errno.ENOSPC, "No space left on device"), DEFERRED),
            (PermissionError(errno.EACCES, "denied"), DEFERRED),
            (smtplib.SMTPNotSupportedError("STARTTLS not supported"), BROKEN),
            (smtplib.SMTPException("No suitable authentication method found."), BROKEN),
            (smtplib.SMTPAuthenticationError(535, b"5.7.8 bad"), BROKEN),
            (smtplib.SMTPConnectError(554, b"go away"), BROKEN),
            (smtplib.SMTPHeloError(421, b"later"), DEFERRED),
            (UnsendableMail("no"), REFUSED),
            (AnymailConfigurationError("no key"), BROKEN),
            (ImportError("no such backend"), BROKEN),
        ],
    )
    def test_say_themselves_that_nothing_left(self, error, kind):
        outcome = sort_error(error)
        assert (outcome.kind, outcome.tried) == (kind, False)
        assert outcome == sort_provider_error(error)

    @pytest.mark.parametrize(
        ("error", "kind", "suppress"),
        [
            (smtplib.SMTPSenderRefused(550, b"no", "d@x"), BROKEN, False),
            (smtplib.SMTPRecipientsRefused({"a@b": (550, b"5.1.1 unknown")}), REFUSED, True),
            (smtplib.SMTPRecipientsRefused({"a@b": (450, b"4.2.1 later")}), DEFERRED, False),
            (smtplib.SMTPDataError(554, b"5.7.1 spam"), REFUSED, False),
            (smtplib.SMTPDataError(451, b"4.3.0 later"), DEFERRED, False),
            (smtplib.SMTPDataError(-1, b"what"), IN_DOUBT, False),
            (smtplib.SMTPResponseException(-1, b"what"), IN_DOUBT, False),
        ],
    )
    def test_of_smtplib_carry_their_stage(self, error, kind, suppress):
        outcome = sort_error(error)
        assert (outcome.kind, outcome.suppress, outcome.tried) == (kind, suppress, True)

    def test_a_mistake_is_a_doubt_unless_it_came_before_the_body(self):
        assert sort_error(TypeError("x"), Stage.AFTER_BODY).kind is IN_DOUBT
        assert sort_error(TypeError("x")).kind is IN_DOUBT
        assert sort_error(TypeError("x"), Stage.MAIL).kind is BROKEN
