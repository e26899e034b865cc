"""Processes that run tests side by side share a Redis server, and no database of it."""

import pytest

from tests.environment import own_database


@pytest.mark.parametrize(
    ("redis", "process", "own"),
    [
        ("redis://127.0.0.1:6379/15", "gw0", "redis://127.0.0.1:6379/15"),
        ("redis://127.0.0.1:6379/15", "gw2", "redis://127.0.0.1:6379/13"),
        ("rediss://:a/3@cache.example.org:6380/15?x=1", "gw11", "/4?x=1"),
        ("unix:///run/redis/1/server.sock?db=4", "gw1", "/1/server.sock?db=3"),
        ("unix:///run/redis.sock?x=1&db=4", "gw4", "?x=1&db=0"),
    ],
)
def test_each_process_takes_a_redis_database_of_its_own(redis, process, own):
    assert own_database(redis, process).endswith(own)


@pytest.mark.parametrize(
    "redis",
    [
        "redis://127.0.0.1:6379",
        "redis://127.0.0.1:6379/",
        "redis://127.0.0.1:6379/1",
        "redis://127.0.0.1",
        "unix:///run/redis/15",
    ],
)
def test_a_redis_address_without_enough_databases_is_refused(redis):
    with pytest.raises(RuntimeError, match="such as /15"):
        own_database(redis, "gw2")
