"""A librarian's journey, all in the browser: she chooses biology, two journals and a feed, tries
each before saving, and sees the next morning's digest before anybody gets it.
"""

import datetime as dt
import json
import re
import time

import pytest
from django.core.cache import cache
from django.forms import MultipleChoiceField
from django.urls import reverse
from werkzeug import Request, Response

from newsletter.issues.freezing import freeze_due
from newsletter.models import Delivery
from papers import tasks
from papers.models import Feature, Source
from tests.factories import make_issue

pytestmark = pytest.mark.django_db

EVENING = dt.datetime(2026, 11, 25, 20, tzinfo=dt.UTC)
DAY = EVENING.date()
MORNING = dt.datetime(2026, 11, 26, 4, tzinfo=dt.UTC)
FIRST, SECOND = "1234-5679", "2049-3630"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title>
<link>https://blog.example.org/</link><description>Notes</description>
<item><title>Neurons of a fly that count up to four</title><link>https://blog.example.org/1</link>
<guid>blog-1</guid><pubDate>Wed, 25 Nov 2026 08:00:00 GMT</pubDate></item>
<item><title>Something of last year about neurons</title><link>https://blog.example.org/0</link>
<guid>blog-0</guid><pubDate>Tue, 25 Nov 2025 08:00:00 GMT</pubDate></item></channel></rss>"""


def preprint(number: int, category: str) -> dict[str, str]:
    return {
        "title": f"Neurons that fire together, part {number}, in {category}",
        "authors": "Adams, A.; Brown, B.",
        "doi": f"10.1101/2026.11.25.{number:06}",
        "date": DAY.isoformat(),
        "version": "1",
        "type": "new results",
        "license": "cc_by",
        "category": category,
        "abstract": "We record from neurons of mice.",
        "published": "NA",
        "server": "bioRxiv",
    }


def article(number: int, issn: str) -> dict[str, object]:
    return {
        "DOI": f"10.5555/{issn}.{number}",
        "type": "journal-article",
        "title": [f"Neurons of journal {issn} and what they tell, part {number}"],
        "created": {
            "date-parts": [[2026, 11, 25]],
            "date-time": "2026-11-25T10:00:00Z",
            "timestamp": int(EVENING.timestamp() * 1000) - 36_000_000,
        },
        "published-online": {"date-parts": [[2026, 11, 24]]},
        "author": [{"given": "Charlie", "family": "Clark"}],
        "container-title": [f"Journal {issn}"],
        "ISSN": [issn],
    }


@pytest.fixture
def services(httpserver, settings, monkeypatch):
    """Stand-ins for bioRxiv, Crossref and a blog, all on this machine."""

    def details(request: Request) -> Response:
        *_, first, _last, cursor, _form = request.path.split("/")
        rows = [preprint(1, "neuroscience"), preprint(2, "zoology"), preprint(3, "ecology")]
        part = rows[int(cursor) :] if first == DAY.isoformat() else []
        said = {"status": "ok", "cursor": cursor, "count": len(part), "total": "3"}
        nothing = {"messages": [{"status": "no posts found"}], "collection": []}
        return Response(json.dumps({"messages": [said], "collection": part} if part else nothing))

    def works(request: Request) -> Response:
        asked = request.args.get("filter", "")
        items = [article(1, issn) for issn in (FIRST, SECOND) if issn in asked]
        message = {"items": items, "total-results": len(items), "items-per-page": 100}
        return Response(json.dumps({"status": "ok", "message": message}))

    httpserver.expect_request(re.compile("/details/.*")).respond_with_handler(details)
    httpserver.expect_request("/works").respond_with_handler(works)
    httpserver.expect_request("/feed.xml").respond_with_data(FEED, content_type="text/xml")
    base = httpserver.url_for("").rstrip("/")
    settings.BIORXIV_URL = settings.CROSSREF_URL = base
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({("localhost", httpserver.port)})
    settings.FETCH_ATTEMPTS = 1
    settings.THUMBNAILS = False
    monkeypatch.setattr(tasks.learn_words, "apply_async", lambda **_: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    Source.objects.update(is_active=False)
    cache.clear()
    return base


def text(response) -> str:
    return " ".join(response.content.decode().split())


def add(admin_client, kind: str, name: str, **typed) -> None:
    """Add a source, try it with the settings typed, and save it active from the same page."""
    form = {"name": name, "slug": name.lower().replace(" ", "-"), "kind": kind}
    page = admin_client.post(reverse("admin:papers_source_add"), form, follow=True)
    source = Source.objects.get(name=name)
    assert not source.is_active
    # What the page shows, as a browser would send it, and what she changes of it.
    sent: dict[str, object] = {"name": name, "is_active": "on", "wait_minutes": "60"}
    shown = page.context["adminform"].form
    for name_of_field, field in shown.fields.items():
        value = shown.get_initial_for_field(field, name_of_field)
        if isinstance(value, list | tuple) and not isinstance(field, MultipleChoiceField):
            value = "\n".join(value)
        if value not in (None, False):
            sent.setdefault(name_of_field, value)
    sent |= typed
    tried = text(admin_client.post(reverse("admin:papers_source_try", args=[source.pk]), sent))
    assert "would be listed" in tried, tried[-3000:]
    assert "Neurons" in tried
    assert not Feature.objects.filter(source=source).exists()
    cache.clear()
    saved = admin_client.post(
        reverse("admin:papers_source_try", args=[source.pk]), sent | {"_save": "Save"}
    )
    assert saved.status_code == 302, text(saved)[-3000:]
    source.refresh_from_db()
    assert source.is_active


def test_a_librarian_sets_up_biology_two_journals_and_a_feed(
    admin_client, client, services, time_machine
):
    time_machine.move_to(EVENING, tick=False)
    make_issue(DAY - dt.timedelta(days=1), frozen_at=EVENING)

    add(admin_client, "biorxiv", "bioRxiv", setting_subjects=["neuroscience", "zoology"])
    add(admin_client, "crossref", "Two journals", setting_issns=f"{FIRST}\n{SECOND}")
    add(admin_client, "feed", "A blog", setting_address=f"{services}/feed.xml")
    tasks.fetch()

    listed = set(Feature.objects.values_list("source__name", "paper__title", "day"))
    assert {(name, day) for name, _, day in listed} == {
        ("bioRxiv", DAY),
        ("Two journals", DAY),
        ("A blog", DAY),
    }
    titles = {title for _, title, _ in listed}
    assert len(titles) == 5, titles
    assert not any("ecology" in title or "last year" in title for title in titles)

    time_machine.move_to(MORNING, tick=False)
    tasks.fetch()
    issue = freeze_due(MORNING)
    assert issue is not None
    assert issue.day == DAY

    preview = text(client.get(reverse("newsletter:preview"), {"top_papers": "on"}))
    for title in titles:
        assert title in preview
    assert not Delivery.objects.exists(), "nobody got it yet"
    page = text(
        admin_client.get(
            reverse("admin:papers_source_change", args=[Source.objects.get(name="bioRxiv").pk])
        )
    )
    assert "of other subjects" in page
