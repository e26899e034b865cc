"""Who may do what in the admin: whatever acts says which permission it takes."""

import pytest
from django.contrib import admin
from django.urls import reverse

from newsletter.models import Delivery, Issue
from tests.admin_pages import staff

pytestmark = pytest.mark.django_db

OURS = ("newsletter", "papers", "subscriptions")
ADMINS = [
    model_admin
    for model, model_admin in admin.site._registry.items()
    if model._meta.app_label in OURS
]
FINDS = (
    "newsletter.view_issue",
    "subscriptions.view_subscriber",
    "subscriptions.find_addresses",
)
KINDS = ("actions", "actions_list", "actions_row", "actions_detail", "actions_submit_line")


def test_every_app_has_its_room():
    assert {type(one).__module__.rpartition(".")[0] for one in ADMINS} == {
        f"{app}.admin" for app in OURS
    }


@pytest.mark.parametrize("model_admin", ADMINS, ids=lambda one: one.opts.label)
def test_every_action_names_its_permission(model_admin):
    for kind in KINDS:
        for name in getattr(model_admin, kind):
            allowed = getattr(getattr(model_admin, name), "allowed_permissions", ())
            assert allowed, f"{name} takes no permission"


@pytest.mark.parametrize(
    ("permissions", "may"),
    [
        (("newsletter.view_issue",), False),
        (("newsletter.view_issue", "newsletter.change_issue"), True),
    ],
)
@pytest.mark.parametrize(
    ("action", "state"), [("pause", "paused"), ("stop", "stopped"), ("resume", "running")]
)
def test_only_who_may_change_issues_brakes_them(row, permissions, may, action, state):
    before = "running" if state != "running" else "paused"
    Issue.objects.update(state=before)
    address = reverse(f"admin:newsletter_issue_{action}_one", args=[row.issue_id])
    staff(*permissions).post(address, {"reason": "for a test", "is_sure": "True"})
    assert Issue.objects.get().state == (state if may else before)


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ((), 403),
        (("newsletter.view_issue",), 403),
        (("subscriptions.view_subscriber",), 403),
        (("newsletter.view_issue", "subscriptions.view_subscriber"), 200),
        (FINDS, 200),
    ],
)
@pytest.mark.parametrize("part", ["", "html"])
def test_only_who_may_see_issues_and_readers_asks_why_and_who_finds_readers_previews(
    row, permissions, status, part
):
    url = reverse("admin:newsletter_issue_preview", args=[row.issue_id])
    query = {"subscriber": "alice@example.org", "part": part}
    client = staff(*permissions)
    may_find = "subscriptions.find_addresses" in permissions
    assert client.get(url, query).status_code == (status if may_find else 403)
    url = reverse("admin:newsletter_issue_why_not", args=[row.issue_id])
    assert client.get(url, query).status_code == status


@pytest.mark.parametrize(
    ("permissions", "may"),
    [
        (("newsletter.view_delivery",), False),
        (("newsletter.change_issue",), False),
        (("newsletter.view_delivery", "newsletter.change_issue"), True),
    ],
)
@pytest.mark.parametrize("where", ["list", "page"])
def test_only_who_may_change_issues_sends_again(row, permissions, may, where):
    if where == "list":
        url = reverse("admin:newsletter_delivery_changelist")
        data = {"action": "resend", "_selected_action": [row.pk]}
    else:
        url = reverse("admin:newsletter_delivery_resend_one", args=[row.pk])
        data = {}
    staff(*permissions).post(url, data)
    row.refresh_from_db()
    assert row.state == (Delivery.State.PENDING if may else Delivery.State.UNKNOWN)
