"""The status in the admin: the facts of the command, the troubles, and a test of the alerts."""

import pytest
from django.urls import reverse

from newsletter.models import Trouble
from tests.admin_pages import staff, text
from tests.factories import NOW

pytestmark = pytest.mark.django_db

STATUS = reverse("admin:newsletter_trouble_status")
TEST = reverse("admin:newsletter_trouble_test_alert")


def test_page_shows_every_line_of_the_command(client):
    page = text(client.get(STATUS))
    for name in ("Version", "Beat", "Workers", "Issue", "Digests", "Rate", "Mail backend", "Queue"):
        assert name in page
    assert "Beat hasn&#x27;t run yet" in page


@pytest.mark.parametrize(
    ("permissions", "status", "has_button"),
    [
        ((), 403, False),
        (("newsletter.view_trouble",), 403, False),
        (("newsletter.view_status",), 200, False),
        (("newsletter.view_status", "newsletter.test_alerts"), 200, True),
    ],
)
def test_only_who_may_see_the_status_sees_it(permissions, status, has_button):
    response = staff(*permissions).get(STATUS)
    assert response.status_code == status
    assert (b"Send a test alert" in response.content) is has_button


@pytest.mark.parametrize(
    ("permissions", "may"),
    [(("newsletter.view_status",), False), (("newsletter.test_alerts",), True)],
)
def test_only_who_may_test_alerts_does(settings, mailoutbox, permissions, may):
    settings.ADMINS = [("", "operator@example.org")]
    client = staff(*permissions)
    assert client.get(TEST).status_code == (302 if may else 403)
    assert mailoutbox == []  # nothing happens but by the button
    assert client.post(TEST).status_code == (302 if may else 403)
    assert len(mailoutbox) == int(may)


def test_button_says_which_way_worked(client, settings, mailoutbox, httpserver):
    settings.ADMINS = [("", "operator@example.org")]
    settings.ALERT_WEBHOOK_URL = httpserver.url_for("/hook")
    httpserver.expect_request("/hook").respond_with_data("", status=500)
    page = text(client.post(TEST, follow=True))
    assert "Test alert sent by email." in page
    assert "The test alert couldn&#x27;t be sent by webhook." in page
    assert mailoutbox[0].subject.startswith("[Broadsheet] Test:")


def test_without_a_way_the_button_says_what_to_set(client, settings):
    settings.ADMINS = []
    assert "Set ALERT_WEBHOOK_URL" in text(client.post(TEST, follow=True))


def test_troubles_are_listed_and_only_looked_at(client):
    Trouble.objects.create(key="beat", text="<b>Beat</b> is silent.", since=NOW, seen_at=NOW)
    page = client.get(reverse("admin:newsletter_trouble_changelist"))
    assert "&lt;b&gt;Beat&lt;/b&gt;" in page.content.decode()
    row = Trouble.objects.get()
    assert client.get(reverse("admin:newsletter_trouble_change", args=[row.pk])).status_code == 200
    assert client.post(reverse("admin:newsletter_trouble_add")).status_code == 403
