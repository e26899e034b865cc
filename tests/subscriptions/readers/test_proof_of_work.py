"""The optional proof of work: asked for, checked, used once, and never a wall."""

import base64
import datetime as dt
import json
from typing import Any

import altcha
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.models import Subscriber
from subscriptions.readers import proof_of_work
from tests.factories import NOW

SUBSCRIBE = "/subscribe/"
VALID = {"email": "alice@example.org", "topics": ["agents"]}


@pytest.fixture(autouse=True)
def _asked_for(settings, monkeypatch):
    settings.PROOF_OF_WORK = True
    monkeypatch.setattr(proof_of_work, "COST", 1)


@pytest.fixture(autouse=True)
def _stand(clock):
    """Challenges run out by the wall clock."""


def solved(challenge: dict[str, Any] | None = None) -> str:
    made = altcha.Challenge.from_dict(challenge or proof_of_work.challenge(NOW))
    solution = altcha.solve_challenge(made)
    assert solution is not None
    return altcha.Payload(made, solution).to_base64()


def changed(text: str, *path: str, to: object) -> str:
    data = json.loads(base64.b64decode(text))
    at = data
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return base64.b64encode(json.dumps(data).encode()).decode()


def test_a_proof_holds_once():
    text = solved()
    assert [proof_of_work.is_given(text), proof_of_work.is_given(text)] == [True, False]


def test_a_used_proof_stays_used_however_it_is_written():
    text = solved()
    assert proof_of_work.is_given(text)
    assert not proof_of_work.is_given(changed(text, "solution", "time", to=5))
    assert not proof_of_work.is_given(changed(text, "more", to=1))


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("challenge", "signature"), "00" * 32),
        (("challenge", "signature"), None),
        (("challenge", "parameters", "expiresAt"), int(NOW.timestamp()) + 10**6),
        (("challenge", "parameters", "expiresAt"), None),
        (("challenge", "parameters", "keyPrefix"), ""),
        (("challenge", "parameters", "cost"), 10**9),
        (("solution", "counter"), 10**9),
        (("solution", "derivedKey"), "00" * 32),
        (("solution",), []),
        (("challenge",), "x"),
    ],
)
def test_a_proof_that_was_changed_does_not_hold(path, to):
    assert not proof_of_work.is_given(changed(solved(), *path, to=to))


def test_a_proof_runs_out():
    text = solved()
    with time_machine.travel(NOW + proof_of_work.GOOD_FOR + dt.timedelta(seconds=2), tick=False):
        assert not proof_of_work.is_given(text)


def test_a_challenge_of_another_key_does_not_hold(settings):
    text = solved()
    settings.SECRET_KEY = "another-" + "y" * 50
    assert not proof_of_work.is_given(text)


@given(
    st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode())
)
def test_nonsense_does_not_hold(text):
    assert not proof_of_work.is_given(text)


@pytest.mark.parametrize(
    "value", ["[" * 900, "{}", '{"challenge": {"parameters": []}}', "1", "null"]
)
def test_json_that_is_no_proof_does_not_hold(value):
    assert not proof_of_work.is_given(base64.b64encode(value.encode()).decode())


def test_a_cache_that_is_down_turns_nobody_away(monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ConnectionError("nobody there")

    text = solved()
    monkeypatch.setattr("django.core.cache.backends.locmem.LocMemCache.add", fail)
    assert proof_of_work.is_given(text)
    assert "used twice" in caplog.text


def test_where_none_is_asked_for_none_is_needed(settings, browser, topics):
    settings.PROOF_OF_WORK = False
    assert proof_of_work.is_given("")
    assert browser.get("/subscribe/challenge/").status_code == 404
    assert "proof" not in browser.get(SUBSCRIBE).content.decode()


@pytest.mark.django_db
def test_the_forms_ask_for_it(browser, topics):
    for page in (SUBSCRIBE, "/link/"):
        html = browser.get(page).content.decode()
        assert 'data-challenge="/subscribe/challenge/"' in html
        assert "subscriptions/proof.js" in html
    answer = browser.get("/subscribe/challenge/")
    assert "no-store" in answer["Cache-Control"]
    assert solved(answer.json())


@pytest.mark.django_db
def test_with_a_proof_the_usual_limits_hold(browser, topics, settings):
    settings.LIMIT_UNPROVEN = 0
    for name in ("alice", "bob", "charlie"):
        data = VALID | {"email": f"{name}@example.org", "proof": solved()}
        assert browser.press(SUBSCRIBE, data).status_code == 302
    assert Subscriber.objects.count() == 3


@pytest.mark.django_db
def test_without_a_proof_there_is_a_small_limit_for_all(browser, topics, settings):
    """So that subscribing works without JavaScript, and not by the thousand."""
    settings.LIMIT_UNPROVEN = 2
    settings.TRUSTED_PROXIES = 1
    codes = []
    for number in range(4):
        data = VALID | {"email": f"{number}@example.org"}
        answer = browser.press(SUBSCRIBE, data, HTTP_X_FORWARDED_FOR=f"10.0.{number}.1")
        codes.append(answer.status_code)
    assert codes == [302, 302, 429, 429]
    assert "With JavaScript on" in answer.content.decode()
    assert Subscriber.objects.count() == 2


@pytest.mark.django_db
def test_a_used_proof_counts_as_none(browser, topics, settings):
    settings.LIMIT_UNPROVEN = 0
    data = VALID | {"proof": solved()}
    codes = [browser.press(path, data).status_code for path in (SUBSCRIBE, "/link/")]
    assert codes == [302, 429]
