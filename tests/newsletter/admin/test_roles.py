"""The roles that come with Broadsheet: which pages each opens, and who sees readers' addresses."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from newsletter.models import Delivery, Event, Issue
from newsletter.operations.roles import BY_NAME, ROLES, every_permission, make_roles, permissions_of
from papers.models import AuditEntry, Topic
from subscriptions.models import Notice, Subscriber
from tests.admin_pages import staff, text
from tests.newsletter.admin.test_every_view import (
    SUPERUSER,
    expected,
    rows,  # noqa: F401 - a fixture
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows")]

LISTS = {
    "papers_topic": "owner editor topic-editor viewer",
    "papers_match": "owner editor topic-editor viewer",
    "papers_acronym": "owner editor topic-editor viewer",
    "papers_paper": "owner editor topic-editor moderator viewer",
    "papers_pick": "owner editor viewer",
    "papers_join": "owner editor viewer",
    "papers_source": "owner editor viewer",
    "papers_feature": "owner editor viewer",
    "papers_site": "owner",
    "papers_fittedmodel": "owner",
    "papers_auditentry": "owner editor",
    "papers_bulkaction": "owner editor",
    "subscriptions_submission": "owner editor moderator viewer",
    "subscriptions_interest": "owner editor topic-editor viewer",
    "subscriptions_topicchange": "owner editor topic-editor viewer",
    "subscriptions_subscriber": "owner editor support viewer",
    "subscriptions_suppression": "owner support",
    "subscriptions_notice": "owner editor support viewer",
    "subscriptions_importrun": "owner",
    "subscriptions_readerexport": "owner",
    "newsletter_issue": "owner editor support viewer",
    "newsletter_issuedraft": "owner editor viewer",
    "newsletter_letter": "owner editor viewer",
    "newsletter_delivery": "owner editor support viewer",
    "newsletter_event": "owner support",
    "newsletter_dailycount": "owner editor viewer",
    "newsletter_trouble": "owner editor viewer",
    "newsletter_apitoken": "owner",
    "newsletter_apiwrite": "owner",
    "newsletter_webhook": "owner",
    "newsletter_webhookmessage": "owner",
    "auth_user": "owner",
    "auth_group": "owner",
}
"""Who opens which list. Written by hand: a role that came to see more would fail here."""

CHANGES = {
    "papers_topic": "owner editor topic-editor",
    "papers_match": "owner editor topic-editor",
    "papers_paper": "owner editor",
    "papers_pick": "owner editor",
    "papers_source": "owner editor",
    "subscriptions_subscriber": "owner support",
    "newsletter_issue": "owner editor",
    "newsletter_issuedraft": "owner editor",
    "newsletter_apitoken": "owner",
    "newsletter_webhook": "owner",
    "auth_user": "owner",
}
"""Who may send which form of change."""

ADDRESS = "alice@example.org"
NAMES = tuple(BY_NAME)


def in_role(name: str) -> Client:
    make_roles()
    user = User.objects.create_user(f"a {name}", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_every_list_is_in_the_table():
    assert {f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry} == {
        *LISTS,
        *(name for name in admin_of_libraries()),
    }


def admin_of_libraries() -> set[str]:
    """Lists of libraries, which nobody but owners need."""
    ours = ("papers", "subscriptions", "newsletter", "auth")
    return {
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model in admin.site._registry
        if model._meta.app_label not in ours
    }


@pytest.mark.parametrize("role", NAMES)
def test_a_role_opens_its_lists_and_no_others(role):
    browser = in_role(role)
    opened = {
        name
        for name in LISTS
        if browser.get(reverse(f"admin:{name}_changelist"), follow=True).status_code == 200
    }
    assert opened == {n for n, who in LISTS.items() if role.replace(" ", "-") in who.split()}


@pytest.mark.parametrize("role", NAMES)
def test_a_role_changes_what_is_its_to_change(role):
    in_role(role)
    user = User.objects.get(username=f"a {role}")
    changed = set()
    for name in LISTS:
        app, _, model = name.partition("_")
        if user.has_perm(f"{app}.change_{model}"):
            changed.add(name)
    listed = {n for n, who in CHANGES.items() if role.replace(" ", "-") in who.split()}
    assert changed & set(CHANGES) == listed


@pytest.mark.parametrize("role", NAMES)
def test_no_page_shows_an_address_to_who_is_not_to_see_it(role, rows):  # noqa: F811
    """Every page that opens, with reasons and answers of mail servers that name the reader."""
    said = f"550 5.1.1 <{ADDRESS}>: unknown"
    Delivery.objects.update(reason=said, state=Delivery.State.FAILED, choices=[])
    Notice.objects.update(reason=said)
    Event.objects.update(description=said)
    browser = in_role(role)
    found = []
    for name, (path, _) in expected(SUPERUSER, rows).items():
        asks = name in ("newsletter_issue_preview", "newsletter_issue_why_not")
        for query in ("", f"?subscriber={ADDRESS}")[: 1 + asks]:
            answer = browser.get(path + query)
            if answer.status_code == 200 and not answer.streaming:
                html = text(answer).replace(f'value="{ADDRESS}"', "")
                if ADDRESS in html:
                    found.append(name)
    assert bool(found) == (role in ("owner", "support")), found


def test_support_sees_the_address_of_who_was_searched_for_and_no_other(rows):  # noqa: F811
    browser = in_role("support")
    url = reverse("admin:subscriptions_subscriber_changelist")
    page = text(browser.get(url))
    assert ADDRESS not in page
    assert "a…@e….org" in page
    assert ADDRESS not in text(browser.get(url, {"q": "alice"}))
    assert ADDRESS not in text(browser.get(url, {"q": "@example.org"}))
    page = text(browser.get(url, {"q": " ALICE@example.org "}))
    assert page.count(ADDRESS) >= 1
    assert "reader1@example.org" not in page
    alice = Subscriber.objects.get(email=ADDRESS)
    change = reverse("admin:subscriptions_subscriber_change", args=[alice.pk])
    assert ADDRESS in text(browser.get(change))
    other = Subscriber.objects.get(email="reader1@example.org")
    change = reverse("admin:subscriptions_subscriber_change", args=[other.pk])
    assert "reader1@" not in text(browser.get(change))


@pytest.mark.parametrize("role", ["viewer", "editor"])
@pytest.mark.parametrize(
    "query",
    ["q=alice%40example.org", "q=alice", "email__startswith=a", "email=alice%40example.org"],
)
def test_nobody_finds_out_by_asking_whether_an_address_is_there(role, query):
    browser = in_role(role)
    for name in ("subscriptions_subscriber", "newsletter_delivery", "subscriptions_notice"):
        answer = browser.get(reverse(f"admin:{name}_changelist") + f"?{query}", follow=True)
        assert answer.status_code in (200, 400)
        if answer.status_code == 200 and answer.redirect_chain == []:
            assert answer.context["cl"].result_count == 0


def test_who_sees_no_address_finds_a_reader_by_number():
    browser = in_role("viewer")
    alice = Subscriber.objects.get(email=ADDRESS)
    url = reverse("admin:subscriptions_subscriber_changelist")
    answer = browser.get(url, {"q": f"reader {alice.pk}"})
    assert [row.pk for row in answer.context["cl"].result_list] == [alice.pk]


def test_who_sees_no_address_previews_as_an_example_with_chosen_topics():
    browser = in_role("editor")
    issue = Issue.objects.get()
    real = reverse("admin:newsletter_issue_preview", args=[issue.pk])
    assert browser.get(real, {"subscriber": ADDRESS}).status_code == 403
    example = reverse("admin:newsletter_issue_example", args=[issue.pk])
    page = browser.get(example, {"topics": [Topic.objects.get(slug="t-agents").pk]})
    assert page.status_code == 200
    assert ADDRESS not in text(page)


def test_the_command_makes_the_roles_and_gives_one(capsys):
    User.objects.create_user("bob")
    call_command("make_roles", "--dry-run")
    assert not Group.objects.exists()
    call_command("make_roles", "--give", "editor", "bob")
    assert "editor: new" in capsys.readouterr().out
    bob = User.objects.get(username="bob")
    assert bob.is_staff
    assert bob.has_perm("newsletter.change_issue")
    assert not bob.has_perm("subscriptions.see_addresses")
    Group.objects.get(name="viewer").permissions.clear()
    call_command("make_roles")
    assert "viewer: 0" not in capsys.readouterr().out
    assert Group.objects.get(name="viewer").permissions.exists()
    with pytest.raises(CommandError, match="no role"):
        call_command("make_roles", "--give", "king", "bob")
    with pytest.raises(CommandError, match="no account"):
        call_command("make_roles", "--give", "editor", "nobody")


def test_every_permission_of_a_role_exists():
    for role in ROLES:
        assert permissions_of(role, every_permission())


def test_the_page_makes_roles_and_gives_one_on_record():
    browser = staff(is_superuser=True)
    bob = User.objects.create_user("bob")
    url = reverse("admin:auth_group_roles")
    assert "Not made yet" in text(browser.get(url))
    browser.post(url, {"_make": "1"})
    assert Group.objects.count() == len(ROLES)
    assert "Not made yet" not in text(browser.get(url))
    browser.post(url, {"_give": "1", "user": bob.pk, "role": "support"})
    assert User.objects.get(username="bob").groups.get().name == "support"
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert entry.changes[str(bob.pk)]["groups"] == [[], ["support"]]
    assert "support" in text(browser.get(reverse("admin:auth_user_history", args=[bob.pk])))


def test_a_changed_account_and_a_new_password_are_on_record_without_the_password():
    browser = staff(is_superuser=True)
    bob = User.objects.create_user("bob", password="before")
    url = reverse("admin:auth_user_password_change", args=[bob.pk])
    secret = "a long secret nobody guesses"
    browser.post(url, {"password1": secret, "password2": secret})
    assert User.objects.get(username="bob").check_password(secret)
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert entry.model == "auth.user"
    assert "pbkdf2" not in str(entry.changes)


def test_an_owner_makes_nobody_a_superuser():
    browser = in_role("owner")
    boss = User.objects.create_superuser("boss")
    url = reverse("admin:auth_user_change", args=[boss.pk])
    assert browser.post(url, {"username": "boss"}).status_code == 403
    bob = User.objects.create_user("bob")
    page = text(browser.get(reverse("admin:auth_user_change", args=[bob.pk])))
    assert 'name="is_superuser"' not in page
