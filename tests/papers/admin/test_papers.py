"""The admin's rooms for papers, matches, picks, features and sources."""

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Paper, Pick, Source, Topic
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)
from tests.papers.admin.pages import cell, filled, preview_of, text

pytestmark = pytest.mark.django_db

HOSTILE = '<b>KV cache</b> & "q" {{ 7*7 }} <script>alert(1)</script> שלום 🚀'


@pytest.fixture(autouse=True)
def thursday(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
    Topic.objects.all().delete()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def topic():
    return make_topic("KV cache", keywords=["KV cache", "cache eviction"], categories=["cs.LG"])


LISTS = ["topic", "paper", "match", "pick", "feature", "source"]


def fill(count: int) -> None:
    """`count` more of everything."""
    for number in range(count):
        topic = make_topic(f"Topic {Topic.objects.count()}")
        paper = make_paper(f"Paper {number}")
        make_match(paper, topic)
        make_subscriber(f"r{Topic.objects.count()}@example.org", topics=[topic])
        Pick.objects.create(
            day=DAY, paper=paper, kind=Pick.Kind.PIN, created_by=User.objects.first()
        )


@pytest.mark.parametrize("name", LISTS)
def test_lists_take_as_many_queries_for_many_rows_as_for_few(admin_client, name):
    url = reverse(f"admin:papers_{name}_changelist")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(url).status_code == 200
        return len(captured)

    fill(2)
    queries()  # content types and the like are remembered
    few = queries()
    fill(20)
    assert queries() == few <= 16


@pytest.mark.parametrize("name", LISTS)
def test_lists_can_be_searched_and_filtered(admin_client, name):
    fill(2)
    url = reverse(f"admin:papers_{name}_changelist")

    for query in ({"q": "Paper 1"}, {"q": "%_'\"<b>"}, {"listed": "7"}, {"is_active__exact": "1"}):
        answer = admin_client.get(url, query, follow=True)
        assert answer.status_code == 200


def test_papers_are_found_by_title_author_and_identifier(admin_client):
    wanted = make_paper("Needles in haystacks", authors=["Zora Zeal"])
    make_paper("Something else")
    url = reverse("admin:papers_paper_changelist")

    for query in ("needles", "Zeal", wanted.identifier):
        shown = cell(text(admin_client.get(url, {"q": query})), "identifier")
        assert shown == [wanted.identifier], query


def test_papers_can_be_narrowed_down_to_the_latest_and_to_a_source(admin_client):
    new, old = make_paper(), make_paper(day=DAY - dt.timedelta(days=5))
    url = reverse("admin:papers_paper_changelist")

    def shown(**query) -> set[str]:
        return set(cell(text(admin_client.get(url, query)), "identifier"))

    assert shown(listed="2") == {new.identifier}
    assert shown(listed="7") == {new.identifier, old.identifier}
    source = Source.objects.get(slug="huggingface")
    other = Source.objects.get(slug="sample")
    assert shown(features__source__id__exact=source.pk) == {new.identifier, old.identifier}
    assert shown(features__source__id__exact=other.pk) == set()


@pytest.mark.parametrize("name", LISTS)
def test_hostile_titles_and_names_are_shown_as_they_are(admin_client, name):
    topic = make_topic(HOSTILE[:60], slug="hostile")
    paper = make_paper(HOSTILE, abstract=HOSTILE, authors=[HOSTILE], organization=HOSTILE)
    make_match(paper, topic, evidence=[{"kind": "keyword", "detail": HOSTILE, "where": "title"}])
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.NOTE, note=HOSTILE)
    Source.objects.update(last_error=HOSTILE)
    Feature.objects.update(submitted_by=HOSTILE[:100])

    pages = [admin_client.get(reverse(f"admin:papers_{name}_changelist"))]
    row = {"paper": paper, "topic": topic}.get(name)
    if row:
        pages.append(admin_client.get(reverse(f"admin:papers_{name}_change", args=[row.pk])))
    if name == "topic":
        pages.append(admin_client.post(preview_of(topic), filled(topic, keywords="KV cache")))
    for page in pages:
        assert page.status_code == 200
        html = text(page)
        assert "&lt;b&gt;KV cache&lt;/b&gt;" in html
        assert "<b>KV cache</b>" not in html
        assert "<script>alert(1)" not in html
        assert "49" not in re.findall(r"q&quot; (\S+)", html)


def test_a_paper_is_shown_with_its_score_its_topics_and_its_days(admin_client, topic):
    paper = make_paper("KV cache compression", upvotes=12, stars=None)
    make_match(paper, topic)

    html = text(admin_client.get(reverse("admin:papers_paper_change", args=[paper.pk])))

    assert "12 upvotes, 2 comments, ? stars" in html
    assert "= attention" in html
    assert "&quot;kv cache&quot; in the title" in html
    assert "June 10, 2026" in html


def test_a_papers_page_takes_as_many_queries_for_many_topics_as_for_few(admin_client):
    paper = make_paper()
    url = reverse("admin:papers_paper_change", args=[paper.pk])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(url).status_code == 200
        return len(captured)

    def listed_and_matched(first: int, last: int) -> None:
        for number in range(first, last):
            make_match(paper, make_topic(f"Topic {number}"))
            day = DAY - dt.timedelta(days=number)
            Feature.objects.create(source=make_source(slug=f"s{number}"), paper=paper, day=day)

    listed_and_matched(1, 3)
    queries()
    few = queries()
    listed_and_matched(3, 15)
    assert queries() == few


def test_papers_are_neither_added_nor_deleted_nor_rewritten(admin_client):
    paper = make_paper("As it was")
    assert admin_client.get(reverse("admin:papers_paper_add")).status_code == 403
    url = reverse("admin:papers_paper_delete", args=[paper.pk])
    assert admin_client.post(url, {"post": "yes"}).status_code == 403
    form = inline_forms(paper) | {"title": "Rewritten"}
    admin_client.post(reverse("admin:papers_paper_change", args=[paper.pk]), form)
    paper.refresh_from_db()
    assert paper.title == "As it was"


def inline_forms(paper: Paper, **rows: str) -> dict[str, str]:
    """What a browser sends of the inlines of a paper."""
    matches = list(paper.matches.order_by("-score"))
    form = {
        "matches-TOTAL_FORMS": str(len(matches)),
        "matches-INITIAL_FORMS": str(len(matches)),
        "matches-2-TOTAL_FORMS": "0",
        "matches-2-INITIAL_FORMS": "0",
        "features-TOTAL_FORMS": "0",
        "features-INITIAL_FORMS": "0",
        "_save": "1",
    }
    for number, match in enumerate(matches):
        form |= {
            f"matches-{number}-id": str(match.pk),
            f"matches-{number}-paper": str(paper.pk),
            f"matches-{number}-verdict": match.verdict,
        }
    return form | rows


def test_a_paper_is_pinned_to_a_topic_that_did_not_find_it(admin_client, topic):
    paper = make_paper("Robots dance")
    make_match(paper, make_topic("Robots"), is_sendable=False)
    rows = {
        "matches-2-TOTAL_FORMS": "1",
        "matches-2-0-id": "",
        "matches-2-0-paper": str(paper.pk),
        "matches-2-0-topic": str(topic.pk),
        "matches-2-0-verdict": "pinned",
    }

    url = reverse("admin:papers_paper_change", args=[paper.pk])
    assert admin_client.post(url, inline_forms(paper, **rows)).status_code == 302

    assert Match.objects.sendable().get().topic == topic
    rank_and_match(now=NOW)
    assert Match.objects.sendable().filter(topic=topic).exists()


def test_a_topic_that_a_paper_has_cannot_be_added_again(admin_client, topic):
    paper = make_paper("KV cache compression")
    url = reverse("admin:papers_paper_change", args=[paper.pk])
    twice = {"matches-2-TOTAL_FORMS": "2"} | {
        f"matches-2-{number}-{name}": value
        for number in (0, 1)
        for name, value in (
            ("id", ""),
            ("paper", str(paper.pk)),
            ("topic", str(topic.pk)),
            ("verdict", "pinned"),
        )
    }
    assert "duplicate" in text(admin_client.post(url, inline_forms(paper, **twice)))
    assert not Match.objects.exists()

    make_match(paper, topic)
    once = twice | {"matches-2-TOTAL_FORMS": "1"}
    assert "has that topic already" in text(admin_client.post(url, inline_forms(paper, **once)))
    form = {"paper": paper.pk, "topic": topic.pk, "verdict": "pinned"}
    again = text(admin_client.post(reverse("admin:papers_match_add"), form))
    assert "already" in again


def test_a_match_is_vetoed_on_the_papers_page_and_cannot_change_its_topic(admin_client, topic):
    paper = make_paper("KV cache compression")
    match = make_match(paper, topic)
    other = make_topic("Robots")
    rows = {"matches-0-verdict": "vetoed", "matches-0-topic": str(other.pk)}

    url = reverse("admin:papers_paper_change", args=[paper.pk])
    admin_client.post(url, inline_forms(paper, **rows))

    match.refresh_from_db()
    assert (match.verdict, match.topic) == ("vetoed", topic)


def test_a_match_on_its_own_page_keeps_its_paper_and_topic(admin_client, topic):
    match = make_match(make_paper(), topic)
    other = make_match(make_paper(), make_topic("Robots"))
    form = {"paper": other.paper_id, "topic": other.topic_id, "verdict": "pinned", "_save": "1"}

    url = reverse("admin:papers_match_change", args=[match.pk])
    assert admin_client.post(url, form).status_code == 302

    before = (match.paper_id, match.topic_id)
    match.refresh_from_db()
    assert (match.paper_id, match.topic_id, match.verdict) == (*before, "pinned")


@pytest.mark.parametrize(
    ("action", "verdict", "sent"),
    [("pin", "pinned", True), ("veto", "vetoed", False), ("leave_to_matching", "", False)],
)
def test_matches_are_pinned_and_vetoed_from_their_list(admin_client, topic, action, verdict, sent):
    matches = [make_match(make_paper(), topic, is_sendable=False) for _ in range(3)]
    chosen, left = [match.pk for match in matches[:2]], matches[2]

    url = reverse("admin:papers_match_changelist")
    admin_client.post(url, {"action": action, "_selected_action": chosen})

    assert set(Match.objects.filter(pk__in=chosen).values_list("verdict", flat=True)) == {verdict}
    left.refresh_from_db()
    assert left.verdict == ""
    assert Match.objects.sendable().filter(pk__in=chosen).exists() is sent


def test_who_may_only_look_cannot_pin(client, topic):
    match = make_match(make_paper(), topic)
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_match"))
    client.force_login(viewer)

    url = reverse("admin:papers_match_changelist")
    assert client.get(url).status_code == 200
    client.post(url, {"action": "pin", "_selected_action": [match.pk]})

    match.refresh_from_db()
    assert match.verdict == ""


def test_a_pick_remembers_whose_hand_it_was(admin_client, admin_user):
    paper = make_paper()
    form = {"day": "2026-06-10", "paper": paper.pk, "kind": "pin", "note": "Read", "position": 1}

    assert admin_client.post(reverse("admin:papers_pick_add"), form).status_code == 302

    pick = Pick.objects.get()
    assert (pick.paper, pick.created_by, pick.note) == (paper, admin_user, "Read")


def test_the_paper_of_a_pick_is_completed_while_typing(admin_client):
    paper = make_paper("Needles in haystacks")
    make_paper("Something else")
    query = {
        "term": "needl",
        "app_label": "papers",
        "model_name": "pick",
        "field_name": "paper",
    }

    found = admin_client.get(reverse("admin:autocomplete"), query).json()["results"]

    assert found == [{"id": str(paper.pk), "text": "Needles in haystacks"}]


def test_sources_are_switched_off_but_not_deleted(admin_client):
    source = Source.objects.get(slug="huggingface")
    url = reverse("admin:papers_source_change", args=[source.pk])

    form = {
        "name": "Papers of the day",
        "kind": "x",
        "wait_minutes": "60",
        "setting_every_minutes": "0",
        "setting_most_papers": "100",
    }
    assert admin_client.post(url, form).status_code == 302

    source.refresh_from_db()
    assert (source.name, source.is_active, source.kind) == (
        "Papers of the day",
        False,
        "huggingface",
    )
    delete = reverse("admin:papers_source_delete", args=[source.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_features_are_only_to_be_read(admin_client):
    make_paper()
    feature = Feature.objects.get()

    assert admin_client.get(reverse("admin:papers_feature_add")).status_code == 403
    url = reverse("admin:papers_feature_change", args=[feature.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"day": "2020-01-01"}).status_code == 403
