"""Whose forms are taken: this site's own, told by the headers that a browser sends along."""

import json
import logging
import re
from pathlib import Path

import pytest
import structlog
from django.conf import settings as project
from django.test import Client
from django.urls import reverse

from newsletter.logs import formatter
from newsletter.settings import MIDDLEWARE
from subscriptions import links
from tests.factories import make_subscriber
from tests.newsletter.pages.test_site import PAGES

pytestmark = pytest.mark.django_db

OURS = "https://testserver"
PUBLIC = "https://papers.example.org"
"""The site's address as the settings name it."""
EVIL = "https://evil.example"

# Headers of a request to https://testserver, and whether it comes from a page of ours.
HEADERS = [
    # Browsers of today.
    ({"sec-fetch-site": "same-origin", "origin": OURS}, True),
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
    ({"sec-fetch-site": "none"}, True),
    ({"sec-fetch-site": "cross-site", "origin": EVIL}, False),
    ({"sec-fetch-site": "same-site", "origin": "https://other.testserver"}, False),
    ({"sec-fetch-site": "cross-site", "origin": "null"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": "cross-site", "referer": f"{OURS}/"}, False),
    ({"sec-fetch-site": "cross-site", "origin": OURS}, False),
    ({"sec-fetch-site": "cross-site", "origin": PUBLIC}, True),
    ({"sec-fetch-site": "SAME-ORIGIN, cross-site", "origin": EVIL}, False),
    # Browsers that send no Sec-Fetch-Site, and all of them over plain HTTP.
    ({"origin": OURS}, True),
    ({"origin": PUBLIC}, True),
    ({"origin": "http://testserver"}, False),
    ({"origin": f"{OURS}:8443"}, False),
    ({"origin": f"{OURS}.evil.example"}, False),
    ({"origin": EVIL}, False),
    ({"origin": "null"}, False),
    ({"origin": ""}, False),
    ({"origin": EVIL, "referer": f"{OURS}/"}, False),
    ({"origin": "null", "referer": f"{OURS}/"}, False),
    # Old ones that send neither.
    ({"referer": f"{OURS}/topics/?q=1"}, True),
    ({"referer": f"{OURS}/"}, True),
    ({"referer": OURS}, True),
    ({"referer": f"{PUBLIC}/"}, True),
    ({"referer": "http://testserver/"}, False),
    ({"referer": f"{EVIL}/?{OURS}/"}, False),
    ({"referer": f"https://testserver@{EVIL[8:]}/"}, False),
    ({"referer": f"{OURS}.evil.example/"}, False),
    ({"referer": "https://[testserver/"}, False),
    ({"referer": "/topics/"}, False),
    ({"referer": ""}, False),
    # Whoever sends nothing at all is no browser, or one that tells nobody anything.
    ({}, False),
]


@pytest.fixture(autouse=True)
def _public_address(settings):
    settings.CSRF_TRUSTED_ORIGINS = [PUBLIC]


@pytest.fixture
def strict() -> Client:
    """A browser without cookies, checked as on the real site."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize(("headers", "is_ours"), HEADERS)
def test_a_form_is_taken_from_our_own_pages_alone(strict, headers, is_ours):
    form = {"language": "en"}
    answer = strict.post("/language/", form, secure=True, headers=headers)
    assert answer.status_code == (302 if is_ours else 403)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST"])
def test_reading_is_free_and_every_other_method_is_checked(strict, method):
    for headers, is_ours in HEADERS:
        answer = strict.generic(method, "/privacy/", secure=True, headers=headers)
        if method in {"GET", "HEAD"}:
            assert answer.status_code == 200, headers
        elif method == "OPTIONS" or is_ours:
            assert answer.status_code == 405, headers  # the page is only there to be read
        else:
            assert answer.status_code == 403, headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://testserver"}, 302),
        ({"referer": "http://testserver/"}, 302),
        ({"origin": PUBLIC}, 302),  # the proxy in front speaks HTTPS, and isn't asked
        ({"origin": OURS}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({}, 403),
    ],
)
def test_over_plain_http_the_origin_tells(strict, settings, headers, status):
    settings.SECURE_SSL_REDIRECT = False
    answer = strict.post("/language/", {"language": "en"}, headers=headers)
    assert answer.status_code == status


def test_an_unknown_host_is_refused_before_anything_is_compared(strict):
    origin = {"origin": EVIL}
    answer = strict.post("/language/", secure=True, headers=origin, SERVER_NAME="evil.example")
    assert answer.status_code == 400


@pytest.mark.parametrize(("headers", "is_ours"), HEADERS)
def test_one_click_unsubscribe_comes_from_anywhere_and_the_pages_own_button_does_not(
    strict, headers, is_ours
):
    alice = make_subscriber()
    path = links.unsubscribe_path(alice.pk, alice.link_version)
    pressed = strict.post(path, {"action": "leave"}, secure=True, headers=headers)
    assert pressed.status_code == (302 if is_ours else 403)
    one_click = {"List-Unsubscribe": "One-Click"}
    assert strict.post(path, one_click, secure=True, headers=headers).status_code == 200
    alice.refresh_from_db()
    assert alice.status == "left"


def test_webhooks_are_called_from_elsewhere(strict):
    """The secret in the address decides, not where the call comes from."""
    evil = {"origin": EVIL}
    answer = strict.post(reverse("webhooks:mailgun", args=["x"]), secure=True, headers=evil)
    assert (answer.status_code, answer.content) == (404, b"Not found.\n")


def test_under_admin_only_djangos_token_counts(strict, admin_user):
    strict.force_login(admin_user, "django.contrib.auth.backends.ModelBackend")
    add = "/admin/papers/acronym/add/"
    same = {"sec-fetch-site": "same-origin", "origin": OURS}
    form = {"short": "vlm", "long": "vision language model", "verdict": "always"}
    assert strict.post(add, form, secure=True, headers=same).status_code == 403
    page = strict.get(add, secure=True).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    form["csrfmiddlewaretoken"] = found[1]
    other = {"sec-fetch-site": "cross-site", "origin": EVIL}
    assert strict.post(add, form, secure=True, headers=other).status_code == 403
    assert strict.post(add, form, secure=True, headers=same).status_code == 302


def test_djangos_check_stands_behind_ours():
    ours, django = "newsletter.middleware.same_origin", "django.middleware.csrf.CsrfViewMiddleware"
    assert MIDDLEWARE.index(ours) == MIDDLEWARE.index(django) - 1


@pytest.mark.parametrize("path", [*PAGES, "/subscribe/", "/link/", "/submit/"])
def test_no_page_of_ours_carries_a_token_or_sets_a_cookie(client, path):
    answer = client.get(path, secure=True)
    assert b"csrf" not in answer.content
    assert not answer.cookies


def test_tokens_stand_in_the_admins_templates_alone():
    templates = Path(project.BASE_DIR) / "templates"
    holding = [path for path in templates.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    holding = [path for path in holding if "csrf" in path.read_text()]
    assert all("admin" in path.parts for path in holding), holding


@pytest.mark.parametrize(
    ("proxies", "given", "is_kept"),
    [
        (0, "abcdef-0123456789", False),
        (1, "abcdef-0123456789", True),
        (1, "short", False),
        (1, "with space 0123456789", False),
        (1, "A" * 48, False),
        (1, "", False),
    ],
)
def test_each_request_has_a_name_that_its_lines_carry(client, settings, proxies, given, is_kept):
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Request-ID": given} if given else {}
    first = client.get("/health/live", headers=headers)["X-Request-ID"]
    second = client.get("/health/live", headers=headers)["X-Request-ID"]
    assert (first == given) is is_kept
    assert (first == second) is is_kept
    assert structlog.contextvars.get_contextvars() == {}


def test_lines_of_a_request_and_of_a_task_say_which():
    record = logging.LogRecord("test", 30, "x.py", 1, "hello", (), None)
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        assert json.loads(formatter("json").format(record))["request_id"] == "abc"
    assert "request_id" not in json.loads(formatter("json").format(record))
