"""The stylesheet of the site's own color, and its logo: kept for good at their addresses."""

import re

import pytest
from django.test import Client

from newsletter.pages import look
from papers import colors, site
from papers.models import Site, SiteLogo

pytestmark = pytest.mark.django_db


def make_site(**kwargs):
    row = Site(**kwargs)
    row.full_clean()
    row.save()
    return row


@pytest.fixture
def browser():
    return Client()


def sheets(page):
    return re.findall(r'<link rel="stylesheet" href="(/look/[^"]+)">', page.content.decode())


def test_without_a_color_of_its_own_a_page_has_one_stylesheet(browser):
    assert sheets(browser.get("/about/")) == []
    assert browser.get("/look/0123456789ab.css").status_code == 404


@pytest.mark.parametrize("path", ["/", "/about/", "/topics/", "/privacy/"])
def test_a_page_has_the_sites_color_name_and_sentences(browser, path):
    make_site(
        name="Morning Paper",
        postal_address="2 Example Street",
        accent="#1d4f8f",
        texts={
            "en": {"tagline": "New research at {name}", "footer": "[Imprint](https://example.org/)"}
        },
    )
    page = browser.get(path)
    html = page.content.decode()
    (sheet,) = sheets(page)
    assert "New research at Morning Paper" in html
    assert '<a href="https://example.org/">Imprint</a>' in html
    assert "Broadsheet" not in html
    answer = browser.get(sheet)
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "--accent: #1d4f8f;" in answer.content.decode()
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    again = browser.get(sheet, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_the_stylesheet_has_a_color_for_each_scheme_that_can_be_read():
    css = look.stylesheet("#1d4f8f", colors.dark_from("#1d4f8f"))
    light, dark, more, more_dark = re.findall(r"--accent: (#\w{6});", css)
    assert colors.weakest(light, "light")[0] >= 4.5
    assert colors.weakest(dark, "dark")[0] >= 4.5
    assert colors.contrast(more, "#ffffff") >= 10
    assert colors.contrast(more_dark, "#000000") >= 10
    assert css.count("@media screen") == 4  # what is printed stays black


def test_at_an_earlier_address_is_the_color_of_now_and_nobody_keeps_it(browser):
    row = make_site(accent="#1d4f8f")
    (before,) = sheets(browser.get("/about/"))
    row.accent = "#0a6b35"
    row.save()
    (after,) = sheets(browser.get("/about/"))
    assert before != after
    answer = browser.get(before)
    assert "#0a6b35" in answer.content.decode()
    assert answer["Cache-Control"] == "no-cache"


def test_a_process_that_has_not_heard_of_the_color_yet_looks_again(browser, monkeypatch):
    make_site(accent="#1d4f8f")
    (sheet,) = sheets(browser.get("/about/"))
    monkeypatch.setattr(site, "_kept", (float("inf"), site.EMPTY))
    answer = browser.get(sheet)
    assert answer["Cache-Control"].endswith("immutable")


def test_a_logo_stands_in_place_of_the_name_and_stays_where_it_was(browser):
    logo = SiteLogo.objects.create(digest="a" * 20, image=b"\x89PNG", width=600, height=144)
    row = make_site(name="Morning Paper", logo=logo)
    tag = nameplate(browser)
    assert 'width="300" height="72"' in tag
    assert 'alt="Morning Paper"' in tag
    (path,) = re.findall(r'src="([^"]+)"', tag)
    answer = browser.get(path)
    assert (answer.content, answer["Content-Type"]) == (b"\x89PNG", "image/png")
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    row.logo = None
    row.save()
    assert "<img" not in nameplate(browser)
    assert browser.get(path).status_code == 200  # emails that went out lead there
    assert browser.get("/look/unknown.png").status_code == 404


def nameplate(browser):
    html = browser.get("/about/").content.decode()
    (found,) = re.findall(r'<p class="nameplate">.*?</p>', html, re.DOTALL)
    return found


def test_a_kept_page_is_made_again_with_what_the_row_says_now(browser, monkeypatch):
    """Also by a process that would go by what it read before for a moment."""
    from papers.models import page_version

    page_version.renew()
    assert "Broadsheet" in browser.get("/").content.decode()
    Site.objects.bulk_create([Site(name="Morning Paper")])  # as another process writes it
    page_version.renew()
    assert site.current().name == "Broadsheet"
    html = browser.get("/").content.decode()
    assert "Morning Paper" in html
    assert "Broadsheet" not in html


def test_feeds_the_api_and_the_frame_for_other_sites_have_the_name(browser, settings):
    settings.EMBED_HOSTS = ("blog.example.org",)
    make_site(name="Morning Paper", texts={"en": {"curator": "Alice"}})
    feed = browser.get("/feeds/papers.atom").content.decode()
    assert "<title>Morning Paper</title>" in feed
    assert "<name>Alice</name>" in feed
    assert browser.get("/api/v1/openapi.json").json()["info"]["title"] == "Morning Paper API"
    assert "Morning Paper" in browser.get("/subscribe/embed/").content.decode()


def test_the_picture_beside_links_has_the_name_the_color_and_the_tagline(browser):
    before = browser.get("/picture/site.png")
    row = make_site(name="Morning Paper")
    named = browser.get("/picture/site.png")
    row.accent = "#1d4f8f"
    row.texts = {"en": {"tagline": "Read before breakfast"}}
    row.save()
    colored = browser.get("/picture/site.png")
    assert len({before["ETag"], named["ETag"], colored["ETag"]}) == 3


def test_a_page_costs_at_most_one_query_for_the_site(browser, django_assert_num_queries):
    browser.get("/look/0123456789ab.css")
    site.forget()
    with django_assert_num_queries(1):
        assert site.current().name == "Broadsheet"
        assert site.current().name == "Broadsheet"
