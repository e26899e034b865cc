"""Papers that an editor adds: looked up, or typed whole, for a day that is open."""

import json

import pytest
from django.core.cache import cache
from django.urls import reverse

from newsletter.models import Issue
from papers.ingest import authors, by_hand
from papers.models import Feature, Paper, Source
from tests.admin_pages import staff, text
from tests.factories import NOW, make_issue

pytestmark = pytest.mark.django_db

URL = reverse("admin:papers_paper_add")
ORCID = "0000-0002-1825-0097"
WORK = {
    "DOI": "10.5555/Cells",
    "type": "journal-article",
    "title": ["How a cell <i>counts</i> its parts"],
    "container-title": ["Journal of Cells"],
    "author": [{"given": "Alice", "family": "Adams", "ORCID": f"https://orcid.org/{ORCID}"}],
    "abstract": "<jats:p>We count.</jats:p>",
    "issued": {"date-parts": [[2026, 5, 1]]},
    "ISSN": ["1476-4687"],
    "relation": {"has-preprint": [{"id-type": "doi", "id": "10.1101/2026.01.01.700000"}]},
}


@pytest.fixture(autouse=True)
def _services(httpserver, settings, time_machine):
    time_machine.move_to(NOW, tick=False)
    cache.clear()
    settings.CROSSREF_URL = settings.DATACITE_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_ATTEMPTS = 1
    httpserver.expect_request("/works/10.5555/cells").respond_with_data(
        json.dumps({"status": "ok", "message": WORK}), content_type="application/json"
    )


def typed(**changed: str) -> dict[str, str]:
    day = by_hand.open_days(NOW)[0].isoformat()
    return {"paper_id": "10.5555/cells", "day": day, "kind": "article"} | changed


def test_a_looked_up_paper_fills_the_form_and_saves_nothing(admin_client):
    page = text(admin_client.post(URL, typed(_lookup="1")))

    assert "Found. Nothing is saved yet." in page
    assert "How a cell counts its parts" in page
    assert "Journal of Cells" in page
    assert "Alice Adams" in page
    assert not Paper.objects.exists()
    assert not Source.objects.filter(kind=Source.BY_HAND).exists()


def test_what_was_found_is_kept_whole_with_what_the_editor_changed(admin_client):
    admin_client.post(URL, typed(_lookup="1"))
    answer = admin_client.post(
        URL,
        typed(
            title="How cells count",
            authors="Alice Adams",
            abstract="We count.",
            venue="Journal of Cells",
            published_on="2026-05-01",
            categories="issn:1476-4687",
            _save="1",
        ),
    )

    paper = Paper.objects.get()
    assert answer["Location"] == reverse("admin:papers_paper_change", args=[paper.pk])
    assert (paper.identifier, paper.title) == ("doi:10.5555/cells", "How cells count")
    assert authors.papers_by(orcid=ORCID) == {paper.pk}
    assert paper.names.filter(identifier="doi:10.1101/2026.01.01.700000").exists()
    assert Feature.objects.get().source.kind == Source.BY_HAND


def test_a_paper_is_typed_whole_for_a_chosen_day(admin_client):
    day = by_hand.open_days(NOW)[2]
    link = "https://blog.example.org/notes/1"
    said = typed(
        paper_id=link,
        day=day.isoformat(),
        title="Notes on a thing",
        authors="Bob Brown\nCharlie Clark",
        abstract="We note.",
        kind="other",
    )
    assert admin_client.post(URL, said).status_code == 302
    assert admin_client.post(URL, said).status_code == 302  # twice is once

    paper = Paper.objects.get()
    assert paper.identifier == f"feed:{link}"
    assert paper.authors == ["Bob Brown", "Charlie Clark"]
    assert [feature.day for feature in Feature.objects.all()] == [day]


def test_a_day_whose_issue_is_frozen_is_not_offered(admin_client):
    first = by_hand.open_days(NOW)[0]
    make_issue(first)
    assert Issue.objects.exists()

    assert first not in by_hand.open_days(NOW)
    page = text(admin_client.post(URL, typed(day=first.isoformat(), title="Late")))
    assert "Select a valid choice" in page
    assert not Paper.objects.exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"paper_id": "no such thing"}, "isn't an identifier"),
        ({"title": ""}, "it has no title"),
        ({"title": "T", "published_on": "1 May"}, "Enter a valid date"),
        ({"title": "T", "free_url": "javascript:alert(1)"}, "Enter a valid URL"),
        ({"paper_id": "10.5555/unknown", "_lookup": "1"}, "No service knows"),
        ({"paper_id": "pubmed:123", "_lookup": "1"}, "Only DOIs and arXiv numbers"),
        ({"paper_id": "a\0b", "title": "T"}, "Null characters"),
    ],
)
def test_what_cannot_stand_is_said_and_nothing_is_lost(admin_client, httpserver, said, words):
    httpserver.expect_request("/works/10.5555/unknown").respond_with_data(
        "Resource not found.", 404
    )
    httpserver.expect_request("/dois/10.5555/unknown").respond_with_data("{}", 404)
    page = text(admin_client.post(URL, typed(abstract="What I typed.", **said)))
    assert words in page.replace("&#x27;", "'")
    assert "What I typed." in page
    assert not Paper.objects.exists()


def test_a_service_that_is_down_is_said_and_the_rest_can_be_typed(admin_client, httpserver):
    httpserver.expect_request("/works/10.5555/down").respond_with_data("", 500)
    page = text(admin_client.post(URL, typed(paper_id="10.5555/down", _lookup="1")))
    assert "Try again later, or type the rest yourself." in page


@pytest.mark.parametrize(("permission", "status"), [("view_paper", 403), ("add_paper", 200)])
def test_adding_needs_its_permission(permission, status):
    assert staff(f"papers.{permission}").get(URL).status_code == status


def test_a_paper_that_is_hidden_behind_another_name_leads_to_its_work(admin_client):
    main = Paper.objects.create(identifier="arxiv:2605.00001", title="How a cell counts its parts")
    Paper.objects.create(identifier="doi:10.5555/cells", title="How a cell…", merged_into=main)
    page = text(admin_client.post(URL, typed(_lookup="1")))
    assert "It’s already on the site" in page
