"""What settings of a source take."""

from dataclasses import dataclass

import pytest

from papers.admin.sources import PREFIX, form_for
from papers.models import Source
from papers.sources.registry import KINDS
from papers.sources.sample import Sample
from papers.sources.settings import BadSetting, SourceSettings, read, setting


@dataclass(frozen=True, slots=True)
class Many(SourceSettings):
    """A setting of each sort."""

    feed: str = setting("", "Feed.", is_feed=True)
    address: str = setting("", "Address.", is_address=True)
    server: str = setting("one", "Server.", choices={"one": "The first", "two": "The second"})
    subjects: tuple[str, ...] = setting((), "Subjects.", choices={"a": "Algae", "b": "Bees"})


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("feed", "http://feeds.example.org/rss", True),
        ("feed", "https://feeds.example.org:8443/rss", True),
        ("feed", "http://feeds.example.org:25/", False),
        ("feed", "https://feeds.example.org:80/", False),
        ("feed", "ftp://feeds.example.org/", False),
        ("feed", "http://alice:secret@feeds.example.org/", False),
        ("feed", "http://", False),
        ("feed", "http://a b/", False),
        ("feed", "http://private.internal:81/", True),
        ("address", "http://feeds.example.org/rss", False),
        ("address", "https://feeds.example.org/rss", True),
        ("address", "https://feeds.example.org:8443/", False),
        ("address", "http://private.internal:81/", True),
        ("address", "http://private.internal:82/", False),
        ("server", "two", True),
        ("server", "three", False),
        ("subjects", ["b", "a"], True),
        ("subjects", ["a", "cats"], False),
        ("subjects", [], True),
    ],
)
def test_addresses_and_choices_are_held_against_what_is_declared(settings, name, value, is_taken):
    settings.PRIVATE_HOSTS_ALLOWED = frozenset({("private.internal", 81)})

    if not is_taken:
        with pytest.raises(BadSetting):
            read(Many, {name: value})
    else:
        taken = getattr(read(Many, {name: value}), name)
        assert taken == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.django_db
def test_choices_are_chosen_in_a_form(monkeypatch):
    kind = type("Choosy", (Sample,), {"kind": "choosy", "Settings": Many})
    monkeypatch.setitem(KINDS, "choosy", kind)
    source = Source(kind="choosy", slug="choosy", name="Choosy")
    typed = {
        "name": "Choosy",
        "wait_minutes": "60",
        PREFIX + "server": "two",
        PREFIX + "subjects": ["b"],
        PREFIX + "every_minutes": "0",
        PREFIX + "most_papers": "10",
    }

    form = form_for("choosy")(typed, instance=source)

    assert form.is_valid(), form.errors
    assert (source.settings or {})["server"] == "two"
    assert (source.settings or {})["subjects"] == ["b"]
    assert "Algae" in str(form[PREFIX + "subjects"])
    assert not form_for("choosy")(typed | {PREFIX + "server": "x"}, instance=source).is_valid()
