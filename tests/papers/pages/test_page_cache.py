"""Pages that are kept: the same for everyone, made anew as soon as anything changes."""

import gzip
import re
import time
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from papers.days import last_weekday
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Paper, Pick, Topic, page_version
from papers.pages import page_cache
from papers.pages.page_cache import CachedPage
from tests.factories import NOW, make_match, make_paper, make_topic


@given(html=st.text())
def test_a_cached_page_is_the_page(html):
    page = CachedPage.of(html)
    assert page.plain == html.encode()
    assert page == CachedPage.of(html)


# --- The day's page ---------------------------------------------------------------------------


@pytest.fixture
def kept(settings, transactional_db) -> Iterator[None]:
    """Pages are kept, as in production; and changes are committed, which is what counts."""
    settings.PAGE_CACHE_SECONDS = 300
    page_cache.clear()
    yield
    page_cache.clear()


def home(client: Client | None = None, **headers: str):
    return (client or Client()).get("/", secure=True, headers=headers)


def text(response) -> str:
    """The page."""
    return str(response.content.decode())


@pytest.mark.usefixtures("kept")
def test_a_kept_page_takes_one_query_and_is_the_page(django_assert_num_queries):
    make_match(make_paper("Fewer Bits"), make_topic())
    made = home()
    with django_assert_num_queries(1):
        again = home()
    assert "Fewer Bits" in text(made)
    assert text(again) == text(made)


@pytest.mark.usefixtures("kept")
def test_the_page_is_the_same_compressed():
    make_paper()
    packed = home(accept_encoding="br, gzip;q=0.8")
    assert packed["Content-Encoding"] == "gzip"
    unpacked = gzip.decompress(packed.content).decode()
    for other in ("", "br", "identity"):
        plain = home(accept_encoding=other)
        assert not plain.has_header("Content-Encoding")
        assert len(plain.content) == len(unpacked.encode())
    assert "Accept-Encoding" in packed["Vary"]
    assert "Cookie" in packed["Vary"]


@pytest.mark.usefixtures("kept")
def test_every_visitor_gets_the_same_bytes_and_no_token_or_cookie():
    make_match(make_paper(), make_topic())
    alice, bob = Client(), Client()
    bob.cookies["csrftoken"] = "x" * 32  # left by the admin, or by an earlier version
    for packing in ("gzip", "identity"):
        answers = [home(who, accept_encoding=packing) for who in (alice, bob, alice)]
        assert len({(each.content, each["ETag"]) for each in answers}) == 1
        assert not any(each.cookies for each in answers)
    assert "csrf" not in text(home())


@pytest.mark.usefixtures("kept")
def test_the_form_on_a_kept_page_is_taken_from_there():
    topic = make_topic()
    make_paper()
    # An address that is none, so that the answer is the form again.
    form = {"email": "none", "topics": topic.slug}
    alice = Client(enforce_csrf_checks=True)
    home(alice)
    for origin, status in (("https://testserver", 200), ("https://evil.example", 403)):
        headers = {"origin": origin}
        assert alice.post("/subscribe/", form, secure=True, headers=headers).status_code == status


@pytest.mark.usefixtures("kept")
def test_a_browser_that_has_the_page_is_told_so_until_it_changes():
    paper = make_paper("As it was")
    alice = Client()
    etag = home(alice)["ETag"]
    unchanged = home(alice, if_none_match=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["ETag"] == etag
    assert not unchanged.cookies
    # Alice's page is Bob's, too, and compressed it is the same.
    assert home(Client(), if_none_match=etag, accept_encoding="gzip").status_code == 304
    paper.title = "As it is"
    paper.save()
    assert "As it is" in text(home(alice, if_none_match=etag))


@pytest.mark.usefixtures("kept")
def test_days_topics_and_languages_are_pages_of_their_own():
    topic = make_topic("Robots")
    make_match(make_paper("About robots"), topic)
    make_paper("About nothing")
    both = text(home())
    narrowed = text(Client().get(f"/?topic={topic.slug}", secure=True))
    unknown = text(Client().get("/?topic=unknown", secure=True))
    assert "About nothing" in both
    assert "About nothing" not in narrowed
    assert "That topic doesn’t exist" in unknown
    assert "That topic doesn’t exist" not in text(home())
    assert text(Client().get("/day/2026-06-10/", secure=True)) != both


@pytest.mark.usefixtures("kept")
def test_no_more_than_so_many_pages_are_kept(monkeypatch):
    monkeypatch.setattr(page_cache, "MOST_KEPT", 3)
    make_paper()
    for n in range(6):
        topic = make_topic(f"Topic {n}")
        Client().get(f"/?topic={topic.slug}", secure=True)
    assert len(page_cache._cache._pages) == 3


@pytest.mark.usefixtures("kept")
def test_what_depends_on_the_time_alone_is_made_anew_after_a_while(
    monkeypatch, django_assert_num_queries
):
    make_paper()
    home()
    later = time.monotonic() + 301
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.raises(pytest.fail.Exception), django_assert_num_queries(1):
        home()
    with django_assert_num_queries(1):
        home()


@pytest.mark.django_db
def test_with_zero_seconds_nothing_is_kept(settings):
    settings.PAGE_CACHE_SECONDS = 0
    make_paper("As it was")
    home()
    Paper.objects.update(title="As it is")  # not committed, so no version tells of it
    assert "As it is" in text(home())


# --- Changes show at once ------------------------------------------------------------------------


@pytest.fixture
def editor() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("edith", password="x"))
    return client


def in_the_admin(client: Client, path: str, **fields: object) -> None:
    response = client.post(path, fields, secure=True)
    assert response.status_code == 302, response.content.decode()[:2000]


@pytest.mark.usefixtures("kept")
def test_what_an_editor_does_shows_at_once(editor):
    first = make_paper("First", trending_score=2.0)
    second = make_paper("Second", trending_score=1.0)
    day = Feature.objects.get(paper=first).day
    topic = make_topic("Robots")
    match = make_match(first, topic)

    def order() -> list[str]:
        return re.findall(r"<a[^>]*>(First|Second)</a>", text(home()))

    assert order() == ["First", "Second"]
    add = reverse("admin:papers_pick_add")
    pick = {"day": day, "position": 1, "note": "Do not miss this."}
    with time_machine.travel(NOW, tick=False):  # while the day can still be picked for
        in_the_admin(editor, add, paper=second.pk, kind="pin", **pick)
    assert order() == ["Second", "First"]
    assert "Do not miss this." in text(home())

    change = reverse("admin:papers_pick_change", args=[Pick.objects.get().pk])
    in_the_admin(editor, change, paper=second.pk, kind="hide", **pick)
    assert order() == ["First"]

    delete = reverse("admin:papers_pick_delete", args=[Pick.objects.get().pk])
    in_the_admin(editor, delete, post="yes")
    assert order() == ["First", "Second"]

    assert "Robots" in text(home())
    in_the_admin(
        editor,
        reverse("admin:papers_match_changelist"),
        action="veto",
        _selected_action=match.pk,
    )
    assert 'class="chip" href="/topics/t-robots/"' not in text(home())


def _by_update() -> None:
    Paper.objects.update(title="As it is")


def _by_bulk_update() -> None:
    papers = list(Paper.objects.all())
    for paper in papers:
        paper.title = "As it is"
    Paper.objects.bulk_update(papers, ["title"])


def _by_bulk_create() -> None:
    made = Paper.objects.bulk_create([Paper(identifier="arxiv:2606.99999", title="As it is")])
    day = Feature.objects.values_list("day", flat=True)[0]
    source = Feature.objects.all()[0].source
    Feature.objects.bulk_create([Feature(source=source, paper=made[0], day=day)])


def _by_save() -> None:
    paper = Paper.objects.get()
    paper.title = "As it is"
    paper.save()


def _by_ranking() -> None:
    Topic.objects.filter(slug="as-it-is").delete()
    day = Feature.objects.values_list("day", flat=True)[0]
    topic = make_topic("As it is", slug="as-it-is", keywords=["study something"])
    make_match(Paper.objects.get(), topic, is_sendable=False)
    home()
    Match.objects.filter(topic=topic).update(verdict=Match.Verdict.PINNED)
    rank_and_match(now=timezone.now(), day=day)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "change", [_by_update, _by_bulk_update, _by_bulk_create, _by_save, _by_ranking]
)
def test_a_change_shows_at_once_however_it_is_written(change):
    make_paper("As it was", day=last_weekday(timezone.now().date()))
    before = page_version.current()
    assert "As it is" not in text(home())
    change()
    assert "As it is" in text(home())
    assert page_version.current() != before


@pytest.mark.usefixtures("kept")
def test_a_change_in_one_process_shows_in_all_others(monkeypatch):
    """Each process keeps pages of its own; only the database tells one of the other."""
    make_paper("As it was")
    processes = [page_cache._PageCache() for _ in range(3)]
    for process in processes:
        monkeypatch.setattr(page_cache, "_cache", process)
        assert "As it was" in text(home())
    Paper.objects.update(title="As it is")
    for process in processes:
        monkeypatch.setattr(page_cache, "_cache", process)
        assert "As it is" in text(home())


@pytest.mark.usefixtures("kept")
def test_a_page_that_is_not_found_is_not_kept():
    make_paper()
    for _ in range(2):
        assert Client().get("/day/2999-01-01/", secure=True).status_code == 404
    assert not page_cache._cache._pages


@pytest.mark.usefixtures("kept")
def test_what_is_rolled_back_outdates_nothing():
    paper = make_paper()
    before = page_version.current()
    with transaction.atomic():
        Paper.objects.update(title="As it never was")
        transaction.set_rollback(True)
    assert page_version.current() == before
    with transaction.atomic():
        for n in range(3):
            paper.title = f"Take {n}"
            paper.save()
        assert page_version.current() == before
    assert page_version.current() != before


@pytest.mark.usefixtures("kept")
def test_a_change_while_a_page_is_made_is_not_lost(monkeypatch):
    paper = make_paper("As it was")
    make = render_to_string

    def slowly(*args):
        html = make(*args)
        if "As it was" in html:
            Paper.objects.filter(pk=paper.pk).update(title="As it is")
        return html

    monkeypatch.setattr("papers.pages.page_cache.render_to_string", slowly)
    assert "As it was" in text(home())
    assert "As it is" in text(home())
