"""The map in docs/architecture.md is true, and docs/adding.md names files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("newsletter", "subscriptions", "papers")
MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

#: Folders that are no rooms: Django's own places, and what holds no code.
NO_ROOMS = {"migrations", "templatetags", "static", "locale", "data", "commands", "__pycache__"}
#: Modules that stand beside the rooms of an app.
BESIDE = {"__init__", "apps"}


def rooms() -> set[str]:
    """Every folder of code in the apps, as a path that ends with a slash."""
    found = set()
    for app in APPS:
        for init in (ROOT / app).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT).parts
            if len(parts) > 1 and not NO_ROOMS & set(parts):
                found.add("/".join(parts) + "/")
    return found


def test_every_room_is_on_the_map_and_every_room_on_the_map_exists():
    named = set(re.findall(r"^\| `([\w/]+/)` \|", MAP, re.MULTILINE))

    assert named == rooms()


@pytest.mark.parametrize("app", APPS)
def test_every_module_beside_the_rooms_is_on_the_map(app):
    named = set(re.findall(r"`(?:\w+/)?(\w+)\.py`", MAP))
    there = {path.stem for path in (ROOT / app).glob("*.py")} - BESIDE

    assert there <= named


@pytest.mark.parametrize("page", ["architecture.md", "adding.md"])
def test_every_path_on_the_page_exists(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:newsletter|papers|subscriptions|tests|templates)/[\w./-]*)`", text)

    assert paths
    missing = [path for path in paths if "/fr/" not in path and not (ROOT / path).exists()]
    assert missing == []


def test_the_tests_mirror_the_rooms():
    mirrored = {
        "/".join(path.relative_to(ROOT / "tests").parts[:2]) + "/"
        for app in APPS
        for path in (ROOT / "tests" / app).rglob("test_*.py")
        if len(path.relative_to(ROOT / "tests").parts) > 2
    }

    assert mirrored <= rooms()
