"""Every page that frames a mail: one frame, one policy, and the email's own pictures are shown."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.urls import reverse

from newsletter.mail.local_mailbox import store
from newsletter.models import Issue
from newsletter.operations.previews import preview
from newsletter.pages.mail_frames import SANDBOX, framed, policy
from tests.factories import NOW
from tests.newsletter.every_mail import make_issue_of_all_kinds

pytestmark = pytest.mark.django_db

PAGES = ("mailbox", "every email", "admin")


@pytest.fixture
def addresses(client, settings, tmp_path):
    """The page and the email's HTML, by where they are."""
    settings.DEBUG = True
    settings.MAILBOX_DIR = tmp_path
    alice = make_issue_of_all_kinds()
    name = store(preview("digest", NOW, subscriber_id=alice.pk).message)
    client.force_login(User.objects.create_superuser("editor", "editor@example.org", "secret"))
    admin = reverse("admin:newsletter_issue_preview", args=[Issue.objects.latest("day").pk])
    return {
        "mailbox": (
            reverse("newsletter:mail", args=[name]),
            reverse("newsletter:mail_html", args=[name]),
        ),
        "every email": (
            reverse("newsletter:variants", args=["digest"]),
            reverse("newsletter:variant_html", args=["digest"]),
        ),
        "admin": (admin, f"{admin}?subscriber=alice%40example.org&part=html"),
    }


def directives(response):
    parts = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";"))
    return {name: set(values.split()) for name, _, values in parts}


@pytest.mark.parametrize("where", PAGES)
def test_frame_and_its_content_keep_to_one_policy(client, addresses, where):
    page, html = addresses[where]
    frames = re.findall(r"<iframe [^>]*>", client.get(page).content.decode())
    assert frames
    assert all(f'sandbox="{SANDBOX}"' in frame for frame in frames)
    response = client.get(html)
    assert response.status_code == 200
    assert response["Content-Security-Policy"] == policy()
    assert '<base target="_top">' in response.content.decode()


@pytest.mark.parametrize("where", PAGES)
def test_mails_own_pictures_are_allowed_and_nothing_runs(client, addresses, where):
    response = client.get(addresses[where][1])
    pictures = re.findall(r'<img[^>]* src="([^"]+)"', response.content.decode())
    assert pictures
    found = directives(response)
    for picture in pictures:
        parts = urlsplit(picture)
        assert f"{parts.scheme}://{parts.netloc}" in found["img-src"]
    assert found["default-src"] == {"'none'"}
    assert found["form-action"] == {"'none'"}
    assert found["frame-ancestors"] == {"'self'"}
    assert not {"allow-scripts", "allow-same-origin", "allow-forms"} & found["sandbox"]
    assert "script-src" not in found
    assert "https:" not in found["img-src"]


@pytest.mark.parametrize(
    ("thumbnails", "shows_pictures", "allowed"),
    [
        ("own", True, {"'self'", "https://papers.example.org", "data:"}),
        ("plates", True, {"'self'", "https://papers.example.org", "data:"}),
        ("source", True, {"'self'", "https://papers.example.org", "data:", "https:"}),
        ("source", False, {"'none'"}),
        ("own", False, {"'none'"}),
    ],
)
def test_pictures_from_elsewhere_are_shown_only_where_mails_have_them(
    settings, thumbnails, shows_pictures, allowed
):
    settings.SITE_URL = "https://papers.example.org"
    settings.EMAIL_THUMBNAILS = thumbnails
    response = framed("<html></html>", shows_pictures=shows_pictures)
    assert directives(response)["img-src"] == allowed


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<head><title>x</title></head>", '<head><base target="_top"><title>x</title></head>'),
        ('<HEAD lang="en"></HEAD>', '<HEAD lang="en"><base target="_top"></HEAD>'),
        ("<header>x</header>", '<base target="_top"><header>x</header>'),
    ],
)
def test_links_lead_the_whole_window(html, wanted):
    assert framed(html).content.decode() == wanted


def test_no_other_template_has_a_frame():
    templates = Path(configured.BASE_DIR) / "templates"
    with_frames = [
        path.name for path in templates.rglob("*.html") if "<iframe" in path.read_text("utf-8")
    ]
    assert sorted(with_frames) == ["_mail_frame.html", "site_after.html"]
