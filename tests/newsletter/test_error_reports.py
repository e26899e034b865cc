"""What Sentry is told of an error: enough to mend it, and nothing of a reader's."""

import gzip
import subprocess
import sys

import pytest

from newsletter.error_reports import scrubbed
from newsletter.logs import without_secrets
from tests.newsletter.test_settings import ROOT, clean_environment, manage

pytest.importorskip("sentry_sdk", reason="needs sentry-sdk")

TOKEN = "Ab3" * 16

SCRIPT = f"""
import django, logging, sys, types
django.setup()
import sentry_sdk
from django.conf import settings
from django.test import Client
from django.urls import path

def fail(request, token):
    reader = "bob@example.org"
    logging.getLogger("test").warning("crumb of charlie@example.org")
    where = "/preferences/" + token + "/?q=secretquery"
    raise RuntimeError("no luck with alice@example.org at " + where)

urls = types.ModuleType("urls_of_test")
urls.urlpatterns = [path("preferences/<str:token>/", fail)]
sys.modules["urls_of_test"] = urls
settings.ROOT_URLCONF = "urls_of_test"
settings.MIDDLEWARE = ["newsletter.middleware.request_id"]
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "secretcookie"
headers = {{"Authorization": "Bearer secretheader", "Referer": "https://x.example/?secretreferer"}}
client.post("/preferences/{TOKEN}/?q=secretquery", {{"email": "secretform"}}, headers=headers)
logging.getLogger("test").error("mail to dora@example.org failed")
sentry_sdk.flush(timeout=10)
"""


def test_reports_hold_no_address_no_query_and_no_token(tmp_path, httpserver):
    httpserver.expect_request("/api/1/envelope/", method="POST").respond_with_json({})
    address = httpserver.url_for("/").rstrip("/")
    environment = clean_environment(
        tmp_path,
        SENTRY_DSN=address.replace("://", "://public@") + "/1",
        DJANGO_SETTINGS_MODULE="newsletter.settings",
        ALLOWED_HOSTS="testserver",
    )
    done = subprocess.run(
        # Under a name that has no source: Python 3.13 shows that of a script given with -c, and a
        # report holds the lines around an error.
        [sys.executable, "-c", "import sys; exec(compile(sys.stdin.read(), '<script>', 'exec'))"],
        input=SCRIPT,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    bodies = [
        gzip.decompress(request.data) if request.headers.get("Content-Encoding") else request.data
        for request, _ in httpserver.log
    ]
    told = b"\n".join(bodies).decode()
    assert "RuntimeError" in told
    assert "no luck with [address]" in told
    assert "mail to [address] failed" in told
    assert "/preferences/[token]/" in told
    for secret in ("@example.org", TOKEN, "secret"):
        assert secret not in told, secret


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("to alice@example.org.", "to [address]"),
        ("<alice+tag@mail.example.org>", "<[address]>"),
        (f"token={TOKEN}", "token=[token]"),
        (
            f"https://x.example/confirm/{TOKEN}/?a=b c",
            "https://x.example/confirm/[token]/?[query] c",
        ),
        ("GET /search/?q=my+illness HTTP", "GET /search/?[query] HTTP"),
        ("what? nothing", "what? nothing"),
        ("a_function_with_a_name_of_more_than_forty_letters", None),
    ],
)
def test_texts_lose_what_is_secret(said, left):
    assert without_secrets(said) == (said if left is None else left)


def test_nested_values_and_variables_are_cleaned():
    event = {
        "user": {"ip": "192.0.2.1"},
        "request": {"url": "https://x.example/?q=1", "method": "GET", "headers": {"Cookie": "c"}},
        "extra": {"list": ["a@example.org", {"deep": f"/x/{TOKEN}"}]},
        "exception": {
            "values": [{"stacktrace": {"frames": [{"vars": {"a": 1}, "function": "f"}]}}]
        },
    }
    assert scrubbed(event) == {
        "request": {"url": "https://x.example/?[query]", "method": "GET"},
        "extra": {"list": ["[address]", {"deep": "/x/[token]"}]},
        "exception": {"values": [{"stacktrace": {"frames": [{"function": "f"}]}}]},
    }


def test_a_malformed_address_stops_the_start_with_a_sentence(tmp_path):
    done = manage("check", environment=clean_environment(tmp_path, SENTRY_DSN="no address"))
    assert done.returncode != 0
    assert "SENTRY_DSN isn't the address of a Sentry project" in done.stderr
