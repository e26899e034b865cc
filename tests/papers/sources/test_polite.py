"""Services are asked by one at a time, over all machines, at the pace that they ask for."""

import multiprocessing
import threading
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import stamina
from django.core.cache.backends.locmem import LocMemCache

from papers.sources import (
    biorxiv,
    crossref,
    datacite,
    europepmc,
    http,
    openalex,
    openreview,
    polite,
    semantic_scholar,
    turns,
)
from papers.sources.base import FetchFailed
from papers.sources.time_limit import time_limit

DOOR = polite.Door("A service", "papers.test", least=60, longest=3600, pause=0.1, rates=("n", "t"))


@pytest.fixture
def machines(monkeypatch):
    """Real waiting, and one cache for all threads of a test, each of which is a machine."""
    monkeypatch.setattr(polite, "sleep", time.sleep)
    monkeypatch.setattr(polite, "NAP", 0.01)
    shared = LocMemCache(f"polite {time.monotonic_ns()}", {})
    monkeypatch.setattr(polite, "cache", shared)
    return shared


def test_machines_ask_one_after_the_other_with_a_pause_between(machines):
    spans: list[tuple[float, float]] = []

    def machine():
        for _ in range(2):
            with DOOR.turn():
                began = time.monotonic()
                time.sleep(0.02)
                spans.append((began, time.monotonic()))

    threads = [threading.Thread(target=machine) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    spans.sort()
    assert len(spans) == 6
    for (_, ended), (began, _) in pairwise(spans):
        assert began - ended >= 0.09


def test_the_pace_is_what_the_headers_say(machines):
    DOOR.heed({"n": "5", "t": "1s"})
    assert machines.get("papers.test.pause") == pytest.approx(0.2)
    for bad in ({}, {"n": "0", "t": "1s"}, {"n": "many", "t": "1s"}, {"n": "nan", "t": "inf"}):
        DOOR.heed(bad)
    assert machines.get("papers.test.pause") == pytest.approx(0.2)
    with DOOR.turn():
        pass
    assert machines.get("papers.test.next") - time.time() == pytest.approx(0.2, abs=0.1)


def test_whose_turn_does_not_come_is_told_so_within_the_time_of_a_try(machines):
    said = "not our turn to ask A service"
    with DOOR.turn(), pytest.raises(FetchFailed, match=said), time_limit(0.1), DOOR.turn():
        pass
    with DOOR.turn():  # it was given back
        pass


def test_a_worker_that_died_holds_it_for_so_long_and_takes_nobodys_turn_back(machines, monkeypatch):
    monkeypatch.setattr(polite, "PATIENCE", 0.05)
    turn = DOOR.turn()
    turn.__enter__()
    with pytest.raises(FetchFailed), DOOR.turn():
        pass
    machines.delete("papers.test.turn")  # its time is over
    with DOOR.turn():
        turn.__exit__(None, None, None)  # the one that was thought dead comes back
        with pytest.raises(FetchFailed), DOOR.turn():
            pass


def of_a_process(number: int, folder: str) -> None:
    for _ in range(2):
        with DOOR.turn():
            began = time.time()
            time.sleep(0.02)
            (Path(folder) / f"{number}-{began}").write_text(str(time.time()))


def test_without_a_cache_the_processes_of_a_machine_ask_one_after_the_other(
    monkeypatch, settings, tmp_path
):
    settings.CACHES = {"default": {"BACKEND": "tests.no.such.Cache"}}
    settings.VAR_DIR = tmp_path / "var"
    monkeypatch.setattr(polite, "sleep", time.sleep)
    monkeypatch.setattr(polite, "NAP", 0.01)
    monkeypatch.setattr(turns.turns, "_down_until", 0.0)
    monkeypatch.setattr(polite, "cache", turns.turns)
    (tmp_path / "spans").mkdir()
    context = multiprocessing.get_context("fork")
    machines = [
        context.Process(target=of_a_process, args=(number, str(tmp_path / "spans")))
        for number in range(3)
    ]
    for one in machines:
        one.start()
    for one in machines:
        one.join()
    spans = sorted(
        (float(path.name.partition("-")[2]), float(path.read_text()))
        for path in (tmp_path / "spans").iterdir()
    )
    assert len(spans) == 6
    for (_, ended), (began, _) in pairwise(spans):
        assert began - ended >= 0.09


def test_a_cache_that_does_not_answer_stops_nobody(monkeypatch):
    class Broken:
        def __getattr__(self, name):
            raise ConnectionError("no cache")

    monkeypatch.setattr(polite, "cache", Broken())
    with DOOR.turn():
        pass
    DOOR.heed({"n": "5", "t": "1s"})


def test_after_a_429_nobody_asks_until_it_is_over(httpserver, machines, settings):
    settings.FETCH_TIMEOUT = 2
    httpserver.expect_request("/x").respond_with_data("", status=429)
    asked = {"name": "A row", "address": httpserver.url_for("/x"), "query": {}}
    with http.client("application/json") as client, stamina.set_testing(True, attempts=1):
        with pytest.raises(http.Busy):
            polite.ask(DOOR, client, read=bytes, for_what="it", **asked)
        with pytest.raises(FetchFailed, match="won't be asked again until"):
            polite.ask(DOOR, client, read=bytes, for_what="it", **asked)
    assert len(httpserver.log) == 1


def test_an_answer_is_read_and_its_headers_are_heeded(httpserver, machines):
    httpserver.expect_request("/x").respond_with_data("yes", headers={"n": "2", "t": "1s"})
    heard: list[httpx.Headers] = []
    with http.client("text/plain") as client:
        said = polite.ask(
            DOOR,
            client,
            "A row",
            httpserver.url_for("/x"),
            {},
            bytes.decode,
            for_what="it",
            on_headers=heard.append,
        )
    assert said == "yes"
    assert len(heard) == 1
    assert machines.get("papers.test.pause") == 0.5


def test_every_service_has_a_door_of_its_own():
    modules = (crossref, datacite, openalex, semantic_scholar, biorxiv, europepmc, openreview)
    doors = [module.DOOR for module in modules]
    assert len({door.key for door in doors}) == len(doors)
    assert all(door.pause > 0 for door in doors)
    assert crossref.DOOR.rates == ("x-rate-limit-limit", "x-rate-limit-interval")
