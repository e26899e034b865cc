"""Topic packs in the admin: shown, confirmed, recorded, and only for who may."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from papers.models import AuditEntry, Topic
from tests.admin_pages import text
from tests.factories import make_subscriber

pytestmark = pytest.mark.django_db

URL = "admin:papers_topic_packs"


@pytest.fixture(autouse=True)
def no_topics(db):
    Topic.objects.all().delete()


def post(client: Client, button: str, *packs: str):
    return client.post(reverse(URL), {button: "1", "packs": list(packs)})


def test_a_pack_is_shown_before_it_is_installed(admin_client):
    html = text(post(admin_client, "_show", "physics"))

    assert "12 topics would be added or updated" in html
    assert "Gravity &amp; black holes" in html
    assert not Topic.objects.exists()


def test_what_was_confirmed_is_installed_and_recorded(admin_client):
    response = post(admin_client, "_install", "physics", "economics")

    assert response.status_code == 302
    assert Topic.objects.count() == 23
    assert AuditEntry.objects.count() == 23
    assert "physics" in text(admin_client.get(reverse("admin:papers_topic_changelist")))


def test_a_removal_is_shown_then_done_and_spares_what_is_followed(admin_client):
    post(admin_client, "_install", "physics")
    make_subscriber("alice@example.org", topics=[Topic.objects.get(slug="optics")])

    assert "11 topics would be" in text(post(admin_client, "_show_removal", "physics"))
    assert Topic.objects.count() == 12
    post(admin_client, "_remove", "physics")
    assert [topic.slug for topic in Topic.objects.all()] == ["optics"]


@pytest.mark.parametrize("packs", [(), ("nature",), ("\0",)])
def test_no_pack_or_an_unknown_one_is_an_error_of_the_form(admin_client, packs):
    html = text(post(admin_client, "_install", *packs))

    assert 'role="alert"' in html
    assert not Topic.objects.exists()


@pytest.mark.parametrize(
    ("may", "button", "status"),
    [
        ([], "_install", 403),
        (["view_topic", "change_topic"], "_install", 403),
        (["view_topic", "add_topic"], "_install", 302),
        (["view_topic", "add_topic"], "_remove", 403),
        (["view_topic", "add_topic", "delete_topic"], "_remove", 302),
    ],
)
def test_adding_and_deleting_each_need_their_permission(client, may, button, status):
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__in=may))
    client.force_login(bob)

    assert post(client, button, "medicine").status_code == status


def test_looking_changes_nothing(admin_client):
    assert admin_client.get(reverse(URL), {"_install": "1", "packs": "physics"}).status_code == 200
    assert not Topic.objects.exists()
