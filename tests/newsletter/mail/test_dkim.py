"""Signing: dkimpy, which knows nothing of ours, verifies what we sign."""

import re
import stat
from contextlib import contextmanager

import dkim
import pytest
from django.core import mail as django_mail
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from newsletter.delivery import notices
from newsletter.mail import dkim_keys, dkim_signer
from newsletter.mail.dkim_keys import BadKey
from newsletter.mail.dkim_signer import Signer
from newsletter.mail.encoding import Fragment
from newsletter.mail.outcomes import Kind
from newsletter.mail.transports.backend import SIGNING_SMTP, open_transport
from newsletter.mail.transports.signing import EmailBackend
from subscriptions.models import Subscriber
from subscriptions.notices import letters
from tests.factories import NOW, make_subscriber
from tests.newsletter.mail.test_message import make_mail
from tests.newsletter.smtp_servers import Inbox, serving
from tests.newsletter.test_settings import clean_environment, manage

DOMAIN, SELECTOR = "papers.example.org", "broadsheet"
RSA = dkim_keys.make()
ED25519 = dkim_keys.make(is_ed25519=True)
BOTH = pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])


def verifies(message: bytes, key=RSA) -> bool:
    """Whether dkimpy, asking a DNS of ours, finds the signature good."""
    asked = []

    def dns(name, timeout=5):
        asked.append(name)
        return key.record.encode()

    good: bool = dkim.DKIM(message).verify(dnsfunc=dns)
    assert not asked or asked == [f"{SELECTOR}._domainkey.{DOMAIN}.".encode()]
    return good


def signed(mail, key=RSA) -> bytes:
    pieces = mail.as_chunks()
    return Signer(key, DOMAIN, SELECTOR)(pieces) + b"".join(pieces)


class TestSignature:
    @BOTH
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"html": ()},
            {"subject": "Ein Überblick über alles, was heute erschienen ist"},
            {"from_header": "Das tägliche Blatt <digest@papers.example.org>"},
            {"headers": (("List-Id", "Das tägliche Blatt <digest.papers.example.org>"),)},
            {"text": (Fragment.of("ends with empty lines\n\n\n"),), "html": ()},
            {"text": (Fragment.of(".a dot\n..two\n"),), "html": ()},
            {"text": (Fragment.of("\n"),), "html": ()},
        ],
    )
    def test_verifies(self, key, changes):
        assert verifies(signed(make_mail(**changes), key), key)

    @given(st.text(min_size=1), st.text(min_size=1).filter(str.strip))
    @how(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    def test_verifies_whatever_the_mail_holds(self, subject, text):
        mail = make_mail(
            subject=subject, text=(Fragment.of(text.encode("utf-8", "replace").decode()),)
        )
        try:
            mail.as_bytes()
        except ValueError:
            return
        assert verifies(signed(mail, ED25519), ED25519)

    def test_covers_the_unsubscribe_headers_and_signs_some_twice(self):
        head = signed(make_mail()).partition(b"\r\n\r\n")[0]
        signature = head[: head.index(b"\r\nFrom:")]
        [signed_names] = re.findall(rb"\sh=([^;]*);", signature)
        names = re.sub(rb"\s", b"", signed_names).split(b":")
        for name in (b"from", b"to", b"subject", b"date", b"list-unsubscribe"):
            assert names.count(name) == 2
        assert names.count(b"list-unsubscribe-post") == 2
        assert names.count(b"list-id") == 1
        assert names.count(b"reply-to") == 1  # not there, and must not be added
        assert max(map(len, signature.split(b"\r\n"))) <= 78
        assert b"l=" not in signature  # a body that could be prolonged

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"Hello Alice", b"Hello Mallo"),
            (b"Subject: Attention", b"Subject: attention"),
            (b"List-Unsubscribe: <https://papers", b"List-Unsubscribe: <https://pagers"),
            (b"From: ", b"Subject: Another\r\nFrom: "),
            (b"From: ", b"List-Unsubscribe: <https://evil.example/>\r\nFrom: "),
            (b"From: ", b"Reply-To: eve@example.org\r\nFrom: "),
            (b"From: ", b"From: Eve <eve@example.org>\r\nFrom: "),
        ],
    )
    def test_no_longer_verifies_after_a_change(self, old, new):
        message = signed(make_mail())
        assert old in message
        assert not _is_good(message.replace(old, new, 1))

    def test_a_message_without_sender_is_not_signed(self):
        with pytest.raises(ValueError, match="without From"):
            Signer(RSA, DOMAIN, SELECTOR)([b"To: a@example.org\r\n\r\n", b"body"])


def _is_good(message):
    try:
        return verifies(message)
    except dkim.ValidationError:
        return False


@contextmanager
def taking(settings):
    """A real mail server that the settings lead to; gives the messages that it takes."""
    inbox = Inbox()
    server = serving(inbox)
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port
    messages: list[bytes] = []
    try:
        yield messages
    finally:
        server.stop()
        messages += [envelope.content for envelope in inbox.taken]


@pytest.fixture
def signing(settings):
    settings.DKIM_KEY = RSA.pem
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR = DOMAIN, SELECTOR
    settings.EMAIL_BACKEND = SIGNING_SMTP


class TestOnTheWire:
    """Each through a real socket to a real mail server."""

    def test_a_digest_is_signed(self, signing, settings):
        with taking(settings) as messages, open_transport(SIGNING_SMTP) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED
            assert transport.send(make_mail(html=())).kind is Kind.ACCEPTED
        assert len(messages) == 2
        assert all(verifies(message) for message in messages)

    @pytest.mark.django_db
    @pytest.mark.parametrize("kind", letters.KINDS)
    def test_every_other_mail_is_signed_in_seven_bits(self, signing, settings, kind):
        suits = {
            letters.Kind.CONFIRM: Subscriber.Status.PENDING,
            letters.Kind.GOODBYE: Subscriber.Status.LEFT,
        }
        alice = make_subscriber(status=suits.get(kind, Subscriber.Status.ACTIVE))
        settings.SITE_NAME = "Das tägliche Blatt"
        with taking(settings) as messages, open_transport(SIGNING_SMTP) as transport:
            mail = notices.mail_of(letters.make_letter(kind, alice, NOW), 1)
            assert transport.send(mail).kind is Kind.ACCEPTED
        assert messages[0].isascii()
        assert verifies(messages[0])

    def test_djangos_own_mail_is_signed(self, signing, settings):
        settings.ADMINS = [("", "operator@example.org")]
        with taking(settings) as messages:
            django_mail.mail_admins("Größter Fehler", ".Ein Punkt\nund Äpfel " + "x" * 1200)
        assert messages[0].isascii()
        assert verifies(messages[0])

    def test_without_a_key_nothing_is_signed(self, settings):
        settings.DKIM_KEY = ""
        assert dkim_signer.for_settings() is None
        with taking(settings) as messages:
            connection = EmailBackend()
            django_mail.EmailMessage(
                "Hi", "Hello", to=["a@example.org"], connection=connection
            ).send()
        assert b"DKIM-Signature" not in messages[0]


class TestKeys:
    @BOTH
    def test_come_back_from_text_with_escaped_lines_and_from_a_file(self, key, tmp_path):
        path = tmp_path / "keys" / "key.pem"
        dkim_keys.write(key, path)
        for value in (key.pem, key.pem.replace("\n", "\\n"), f"  {key.pem}\n", str(path)):
            assert dkim_keys.read(value).record == key.record
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("curve", "neither an RSA nor an Ed25519"),
            ("encrypted", "encrypted"),
            ("text", "isn't a private key in PEM"),
            ("public", "isn't a private key in PEM"),
            ("binary", "isn't in PEM format"),
            ("nowhere", "No such file"),
        ],
    )
    def test_what_is_no_key_stops_the_start_and_is_not_repeated(self, tmp_path, name, said):
        path = tmp_path / name
        content = _not_keys().get(name)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadKey, match=said):
            dkim_keys.read(str(path))
        done = manage("check", environment=clean_environment(tmp_path / "v", DKIM_KEY=str(path)))
        assert done.returncode != 0
        assert len(done.stderr.strip().splitlines()) == 1
        assert "DKIM_KEY" in done.stderr
        assert said in done.stderr
        assert "BEGIN" not in done.stderr

    def test_a_short_key_is_refused(self, monkeypatch):
        monkeypatch.setattr(dkim_keys, "LEAST_BITS", 4096)  # shorter ones are hard to make
        with pytest.raises(BadKey, match="2048 bits; receivers ignore keys with fewer than 4096"):
            dkim_keys.parse(RSA.pem)

    def test_a_good_one_makes_smtp_sign(self, tmp_path):
        environment = clean_environment(
            tmp_path,
            DKIM_KEY=RSA.pem.replace("\n", "\\n"),
            EMAIL_URL="smtp://mail.example.org:587",
            FROM_EMAIL="digest@papers.example.org",
        )
        code = "from django.conf import settings as s; print(s.EMAIL_BACKEND, s.DKIM_DOMAIN)"
        done = manage("shell", "--no-imports", "-c", code, environment=environment)
        assert done.stdout.split() == [SIGNING_SMTP, DOMAIN], done.stderr


def _not_keys():
    """Files that are no keys for DKIM, by name."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def pem(key, encryption=None):
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            encryption or serialization.NoEncryption(),
        )

    return {
        "curve": pem(ec.generate_private_key(ec.SECP256R1())),
        "encrypted": pem(RSA.private, serialization.BestAvailableEncryption(b"secret")),
        "text": b"my key",
        "public": RSA.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "binary": b"\xff\xfe",
    }


class TestMakeDkimKey:
    def test_prints_the_record_and_writes_the_key_for_its_owner(self, tmp_path, capsys):
        path = tmp_path / "key.pem"
        call_command("make_dkim_key", "--selector", "S2", "--domain", DOMAIN, "--out", str(path))
        said = capsys.readouterr().out
        key = dkim_keys.read(str(path))
        assert key.record in said
        assert f"s2._domainkey.{DOMAIN}" in said
        assert f"DKIM_KEY={path}" in said
        assert "PRIVATE" not in said
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        [zone] = re.findall(r"TXT \( (.*) \)", said)
        strings = re.findall(r'"([^"]*)"', zone)
        assert "".join(strings) == key.record
        assert max(map(len, strings)) <= 255

    def test_never_overwrites_a_key(self, tmp_path, capsys):
        path = tmp_path / "key.pem"
        for _ in range(2):
            call_command("make_dkim_key", "--ed25519", "--out", str(path))
        first, second = re.findall(r"p=(\S+)", capsys.readouterr().out)[::2][:2]
        assert first == second

    def test_says_what_is_wrong(self, tmp_path):
        path = tmp_path / "key.pem"
        path.write_text("not a key")
        with pytest.raises(CommandError, match="already exists, but it isn't a private key"):
            call_command("make_dkim_key", "--out", str(path))
        assert path.read_text() == "not a key"
        with pytest.raises(CommandError, match="isn't a valid DNS name"):
            call_command("make_dkim_key", "--selector", "a b")
        (tmp_path / "file").write_text("")
        with pytest.raises(CommandError, match="Can't write"):
            call_command("make_dkim_key", "--out", str(tmp_path / "file" / "key.pem"))
