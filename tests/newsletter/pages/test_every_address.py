"""Whatever is asked of any address of the site, it is answered and no fault: table by table.

The names come from where they are used, the forms' from the pages and the parameters' from the
code, and a new address is missed here. The providers' addresses and the operations of the API
have tests of their own.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from newsletter.models import Delivery
from newsletter.pages import health
from newsletter.tasks import drain
from papers.models import Paper
from subscriptions import links, tasks
from subscriptions.models import Subscriber
from subscriptions.pages.recognition import COOKIE
from tests.every_page import admin_paths, make_hostile_site, remembered

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

ROOT = Path(__file__).parent.parent.parent.parent

VALUES = [
    "a\0b",
    "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\r\nSet-Cookie: a=b",
    "\u202e\u2067\u0627\u0644 \U0010ffff \ufeff",
    "-1",
    "9" * 400,
    "9223372036854775808",
    "1e309",
    "²",
    "%' OR 1=1 -- _%\\%",
    '"(*)" AND NEAR ^ : -',
    "0000-00-00",
    "9999-12-31",
    "../../../etc/passwd",
    "<script>alert(1)</script>{{ 7|add:7 }}",
    "a@" + "b" * 300 + ".example",
    "W" * 20_000,
]
"""What is put everywhere."""

RAW = ["%ff%fe", "%ed%a0%80", "%00", "%zz%", ""]
"""What is put there as it stands, in pieces; most of it is no UTF-8."""

ADMIN_NAMES = [
    *("q", "o", "p", "all", "e", "_popup", "_to_field", "_changelist_filters", "day", "day__gte"),
    *("id", "id__in", "pk__in", "is_active__exact", "state__exact", "status__exact", "kind__exact"),
    *("app_label", "model_name", "field_name", "term", "subscriber", "part", "action", "index"),
    *("_selected_action", "select_across", "reason", "next", "s", "topic__id__exact"),
]


@pytest.fixture
def paths(settings, tmp_path, monkeypatch) -> list[str]:
    """An address of each kind, all of them with something behind."""
    settings.DEBUG = True
    settings.EMBED_HOSTS = ("blog.example.org",)
    settings.MAILBOX_DIR = tmp_path
    settings.EMAIL_BACKEND = "newsletter.mail.local_mailbox.MailboxBackend"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    for name in ("PER_ADDRESS", "PER_NETWORK", "IN_TOTAL", "UPVOTES", "SUBMISSIONS", "UNPROVEN"):
        setattr(settings, f"LIMIT_{name}", 10**9)  # or the limits would answer
    monkeypatch.setattr(health, "broker", lambda: "ok")  # there need not be one
    monkeypatch.setattr(drain, "apply_async", lambda *_, **__: None)
    monkeypatch.setattr(tasks.check_submissions, "apply_async", lambda *_, **__: None)
    cache.clear()
    found = list(dict.fromkeys(make_hostile_site().values()))
    alice = Subscriber.objects.get(email="alice@example.org")
    held = alice.pk, alice.link_version
    paper = Paper.objects.all()[0].pk
    tracking = links.token(links.Purpose.TRACKING, *held, Delivery.objects.all()[0].pk)
    saved = links.reading_list_path(*held)
    mail = next(tmp_path.iterdir()).name
    preferences = links.preferences_path(*held)
    kinds = ("view", "generate", "download")
    account = [
        *("account_login", "account_logout", "account_inactive", "account_reauthenticate"),
        *("account_change_password", "mfa_index", "mfa_authenticate", "mfa_reauthenticate"),
        *("mfa_activate_totp", "mfa_deactivate_totp", "mfa_list_webauthn", "mfa_add_webauthn"),
        *("mfa_reauthenticate_webauthn", "usersessions_list"),
        *(f"mfa_{kind}_recovery_codes" for kind in kinds),
    ]
    return [
        *found,
        *map(reverse, account),
        *(reverse(f"mfa_{verb}_webauthn", args=[1]) for verb in ("edit", "remove")),
        f"{preferences}data.json",
        f"{preferences}interests/interests.json",
        f"{preferences}interests/feeds.opml",
        f"{preferences}interests/library/nothing/",
        reverse("subscriptions:interest-feed", args=[alice.followings.all()[0].token]),
        links.feed_path(*held),
        links.reading_list_feed_path(*held, 1),
        *(f"{saved}reading-list.{ending}" for ending in ("bib", "ris", "json")),
        reverse("subscriptions:save", args=[paper]),
        reverse("subscriptions:mute-paper", args=[paper]),
        "/picture/site.png",
        "/picture/day/2026-06-10.png",
        "/picture/week/2026-W24.png",
        "/picture/month/2026-06.png",
        "/picture/issue/2026-06-10.png",
        "/picture/topic/robots.png",
        f"/picture/paper/{paper}.png",
        reverse("newsletter:sample_html"),
        reverse("papers:suggestions"),
        links.upvote_path(*held, paper),
        reverse("newsletter:calendar", args=["2026-06"]),
        reverse("newsletter:opened", args=[tracking]),
        reverse("newsletter:follow", args=[tracking, 1, 1]),
        reverse("newsletter:follow-letter", args=[tracking, 1, "en", 0]),
        *(
            reverse(f"newsletter:{name}")
            for name in ("live", "ready", "metrics", "favicon", "robots")
        ),
        reverse("newsletter:sitemap"),
        reverse("newsletter:sitemap_section", args=["papers"]),
        reverse("newsletter:mail", args=[mail]),
        reverse("newsletter:mail_html", args=[mail]),
        reverse("newsletter:variant_html", args=["digest"]),
        reverse("newsletter:language"),
        f"/thumbnails/{paper}-{'0' * 8}.jpg",
        reverse("newsletter:look", args=["0" * 12]),
        reverse("newsletter:logo", args=["0" * 20]),
        reverse("papers:feed"),
        reverse("papers:push", args=["no-such-source"]),
        reverse("papers:topic_feed", args=["robots"]),
        reverse("papers:field_feed", args=["physics"]),
        reverse("api:openapi"),
        "/api/v1/nothing",
        *(reverse(f"subscriptions:{name}") for name in ("embed", "embed-done", "from-elsewhere")),
        reverse("subscriptions:challenge"),
        reverse("subscriptions:forget"),
    ]


@pytest.fixture
def client() -> Client:
    """A remembered reader's browser; a fault is raised where the test sees it."""
    return Client()


@pytest.fixture
def editor() -> Client:
    """A browser of somebody who may do everything in the admin."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("editor"))
    return client


def ask(client: Client, method: str, path: str, **kwargs: Any) -> Any:
    """The answer; what the request changed is undone."""
    with transaction.atomic():
        response: Any = client.generic(method, path, secure=True, **kwargs)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    return response


def sent(names: Collection[str]) -> list[str]:
    """Each of the hostile values for all of `names` at once, as queries and forms send them."""
    return [
        *(urlencode(dict.fromkeys(names, value)) for value in VALUES),
        *("&".join(f"{name}={raw}" for name in (*names, raw)) for raw in RAW),
    ]


def faults_of(client: Client, method: str, path: str, queries: Iterable[str]) -> list[object]:
    """The queries, for GET, or forms, for POST, that `path` answers with a fault."""
    faults: list[object] = []
    for query in queries:
        told: dict[str, str] = {"QUERY_STRING": query}
        if method == "POST":
            told = {"data": query, "content_type": "application/x-www-form-urlencoded"}
        try:
            status = ask(client, method, path, **told).status_code
        except Exception as error:
            status = repr(error)[:200]
        if not isinstance(status, int) or status >= 500:
            faults.append((method, path, query[:80], status))
    return faults


def names_in_the_code() -> list[str]:
    """Every parameter that a view reads by name, and every field of the forms' classes."""
    code = [
        each.read_text()
        for app in ("newsletter", "papers", "subscriptions")
        for each in (ROOT / app).rglob("*.py")
    ]
    named = re.compile(r'(?:GET|POST|asked|data)\.(?:get|getlist|pop)\(\s*"([^"]+)"')
    return sorted({name for text in code for name in named.findall(text)})


def forms_of(client: Client, path: str) -> tuple[list[str], list[str]]:
    """The names that the forms on a page send, and the values of its buttons called "action"."""
    response = ask(client, "GET", path)
    if response.streaming or "html" not in response.get("Content-Type", ""):
        return [], []
    html = response.content.decode()
    names = set(re.findall(r'<(?:input|select|textarea|button)[^>]* name="([^"]+)"', html))
    actions = set(re.findall(r'name="action" value="([^"]+)"', html))
    return sorted(names), sorted(actions)


def routes(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """The names of all addresses."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, each.namespace or space)
        else:
            yield f"{space}:{each.name}" if space else str(each.name)


def of_each_view(paths: list[str]) -> list[str]:
    """One address of each view."""
    there = (bare for bare in map(bare_of, paths) if bare != "/nothing/")
    return list({resolve(bare).view_name: bare for bare in there}.values())


def bare_of(path: str) -> str:
    return path.partition("?")[0]


def test_every_address_of_the_site_is_tried(paths):
    known = {
        name
        for name in routes(get_resolver().url_patterns)
        if not name.startswith(("admin:", "webhooks:", "v1:"))
    }
    tried = {resolve(path).view_name for path in of_each_view(paths)}
    assert known - tried == set()
    assert tried - known == set()


def test_no_parameter_breaks_any_page(client, paths):
    names = names_in_the_code()
    assert {"topic", "page", "q", "subscriber", "saved"} <= set(names)
    client.cookies[COOKIE] = remembered()
    faults = [
        f for path in of_each_view(paths) for f in faults_of(client, "GET", path, sent(names))
    ]
    assert not faults, "\n".join(map(str, faults))


def test_no_field_breaks_any_form(client, paths):
    client.cookies[COOKIE] = remembered()
    faults: list[object] = []
    tried = 0
    for path in dict.fromkeys(map(bare_of, paths)):
        names, actions = forms_of(client, path)
        if set(names) <= {"q"}:
            faults += faults_of(client, "POST", path, sent(["action"])[:2])
            continue
        tried += 1
        for action, form in zip(cycle([*actions, ""]), sent(names), strict=False):
            chosen = f"{form}&action={action}" if action else form
            faults += faults_of(client, "POST", path, [chosen])
    assert tried > 20
    assert not faults, "\n".join(map(str, faults))


def test_no_parameter_and_no_action_breaks_the_admin(editor, paths):
    """Its forms are Django's, which raises for a foreign key by hand that is no number."""
    each = [urlencode({name: value}) for name in ADMIN_NAMES for value in ("\0", "-1")]
    faults: list[object] = []
    for path in admin_paths():
        if path.endswith("/change/"):
            faults += faults_of(editor, "GET", path, sent(ADMIN_NAMES)[:1])
            continue
        faults += faults_of(editor, "GET", path, each)
        for action in forms_of(editor, path)[1]:
            fields = {"action": action, "_selected_action": ["0", "x", "\0"], "index": "0"}
            faults += faults_of(editor, "POST", path, [urlencode(fields, doseq=True)])
    assert not faults, "\n".join(map(str, faults))


def test_no_other_method_breaks_a_page(client, paths):
    faults: list[object] = []
    for path in of_each_view(paths):
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"):
            faults += faults_of(client, method, path, [""])
    assert not faults, "\n".join(map(str, faults))
