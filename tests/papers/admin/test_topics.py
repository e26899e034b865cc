"""Topics in the admin: counts, keywords, and the preview of a change."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers.admin.topics import LinesField
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Topic
from subscriptions.models import Subscriber
from tests.admin_pages import cell, staff, text
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)
from tests.papers.admin.topic_form import change_of, filled, preview_of

pytestmark = pytest.mark.django_db


def test_the_list_counts_confirmed_readers_and_recent_matches(admin_client, topic):
    make_subscriber("alice@example.org", topics=[topic])
    make_subscriber("bob@example.org", topics=[topic])
    make_subscriber("charlie@example.org", topics=[topic], status="pending")
    make_match(make_paper(), topic)
    make_match(make_paper(), topic, is_sendable=False)
    make_match(make_paper(), topic, verdict=Match.Verdict.VETOED)
    make_match(make_paper(day=DAY - dt.timedelta(days=14)), topic)

    html = text(admin_client.get(reverse("admin:papers_topic_changelist")))

    assert cell(html, "shown_readers") == ["2"]
    assert cell(html, "shown_matches") == ["1"]


def test_a_topic_with_readers_and_matches_counts_neither_twice(admin_client, topic):
    for number in range(3):
        make_subscriber(f"reader{number}@example.org", topics=[topic])
        paper = make_paper()
        make_match(paper, topic)
        Feature.objects.create(source=make_source(slug="other"), paper=paper, day=DAY)

    html = text(admin_client.get(reverse("admin:papers_topic_changelist")))

    assert (cell(html, "shown_readers"), cell(html, "shown_matches")) == (["3"], ["3"])


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
    assert "1 papers from the last 14 days now match" in text(answer)


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
    assert "“prefill” in the title" in group(html, "Gained")
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
    queries()  # what is kept between requests is there from now on
    few = queries()
    for number in range(40):
        make_paper(f"KV cache eviction {number}")
    assert queries() == few


def test_the_preview_helps_with_words_and_adds_what_is_ticked(admin_client, topic):
    for number in range(3):
        make_paper(f"Cached keys {number}", abstract="KV caching and cached values.")
    make_match(make_paper("KV cache of a shop"), topic, verdict=Match.Verdict.VETOED)
    form = filled(topic, keywords="KV cache\nthe", categories="cs.CL\ncs.NOPE")

    html = text(admin_client.post(preview_of(topic), form))

    assert "cs.NOPE” is no category of arXiv" in html
    assert "cs.CL” is" not in html
    assert "they say nothing of a topic" in html
    row = html[html.index('id="keywords-table"') :]
    assert 'value="kv caching"' in row

    ticked = form | {"add_keyword": ["kv caching", "cached values"], "categories": ""}
    html = text(admin_client.post(preview_of(topic), ticked))
    assert "KV cache\nthe\nkv caching\ncached values</textarea>" in html
    topic.refresh_from_db()
    assert topic.keywords == ["KV cache", "cache eviction"]

    admin_client.post(preview_of(topic), ticked | {"_save": "1"})
    topic.refresh_from_db()
    assert topic.keywords == ["KV cache", "the", "kv caching", "cached values"]


def test_names_and_groups_are_translated_in_fields_of_their_own():
    topic = make_topic("Robots", names={"fr": {"name": "Robots"}, "de": {"name": "Roboter"}})
    browser = staff(is_superuser=True)
    assert 'value="Roboter"' in text(browser.get(change_of(topic)))
    form = filled(topic, name_de=" Die  Robotik ", group_de="Maschinen")
    assert browser.post(change_of(topic), form).status_code == 302
    topic.refresh_from_db()
    assert topic.names == {
        "fr": {"name": "Robots"},
        "de": {"name": "Die Robotik", "group": "Maschinen"},
    }
    browser.post(change_of(topic), filled(topic))
    topic.refresh_from_db()
    assert topic.names == {"fr": {"name": "Robots"}}
    assert browser.post(change_of(topic), filled(topic, name_de="x" * 81)).status_code == 200


def test_a_topic_that_readers_follow_is_not_deleted():
    topic = make_topic("Robots")
    make_subscriber(topics=[topic])
    browser = staff(is_superuser=True)
    url = reverse("admin:papers_topic_delete", args=[topic.pk])
    assert "which readers follow" in text(browser.get(url))
    browser.post(url, {"post": "yes"})
    assert Topic.objects.filter(pk=topic.pk).exists()
    Subscriber.objects.all().delete()
    browser.post(url, {"post": "yes"})
    assert not Topic.objects.filter(pk=topic.pk).exists()


def test_a_topic_shows_what_its_classifier_changed_among_recent_papers(admin_client, topic):
    def match(title: str, look: str, score: float, **kwargs: Any) -> None:
        make_match(make_paper(title, **kwargs), topic, second_look=look, score=score)

    match("Vetoed far", "vetoed", 1.0)
    match("Vetoed close", "vetoed", 2.0)
    match("Let in", "let in", 1.5)
    match("As the rule says", "", 9.0)
    match("Vetoed long ago", "vetoed", 9.0, day=DAY - dt.timedelta(days=20))
    match("Retracted", "vetoed", 9.0, status="retracted")
    make_match(make_paper("Of another"), make_topic("Robots"), second_look="vetoed")

    shown = admin_client.get(change_of(topic)).context["second_look"]

    titles = [[one.paper.title for one in looks] for _, _, looks in shown]
    assert titles == [["Vetoed close", "Vetoed far"], ["Let in"]]
