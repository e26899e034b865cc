"""What every list of the papers' admin keeps to."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers.models import Feature, FittedModel, Pick, Source, Topic
from tests.admin_pages import text
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.papers.admin.topic_form import filled, preview_of

pytestmark = pytest.mark.django_db
HOSTILE = '<b>KV cache</b> & "q" {{ 7*7 }} <script>alert(1)</script> שלום 🚀'
LISTS = ["topic", "paper", "match", "pick", "feature", "source", "fittedmodel"]


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
        FittedModel.objects.create(
            version=f"model {FittedModel.objects.count()}", started_at=NOW, ready_at=NOW, data=b""
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
    assert queries() == few <= 14


@pytest.mark.parametrize("name", LISTS)
def test_lists_can_be_searched_and_filtered(admin_client, name):
    fill(2)
    url = reverse(f"admin:papers_{name}_changelist")

    for query in ({"q": "Paper 1"}, {"q": "%_'\"<b>"}, {"listed": "7"}, {"is_active__exact": "1"}):
        answer = admin_client.get(url, query, follow=True)
        assert answer.status_code == 200


@pytest.mark.parametrize("name", LISTS[:6])
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
