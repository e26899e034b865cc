"""How often strangers may make us send mail."""

import datetime as dt
import os
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.readers import limits
from tests.factories import NOW

CONFIGURED = settings.CACHES


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.77", "", 0, "192.0.2.0/24"),
        ("192.0.2.77", "198.51.100.7", 0, "192.0.2.0/24"),  # anybody may write this header
        ("192.0.2.77", "198.51.100.7", 1, "198.51.100.0/24"),
        ("192.0.2.77", "203.0.113.5, 198.51.100.7", 1, "198.51.100.0/24"),
        ("192.0.2.77", "203.0.113.5, 198.51.100.7", 2, "203.0.113.0/24"),
        ("192.0.2.77", "198.51.100.7", 2, "192.0.2.0/24"),  # came past a proxy
        ("192.0.2.77", "", 1, "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "", 0, "2001:db8:1:2::/64"),
        ("x", "[2001:db8::1]:4711", 1, "2001:db8::/64"),
        ("x", "198.51.100.7:4711", 1, "198.51.100.0/24"),
        ("::ffff:192.0.2.77", "", 0, "192.0.2.0/24"),
        ("fe80::1%eth0", "", 0, "fe80::/64"),
        ("", "", 0, ""),
        ("x", "unknown", 1, ""),
    ],
)
def test_the_visitors_network(remote, forwarded, trusted, expected):
    assert limits.network(remote, forwarded, trusted) == expected


@given(st.text(), st.text(), st.integers(0, 5))
def test_no_header_breaks_it(remote, forwarded, trusted):
    assert isinstance(limits.network(remote, forwarded, trusted), str)


def test_an_address_is_asked_so_often_from_wherever(settings):
    settings.LIMIT_PER_ADDRESS = 3
    for number in range(3):
        assert not limits.seconds_to_wait("link", "alice@example.org", f"10.0.{number}.0/24", NOW)
    wait = limits.seconds_to_wait("link", " ALICE@example.org", "10.0.9.0/24", NOW)
    assert 0 < wait <= 3600
    assert not limits.seconds_to_wait("link", "bob@example.org", "10.0.9.0/24", NOW)
    assert not limits.seconds_to_wait("subscribe", "alice@example.org", "10.0.9.0/24", NOW)
    assert not limits.seconds_to_wait(
        "link", "alice@example.org", "10.0.9.0/24", NOW + dt.timedelta(seconds=wait)
    )


def test_a_network_asks_so_often_for_whomever_and_does_not_use_up_the_total(settings):
    settings.LIMIT_PER_NETWORK = 3
    settings.LIMIT_IN_TOTAL = 4

    def ask(number: int, network: str) -> bool:
        return not limits.seconds_to_wait("link", f"{number}@example.org", network, NOW)

    assert [ask(n, "10.0.0.0/24") for n in range(6)] == [True] * 3 + [False] * 3
    assert ask(7, "10.0.1.0/24")
    assert not ask(8, "10.0.2.0/24")  # the total


def ask_from(addresses: Iterable[str]) -> int:
    """How many of the visitors, each of whom asks for another reader, may go on."""
    return sum(
        not limits.seconds_to_wait(
            "link", f"{number}@example.org", limits.network(address, "", 0), NOW
        )
        for number, address in enumerate(addresses)
    )


@pytest.mark.parametrize(
    ("spread", "times"),
    [
        (lambda n: f"2001:db8::{n:x}", 1),  # of one /64
        (lambda n: f"2001:db8:0:{n % 256:x}::1", 2),  # of one /56
        (lambda n: f"2001:db8:0:{n:02x}00::1", 5),  # of one /48
        (lambda n: f"2001:db8:{n:x}::1", 200),  # strangers to each other
        (lambda n: f"192.0.2.{n}", 1),
        (lambda n: f"192.0.{n}.2", 200),
    ],
)
def test_who_holds_more_networks_may_ask_a_little_more(settings, spread, times):
    settings.LIMIT_PER_NETWORK = 3
    assert ask_from(map(spread, range(200))) == min(200, 3 * times)


def test_visitors_whose_address_cannot_be_read_share_one_limit(settings, caplog):
    settings.LIMIT_PER_NETWORK = 3
    assert ask_from(["", "unknown", "@", "300.1.1.1", "::g", "\0"]) == 3
    assert ask_from(["192.0.2.1"]) == 1
    assert caplog.text.count("a visitor's address can't be read") == 6


def test_addresses_of_one_inbox_share_a_limit_and_stay_different_readers(settings):
    settings.LIMIT_PER_ADDRESS = 3
    emails = [f"Alice+{number}@example.org" for number in range(20)]
    went = [
        not limits.seconds_to_wait("subscribe", email, f"10.0.{number}.0/24", NOW)
        for number, email in enumerate(emails)
    ]
    assert went == [True] * 3 + [False] * 17
    dotted = ["al.ice@gmail.com", "a.lice@googlemail.com", "alice+x@gmail.com", "ALICE@gmail.com"]
    went = [not limits.seconds_to_wait("link", one, "10.1.0.0/24", NOW) for one in dotted]
    assert went == [True] * 3 + [False]
    other = ["al.ice@example.org", "a.lice@example.org"]
    assert not any(limits.seconds_to_wait("link", one, "10.1.0.0/24", NOW) for one in other)


def test_keys_give_nobody_away(monkeypatch):
    keys: list[str] = []

    def count(key: str) -> int:
        keys.append(key)
        return 1

    monkeypatch.setattr(limits, "_count", count)
    limits.seconds_to_wait("subscribe", "alice@example.org", "192.0.2.0/24", NOW)
    assert len(keys) == 3
    assert not any("alice" in key or "192" in key for key in keys)


@pytest.mark.redis
@pytest.mark.skipif("REDIS_URL" not in os.environ, reason="needs a Redis server (REDIS_URL)")
def test_redis_counts_each_of_many_at_once():
    key = f"limits:test:{uuid.uuid4()}"
    with override_settings(CACHES=CONFIGURED), ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(limits._count, [key] * 200))
        cache.delete(key)
    assert sorted(counts) == list(range(1, 201))


def test_a_cache_that_is_down_lets_everybody_through(monkeypatch, settings, caplog):
    def fail(*args, **kwargs):
        raise ConnectionError("nobody there")

    settings.LIMIT_PER_ADDRESS = 0
    monkeypatch.setattr("django.core.cache.backends.locmem.LocMemCache.add", fail)
    assert not limits.seconds_to_wait("link", "alice@example.org", "10.0.0.0/24", NOW)
    assert "limits are off" in caplog.text


@pytest.mark.django_db
def test_behind_a_proxy_who_guesses_passwords_locks_out_nobody_else(client, settings):
    """The proxy's address is everybody's; what counts is the visitor's."""
    settings.TRUSTED_PROXIES = 1
    User.objects.create_superuser("editor", password="a long pass phrase")

    def log_in(password: str, visitor: str) -> int:
        form = {"login": "editor", "password": password}
        headers = {"X-Forwarded-For": visitor}
        answer = client.post("/account/login/", form, secure=True, headers=headers)
        return int(answer.status_code)

    for _ in range(settings.AXES_FAILURE_LIMIT):
        refused = log_in("guessed", "203.0.113.5")
    assert refused == 429
    assert log_in("a long pass phrase", "203.0.113.5") == 429
    assert log_in("a long pass phrase", "198.51.100.7") == 302


def test_a_visitor_whose_address_is_not_known_has_none():
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "unknown"})
    with override_settings(TRUSTED_PROXIES=1):
        assert limits.address_of(request) is None
