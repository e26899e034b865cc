"""Passkeys, pressed in a real browser with an authenticator that Chromium plays: added to an
account, asked for at the next login, and refused where another one answers.
"""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from playwright.sync_api import CDPSession, expect

from papers.models import AuditEntry
from tests.browser.conftest import log_in, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PASSWORD = "a long password of somebody"


def plug_in(devtools: CDPSession) -> None:
    """A new authenticator that says yes to everything."""
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def site(live_server, settings) -> str:
    """The server by a name: no passkey is bound to a bare network address."""
    settings.SITE_HOST = "localhost"
    return str(live_server.url).replace("127.0.0.1", "localhost")


def test_a_passkey_is_added_and_then_asked_for_at_login(page, browser, site):
    alice: User = get_user_model().objects.create_superuser("alice", "", PASSWORD)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    plug_in(devtools)
    log_in(page, f"{site}/admin/", "alice", PASSWORD)
    page.goto(f"{site}/account/second-factor/webauthn/add/")
    if "reauthenticate" in page.url:
        page.fill("[name=password]", PASSWORD)
        opened(page.locator("button[type=submit]"))
    page.fill("[name=name]", "My laptop")
    opened(page.locator("#mfa_webauthn_add"))
    assert "webauthn/add" not in page.url
    kept = Authenticator.objects.get(user=alice, type=Authenticator.Type.WEBAUTHN)
    assert kept.wrap().name == "My laptop"
    assert AuditEntry.objects.filter(what__contains="added a second factor").exists()

    page.context.clear_cookies()
    log_in(page, f"{site}/admin/", "alice", PASSWORD)
    expect(page).not_to_have_url(f"{site}/admin/")
    opened(page.locator("#mfa_webauthn_authenticate"))
    assert page.url == f"{site}/admin/"

    # Another device, whose authenticator knows no passkey of Alice's; its script says so.
    other = browser.new_context().new_page()
    with_other = other.context.new_cdp_session(other)
    with_other.send("WebAuthn.enable")
    plug_in(with_other)
    log_in(other, f"{site}/admin/", "alice", PASSWORD)
    with other.expect_console_message(lambda said: "NotAllowedError" in said.text):
        other.locator("#mfa_webauthn_authenticate").click()
    other.goto(f"{site}/admin/")
    assert "/account/" in other.url
    other.context.close()
