"""What docs/api.md says is so: its tables are the code's, its examples are answered as it says."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from newsletter.models.api import SCOPES
from newsletter.models.webhook import KINDS, TEST
from tests.factories import make_topic

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_tables_name_every_scope_and_every_event():
    rows = re.findall(r"^\| (`.*?) \|", DOCS, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w.:-]+)`", row)}
    assert named == set(SCOPES) | set(KINDS) | {TEST}


@pytest.mark.django_db
def test_the_example_of_an_error_is_what_is_answered(program):
    example = re.search(r'^    \{"type": "about:blank".*?\}\]\}$', DOCS, re.MULTILINE | re.DOTALL)
    assert example is not None
    answer = program("papers:read").get("/papers?topc=robots").json()
    assert answer["title"] in ("Unprocessable Entity", "Unprocessable Content")
    assert answer | {"title": ""} == json.loads(example[0]) | {"title": ""}


@pytest.mark.django_db
def test_the_example_of_a_sign_up_is_taken(program):
    make_topic("Robots", slug="robots")
    body = re.search(r"-d '(\{.*?\})'", DOCS)
    consent = re.search(r'`"consent": (\{.*?\})`', DOCS, re.DOTALL)
    assert body is not None
    assert consent is not None
    asked = program("subscribers:write")
    answer = asked("POST", "/subscribers", json.loads(body[1]))
    assert (answer.status_code, answer.json()["outcome"]) == (200, "asked")
    declared = {"email": "alice@example.org", "consent": json.loads(consent[1])}
    assert asked("POST", "/subscribers", declared).json()["outcome"] == "added"


def test_the_example_of_a_message_is_signed_with_the_secret_of_the_example():
    head = dict(re.findall(r"^    (webhook-[a-z]+): (.*)$", DOCS, re.MULTILINE))
    body = re.search(r'^    (\{"type": "subscriber.left".*\})$', DOCS, re.MULTILINE)
    secret = re.search(r"whsec_[\w+/=]+", DOCS)
    assert body is not None
    assert secret is not None
    at = dt.datetime.fromtimestamp(int(head["webhook-timestamp"]), dt.UTC)
    assert json.loads(body[1])["timestamp"] == at.isoformat()
    signed = Webhook(secret[0]).sign(head["webhook-id"], at, body[1])
    assert signed == head["webhook-signature"]
