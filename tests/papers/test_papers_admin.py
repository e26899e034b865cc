"""The admin's rooms for topics and papers."""

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers.models import Feature, Match, Paper, Pick, Source, Topic
from papers.ranking import rank_and_match
from papers.topic_admin import LinesField
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)

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


def text(response) -> str:
    return str(response.content.decode())


def change_of(topic: Topic) -> str:
    return reverse("admin:papers_topic_change", args=[topic.pk])


def preview_of(topic: Topic) -> str:
    return reverse("admin:papers_topic_preview", args=[topic.pk])


def filled(topic: Topic, **changes) -> dict[str, str]:
    """The topic's form as a browser sends it."""
    form = {
        "name": topic.name,
        "slug": topic.slug,
        "group": topic.group,
        "description": topic.description,
        "keywords": "\r\n".join(topic.keywords),
        "categories": "\r\n".join(topic.categories),
        "position": str(topic.position),
        "is_active": "on",
    } | changes
    return {name: value for name, value in form.items() if value is not None}


def cell(html: str, name: str) -> list[str]:
    """The text of a column of a change list."""
    cells = re.findall(rf'class="[^"]*field-{name}[^"]*"[^>]*>(.*?)</td>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", found).strip() for found in cells]


# --- Topics --------------------------------------------------------------------------------


def test_the_list_counts_confirmed_readers_and_recent_matches(admin_client, topic):
    make_subscriber("alice@example.org", topics=[topic])
    make_subscriber("bob@example.org", topics=[topic])
    make_subscriber("charlie@example.org", topics=[topic], status="pending")
    make_match(make_paper(), topic)
    make_match(make_paper(), topic, is_sendable=False)
    make_match(make_paper(), topic, verdict=Match.Verdict.VETOED)
    make_match(make_paper(day=DAY - dt.timedelta(days=14)), topic)

    html = text(admin_client.get(reverse("admin:papers_topic_changelist")))

    assert cell(html, "readers") == ["2"]
    assert cell(html, "matches") == ["1"]


def test_a_topic_with_readers_and_matches_counts_neither_twice(admin_client, topic):
    for number in range(3):
        make_subscriber(f"reader{number}@example.org", topics=[topic])
        paper = make_paper()
        make_match(paper, topic)
        Feature.objects.create(source=make_source(slug="other"), paper=paper, day=DAY)

    html = text(admin_client.get(reverse("admin:papers_topic_changelist")))

    assert (cell(html, "readers"), cell(html, "matches")) == (["3"], ["3"])


def test_topics_can_be_sorted_by_readers_and_searched(admin_client, topic):
    make_topic("Robots", keywords=["manipulator"])
    found = admin_client.get(reverse("admin:papers_topic_changelist"), {"q": "manipulator"})
    assert len(cell(text(found), "group")) == 1
    assert "Robots" in text(found)
    for order in ("3", "-3", "4", "-4"):
        answer = admin_client.get(reverse("admin:papers_topic_changelist"), {"o": order})
        assert answer.status_code == 200


def test_keywords_are_edited_one_a_line(admin_client, topic):
    html = text(admin_client.get(change_of(topic)))
    shown = re.search(r'<textarea name="keywords"[^>]*>(.*?)</textarea>', html, re.DOTALL)
    assert shown is not None
    assert shown[1].split("\n") == ["KV cache", "cache eviction"]

    form = filled(topic, keywords="  KV   cache\r\n\r\nKV cache\nprefill\r\n", _save="Save")
    assert admin_client.post(change_of(topic), form).status_code == 302

    topic.refresh_from_db()
    assert topic.keywords == ["KV cache", "prefill"]


def test_keywords_that_are_too_long_or_too_many_are_refused(admin_client, topic):
    for keywords in ("x" * 121, "\n".join(f"word{n}" for n in range(201))):
        answer = admin_client.post(change_of(topic), filled(topic, keywords=keywords, _save="1"))
        assert answer.status_code == 200
        assert "error" in text(answer)
    topic.refresh_from_db()
    assert topic.keywords == ["KV cache", "cache eviction"]


def test_a_topic_may_have_no_keywords(admin_client, topic):
    admin_client.post(change_of(topic), filled(topic, keywords="\r\n ", _save="1"))

    topic.refresh_from_db()
    assert topic.keywords == []


def test_lines_that_did_not_change_are_no_change():
    field = LinesField()

    assert not field.has_changed(["a b", "c"], "a  b\r\nc\r\n")
    assert field.has_changed(["a", "b"], "b\na")


def test_saving_new_keywords_matches_at_once(admin_client, topic):
    paper = make_paper("Prefill and decode, apart", abstract="Prefill is disaggregated.")
    rank_and_match(now=NOW)
    assert not Match.objects.exists()

    form = filled(topic, keywords="prefill\ndisaggregated", _save="1")
    answer = admin_client.post(change_of(topic), form, follow=True)

    assert Match.objects.sendable().get().paper == paper
    assert "1 papers of the last 14 days match" in text(answer)


def test_a_new_topic_matches_at_once(admin_client):
    make_paper("Robots dance", abstract="Robots dance well; a robot is a dancer.")
    form = {
        "name": "Robots",
        "slug": "robots",
        "group": "Tests",
        "description": "Robots.",
        "keywords": "robot\ndance",
        "categories": "",
        "position": "5",
        "is_active": "on",
    }

    admin_client.post(reverse("admin:papers_topic_add"), form | {"_save": "1"})

    assert Topic.objects.get().keywords == ["robot", "dance"]
    assert Match.objects.sendable().count() == 1


def test_topics_are_activated_and_deactivated_by_hand(admin_client, topic):
    make_paper("KV cache eviction", abstract="Cache eviction.")
    url = reverse("admin:papers_topic_changelist")

    admin_client.post(url, {"action": "deactivate", "_selected_action": [topic.pk]})
    topic.refresh_from_db()
    assert not topic.is_active

    admin_client.post(url, {"action": "activate", "_selected_action": [topic.pk]})
    topic.refresh_from_db()
    assert topic.is_active
    assert Match.objects.filter(topic=topic).exists()


# --- The preview ---------------------------------------------------------------------------


@pytest.fixture
def three_papers():
    """A paper that a change of keywords keeps, one that it loses and one that it gains."""
    return (
        make_paper("KV cache compression", abstract="The KV cache, and cache eviction."),
        make_paper("Cache eviction for the web", abstract="On cache eviction. KV cache."),
        make_paper("Prefill, apart", abstract="Prefill is disaggregated."),
    )


def group(html: str, name: str) -> str:
    found = re.search(rf"<caption[^>]*>\s*{name}: .*?</table>", html, re.DOTALL)
    return found[0] if found else ""


def test_the_preview_shows_what_is_gained_kept_and_lost_and_saves_nothing(
    admin_client, topic, three_papers
):
    rank_and_match(now=NOW)
    before = list(Match.objects.order_by("pk").values()), Topic.objects.values().get()
    form = filled(topic, keywords="KV cache\ncompression\nprefill\ndisaggregated")

    html = text(admin_client.post(preview_of(topic), form))

    kept, lost, gained = three_papers
    assert kept.title in group(html, "Kept")
    assert lost.title in group(html, "Lost")
    assert gained.title in group(html, "Gained")
    assert "&quot;prefill&quot; in the title" in group(html, "Gained")
    assert "<strong>1 gained</strong>" in html
    assert "Nothing is saved yet" in html
    after = list(Match.objects.order_by("pk").values()), Topic.objects.values().get()
    assert after == before


def test_the_preview_keeps_what_was_typed(admin_client, topic, three_papers):
    form = filled(topic, keywords="prefill\n</textarea><script>x", description="Being <b>edited")

    html = text(admin_client.post(preview_of(topic), form))

    assert "prefill\n&lt;/textarea&gt;&lt;script&gt;x</textarea>" in html
    assert "Being &lt;b&gt;edited" in html
    assert f'action="{change_of(topic)}"' in html


def test_what_was_previewed_can_be_saved_from_the_same_page(admin_client, topic, three_papers):
    form = filled(topic, keywords="prefill\ndisaggregated", _continue="1")

    answer = admin_client.post(preview_of(topic), form, follow=True)

    assert answer.request["PATH_INFO"] == change_of(topic)
    assert "was changed successfully" in text(answer)
    topic.refresh_from_db()
    assert topic.keywords == ["prefill", "disaggregated"]


def test_a_form_with_errors_is_shown_with_them_and_previews_nothing(admin_client, topic):
    html = text(admin_client.post(preview_of(topic), filled(topic, name="")))

    assert "This field is required" in html
    assert "gained</strong>" not in html


def test_a_topic_that_does_not_exist_yet_can_be_previewed(admin_client, three_papers):
    new = Topic(name="Prefill", slug="prefill", group="Tests", description="Prefill.")
    form = filled(new, keywords="prefill\ndisaggregated")

    html = text(admin_client.post(reverse("admin:papers_topic_preview_add"), form))

    assert three_papers[2].title in group(html, "Gained")
    assert not Topic.objects.exists()


def test_for_an_inactive_topic_everything_is_gained(admin_client, topic, three_papers):
    Topic.objects.update(is_active=False)

    html = text(admin_client.post(preview_of(topic), filled(topic)))

    assert three_papers[0].title in group(html, "Gained")
    assert group(html, "Kept") == group(html, "Lost") == ""


def test_the_change_page_offers_the_preview_without_a_script(admin_client, topic):
    html = text(admin_client.get(change_of(topic)))

    assert f'formaction="{preview_of(topic)}#preview"' in html
    assert reverse("admin:papers_topic_preview_add") in text(
        admin_client.get(reverse("admin:papers_topic_add"))
    )


def test_opening_a_preview_leads_to_the_form(admin_client, topic):
    answer = admin_client.get(preview_of(topic))
    assert (answer.status_code, answer.headers["Location"]) == (302, change_of(topic))
    gone = admin_client.post(reverse("admin:papers_topic_preview", args=[10**6]), {}, follow=True)
    assert gone.status_code == 200
    assert "exist" in text(gone)


def test_only_who_may_change_topics_may_preview(client, topic):
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_topic"))
    client.force_login(viewer)

    assert client.get(change_of(topic)).status_code == 200
    assert client.post(preview_of(topic), filled(topic)).status_code == 403
    assert client.post(preview_of(topic), filled(topic, _save="1")).status_code == 403
    client.logout()
    assert "/login/" in client.post(preview_of(topic), filled(topic)).headers["Location"]


def test_the_preview_takes_as_many_queries_for_many_papers_as_for_few(admin_client, topic):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.post(preview_of(topic), filled(topic)).status_code == 200
        return len(captured)

    for number in range(3):
        make_paper(f"KV cache {number}")
    few = queries()
    for number in range(40):
        make_paper(f"KV cache eviction {number}")
    assert queries() == few


# --- Papers, matches, picks, sources, features ---------------------------------------------

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


def test_sources_are_switched_off_but_neither_added_nor_deleted(admin_client):
    source = Source.objects.get(slug="huggingface")
    url = reverse("admin:papers_source_change", args=[source.pk])

    assert admin_client.post(url, {"name": "Papers of the day", "kind": "x"}).status_code == 302

    source.refresh_from_db()
    assert (source.name, source.is_active, source.kind) == (
        "Papers of the day",
        False,
        Source.Kind.HUGGINGFACE,
    )
    assert admin_client.get(reverse("admin:papers_source_add")).status_code == 403
    delete = reverse("admin:papers_source_delete", args=[source.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_features_are_only_to_be_read(admin_client):
    make_paper()
    feature = Feature.objects.get()

    assert admin_client.get(reverse("admin:papers_feature_add")).status_code == 403
    url = reverse("admin:papers_feature_change", args=[feature.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"day": "2020-01-01"}).status_code == 403
