"""Logging in: passwords that can't be guessed, a second factor, and who is led where."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from newsletter.operations import second_factor
from papers.models import AuditEntry
from tests.admin_pages import text
from tests.newsletter.admin.test_every_view import url_names

pytestmark = pytest.mark.django_db

PASSWORD = "a long pass phrase"
LOGIN, ADMIN = "/account/login/", "/admin/"


@pytest.fixture
def client() -> Client:
    """A browser of nobody yet."""
    return Client()


@pytest.fixture
def alice() -> User:
    cache.clear()  # of tries that other tests made
    return User.objects.create_superuser("alice", password=PASSWORD)


def log_in(browser: Client, password: str = PASSWORD, wanted: str = ""):
    return browser.post(LOGIN, {"login": "alice", "password": password, "next": wanted})


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def factor(user: User) -> str:
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def test_the_admins_way_in_leads_to_the_login_and_from_there_to_the_admin(alice, client):
    answer = client.get("/admin/login/")
    assert answer["Location"] == f"{LOGIN}?next=%2Fadmin%2F"
    assert log_in(client, wanted=ADMIN)["Location"] == ADMIN
    assert client.get("/admin/login/")["Location"] == ADMIN
    assert client.get("/admin/login/?next=/admin/papers/")["Location"] == "/admin/papers/"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/admin/login/", ""]
)
def test_nobody_is_led_away_from_the_site(alice, client, wanted):
    assert "evil" not in client.get("/admin/login/", {"next": wanted})["Location"]
    assert log_in(client, wanted=wanted)["Location"] in (ADMIN, "/admin/login/")


def test_a_password_sent_to_the_admins_own_address_logs_nobody_in(alice, client):
    client.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    assert client.get(ADMIN).status_code == 302


def test_with_a_second_factor_the_password_alone_opens_nothing(alice, client):
    secret = factor(alice)
    answer = log_in(client, wanted=ADMIN)
    assert answer["Location"].startswith("/account/second-factor/authenticate/")
    for name in ("index", "papers_topic_changelist"):
        assert client.get(reverse(f"admin:{name}"))["Location"].startswith("/admin/login/")
    assert client.post(answer["Location"], {"code": "000000"}).status_code == 200
    assert client.get(ADMIN).status_code == 302
    done = client.post(answer["Location"], {"code": code_for(secret)})
    assert done["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


def test_a_recovery_code_works_once(alice, client):
    factor(alice)
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]
    at = log_in(client)["Location"]
    assert client.post(at, {"code": code}).status_code == 302
    other = Client()
    at = log_in(other)["Location"]
    assert other.post(at, {"code": code}).status_code == 200
    assert other.get(ADMIN).status_code == 302


def test_codes_are_not_guessed_for_long(alice, client):
    secret = factor(alice)
    at = log_in(client)["Location"]
    for _ in range(10):
        client.post(at, {"code": "000000"})
    client.post(at, {"code": code_for(secret)})
    assert client.get(ADMIN).status_code == 302


def test_where_it_is_required_whoever_has_none_sets_one_up_before_anything_else(
    alice, client, settings, django_capture_on_commit_callbacks
):
    settings.REQUIRE_SECOND_FACTOR = True
    log_in(client)
    setup = reverse("mfa_index")
    wrong = []
    for name in url_names() - {"None", "view_on_site"}:
        for at in ([], [1], ["1", "1"], ["papers"], ["1", "1", "1"]):
            try:
                path = reverse(f"admin:{name}", args=at)
            except NoReverseMatch:
                continue
            for answer in (client.get(path), client.post(path)):
                if answer.status_code != 302 or answer["Location"] != setup:
                    wrong.append((name, answer.status_code))
            break
        else:
            wrong.append((name, "never asked"))
    assert not wrong
    assert client.get(setup).status_code == 200
    assert client.get(reverse("mfa_activate_totp"))["Location"].startswith("/account/reauth")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})
    assert done.status_code == 302, done.context["form"].errors
    assert client.get(ADMIN).status_code == 200
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert entry.model == "auth.user"
    assert entry.by == "alice"


def test_where_it_is_required_a_page_of_the_site_takes_them_for_a_visitor(alice, client, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    log_in(client)
    assert not client.get("/").wsgi_request.user.is_authenticated
    factor(alice)
    assert client.get("/").wsgi_request.user.is_authenticated


def test_secrets_are_not_in_the_database_as_they_are(alice, settings):
    secret = factor(alice)
    kept = str(Authenticator.objects.get().data)
    assert secret not in kept
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert TOTP(Authenticator.objects.get()).validate_code(code_for(secret))


def test_sign_up_and_mail_of_accounts_are_closed(client):
    for name in ("account_signup", "account_reset_password", "account_email"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    for path in ("signup/", "password/reset/", "email/"):
        assert client.get(f"/account/{path}").status_code == 404


@pytest.mark.parametrize("password", ["short", "123456789012", "password1234"])
def test_a_weak_password_is_refused(alice, client, password):
    log_in(client)
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    answer = client.post(reverse("account_change_password"), form)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_one_sees_ones_sessions_and_ends_the_others(alice, client):
    log_in(client)
    other = Client()
    log_in(other)
    assert other.get(ADMIN).status_code == 200
    client.get(ADMIN)
    page = client.get(reverse("usersessions_list"))
    assert page.status_code == 200
    assert UserSession.objects.filter(user=alice).count() == 2
    client.post(reverse("usersessions_list"))
    assert other.get(ADMIN).status_code == 302
    assert client.get(ADMIN).status_code == 200


def test_the_command_resets_the_second_factor_and_ends_sessions(alice, client, capsys):
    factor(alice)
    browser = Client()
    browser.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    browser.get(ADMIN)
    call_command("reset_second_factor", "alice", "--dry-run")
    assert second_factor.has_one(alice)
    call_command("reset_second_factor", "alice")
    assert not second_factor.has_one(alice)
    assert "taken away" in capsys.readouterr().out
    assert AuditEntry.objects.get(what="reset the second factor").by == "manage.py"
    assert log_in(client)["Location"] == ADMIN
    with pytest.raises(CommandError, match="no account"):
        call_command("reset_second_factor", "nobody")


@pytest.mark.parametrize("language", ["en", "de"])
def test_its_pages_are_ours_and_speak_both_languages(alice, client, language):
    client.cookies["django_language"] = language
    page = text(client.get(LOGIN))
    assert "Anmelden" in page if language == "de" else "Log in" in page
    assert 'class="masthead"' in page
    log_in(client)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    said = {"de": "Zweiter Faktor", "en": "Second factor"}[language]
    names = ("mfa_index", "mfa_activate_totp", "usersessions_list", "account_change_password")
    for name in (*names, "account_logout", "mfa_add_webauthn"):
        answer = client.get(reverse(name), follow=True)
        assert answer.status_code == 200, name
        page = text(answer)
        assert said in page, name
        assert f'<html lang="{language}"' in page
        assert "style=" not in page
        assert "no-store" in answer["Cache-Control"]
