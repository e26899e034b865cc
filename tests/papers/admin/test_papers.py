"""Papers in the admin: found, explained, and given topics by hand."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers.admin.papers import EDITABLE
from papers.ingest.records import store
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Paper, Source
from papers.sources.record import PaperRecord
from tests.admin_pages import cell, text
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_source,
    make_topic,
)

pytestmark = pytest.mark.django_db


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


def test_a_paper_is_shown_with_its_score_its_topics_and_its_days(admin_client, topic):
    paper = make_paper("KV cache compression", upvotes=12, stars=None)
    make_match(paper, topic)

    html = text(admin_client.get(reverse("admin:papers_paper_change", args=[paper.pk])))

    assert "12 upvotes, 2 comments, ? stars" in html
    assert "= attention" in html
    assert "“kv cache” in the title" in html
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


def test_papers_are_not_deleted(admin_client):
    paper = make_paper("As it was")
    url = reverse("admin:papers_paper_delete", args=[paper.pk])
    assert admin_client.post(url, {"post": "yes"}).status_code == 403


def test_an_editors_words_stand_above_sources_until_they_are_forgotten(admin_client):
    record = PaperRecord("arxiv:2606.90001", "As it was", organization="Acme")
    store([record], make_source(), DAY, NOW)
    paper = Paper.objects.get()
    url = reverse("admin:papers_paper_change", args=[paper.pk])
    admin_client.post(url, inline_forms(paper) | {"title": "Mended", "published_on": "2026-06-02"})
    store([replace(record, organization="Acme Labs")], make_source(), DAY, NOW)

    paper.refresh_from_db()
    assert (paper.title, paper.organization) == ("Mended", "Acme Labs")
    assert paper.published_on == dt.date(2026, 6, 2)
    assert set(paper.edited or {}) == {"title", "published_on"}

    data = {"action": "forget_edits", "_selected_action": [paper.pk]}
    admin_client.post(reverse("admin:papers_paper_changelist"), data)
    paper.refresh_from_db()
    assert paper.title == "As it was"
    assert not paper.published_on
    assert not paper.edited


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
    form |= {name: str(getattr(paper, name) or "") for name in EDITABLE}
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
    assert "already has this topic" in text(admin_client.post(url, inline_forms(paper, **once)))
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


def test_the_last_listing_is_shown_once_and_sorts_whatever_is_filtered(admin_client):
    early, late = make_paper(day=DAY - dt.timedelta(days=3)), make_paper()
    other = make_source(slug="other")
    for ago in (1, 5):
        Feature.objects.create(source=other, paper=early, day=DAY - dt.timedelta(days=ago))
    Feature.objects.create(source=other, paper=late, day=DAY - dt.timedelta(days=8))
    url = reverse("admin:papers_paper_changelist")
    for query in ({}, {"features__source__id__exact": other.pk}):
        for order, papers, days in (
            ("2", [early, late], ["June 9, 2026", "June 10, 2026"]),
            ("-2", [late, early], ["June 10, 2026", "June 9, 2026"]),
        ):
            html = text(admin_client.get(url, query | {"o": order}))
            assert cell(html, "identifier") == [paper.identifier for paper in papers]
            assert cell(html, "listed") == days
