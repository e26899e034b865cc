"""What the site is called: the row goes before the variables, and both before our own sentences."""

import threading
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import translation

from papers import site
from papers.models import Site, SiteLogo, page_version
from papers.site_texts import BY_KEY, check_sentence

pytestmark = pytest.mark.django_db


def make_site(**kwargs):
    row = Site(**kwargs)
    row.full_clean()
    row.save()
    return row


@pytest.fixture(autouse=True)
def variables(settings):
    settings.SITE_NAME = "Variable"
    settings.CURATOR = "the editors"
    settings.POSTAL_ADDRESS = "1 Variable Street"
    settings.DEFAULT_FROM_EMAIL = "Variable <digest@papers.example.org>"


def test_without_a_row_the_variables_apply():
    found = site.current()
    assert (found.name, found.postal_address) == ("Variable", "1 Variable Street")
    assert found.curator == "the editors"
    assert (found.accent, found.logo, found.tagline) == ("", None, "")
    with translation.override("de"):
        assert found.curator == "die Redaktion"
        assert "Variable" in found.goodbye
        assert "unsubscribed" not in found.goodbye


def test_the_row_goes_before_the_variables_and_what_is_empty_in_it_does_not():
    make_site(name="Morning Paper", texts={"en": {"curator": "Alice"}})
    found = site.current()
    assert found.name == "Morning Paper"
    assert found.postal_address == "1 Variable Street"
    assert found.curator == "Alice"
    with translation.override("de"):
        assert found.curator == "die Redaktion"  # no curator in German


def test_a_sentence_falls_back_to_ours_in_each_language():
    make_site(name="Morning Paper", texts={"de": {"goodbye": "Tschüss von {name}."}})
    found = site.current()
    assert found.goodbye.startswith("You’ve unsubscribed from Morning Paper.")
    with translation.override("de"):
        assert found.goodbye == "Tschüss von Morning Paper."
    with translation.override("pt"):
        assert found.goodbye.startswith("You’ve unsubscribed from Morning Paper.")


def test_a_footer_has_links_and_whatever_else_is_typed_is_shown():
    text = "*{name}* <script>alert(1)</script> [Imprint](https://example.org/imprint) & more"
    make_site(name="Q&A <i>".replace("<i>", ""), texts={"en": {"footer": text}})
    found = site.current()
    html = str(found.footer_html)
    assert '<a href="https://example.org/imprint">Imprint</a>' in html
    assert "<em>Q&amp;A</em>" in html
    assert "<script" not in html
    assert "Imprint (https://example.org/imprint)" in found.email_footer_text
    assert found.email_footer_html == found.footer_html


def test_our_own_footer_is_no_markdown_and_stands_on_pages_alone(settings):
    settings.SITE_NAME = "*Broad* [x](https://evil.example.org)"
    found = site.current()
    assert "<em>" not in found.footer_html
    assert "<a" not in found.footer_html
    assert (found.email_footer_html, found.email_footer_text) == ("", "")


def test_the_senders_name_follows_the_sites_unless_the_operator_chose_another(settings):
    assert site.current().sender == "Variable <digest@papers.example.org>"
    make_site(name='Alice "A" Paper')
    assert site.current().sender == '"Alice \\"A\\" Paper" <digest@papers.example.org>'
    settings.DEFAULT_FROM_EMAIL = "Alice at the library <digest@papers.example.org>"
    assert site.current().sender == "Alice at the library <digest@papers.example.org>"
    settings.DEFAULT_FROM_EMAIL = "digest@papers.example.org"
    assert site.current().sender == "digest@papers.example.org"


def test_the_dark_color_is_made_from_the_light_one_unless_it_is_given():
    row = make_site(accent="#1d4f8f")
    made = site.current().accent_dark
    assert made not in ("", "#1d4f8f")
    row.accent_dark = "#9ec5ff"
    row.save()
    assert site.current().accent_dark == "#9ec5ff"


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"name": "Two\nlines"}, "one line"),
        ({"name": "Bell\x07"}, "control character"),
        ({"name": "Turned \u202e"}, "invisible"),
        ({"name": "Broadsheet <digest@example.org>"}, "email address"),
        ({"name": "<Broadsheet>"}, "< and >"),
        ({"name": "W" * 61}, "60 characters"),
        ({"postal_address": "1 Street\r\nBcc: eve@example.org"}, "one line"),
        ({"postal_address": "1 Street, office@example.org"}, "CONTACT_EMAIL"),
        ({"accent": "red"}, "hex code"),
        ({"accent": "#ffcc00"}, r"1\.31:1, .*darker one; #"),
        ({"accent_dark": "#8f1d1d"}, "lighter one; #"),
        ({"texts": {"en": {"welcome": "Hello {reader}"}}}, "{reader} isn’t a placeholder"),
        ({"texts": {"en": {"welcome": "Hello {"}}}, "isn’t a placeholder"),
        ({"texts": {"en": {"welcome": "W" * 401}}}, "At most 400 characters; it has 401"),
        ({"texts": {"en": {"welcome": "Two\nlines"}}}, "one line"),
        ({"texts": {"tlh": {"welcome": "nuqneH"}}}, "isn't a language"),
        ({"texts": {"en": {"subject": "x"}}}, "isn't a sentence"),
        ({"texts": ["en"]}, "by language"),
    ],
)
def test_what_cannot_stand_is_refused_with_what_to_do(fields, about):
    with pytest.raises(ValidationError, match=about):
        make_site(**fields)
    assert not Site.objects.exists()


def test_a_placeholder_and_a_curator_with_braces_are_fine():
    check_sentence(BY_KEY["welcome"], "Hello from {name}, and {name} again.")
    check_sentence(BY_KEY["curator"], "the {curly} group")


def test_the_nearest_shade_that_an_error_names_is_taken():
    with pytest.raises(ValidationError) as refused:
        make_site(accent="#e08020")
    better = str(refused.value).split("; ")[1].split(" ")[0]
    make_site(accent=better)
    assert site.current().accent == better


# --- How long one goes by what was read -------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """A process that has read nothing, and its clock."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(site, "FRESH", 2.0)
    monkeypatch.setattr("papers.site.time.monotonic", lambda: Clock.now)
    site.forget()
    return Clock


def test_a_row_that_another_process_wrote_is_seen_after_a_moment(clock, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert site.current().name == "Variable"
        assert site.current().name == "Variable"
    Site.objects.bulk_create([Site(name="Elsewhere")])  # no signal, as of another process
    assert site.current().name == "Variable"
    clock.now += 2.1
    with django_assert_num_queries(1):
        assert site.current().name == "Elsewhere"


def test_a_row_that_this_process_wrote_is_seen_at_once(clock):
    assert site.current().name == "Variable"
    row = make_site(name="Here")
    assert site.current().name == "Here"
    row.delete()
    assert site.current().name == "Variable"


@pytest.mark.django_db(transaction=True)
def test_what_was_read_within_a_transaction_that_fails_is_not_gone_by_after_a_moment(clock):
    with transaction.atomic():
        make_site(name="Undone")
        assert site.current().name == "Undone"
        transaction.set_rollback(True)
    clock.now += 2.1
    assert site.current().name == "Variable"


@pytest.mark.django_db(transaction=True)
def test_a_change_outdates_the_pages_that_are_kept():
    before = page_version.current()
    make_site(name="Here")
    assert page_version.current() != before


def test_the_variables_apply_where_the_row_cannot_be_read(clock, monkeypatch, caplog):
    def fails():
        raise DatabaseError("no such table: papers_site")

    monkeypatch.setattr(site, "_read", fails)
    monkeypatch.setattr(site, "connection", SimpleNamespace(in_atomic_block=False))
    assert site.current().name == "Variable"
    assert "variables apply" in caplog.text


def test_a_preview_is_seen_by_nobody_else():
    seen = []
    with site.shown_with(site.Row(name="Preview")) as shown:
        assert (shown.name, site.current().name) == ("Preview", "Preview")
        other = threading.Thread(target=lambda: seen.append(site.current().name))
        other.start()
        other.join()
    assert seen == ["Variable"]
    assert site.current().name == "Variable"


# --- What an issue keeps ----------------------------------------------------------------------


def test_what_an_issue_kept_comes_back_as_it_was():
    logo = SiteLogo.objects.create(digest="a" * 20, image=b"x", width=300, height=100)
    make_site(
        name="Then", accent="#1d4f8f", logo=logo, texts={"de": {"welcome": "Hallo von {name}."}}
    )
    kept = site.current().as_dict()
    Site.objects.all().delete()
    site.forget()
    then = site.Site.of_issue(kept)
    assert then == site.Site.of_issue(then.as_dict())
    assert (then.name, then.accent) == ("Then", "#1d4f8f")
    assert then.logo is not None
    assert then.logo.path == f"/look/{'a' * 20}.png"
    with translation.override("de"):
        assert then.welcome == "Hallo von Then."


def test_an_issue_that_kept_no_postal_address_takes_the_one_that_was_given_since(settings):
    settings.POSTAL_ADDRESS = ""
    kept = site.current().as_dict()
    settings.POSTAL_ADDRESS = "2 Later Street"
    assert site.Site.of_issue(kept).postal_address == "2 Later Street"


def test_what_a_later_version_kept_beside_is_passed_over():
    kept = site.current().as_dict() | {"motto": "All the news"}
    assert site.Site.of_issue(kept).name == "Variable"
    assert site.Site.of_issue(None) == site.current()
