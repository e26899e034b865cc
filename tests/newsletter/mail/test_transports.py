"""One `send` for every mail backend: which transport a backend gets, and what it makes of it."""

import time
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail as django_mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.mail.encoding import Fragment
from newsletter.mail.outcomes import Kind
from newsletter.mail.transports.backend import (
    DJANGO_SMTP,
    MAILBOX,
    NULL,
    BackendTransport,
    MailboxTransport,
    NullTransport,
    for_settings,
    open_transport,
)
from newsletter.mail.transports.smtp import SMTPTransport
from tests.newsletter.mail.test_message import make_mail
from tests.newsletter.smtp_servers import Inbox, ScriptedServer, serving

ACCEPTED, REFUSED, DEFERRED = Kind.ACCEPTED, Kind.REFUSED, Kind.DEFERRED
IN_DOUBT, BROKEN = Kind.IN_DOUBT, Kind.BROKEN


class Recording(BaseEmailBackend):
    """A mail backend of a third party, that does as `answer` says."""

    answer: Any = 1

    def send_messages(self, messages):
        assert len(messages) == 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


RECORDING = f"{__name__}.Recording"


class TestOtherBackends:
    def test_the_path_decides(self, settings):
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 2525, 7
        for path, kind in (
            (DJANGO_SMTP, SMTPTransport),
            (MAILBOX, MailboxTransport),
            (NULL, NullTransport),
            ("django.core.mail.backends.locmem.EmailBackend", BackendTransport),
        ):
            settings.EMAIL_BACKEND = path
            with for_settings() as transport:
                assert type(transport) is kind

    def test_smtp_takes_its_settings(self, settings):
        inbox = Inbox()
        controller = serving(inbox)
        try:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
            settings.EMAIL_BACKEND = DJANGO_SMTP
            with for_settings() as transport:
                assert transport.send(make_mail()).kind is ACCEPTED
            with open_transport(DJANGO_SMTP, port=1, timeout=1) as transport:
                assert transport.send(make_mail()).kind is DEFERRED
        finally:
            controller.stop()
        assert len(inbox.taken) == 1

    @pytest.mark.parametrize(("separately", "kind"), [(True, DEFERRED), (False, IN_DOUBT)])
    def test_smtp_sends_the_end_of_a_mail_as_the_settings_say(self, settings, separately, kind):
        def script(line):
            line.greet()
            for reply in ("250 OK", "250 OK", "354 go on"):
                line.hear()
                line.say(reply)
            time.sleep(0.05)  # and closes, when a whole digest lies in our kernel's buffer

        mail = make_mail(text=(Fragment.of("x" * 70 + "\n"),) * 600)
        with ScriptedServer(script, receive_buffer=4096) as server:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
            settings.EMAIL_BACKEND, settings.SMTP_END_SEPARATELY = DJANGO_SMTP, separately
            with for_settings() as transport:
                assert transport.send(mail).kind is kind

    def test_djangos_memory(self):
        django_mail.outbox = []
        with open_transport("django.core.mail.backends.locmem.EmailBackend") as transport:
            assert transport.send(make_mail()).kind is ACCEPTED
        (message,) = django_mail.outbox
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (1, ACCEPTED),
            (None, ACCEPTED),
            (0, REFUSED),
            (TimeoutError("timed out"), IN_DOUBT),
            (ConnectionResetError(104, "reset"), IN_DOUBT),
            (ConnectionRefusedError(111, "refused"), DEFERRED),
            (OSError(28, "No space left on device"), DEFERRED),
            (ValueError("a mistake, who knows when"), IN_DOUBT),
            (ImproperlyConfigured("no key"), BROKEN),
        ],
    )
    def test_any_other(self, reply, kind, monkeypatch):
        monkeypatch.setattr(Recording, "answer", reply)
        with open_transport(RECORDING) as transport:
            assert transport.send(make_mail()).kind is kind

    def test_trouble_while_opening_is_no_doubt(self, monkeypatch):
        def refuse(self):
            raise ConnectionResetError(104, "reset")

        monkeypatch.setattr(Recording, "open", refuse)
        with open_transport(RECORDING) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.tried) == (DEFERRED, False)

    def test_a_workers_time_limit_passes_through(self, monkeypatch):
        monkeypatch.setattr(Recording, "answer", SoftTimeLimitExceeded())
        with open_transport(RECORDING) as transport, pytest.raises(SoftTimeLimitExceeded):
            transport.send(make_mail())

    def test_a_kind_of_djangos_smtp_backend(self):
        class_path = "django.core.mail.backends.smtp.EmailBackend"
        inbox = Inbox({"gone@example.org": "550 5.1.1 no such user"})
        controller = serving(inbox)
        try:
            options = {"host": "127.0.0.1", "port": controller.port}
            with BackendTransport(class_path, options) as transport:
                assert transport.send(make_mail()).kind is ACCEPTED
                outcome = transport.send(make_mail(to_addr="gone@example.org"))
                assert (outcome.kind, outcome.suppress) == (REFUSED, True)
                assert transport.send(make_mail()).kind is ACCEPTED
        finally:
            controller.stop()
        assert inbox.taken[0].mail_from == "bounces+7@papers.example.org"

    def test_a_backend_that_does_not_exist_is_said_at_once(self):
        with pytest.raises(ImportError):
            open_transport("no.such.Backend")

    def test_null_composes_and_counts(self):
        transport = open_transport(NULL)
        assert isinstance(transport, NullTransport)
        with transport:
            assert transport.send(make_mail()).kind is ACCEPTED
            assert transport.send(make_mail(to_addr="nobody")).kind is REFUSED
        assert transport.messages == 1
        assert transport.octets == len(make_mail().as_bytes())
