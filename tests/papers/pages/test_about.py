"""The page about where papers come from, and the thanks under papers."""

import datetime as dt

import pytest
from django.urls import reverse

from papers.models import Feature, Source
from tests.factories import DAY, make_paper

pytestmark = pytest.mark.django_db

THANKS = "Thank you to arXiv for use of its open access interoperability."


def text(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def arxiv():
    Source.objects.update(is_active=False)
    return Source.objects.create(kind="arxiv", slug="physics", name="<arXiv> physics")


@pytest.mark.parametrize(
    ("language", "title", "gone"),
    [
        ("en", "Where the papers come from", "no longer checked"),
        ("de", "Woher die Paper kommen", "wird nicht mehr abgefragt"),
    ],
)
def test_the_page_names_each_source_with_its_thanks(client, arxiv, language, title, gone):
    make_paper()  # of Hugging Face, which is not active any more

    html = text(client.get(reverse("papers:about"), headers={"Accept-Language": language}))

    assert title in html
    assert "&lt;arXiv&gt; physics" in html
    assert THANKS in html
    assert f"Hugging Face Daily Papers</bdi> ({gone})" in html
    assert "Sample that ships" not in html, "nothing is shown of it"


def test_a_paper_says_who_listed_it_when_with_the_thanks_once(client, arxiv):
    paper = make_paper()
    for more in (0, 1):
        day = DAY + dt.timedelta(days=more)
        Feature.objects.create(source=arxiv, paper=paper, day=day, source_day=DAY)

    html = text(client.get(paper.get_absolute_url()))

    assert html.count(THANKS) == 1
    assert html.count("there on 10 June 2026") == 1


def test_every_page_leads_there(client):
    assert f'href="{reverse("papers:about")}"' in text(client.get(reverse("papers:topics")))
