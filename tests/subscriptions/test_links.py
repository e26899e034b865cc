"""Signed links: one purpose, one subscriber, one version."""

import datetime as dt
import string

import pytest
from django.test import override_settings
from hypothesis import assume, example, given
from hypothesis import strategies as st

from subscriptions import links
from subscriptions.links import BadLink, Purpose
from tests.factories import NOW

ALPHABET = string.ascii_letters + string.digits + "-_"
LASTING = [purpose for purpose in Purpose if purpose is not Purpose.CONFIRM]

ids = st.integers(min_value=0, max_value=2**63)
versions = st.integers(min_value=0, max_value=2**32 - 1)


@given(st.sampled_from(LASTING), ids, versions, ids)
def test_what_was_signed_is_read(purpose, subscriber_id, version, extra):
    text = links.token(purpose, subscriber_id, version, extra)
    assert links.read(purpose, text) == links.Claims(subscriber_id, version, extra)
    assert set(text) <= set(ALPHABET)
    assert len(text) == 48


@given(st.sampled_from(list(Purpose)), st.sampled_from(LASTING), ids, versions)
def test_a_link_serves_one_purpose(made_for, used_for, subscriber_id, version):
    assume(made_for != used_for)
    text = links.token(made_for, subscriber_id, version, int(NOW.timestamp()))
    with pytest.raises(BadLink):
        links.read(used_for, text, NOW)


@given(ids, st.integers(min_value=0, max_value=47), st.sampled_from(ALPHABET))
def test_no_character_can_be_changed(subscriber_id, place, character):
    text = links.token(Purpose.PREFERENCES, subscriber_id, 1)
    assume(text[place] != character)
    with pytest.raises(BadLink):
        links.read(Purpose.PREFERENCES, text[:place] + character + text[place + 1 :])


@pytest.mark.parametrize("purpose", LASTING)
@pytest.mark.parametrize(
    "respell",
    [
        *(lambda text, more=more: text + more for more in ("=", "==", "====", "\n", " ", "A", "+")),
        lambda text: f" {text}",
        lambda text: f"={text}",
        lambda text: text[:24] + "=" + text[24:],
        lambda text: text[:24] + "\n" + text[24:],
        lambda text: text.replace("-", "+").replace("_", "/"),
        lambda text: text.replace("-", "%2D"),
    ],
)
def test_a_token_has_one_spelling(purpose, respell):
    # One that has both characters of which base64 has two spellings.
    text = next(
        made
        for made in (links.token(purpose, number, 1) for number in range(10_000))
        if {"-", "_"} <= set(made)
    )
    assert links.read(purpose, text)
    with pytest.raises(BadLink):
        links.read(purpose, respell(text))


@given(st.text(max_size=100))
@example("")
@example("\x00" * 48)
@example("=" * 48)
@example("é" * 48)
@example("A" * 47)
@example("A" * 49)
@example("A" * 4_000_000)
def test_what_was_not_signed_is_refused(text):
    with pytest.raises(BadLink):
        links.read(Purpose.UNSUBSCRIBE, text)


def test_the_mac_covers_the_subscriber():
    alice = links.token(Purpose.PREFERENCES, 1, 1)
    bob = links.token(Purpose.PREFERENCES, 2, 1)
    assert alice[:27] != bob[:27]
    with pytest.raises(BadLink):
        links.read(Purpose.PREFERENCES, bob[:27] + alice[27:])


def test_earlier_secrets_are_honoured_and_strangers_are_not():
    text = links.token(Purpose.UNSUBSCRIBE, 7, 1)
    with override_settings(SECRET_KEY="y" * 50):
        with pytest.raises(BadLink):
            links.read(Purpose.UNSUBSCRIBE, text)
        new = links.token(Purpose.UNSUBSCRIBE, 7, 1)
    from django.conf import settings

    with override_settings(SECRET_KEY="y" * 50, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert links.read(Purpose.UNSUBSCRIBE, text).subscriber_id == 7
        assert links.read(Purpose.UNSUBSCRIBE, new).subscriber_id == 7
        assert links.token(Purpose.UNSUBSCRIBE, 7, 1) == new


@pytest.mark.parametrize(
    ("age", "works"),
    [
        (dt.timedelta(0), True),
        (dt.timedelta(days=6, hours=23), True),
        (links.CONFIRM_WITHIN, True),
        (links.CONFIRM_WITHIN + dt.timedelta(seconds=1), False),
        (dt.timedelta(days=400), False),
        (dt.timedelta(minutes=-4), True),  # two machines' clocks differ a little
        (dt.timedelta(hours=-1), False),
    ],
)
def test_a_confirmation_runs_out(age, works):
    text = links.token(Purpose.CONFIRM, 1, 1, int((NOW - age).timestamp()))
    if works:
        assert links.read(Purpose.CONFIRM, text, NOW).subscriber_id == 1
    else:
        with pytest.raises(BadLink):
            links.read(Purpose.CONFIRM, text, NOW)


def test_paths_are_below_the_site():
    path = links.preferences_path(1, 1)
    assert path.startswith("/preferences/")
    assert links.absolute(path) == f"https://papers.example.org{path}"
    assert links.feedback_path(1, 1, 5, "more").endswith("/5/more/")
    assert links.confirm_path(1, 1, NOW).startswith("/confirm/")
    assert links.unsubscribe_path(1, 1).startswith("/unsubscribe/")
