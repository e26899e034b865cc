"""Site and newsletter in the admin: saved, refused, previewed, on record and taken back."""

import io
import re

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import escape
from PIL import Image, ImageDraw

from newsletter.admin.site import SHOWN
from newsletter.models import Delivery
from newsletter.operations.roles import ROLES, permissions_of
from papers import audit, site
from papers.models import AuditEntry, Site, SiteLogo
from subscriptions.models import Notice
from tests.admin_pages import staff, text
from tests.factories import make_frozen_issue, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db

PAGE = "/admin/papers/site/1/change/"
PREVIEW = "/admin/papers/site/preview/"


@pytest.fixture
def owner():
    return staff("papers.view_site", "papers.change_site")


def picture(size=(400, 120), color="#1d4f8f", kind="PNG", background=None):
    """A file with a shape in it."""
    mode = "RGB" if kind == "JPEG" else "RGBA"
    image = Image.new(mode, size, background or (0, 0, 0, 0) if mode == "RGBA" else "white")
    edge = min(size) // 10
    ImageDraw.Draw(image).rectangle((edge, edge, size[0] - edge, size[1] - edge), fill=color)
    data = io.BytesIO()
    image.save(data, kind)
    return SimpleUploadedFile(f"logo.{kind.lower()}", data.getvalue())


def errors(answer):
    return answer.context["adminform"].form.errors


# --- The page ---------------------------------------------------------------------------------


def test_looking_makes_no_row(owner):
    listed = owner.get(reverse("admin:papers_site_changelist"))
    assert listed["Location"] == PAGE
    assert owner.get(PAGE).status_code == 200
    assert not Site.objects.exists()


def test_an_empty_field_says_what_applies(owner, settings):
    settings.SITE_NAME, settings.CURATOR = "Variable", "Alice & Bob"
    html = text(owner.get(PAGE))
    assert "Leave empty for “Variable” (SITE_NAME)." in html
    assert "Leave empty for “Alice &amp; Bob” (CURATOR)." in html
    assert "Leave empty for “You’ve unsubscribed from Variable." in html
    assert "Leave empty for “Sie haben Variable abbestellt." in html


def test_what_is_saved_applies_and_is_shown_again(owner):
    form = {
        "name": "Morning Paper",
        "accent": "1D4F8F",
        "welcome_de": "Willkommen bei\r\n{name}.",
        "tagline_en": "Read before breakfast",
    }
    assert owner.post(PAGE, form).status_code == 302
    row = Site.objects.get()
    assert (row.name, row.accent) == ("Morning Paper", "#1d4f8f")
    assert row.texts == {
        "de": {"welcome": "Willkommen bei {name}."},
        "en": {"tagline": "Read before breakfast"},
    }
    assert site.current().name == "Morning Paper"
    html = text(owner.get(PAGE))
    assert "Willkommen bei {name}." in html
    assert re.search(r"<title>[^<]*Morning Paper[^<]*</title>", html)


def test_sentences_in_a_language_that_the_site_no_longer_has_are_kept(owner):
    Site.objects.bulk_create([Site(texts={"fr": {"welcome": "Bonjour."}})])
    owner.post(PAGE, {"welcome_en": "Hello."})
    assert Site.objects.get().texts == {"fr": {"welcome": "Bonjour."}, "en": {"welcome": "Hello."}}


@pytest.mark.parametrize(
    ("field", "value", "about"),
    [
        ("name", "Paper\r\nBcc: eve@example.org", "one line"),
        ("name", "W" * 61, "60 characters"),
        ("postal_address", "1 Street\x07", "control character"),
        ("accent", "tomato", "hex code"),
        ("accent", "#ffcc00", "#856a00 is the nearest that works"),
        ("accent_dark", "#1d4f8f", "Choose a lighter one"),
        ("goodbye_en", "Bye {reader}", "{reader} isn’t a placeholder"),
        ("goodbye_de", "W" * 401, "at most 400 characters"),
        ("footer_en", "[Imprint](javascript:alert(1))", "https://"),
        ("footer_en", "Write to office@example.org", "CONTACT_EMAIL"),
        ("welcome_en", "Bell \x07", "control character"),
    ],
)
def test_what_is_refused_says_what_to_do_and_loses_nothing(owner, field, value, about):
    form = {"name": "Morning Paper", "accent": "#1d4f8f", "tagline_en": "Kept"} | {field: value}
    answer = owner.post(PAGE, form)
    assert answer.status_code == 200
    assert about.lower() in str(errors(answer)[field][0]).lower()
    html = text(answer)
    assert "Kept" in html
    assert escape(value.split("\r")[0].strip("\x07")) in html
    assert not Site.objects.exists()


def test_a_color_for_dark_alone_is_refused(owner):
    answer = owner.post(PAGE, {"accent_dark": "#9ec5ff"})
    assert "Give the color for light backgrounds, too." in errors(answer)["accent"]


def test_only_who_has_the_permission_may_change_or_preview():
    assert staff("papers.change_topic").get(PAGE).status_code == 403


def test_who_may_only_look_changes_nothing():
    viewer = staff("papers.view_site")
    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(PAGE, {"name": "Mine"}).status_code == 403
    assert viewer.post(PREVIEW, {"name": "Mine"}).status_code == 403
    assert not Site.objects.exists()


# --- The logo ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_logo_is_drawn_again_and_served(owner, client, kind):
    file = picture((1200, 400), kind=kind)
    sent = file.read()
    file.seek(0)
    assert owner.post(PAGE, {"name": "Morning Paper", "logo_file": file}).status_code == 302
    logo = SiteLogo.objects.get()
    assert Site.objects.get().logo == logo
    assert bytes(logo.image) != sent
    with Image.open(io.BytesIO(bytes(logo.image))) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (logo.width, logo.height))
        assert drawn.width <= 624
        assert drawn.height <= 168
        assert not drawn.info.keys() & {"exif", "comment", "icc_profile"}
    answer = client.get(f"/look/{logo.digest}.png")
    assert answer.content == bytes(logo.image)
    assert f"/look/{logo.digest}.png" in text(client.get("/about/"))


SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.mark.parametrize(
    ("file", "about"),
    [
        (lambda: SimpleUploadedFile("logo.svg", SCRIPT), "SVG isn’t taken"),
        (lambda: SimpleUploadedFile("logo.png", b"<?xml version='1.0'?>" + SCRIPT), "SVG"),
        (lambda: SimpleUploadedFile("logo.png", b"\x89PNG\r\n\x1a\nnothing"), "can be read"),
        (lambda: SimpleUploadedFile("logo.gif", b"GIF89a" + b"\0" * 40), "can be read"),
        (lambda: SimpleUploadedFile("logo.png", b"x" * 2_000_001), "at most 2 MB"),
        (lambda: picture((40, 40)), "at least 48 × 48"),
        (lambda: picture((2000, 100)), "at most 12 times"),
        (lambda: picture((5000, 3000)), "Make it smaller"),
        (lambda: picture(color=(0, 0, 0, 0)), "wholly transparent"),
        (lambda: picture(color="#ffffff"), "hardly shows on the light background"),
    ],
)
def test_a_file_that_is_no_logo_is_refused_with_what_to_do(owner, file, about):
    answer = owner.post(PAGE, {"name": "Morning Paper", "logo_file": file()})
    assert about in str(errors(answer)["logo_file"][0])
    assert not SiteLogo.objects.exists()
    assert not Site.objects.exists()


def test_a_dark_logo_gets_a_background_that_it_shows_on(owner):
    answer = owner.post(PAGE, {"logo_file": picture(color="#101010")}, follow=True)
    assert "light background" in text(answer)
    with Image.open(io.BytesIO(bytes(SiteLogo.objects.get().image))) as drawn:
        assert drawn.convert("RGBA").getpixel((0, 0)) == (251, 249, 244, 255)


def test_the_same_logo_is_one_row_and_can_be_taken_away(owner):
    for _ in range(2):
        owner.post(PAGE, {"logo_file": picture()})
    logo = SiteLogo.objects.get()
    owner.post(PAGE, {"no_logo": "on"})
    assert Site.objects.get().logo is None
    assert SiteLogo.objects.get() == logo


# --- The preview ------------------------------------------------------------------------------


@pytest.fixture
def issue():
    topic = make_topic()
    for number in range(3):
        make_match(make_paper(f"Robots that read, part {number}"), topic)
    return make_frozen_issue()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("what", SHOWN)
def test_a_preview_shows_what_is_not_saved_and_saves_nothing(owner, issue, what, language):
    form = {
        "name": "Morning Paper",
        "accent": "#1d4f8f",
        "logo_file": picture(),
        f"confirmation_{language}": "Confirmed by {name}, own words.",
        f"welcome_{language}": "Welcomed by {name}, own words.",
        f"goodbye_{language}": "Left by {name}, own words.",
        f"footer_{language}": "Footer, own words.",
        "preview_what": what,
        "preview_language": language,
    }
    answer = owner.post(PREVIEW, form)
    html = text(answer)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert f'lang="{language}"' in html
    assert "Morning Paper" in html
    assert "#1d4f8f" in html
    assert "Footer, own words." in html
    assert 'src="data:image/png;base64,' in html
    assert "<script" not in html
    own = {
        "confirm": "Confirmed by Morning Paper, own words.",
        "welcome": "Welcomed by Morning Paper, own words.",
        "goodbye": "Left by Morning Paper, own words.",
    }
    for name, words in own.items():
        assert (words in html) is (name == what)
    assert not Site.objects.exists()
    assert not SiteLogo.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not Notice.objects.exists()
    assert not Delivery.objects.exists()
    assert mail.outbox == []
    assert site.current().name == "Broadsheet"


def test_what_was_previewed_is_on_no_page_that_others_get(owner, issue, client):
    owner.post(PREVIEW, {"name": "Morning Paper", "preview_what": "page"})
    assert "Morning Paper" not in text(client.get("/"))


def test_a_preview_of_what_cannot_be_saved_says_why(owner):
    html = text(owner.post(PREVIEW, {"accent": "#ffcc00", "preview_what": "page"}))
    assert "Nothing to preview yet" in html
    assert "#856a00 is the nearest that works" in html


def test_a_digest_cannot_be_previewed_before_there_is_an_issue(owner):
    assert "There&#x27;s no issue yet" in text(owner.post(PREVIEW, {"preview_what": "daily"}))


def test_a_preview_is_not_to_be_had_by_an_address_alone(owner):
    assert owner.get(PREVIEW).status_code == 405


# --- On record --------------------------------------------------------------------------------


def test_a_change_is_on_record_and_taken_back(owner):
    owner.post(PAGE, {"name": "First", "goodbye_de": "Tschüss."})
    owner.post(PAGE, {"name": "Second", "accent": "#1d4f8f", "logo_file": picture()})
    second, first = audit.history_of(Site, 1)
    assert first.changes["1"] == {
        "name": ["", "First"],
        "texts": [{}, {"de": {"goodbye": "Tschüss."}}],
    }
    assert set(second.changes["1"]) == {"name", "accent", "logo_id", "texts"}
    history = text(owner.get(reverse("admin:papers_site_history", args=[1])))
    assert "Goodbye email, Deutsch" in history
    assert "Tschüss." in history
    back = reverse("admin:papers_site_restore", args=[1, second.pk])
    assert "First" in text(owner.get(back))
    assert owner.post(back).status_code == 302
    row = Site.objects.get()
    assert (row.name, row.accent, row.logo) == ("First", "", None)
    assert row.texts == {"de": {"goodbye": "Tschüss."}}
    assert site.current().name == "First"
    forth = audit.history_of(Site, 1)[0]
    owner.post(reverse("admin:papers_site_restore", args=[1, forth.pk]))
    row.refresh_from_db()
    assert (row.name, row.accent, row.logo) == ("Second", "#1d4f8f", SiteLogo.objects.get())


def test_the_very_first_change_is_taken_back(owner):
    owner.post(PAGE, {"name": "First", "goodbye_de": "Tschüss."})
    entry = audit.history_of(Site, 1)[0]
    assert owner.post(reverse("admin:papers_site_restore", args=[1, entry.pk])).status_code == 302
    assert (Site.objects.get().name, Site.objects.get().texts) == ("", {})


def test_a_form_that_changes_nothing_writes_no_entry(owner):
    owner.post(PAGE, {"name": "First"})
    owner.post(PAGE, {"name": "First"})
    assert audit.history_of(Site, 1).count() == 1


def test_of_the_roles_that_come_with_it_only_owners_may():
    rows = list(Permission.objects.select_related("content_type"))
    for role in ROLES:
        mine = permissions_of(role, rows)
        found = {f"{one.content_type.app_label}.{one.codename}" for one in mine}
        assert ("papers.change_site" in found) is (role.name == "owner")
