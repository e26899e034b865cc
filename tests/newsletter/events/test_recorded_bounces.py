"""How far the judgment of bounces reaches, on recorded ones with labels."""

import json
from functools import cache

import pytest

from newsletter.events.bounces.judgment import judge_mail
from newsletter.events.bounces.mime import Mail

BOUNCED = ("hard", "nothard", "mixed")

# "User unknown" after the message was read, and mailboxes that are disabled, may be dead or not.
DEBATABLE = {"filtered", "suspend"}


@pytest.fixture
def judged(shared):
    return judged_in(shared / "data" / "bounces")


@cache
def judged_in(folder):
    labels = json.loads((folder / "labels.json").read_text())
    return [(label, judge_mail(Mail((folder / label["file"]).read_bytes()))) for label in labels]


def test_nearly_all_are_recognized(judged):
    missed = [
        label["file"]
        for label, found in judged
        if label["truth"] in BOUNCED and found.kind not in ("bounce", "delay")
    ]
    total = sum(label["truth"] in BOUNCED for label, _ in judged)
    assert len(missed) <= 0.07 * total, missed


def test_most_dead_addresses_are_called_so(judged):
    dead = [(label["file"], found) for label, found in judged if label["truth"] == "hard"]
    missed = [(name, found.rule) for name, found in dead if found.severity != "hard"]
    assert len(missed) <= 0.15 * len(dead), missed


def test_no_living_address_is_called_dead(judged):
    wrong = [
        (label["file"], found.rule)
        for label, found in judged
        if label["truth"] == "nothard"
        and found.severity == "hard"
        and not set(label["reasons"]) <= DEBATABLE
    ]
    assert wrong == []


def test_an_address_that_stands_for_a_dead_and_a_living_one_is_not_dead(judged):
    mixed = [found.severity for label, found in judged if label["truth"] == "mixed"]
    assert mixed
    assert "hard" not in mixed


def test_what_is_no_bounce_is_none(judged):
    kinds = {
        "vacation": {"auto-reply"},
        "delivered": {"delivered"},
        "feedback": {"complaint", "none"},  # reports on DMARC are no complaints
    }
    wrong = [
        (label["file"], found.kind)
        for label, found in judged
        if found.kind not in kinds.get(label["truth"], {found.kind})
    ]
    assert wrong == []
