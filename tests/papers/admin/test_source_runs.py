"""Sources in the admin: the log of fetches, trying one before it is saved, fetching it now, and
bringing in many feeds.
"""

import datetime as dt
import time

import pytest
from celery import current_app
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from papers import tasks
from papers.admin.sources import MOST_UPLOADED
from papers.ingest.fetching import fetch_day
from papers.models import Feature, Paper, Source, SourceRun
from papers.sources import http, time_limit
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.record import NOT_LISTED, Draft
from papers.sources.registry import KINDS
from papers.sources.settings import SourceSettings
from tests.admin_pages import staff
from tests.factories import DAY, NOW

pytestmark = pytest.mark.django_db

OPML = b"""<opml version="2.0"><body>
<outline text="Nature" xmlUrl="https://www.nature.com/nature.rss"/>
<outline text="A folder"><outline title="Cell" xmlUrl="http://www.cell.com/cell/current.rss"/></outline>
<outline text="Broken" type="rss"/></body></opml>"""


class Told(PaperSource[SourceSettings]):
    """Lists two papers, one of them merely known, and leaves one out."""

    kind = "told"
    label = "Told"
    acknowledgment = "Thank you to Told."
    failure: Exception | None = None

    def items(self, day):
        if self.failure:
            raise self.failure
        self.notes.append(f"state {self.state}")
        self.state["etag"] = "x"
        return range(3)

    def draft(self, item):
        if item == 2:
            raise LeftOut("<obituary>")
        draft = Draft(id=f"arxiv:2606.0000{item}", title=f"Paper <{item}>")
        if item:
            draft.listing = NOT_LISTED
        return draft


@pytest.fixture
def source(monkeypatch, time_machine):
    time_machine.move_to(NOW, tick=False)
    cache.clear()
    kind = type("Told", (Told,), {})
    monkeypatch.setitem(KINDS, "told", kind)
    Source.objects.update(is_active=False)
    return Source.objects.create(kind="told", slug="told", name="Told", is_active=False)


def url(name: str, source: Source) -> str:
    return reverse(f"admin:papers_source_{name}", args=[source.pk])


def form(**changed: str) -> dict[str, str]:
    typed = {
        "name": "Told anew",
        "is_active": "on",
        "wait_minutes": "60",
        "setting_every_minutes": "0",
        "setting_most_papers": "100",
    }
    return typed | changed


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_trying_shows_what_would_be_listed_and_saves_nothing(admin_client, source):
    before = Source.objects.values().get(pk=source.pk)
    source.state = {"etag": "old"}

    html = text(admin_client.post(url("try", source), form()))

    assert "1 paper would be listed" in html
    assert "1 would be known and not listed" in html
    assert "Paper &lt;0&gt;" in html
    assert "Left out: 1 &lt;obituary&gt;." in html
    assert "state {}" in html, "as if it had never been asked"
    assert 'value="Told anew"' in html, "what was typed stays"
    assert Source.objects.values().get(pk=source.pk) == before
    assert not Paper.objects.exists()
    assert not SourceRun.objects.exists()


def test_what_was_tried_can_be_saved_from_the_same_page(admin_client, source):
    answer = admin_client.post(url("try", source), form(_save="Save"))

    assert answer.status_code == 302
    source.refresh_from_db()
    assert (source.name, source.is_active) == ("Told anew", True)


def test_unsaved_settings_are_what_is_tried(admin_client, source):
    html = text(admin_client.post(url("try", source), form(setting_most_papers="1")))
    assert "over the limit of 1 in the settings" in html

    cache.clear()
    html = text(admin_client.post(url("try", source), form(setting_most_papers="0")))
    assert "Enter at least 1." in html
    assert "would be listed" not in html


@pytest.mark.parametrize(
    ("failure", "said"),
    [(FetchFailed("It <cannot> be reached."), "It &lt;cannot&gt; be reached."),
     (RuntimeError("secret"), "failed with an unexpected error (RuntimeError)")],
)  # fmt: skip
def test_a_source_that_fails_when_tried_says_so(admin_client, source, failure, said):
    KINDS["told"].failure = failure  # type: ignore[attr-defined]
    html = text(admin_client.post(url("try", source), form()))
    assert said in html
    assert "secret" not in html


def test_a_source_is_not_tried_twice_in_a_breath(admin_client, source):
    admin_client.post(url("try", source), form())
    assert "just tried" in text(admin_client.post(url("try", source), form()))


def test_a_try_ends_when_its_time_is_over(httpserver, settings):
    settings.FETCH_TIMEOUT = 30
    httpserver.expect_request("/").respond_with_handler(lambda _: time.sleep(3))
    started = time.monotonic()

    with time_limit.time_limit(0.5), http.client("*/*") as client:
        with pytest.raises(FetchFailed):
            http.ask(client, "It", httpserver.url_for("/"), {}, bytes, for_what="a test")
        time.sleep(0.1)
        with pytest.raises(FetchFailed, match="the time for an attempt is over"):
            http.ask(client, "It", httpserver.url_for("/"), {}, bytes, for_what="a test")

    assert time.monotonic() - started < 2
    assert time_limit.seconds_left() is None


def test_a_list_without_an_end_is_cut_off(source):
    class Endless(Told):
        def items(self, day):
            while True:
                yield 0

    with time_limit.time_limit(0.1):
        fetched = Endless().fetch(DAY)

    assert fetched.notes == ("There wasn't enough time to read the whole list.",)


def test_the_log_says_what_each_fetch_brought(admin_client, source):
    Source.objects.update(is_active=False)
    Source.objects.filter(pk=source.pk).update(is_active=True)
    tasks.fetch_source(source.pk)
    KINDS["told"].failure = http.Busy("It answers 429.", 7200)  # type: ignore[attr-defined]
    tasks.fetch_source(source.pk)
    tasks.fetch_source(source.pk)  # which leaves it alone

    html = text(admin_client.get(url("change", source)))

    assert "1 new; left out: 1 &lt;obituary&gt;" in html
    assert "failed: It answers 429." in html
    assert "asked again from 11 Jun, 10:00 UTC" in html
    assert "Thank you to Told." in html
    assert SourceRun.objects.filter(outcome="failed").count() == 1
    assert Feature.objects.filter(source=source).exists()


def test_fetching_now_asks_a_worker_once(admin_client, source, monkeypatch):
    sent: list[object] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, args=None, **kwargs: sent.append((name, args))
    )
    monkeypatch.setattr(
        "celery.canvas.Signature.apply_async",
        lambda self, *a, **k: sent.append((self.task, tuple(self.args))),
    )
    for _ in range(2):
        answer = admin_client.post(url("fetch", source), follow=True)
    assert sent == [("papers.tasks.fetch_source", (source.pk,))]
    assert "is already being fetched" in text(answer)


def test_a_worker_that_cannot_be_asked_is_said(admin_client, source, monkeypatch):
    def fails(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.canvas.Signature.apply_async", fails)
    said = "reach a worker. Run this on the server: manage.py fetch_papers --source told"
    assert said in text(admin_client.post(url("fetch", source), follow=True))


@pytest.mark.parametrize("name", ["try", "fetch"])
@pytest.mark.parametrize(
    ("permissions", "status"),
    [((), 403), (("papers.view_source",), 403), (("papers.add_source",), 403)],
)
def test_only_who_may_change_sources_tries_and_fetches(source, name, permissions, status):
    assert staff(*permissions).post(url(name, source), form()).status_code == status


def test_who_may_only_look_sees_the_log_and_no_buttons(source):
    html = text(staff("papers.view_source").get(url("change", source)))
    assert "It hasn’t been fetched yet." in html
    assert "Try it now" not in html
    assert "Fetch now" not in html


# --- Many feeds at once ----------------------------------------------------------------------

UPLOAD = "admin:papers_source_opml"


def upload(body: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("feeds.opml", body)


def test_feeds_are_shown_first_and_added_when_that_is_confirmed(admin_client):
    before = Source.objects.count()

    page = admin_client.post(reverse(UPLOAD), {"file": upload(OPML), "_show": "1"})

    html = text(page)
    assert "2 feeds would be added" in html
    assert "1 can’t be added" in html
    assert "Add 2 feeds" in html
    assert Source.objects.count() == before

    kept = page.context["kept"]
    done = admin_client.post(reverse(UPLOAD), {"kept": kept, "_add": "1"}, follow=True)
    assert "2 feeds added, 0 already existed" in text(done)
    added = Source.objects.filter(kind="feed").order_by("name")
    assert [(one.name, one.is_active) for one in added] == [("Cell", False), ("Nature", False)]

    again = admin_client.post(reverse(UPLOAD), {"file": upload(OPML), "_show": "1"})
    assert "2 are there already" in text(again)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose a file."),
        ({"kept": "%%%"}, "Choose a file."),
        ({"file": upload(b"<html/>")}, "not OPML"),
        ({"file": upload(b"<!DOCTYPE x><opml/>")}, "document type"),
        ({"file": upload(b"x" * (MOST_UPLOADED + 1))}, "larger than"),
    ],
)
def test_a_file_that_will_not_do_is_refused_in_words(admin_client, data, said):
    page = admin_client.post(reverse(UPLOAD), data | {"_show": "1"})
    assert page.status_code == 200
    assert said in text(page)


@pytest.mark.parametrize("permission", ["view", "change", "delete"])
def test_only_who_may_add_sources_brings_in_feeds(permission):
    client = staff(f"papers.{permission}_source", "papers.view_source")

    answer = client.post(reverse(UPLOAD), {"file": upload(OPML), "_add": "1"})

    assert answer.status_code == 403
    assert not Source.objects.filter(kind="feed").exists()
    listed = client.get(reverse("admin:papers_source_changelist"))
    assert "Import feeds" not in text(listed)


def test_who_may_add_sources_is_shown_the_way_to_many():
    client = staff("papers.add_source", "papers.view_source")
    assert "Import feeds" in text(client.get(reverse("admin:papers_source_changelist")))


def test_the_time_of_the_next_fetch_is_shown(admin_client, source):
    Source.objects.filter(pk=source.pk).update(is_active=True, settings={"every_minutes": 120})
    assert "fetched in the next round" in text(admin_client.get(url("change", source)))
    tasks.fetch_source(source.pk)
    at = NOW + dt.timedelta(minutes=120)
    assert f"from {at:%-d %b, %H:%M} UTC on" in text(admin_client.get(url("change", source)))


def test_where_a_feed_has_moved_is_stored_after_three_fetches_and_shown(
    admin_client, httpserver, settings, time_machine
):
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({(httpserver.host, httpserver.port)})
    old, new = httpserver.url_for("/old.xml"), httpserver.url_for("/new.xml")
    row = Source.objects.create(kind="feed", slug="f", name="F", settings={"address": old})
    httpserver.expect_request("/old.xml").respond_with_data(
        "", status=301, headers={"Location": "/new.xml"}
    )
    httpserver.expect_request("/new.xml").respond_with_data(
        "<rss version='2.0'><channel><title>F</title><item><title>A paper</title><guid>1</guid>"
        "</item></channel></rss>"
    )
    said = f'redirects permanently to <span class="break-all">{new}</span>, which is used instead'
    for number in (1, 2, 3):
        now = NOW + dt.timedelta(hours=number)
        time_machine.move_to(now, tick=False)
        assert not fetch_day(now.date(), now, row).failures
        row.refresh_from_db()
        assert ((row.state or {}).get("moved_to") == new) == (number == 3)
        assert (said in text(admin_client.get(url("change", row)))) == (number == 3)
    assert (row.settings or {})["address"] == old  # what the editor typed stays
    httpserver.clear_log()
    fetch_day(now.date(), now, row)
    assert [request.path for request, _ in httpserver.log] == ["/new.xml"]


def test_a_saved_row_is_edited_and_keeps_what_it_knows(admin_client):
    row = Source.objects.create(
        kind="feed",
        slug="journal",
        name="Journal",
        settings={"address": "https://journal.example.org/rss", "skip": ["title:*news*"]},
        state={"etag": "old"},
    )
    page = reverse("admin:papers_source_change", args=[row.pk])
    html = text(admin_client.get(page))
    assert "https://journal.example.org/rss" in html
    assert "title:*news*" in html
    fields = admin_client.get(page).context["adminform"].form
    typed = {one.html_name: one.value() for one in fields if one.value() not in (None, False)}
    typed |= {"setting_skip": "title:*obituary*", "is_active": "on", "name": "The Journal"}

    bad = admin_client.post(page, typed | {"setting_address": "not an address"})
    assert bad.status_code == 200
    assert Source.objects.get(pk=row.pk).name == "Journal"

    assert admin_client.post(page, typed).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.kind, row.slug) == ("The Journal", "feed", "journal")
    kept = row.settings or {}
    assert kept["address"] == "https://journal.example.org/rss"
    assert list(kept["skip"]) == ["title:*obituary*"]
    assert row.state == {"etag": "old"}
