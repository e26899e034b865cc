"""Tokens of rows that scripts send papers to: made, renewed and ended in the admin."""

import re

import pytest
from django.urls import reverse

from papers.ingest import pushing
from papers.models import AuditEntry, Source
from tests.admin_pages import staff

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r"push_[\w-]{20,}")


@pytest.fixture
def source() -> Source:
    return Source.objects.create(kind="pushed", slug="scripts", name="Our scripts")


def url(source: Source, name: str = "token") -> str:
    return reverse(f"admin:papers_source_{name}", args=[source.pk])


def test_a_token_is_shown_once_and_works(admin_client, source):
    page = admin_client.post(url(source), {"_token": "1"})

    (token,) = set(TOKEN.findall(page.content.decode()))
    assert "no-store" in page["Cache-Control"]
    assert pushing.source_for("scripts", token) == source
    assert "/sources/scripts/papers" in page.content.decode()

    form = admin_client.get(url(source, "change")).content.decode()
    assert token not in form
    assert "There is a token." in form
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_new_token_asks_first_as_it_ends_the_one_before(admin_client, source):
    first = pushing.new_token(source)

    asked = admin_client.post(url(source), {"_token": "1"}).content.decode()
    assert "ends at once" in asked
    assert not TOKEN.search(asked)
    assert pushing.source_for("scripts", first) == source

    shown = admin_client.post(url(source), {"_token": "1", "_sure": "1"}).content.decode()
    (second,) = set(TOKEN.findall(shown))
    assert pushing.source_for("scripts", first) is None
    assert pushing.source_for("scripts", second) == source


def test_a_token_can_be_ended(admin_client, source):
    token = pushing.new_token(source)

    assert "are refused" in admin_client.post(url(source), {"_end_token": "1"}).content.decode()
    assert pushing.source_for("scripts", token) == source

    sure = admin_client.post(url(source), {"_end_token": "1", "_sure": "1"})
    assert sure.status_code == 302
    assert pushing.source_for("scripts", token) is None
    assert not pushing.has_token(source.__class__.objects.get(pk=source.pk))


def test_saving_settings_keeps_the_token(admin_client, source):
    token = pushing.new_token(source)
    typed = {"name": "Scripts", "is_active": "on", "wait_minutes": "60", "abstract_share": ""}
    assert admin_client.post(url(source, "change"), typed).status_code == 302
    assert Source.objects.get(pk=source.pk).name == "Scripts"
    assert pushing.source_for("scripts", token) == source


@pytest.mark.parametrize(("permission", "status"), [("view_source", 403), ("change_source", 200)])
def test_only_who_may_change_sources_makes_tokens(source, permission, status):
    page = staff(f"papers.{permission}").post(url(source), {"_token": "1"})
    assert page.status_code == status
    assert bool(TOKEN.search(page.content.decode())) == (status == 200)


def test_other_kinds_have_no_token_and_get_makes_none(admin_client, source):
    feed = Source.objects.create(kind="feed", slug="feed", name="A feed")
    assert admin_client.post(url(feed), {"_token": "1"}).status_code == 302
    assert "token" not in (Source.objects.get(pk=feed.pk).settings or {})
    assert admin_client.get(url(source)).status_code == 302
    assert not pushing.has_token(Source.objects.get(pk=source.pk))
