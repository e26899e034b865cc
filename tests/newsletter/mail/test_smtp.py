"""The SMTP client against servers that behave: bytes, reuse, logins, encryption, pipelining."""

import shutil
import ssl
import subprocess
import time

import pytest
from aiosmtpd.smtp import AuthResult

from newsletter.mail.encoding import Fragment
from newsletter.mail.outcomes import Kind
from newsletter.mail.transports.smtp import SMTPTransport
from tests.newsletter.mail.test_message import make_mail
from tests.newsletter.smtp_servers import HOST, Inbox, ScriptedServer, serving, transport_to


@pytest.fixture
def inbox():
    return Inbox(
        {
            "gone@example.org": "550 5.1.1 no such user",
            "later@example.org": "450 4.2.0 greylisted",
            "full@example.org": "552 5.2.2 mailbox full",
        }
    )


@pytest.fixture
def server(inbox):
    controller = serving(inbox)
    yield controller
    controller.stop()


class TestAgainstAServerThatBehaves:
    def test_the_message_arrives_byte_for_byte(self, inbox, server):
        mail = make_mail(
            headers=(("Date", "Tue, 12 May 2026 07:00:00 +0000"),),
            text=tuple(
                map(Fragment.of, ["one\n", ".", "\n", "..two\n", "\n.\n", "=20 \n", "论文\n"])
            ),
        )
        with transport_to(server) as transport:
            outcome = transport.send(mail)
        assert outcome.kind is Kind.ACCEPTED
        assert (outcome.code, outcome.reason) == ("250 2.0.0", "2.0.0 OK: queued as 1")
        (envelope,) = inbox.taken
        assert envelope.original_content == mail.as_bytes()
        assert envelope.mail_from == "bounces+7@papers.example.org"
        assert envelope.rcpt_tos == ["alice@example.org"]

    def test_one_connection_serves_many_messages(self, inbox, server):
        with transport_to(server) as transport:
            for number in range(20):
                mail = make_mail(delivery_id=number, to_addr=f"reader{number}@example.org")
                assert transport.send(mail).kind is Kind.ACCEPTED
        assert len(inbox.taken) == 20
        assert len(inbox.sessions) == 1

    def test_a_refused_reader_does_not_disturb_the_next(self, inbox, server):
        with transport_to(server) as transport:
            results = [
                transport.send(make_mail(to_addr=to))
                for to in (
                    *("gone@example.org", "alice@example.org", "later@example.org"),
                    *("full@example.org", "bob@example.org"),
                )
            ]
        assert [(result.kind, result.suppress) for result in results] == [
            (Kind.REFUSED, True),
            (Kind.ACCEPTED, False),
            (Kind.DEFERRED, False),
            (Kind.REFUSED, False),
            (Kind.ACCEPTED, False),
        ]
        assert [envelope.rcpt_tos[0] for envelope in inbox.taken] == [
            *("alice@example.org", "bob@example.org")
        ]
        assert len(inbox.sessions) == 1

    def test_an_empty_return_path_is_the_null_sender(self, inbox, server):
        with transport_to(server) as transport:
            assert transport.send(make_mail(envelope_from="")).kind is Kind.ACCEPTED
        assert inbox.taken[0].mail_from == "<>"

    def test_after_close_it_opens_again(self, inbox, server):
        transport = transport_to(server)
        assert transport.send(make_mail()).kind is Kind.ACCEPTED
        transport.close()
        transport.close()
        assert transport.send(make_mail()).kind is Kind.ACCEPTED
        transport.close()

    def test_a_message_larger_than_announced_is_not_sent(self, inbox):
        controller = serving(inbox, data_size_limit=2000)
        try:
            with transport_to(controller) as transport:
                outcome = transport.send(make_mail(text=(Fragment.of("x" * 3000),)))
                assert (outcome.kind, outcome.code, outcome.tried) == (Kind.REFUSED, "SIZE", False)
                assert transport.send(make_mail()).kind is Kind.ACCEPTED
        finally:
            controller.stop()

    def test_addresses_beyond_ascii_go_where_they_are_taken(self, inbox):
        controller = serving(inbox, enable_SMTPUTF8=True)
        try:
            with transport_to(controller) as transport:
                assert transport.send(make_mail(to_addr="älice@example.org")).kind is Kind.ACCEPTED
                mail = make_mail(to_addr="alice@münchen.example")
                assert transport.send(mail).kind is Kind.ACCEPTED
        finally:
            controller.stop()
        assert [envelope.rcpt_tos for envelope in inbox.taken] == [
            ["älice@example.org"],
            ["alice@xn--mnchen-3ya.example"],
        ]
        assert inbox.taken[0].smtp_utf8
        assert not inbox.taken[1].smtp_utf8

    @pytest.mark.parametrize(
        ("is_allowed", "is_offered", "says_so"),
        [(True, False, True), (True, True, False), (False, False, False)],
    )
    def test_a_server_that_does_not_take_what_the_settings_allow_is_an_error_in_the_log(
        self, inbox, settings, caplog, is_allowed, is_offered, says_so
    ):
        settings.NON_ASCII_ADDRESSES = is_allowed
        controller = serving(inbox, enable_SMTPUTF8=is_offered)
        try:
            with transport_to(controller) as transport:
                assert transport.send(make_mail()).kind is Kind.ACCEPTED
        finally:
            controller.stop()
        found = [one.levelname for one in caplog.records if "SMTPUTF8" in one.getMessage()]
        assert found == (["ERROR"] if says_so else [])

    def test_and_are_refused_with_a_reason_where_not(self, inbox):
        controller = serving(inbox, enable_SMTPUTF8=False)
        try:
            with transport_to(controller) as transport:
                outcome = transport.send(make_mail(to_addr="älice@example.org"))
                assert (outcome.kind, outcome.code) == (Kind.REFUSED, "SMTPUTF8")
                assert "ASCII" in outcome.reason
                assert not outcome.tried
                assert not outcome.suppress
                assert transport.send(make_mail()).kind is Kind.ACCEPTED
        finally:
            controller.stop()

    def test_an_unsendable_mail_does_not_even_connect(self):
        with ScriptedServer() as server, transport_to(server) as transport:
            outcome = transport.send(make_mail(subject="Hello\r\nBcc: eve@example.org"))
            assert (outcome.kind, outcome.code) == (Kind.REFUSED, "unsendable")
            assert not outcome.tried
            assert server.connections == 0

    def test_a_signature_goes_in_front(self, inbox, server):
        seen = []

        def sign(pieces):
            seen.append(b"".join(pieces))
            return b"DKIM-Signature: v=1;\r\n b=abc\r\n"

        with transport_to(server, sign=sign) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
        assert inbox.taken[0].original_content == b"DKIM-Signature: v=1;\r\n b=abc\r\n" + seen[0]


def test_a_signature_that_cannot_be_made_is_our_fault():
    def sign(pieces):
        raise ValueError("the key is broken")

    with ScriptedServer() as server, transport_to(server, sign=sign) as transport:
        outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.reason) == (Kind.BROKEN, "the key is broken")
        assert server.connections == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem"
    command += " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
class TestLoginAndEncryption:
    @pytest.fixture
    def strict(self, inbox):
        def check(server, session, envelope, mechanism, data):
            return AuthResult(success=data.login == b"me" and data.password == b"right")

        controller = serving(inbox, auth_required=True, auth_require_tls=False, authenticator=check)
        yield controller
        controller.stop()

    def test_the_right_password_opens(self, strict):
        with transport_to(strict, user="me", password="right") as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    @pytest.mark.parametrize("then", [lambda line: None, lambda line: line.say("535 5.7.8 no")])
    def test_the_wrong_password_is_our_fault(self, then):
        def script(line):
            line.greet("AUTH PLAIN LOGIN")
            assert line.hear().startswith("AUTH PLAIN")
            line.say("535 5.7.8 bad credentials")
            assert line.hear().startswith("AUTH LOGIN")
            then(line)

        with (
            ScriptedServer(script) as server,
            transport_to(server, user="me", password="wrong") as transport,
        ):
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code, outcome.tried) == (Kind.BROKEN, "535 5.7.8", False)
        assert outcome.reason == "5.7.8 bad credentials"

    def test_a_password_that_smtp_cannot_carry(self):
        with pytest.raises(ValueError, match="ASCII"):
            SMTPTransport(HOST, user="me", password="pässword")

    def test_none_is_our_fault_too(self, strict):
        with transport_to(strict) as transport:
            assert transport.send(make_mail()).kind is Kind.BROKEN

    def test_a_server_without_starttls_or_login_is_not_used(self, server, inbox):
        for options in ({"use_tls": True}, {"user": "me", "password": "right"}):
            with transport_to(server, **options) as transport:
                outcome = transport.send(make_mail())
            assert (outcome.kind, outcome.tried) == (Kind.BROKEN, False)
        assert not inbox.taken

    @pytest.fixture
    def tls(self, inbox, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        controller = serving(inbox, tls_context=context, require_starttls=True)
        yield controller
        controller.stop()

    def test_starttls(self, tls, certificate, inbox):
        trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
        mail = make_mail(text=(Fragment.of("x" * 300_000),))
        with transport_to(tls, use_tls=True, ssl_context=trusting) as transport:
            assert transport.send(mail).kind is Kind.ACCEPTED
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
        assert len(inbox.taken) == 2

    def test_tls_from_the_start(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

        def script(line):
            line.sock = context.wrap_socket(line.sock, server_side=True)
            line.greet("PIPELINING")
            line.take()

        trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
        options = {"use_ssl": True, "ssl_context": trusting}
        with ScriptedServer(script) as server, transport_to(server, **options) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_a_certificate_of_nobody_we_know(self, tls, inbox):
        with transport_to(tls, use_tls=True) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code, outcome.tried) == (Kind.BROKEN, "certificate", False)
        assert not inbox.taken

    def test_starttls_and_ssl_exclude_each_other(self):
        with pytest.raises(ValueError, match="combined"):
            SMTPTransport(HOST, use_tls=True, use_ssl=True)


class TestPipelining:
    def test_the_envelope_leaves_in_one_write(self):
        def script(line):
            line.greet("PIPELINING")
            assert [line.hear()[:4] for _ in range(3)] == ["MAIL", "RCPT", "DATA"]
            line.say("250 OK", "250 OK", "354 go on")
            line.hear_body()
            line.say("250 OK")

        with ScriptedServer(script) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_but_step_by_step_where_it_is_not_offered(self):
        def script(line):
            line.greet("SIZE 1000000")
            for reply in ("250 OK", "250 OK", "354 go on"):
                line.hear()
                time.sleep(0.05)
                line.sock.setblocking(False)
                with pytest.raises(BlockingIOError):
                    line.sock.recv(1)
                line.sock.settimeout(10)
                assert not line.buffer
                line.say(reply)
            line.hear_body()
            line.say("250 OK")

        with ScriptedServer(script) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_a_server_that_knows_only_helo(self):
        def script(line):
            line.say("220 old")
            assert line.hear().startswith("ehlo")
            line.say("502 what?")
            assert line.hear().startswith("helo")
            line.say("250 hello")
            line.take()

        with ScriptedServer(script) as server, transport_to(server) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_a_body_wanted_for_nobody_is_given_as_an_empty_one(self):
        def script(line):
            line.greet("PIPELINING")
            for _ in range(3):
                line.hear()
            line.say("250 OK", "550 5.1.1 no such user", "354 go on")
            assert line.hear_body() == b""
            line.say("554 no valid recipients")
            assert line.hear() == "RSET"
            line.say("250 OK")
            assert line.take()

        with ScriptedServer(script) as server, transport_to(server) as transport:
            outcome = transport.send(make_mail())
            assert (outcome.kind, outcome.code) == (Kind.REFUSED, "550 5.1.1")
            assert outcome.suppress
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert server.connections == 1

    def test_the_first_refusal_is_the_reason(self):
        def script(line):
            line.greet("PIPELINING")
            for _ in range(3):
                line.hear()
            line.say("450 4.7.1 slow down", "503 5.5.1 need MAIL", "503 5.5.1 need RCPT")

        with ScriptedServer(script) as server, transport_to(server) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code) == (Kind.DEFERRED, "450 4.7.1")
