"""Nothing goes out in production before the operator said who sends."""

import json
import subprocess
import sys

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from newsletter.operations import readiness
from papers import site
from papers.models import Site
from tests.newsletter.test_settings import ROOT, clean_environment, manage

SMTP = {"EMAIL_URL": "smtp://127.0.0.1:1"}
SENDER = {
    "FROM_EMAIL": "Broadsheet <digest@papers.example.org>",
    "POSTAL_ADDRESS": "Broadsheet, 1 Example Street, 12345 Example",
    "LIST_ID": "digest.papers.example.org",
    "UNSUBSCRIBE_EMAIL": "leave@papers.example.org",
}


def start_worker(environment):
    """Start a real worker, which gives up at once or fails to find its broker."""
    command = [sys.executable, "-m", "celery", "-A", "newsletter", "worker", "-P", "solo"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


class TestAWorker:
    def test_does_not_start_and_names_all_that_is_missing_at_once(self, tmp_path):
        done = start_worker(clean_environment(tmp_path, **SMTP))
        assert done.returncode == 1
        said = done.stderr.strip().splitlines()[-1]  # Celery has a word about root before
        for name in SENDER:
            assert name in said
        assert "Traceback" not in done.stderr

    def test_does_not_start_without_the_webhooks_secret(self, tmp_path):
        provider = {
            "EMAIL_BACKEND": "anymail.backends.mailgun.EmailBackend",
            "ANYMAIL": json.dumps({"MAILGUN_API_KEY": "k"}),
        }
        done = start_worker(clean_environment(tmp_path, **provider, **SENDER))
        assert done.returncode == 1
        assert "WEBHOOK_SECRET" in done.stderr
        assert "FROM_EMAIL" not in done.stderr

    def test_does_not_start_with_a_provider_that_replaces_the_unsubscribe_headers(self, tmp_path):
        provider = {
            "EMAIL_BACKEND": "anymail.backends.mailjet.EmailBackend",
            "ANYMAIL": json.dumps({"MAILJET_API_KEY": "k", "WEBHOOK_SECRET": "a:b"}),
        }
        done = start_worker(clean_environment(tmp_path, **provider, **SENDER))
        assert done.returncode == 1
        assert "Mailjet doesn't keep our List-Unsubscribe" in done.stderr


@pytest.mark.parametrize("unset", SENDER)
def test_each_one_is_asked_for(tmp_path, unset):
    environment = clean_environment(tmp_path, **SMTP, **{**SENDER, unset: ""})
    done = manage("check", "--deploy", environment=environment)
    assert "newsletter.E001" in done.stderr
    assert f"{unset} (" in done.stderr
    assert [name for name in SENDER if f"{name} (" in done.stderr] == [unset]


def test_with_everything_said_the_deployment_checks_are_content(tmp_path):
    environment = clean_environment(
        tmp_path,
        **SMTP,
        **SENDER,
        SITE_URL="https://papers.example.org",
        TRUSTED_PROXIES="1",
        ALERT_WEBHOOK_URL="https://alerts.example.org/hook",
        SECRET_KEY="only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    )
    done = manage("check", "--deploy", "--fail-level", "WARNING", environment=environment)
    assert done.returncode == 0, done.stderr
    environment["TRUSTED_PROXIES"] = "0"
    done = manage("check", "--deploy", environment=environment)
    assert "all visitors seem to come from the proxy" in done.stderr


@pytest.mark.django_db
def test_send_digests_refuses_too_but_still_shows_what_it_would_do(settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.POSTAL_ADDRESS = " "
    with pytest.raises(CommandError, match=r"POSTAL_ADDRESS \(the sender's postal address\)\."):
        call_command("send_digests")
    call_command("send_digests", "--dry-run")
    assert "Nothing was sent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("debug", "backend"),
    [
        (False, "newsletter.mail.local_mailbox.MailboxBackend"),
        (False, "django.core.mail.backends.locmem.EmailBackend"),
        (False, "null"),
        (True, "django.core.mail.backends.smtp.EmailBackend"),
    ],
)
def test_where_nobody_is_reached_nothing_is_asked_for(settings, debug, backend):
    settings.DEBUG, settings.EMAIL_BACKEND = debug, backend
    settings.UNSAID = tuple(SENDER)
    readiness.require()


def test_a_signature_of_another_domain_is_an_error(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.DKIM_KEY, settings.DKIM_DOMAIN = "a key", "elsewhere.example.com"
    found = {one.id for one in checks.run_checks(include_deployment_checks=True)}
    assert "newsletter.E005" in found
    settings.DKIM_DOMAIN = "mail.example.org"
    settings.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    found = {one.id for one in checks.run_checks(include_deployment_checks=True)}
    assert "newsletter.E005" not in found
    assert "newsletter.W004" in found


@pytest.mark.parametrize(
    ("arguments", "proxies", "is_warned"),
    [
        ("--bind unix:/run/broadsheet.sock", 0, True),
        ("--bind unix:/run/broadsheet.sock", 1, False),
        ("--bind 127.0.0.1:8000", 0, False),
        ("", 0, False),
    ],
)
def test_a_socket_behind_which_no_visitor_has_an_address_is_warned_of(
    settings, monkeypatch, arguments, proxies, is_warned
):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
    settings.TRUSTED_PROXIES = proxies
    found = {one.id for one in checks.run_checks(include_deployment_checks=True)}
    assert ("newsletter.W009" in found) == is_warned


@pytest.mark.parametrize(
    ("is_allowed", "backend", "says_so"),
    [
        (True, "anymail.backends.amazon_ses.EmailBackend", True),
        (False, "anymail.backends.amazon_ses.EmailBackend", False),
        (True, "django.core.mail.backends.smtp.EmailBackend", False),
    ],
)
def test_a_provider_that_may_not_carry_every_address_is_told_of(
    settings, is_allowed, backend, says_so
):
    settings.NON_ASCII_ADDRESSES, settings.EMAIL_BACKEND = is_allowed, backend
    assert ("Amazon SES" in readiness.non_ascii_objection()) == says_so


def test_require_says_everything(settings):
    settings.EMAIL_BACKEND = "anymail.backends.brevo.EmailBackend"
    settings.ANYMAIL = {}
    settings.UNSAID = ("LIST_ID",)
    with pytest.raises(ImproperlyConfigured) as raised:
        readiness.require()
    said = str(raised.value)
    assert "LIST_ID" in said
    assert "WEBHOOK_SECRET" in said
    assert "Brevo" in said
    settings.ANYMAIL_WEBHOOK_SECRET = "a:b"
    assert "WEBHOOK_SECRET" not in " ".join(readiness.objections())


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("plates", ["newsletter.W010"]), ("own", []), ("source", []), ("none", [])],
)
def test_check_says_that_drawings_are_gone(settings, wanted, found):
    settings.EMAIL_THUMBNAILS = wanted
    said = checks.run_checks(include_deployment_checks=False)
    assert [each.id for each in said if (each.id or "").startswith("newsletter.")] == found


@pytest.mark.django_db
def test_a_postal_address_in_the_admin_is_enough(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.POSTAL_ADDRESS, settings.UNSAID = "", ("POSTAL_ADDRESS",)
    assert any(one.startswith("POSTAL_ADDRESS") for one in readiness.missing())
    Site.objects.create(postal_address="2 Example Street")
    assert readiness.missing() == []
    found = {one.id for one in checks.run_checks(include_deployment_checks=True)}
    assert "newsletter.E001" not in found
    Site.objects.update(postal_address="")
    site.forget()
    assert readiness.missing() != []
