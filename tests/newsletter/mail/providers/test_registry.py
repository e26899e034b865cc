"""What each provider is asked to send: every header once; and who may be used at all."""

import re
from pathlib import Path

import pytest
from django.core import checks
from django.core import mail as django_mail
from django.core.exceptions import ImproperlyConfigured

from newsletter.delivery import notices
from newsletter.mail.outcomes import Kind
from newsletter.mail.providers import registry as providers
from newsletter.mail.providers.base import Keeps
from newsletter.mail.providers.registry import PROVIDERS
from newsletter.operations import readiness
from newsletter.operations.checks import check_provider
from subscriptions.models import Subscriber
from subscriptions.notices import letters
from tests.factories import NOW, make_subscriber
from tests.newsletter.digest_readers import choices_of, make_place, make_press, make_reader
from tests.newsletter.provider_requests import (
    STAND_INS,
    FakeSes,
    answer,
    asked_of,
    ses_transport,
    told,
    transport_for,
)

EVERY = pytest.mark.parametrize("name", sorted(STAND_INS))
REQUIRED = {
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
    "auto-submitted",
    "feedback-id",
}
DOCS = Path(__file__).resolve().parents[4] / "docs" / "deploying.md"


def digest(**issue):
    """A digest as it is built for sending, of one paper."""
    press = make_press([make_place()], **issue)
    return press.render(make_reader(), choices_of(press), 7)


def once(pairs):
    """The fields by name in small letters; each may be there once, however it is written."""
    names = [name.lower() for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return {name.lower(): value for name, value in pairs}


def module(provider):
    return provider.name.lower().replace(" ", "_")


def of(name):
    return providers.provider_of(f"anymail.backends.{name}.EmailBackend")


class TestTheRequest:
    def test_every_provider_of_the_table_is_held_to_it(self):
        assert {module(provider) for provider in PROVIDERS.values()} == {*STAND_INS, "amazon_ses"}

    @EVERY
    def test_carries_every_header_once_and_as_smtp_would(self, name, httpserver):
        answer(httpserver, name)
        mail = digest()
        with transport_for(name, httpserver.url_for("/")) as transport:
            assert transport.send(mail).kind is Kind.ACCEPTED
        request = httpserver.log[0][0]
        fields = once(told(name, request))
        assert set(fields) >= REQUIRED
        for header, value in mail.headers:
            if header == "List-Unsubscribe" and of(name).link_as:
                value = value.partition(",")[0]
            assert fields[header.lower()] == value
        assert fields.get("message-id") == (mail.message_id if of(name).sends_message_id else None)
        # No field that a provider makes itself, such as Date, and none that would be a recipient.
        assert not {"date", "mime-version", "content-type", "from", "cc", "bcc"} & set(fields)

    @EVERY
    def test_names_the_delivery(self, name, httpserver):
        answer(httpserver, name)
        with transport_for(name, httpserver.url_for("/")) as transport:
            transport.send(digest())
        request = httpserver.log[0][0]
        assert "delivery_id" in str(asked_of(name, request))
        if name == "postmark":
            assert dict(told(name, request))["X-PM-KeepID"] == "true"
        if name == "sparkpost":
            assert asked_of(name, request)["options"]["transactional"] is True

    @EVERY
    def test_holds_ascii_in_its_headers(self, name, httpserver, settings):
        settings.SITE_NAME = "Das tägliche Blatt"
        answer(httpserver, name)
        with transport_for(name, httpserver.url_for("/")) as transport:
            assert transport.send(digest()).kind is Kind.ACCEPTED
        value = once(told(name, httpserver.log[0][0]))["list-id"]
        assert value.isascii()
        assert value.startswith("=?utf-8?")
        assert value.endswith(" <digest.papers.example.org>")

    def test_amazon_gets_the_whole_message_with_its_list_headers_unfolded(self, monkeypatch):
        client, mail = FakeSes(), digest()
        with ses_transport(monkeypatch, client) as transport:
            assert transport.send(mail).kind is Kind.ACCEPTED
        fields = once(client.headers)
        assert set(fields) >= {*REQUIRED, "message-id", "date", "mime-version", "from", "to"}
        for header, value in mail.headers:
            assert fields[header.lower()] == value  # no line break in it
        assert fields["message-id"] == mail.message_id
        assert client.sent[0].isascii()

    @EVERY
    @pytest.mark.django_db
    @pytest.mark.parametrize("kind", [letters.Kind.CONFIRM, letters.Kind.ALREADY])
    def test_other_mails_carry_their_headers_too(self, name, kind, httpserver):
        answer(httpserver, name)
        is_new = kind is letters.Kind.CONFIRM
        status = Subscriber.Status.PENDING if is_new else Subscriber.Status.ACTIVE
        letter = letters.make_letter(kind, make_subscriber(status=status), NOW)
        with transport_for(name, httpserver.url_for("/")) as transport:
            assert transport.send(notices.mail_of(letter, 7)).kind is Kind.ACCEPTED
        fields = once(told(name, httpserver.log[0][0]))
        assert fields["auto-submitted"] == "auto-generated"
        assert ("message-id" in fields) == of(name).sends_message_id
        assert ("list-unsubscribe" in fields) == (kind is letters.Kind.ALREADY)


class TestOtherMailsThroughAProvider:
    """What is no digest is checked before a provider gets it."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"subject": "Hi\r\nBcc: eve@example.org"},
            {"subject": "Hi\x00"},
            {"headers": {"X-Note": "a\nBcc: eve@example.org"}},
            {"headers": {"X-Note\r\nBcc": "eve@example.org"}},
            {"headers": {"X-A": "1", "x-a": "2"}},
            {"headers": {"List-Unsubscribe": f"<https://example.org/{'x' * 1000}>"}},
            {"to": ["alice@example.org\r\nBcc: eve@example.org"]},
            {"reply_to": ["alice@example.org\nBcc: eve@example.org"]},
            {"from_email": "Broadsheet\r\nBcc: eve@example.org <a@example.org>"},
        ],
    )
    @pytest.mark.parametrize("name", ["postmark", "mailgun", "resend"])
    def test_a_forged_header_never_reaches_it(self, name, changes, httpserver):
        answer(httpserver, name)
        options = {**STAND_INS[name].settings, "api_url": httpserver.url_for("/")}
        values = {"subject": "Hi", "body": "Hello", "to": ["alice@example.org"]} | changes
        message = django_mail.EmailMessage(
            **values,
            connection=django_mail.get_connection(
                f"anymail.backends.{name}.EmailBackend", **options
            ),
        )
        with pytest.raises(ValueError, match=r"line break|twice|header name|too long|address|Bcc"):
            message.send()
        assert httpserver.log == []


class TestWhoMayBeUsed:
    @pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda one: one.name)
    def test_only_who_keeps_the_unsubscribe_headers_or_was_seen_to(self, provider, settings):
        settings.DEBUG = False
        settings.EMAIL_BACKEND = f"anymail.backends.{module(provider)}.EmailBackend"
        settings.ANYMAIL = {"WEBHOOK_SECRET": "some-user:some-password"}
        said = readiness.objections()
        assert bool(said) == (provider.unsubscribe is not Keeps.YES)
        errors = {one.id for one in checks.run_checks(include_deployment_checks=True)}
        assert ("newsletter.E003" in errors) == bool(said)
        if said:
            assert provider.name in said[0]
            assert "List-Unsubscribe" in said[0]
            assert provider.why in said[0]
            with pytest.raises(ImproperlyConfigured, match=provider.name):
                readiness.require()
        settings.UNSUBSCRIBE_HEADERS_SEEN = True
        assert readiness.objections() == []

    def test_the_wanted_ones_are_all_there(self):
        wanted = "Amazon SES,Brevo,Mailgun,Mailjet,Postmark,Resend,MailerSend,SparkPost"
        assert set(PROVIDERS) >= set(wanted.split(","))
        assert PROVIDERS["Mailjet"].unsubscribe is Keeps.NO
        assert PROVIDERS["MailerSend"].unsubscribe is Keeps.ASKED

    def test_smtp_carries_everything(self):
        assert providers.objection("django.core.mail.backends.smtp.EmailBackend") == ""
        assert providers.objection("newsletter.mail.transports.signing.EmailBackend") == ""

    def test_deploying_shows_the_table(self):
        rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", DOCS.read_text())
        shown = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
        for provider in PROVIDERS.values():
            link = f"[source]({provider.source})"
            assert shown[provider.name] == [
                provider.unsubscribe.value,
                provider.message_id.value,
                f"{provider.why} {link}",
            ]


def test_a_provider_that_anymail_no_longer_supports_is_said_to_be_one(settings):
    settings.EMAIL_BACKEND = "anymail.backends.sendgrid.EmailBackend"

    said = [found.msg for found in check_provider(None)]

    assert any("no longer supports SendGrid" in text for text in said)
    assert "no longer supports SendGrid" in DOCS.read_text(encoding="utf-8")


def test_every_file_beside_the_registry_is_a_provider_that_it_knows():
    no_provider = {"__init__", "answers", "base", "events", "registry"}
    files = {path.stem for path in Path(providers.__file__).parent.glob("*.py")} - no_provider

    assert files == {provider.module for provider in PROVIDERS.values()}
