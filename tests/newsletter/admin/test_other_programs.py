"""Tokens and webhooks in the admin: shown once, limited to what their maker may see, on record."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.models import ApiToken, Webhook, WebhookMessage
from newsletter.models.webhook import KINDS
from newsletter.webhooks import secrets
from papers.models import AuditEntry
from tests.admin_pages import staff, text
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ADD_TOKEN = reverse("admin:newsletter_apitoken_add")
ADD_WEBHOOK = reverse("admin:newsletter_webhook_add")


def make_webhook(**kwargs) -> Webhook:
    defaults = {"name": "Shop", "url": "https://shop.example.org/", "kinds": list(KINDS)}
    return Webhook.objects.create(**(defaults | {"created_at": NOW} | kwargs))


def test_a_token_is_shown_once_and_then_revoked_for_good():
    editor = staff("newsletter.add_apitoken", "newsletter.change_apitoken")
    page = editor.post(ADD_TOKEN, {"name": "Shop", "scopes": ["papers:read"]})
    (token,) = re.findall(r"bsk_[\w-]+", text(page))
    row = ApiToken.objects.get()
    assert "no-store" in page["Cache-Control"]
    assert row.created_by == "staff"
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/papers", headers=headers).status_code == 200
    for name in ("changelist", "change"):
        at = [row.pk] if name == "change" else []
        assert token not in text(editor.get(reverse(f"admin:newsletter_apitoken_{name}", args=at)))
    revoke = reverse("admin:newsletter_apitoken_revoke", args=[row.pk])
    assert "can’t be undone" in text(editor.get(revoke))
    row.refresh_from_db()
    assert row.revoked_at is None
    editor.post(revoke)
    row.refresh_from_db()
    assert (row.revoked_at is not None, row.revoked_by) == (True, "staff")
    assert Client().get("/api/v1/papers", headers=headers).status_code == 401
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"scopes": ["papers:read"]}, "This field is required"),
        ({"name": "Shop"}, "Choose at least one scope"),
        ({"name": "Shop", "scopes": ["everything"]}, "Select a valid choice"),
        ({"name": "Shop", "scopes": ["addresses:read"]}, "Only those who can see subscribers"),
        (
            {
                "name": "Shop",
                "scopes": ["papers:read"],
                "expires_at_0": "2020-01-01",
                "expires_at_1": "00:00",
            },
            "This is in the past",
        ),
    ],
)
def test_a_form_that_makes_no_token_says_why(form, said):
    page = staff("newsletter.add_apitoken").post(ADD_TOKEN, form)
    assert said in text(page)
    assert not ApiToken.objects.exists()


def test_who_may_see_subscribers_may_let_a_program_see_addresses():
    editor = staff("newsletter.add_apitoken", "subscriptions.view_subscriber")
    editor.post(ADD_TOKEN, {"name": "Shop", "scopes": ["subscribers:read", "addresses:read"]})
    assert ApiToken.objects.get().scopes == ["addresses:read", "subscribers:read"]


def test_a_webhook_shows_its_secret_when_it_is_made_and_when_asked(settings):
    settings.PRIVATE_HOSTS_ALLOWED = {("127.0.0.1", 9)}
    editor = staff("newsletter.add_webhook", "newsletter.change_webhook")
    form = {"name": "Shop", "url": "http://127.0.0.1:9/", "kinds": ["issue.sent"]}
    page = editor.post(ADD_WEBHOOK, form | {"is_active": "on", "with_addresses": "on"})
    webhook = Webhook.objects.get()
    assert secrets.secret_of(webhook) in text(page).replace("&#x3D;", "=")
    assert not webhook.with_addresses  # this editor may not see subscribers
    for name in ("show_secret", "rotate_secret"):
        path = reverse(f"admin:newsletter_webhook_{name}", args=[webhook.pk])
        assert "whsec_" not in text(editor.get(path))
        before = secrets.secret_of(webhook)
        shown = editor.post(path)
        webhook.refresh_from_db()
        assert secrets.secret_of(webhook) in text(shown).replace("&#x3D;", "=")
        assert "no-store" in shown["Cache-Control"]
        assert (secrets.secret_of(webhook) == before) == (name == "show_secret")
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://10.0.0.1/", "nonsense"])
def test_an_address_that_may_not_be_posted_to_is_a_fault_of_the_form(url):
    editor = staff("newsletter.add_webhook")
    editor.post(ADD_WEBHOOK, {"name": "Shop", "url": url, "kinds": ["issue.sent"]})
    assert not Webhook.objects.exists()


def test_where_addresses_go_is_not_changed_by_who_may_not_see_them():
    webhook = make_webhook(with_addresses=True)
    editor = staff("newsletter.change_webhook")
    form = {"name": "New", "url": "https://192.0.2.1/", "kinds": ["issue.sent"], "is_active": "on"}
    editor.post(reverse("admin:newsletter_webhook_change", args=[webhook.pk]), form)
    webhook.refresh_from_db()
    assert (webhook.name, webhook.url) == ("New", "https://shop.example.org/")


def test_a_webhook_that_was_switched_off_begins_anew():
    webhook = make_webhook(is_active=False, failing_since=NOW, disabled_because="it failed")
    editor = staff("newsletter.change_webhook")
    form = {"name": "Shop", "url": webhook.url, "kinds": ["issue.sent"], "is_active": "on"}
    editor.post(reverse("admin:newsletter_webhook_change", args=[webhook.pk]), form)
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.disabled_because, webhook.failing_since) == (True, "", None)


def test_a_test_is_queued_and_a_message_is_sent_again():
    webhook = make_webhook()
    editor = staff("newsletter.change_webhook", "newsletter.change_webhookmessage")
    path = reverse("admin:newsletter_webhook_send_test", args=[webhook.pk])
    editor.get(path)
    assert not WebhookMessage.objects.exists()
    editor.post(path)
    message = WebhookMessage.objects.get()
    assert message.event.kind == "webhook.test"
    WebhookMessage.objects.update(state="failed", attempts=9)
    form = {"action": "resend", "_selected_action": [message.pk]}
    editor.post(reverse("admin:newsletter_webhookmessage_changelist"), form)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("pending", 0)
