"""The mails' HTML, held against rules that others wrote: what HTML allows, what mail programs show,
and what the original MJML compiler makes of our templates.

Needs Node.js and what `npm ci` puts into .ci/npm/node_modules; skipped, with the reason, elsewhere.
"""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from subscriptions.notices.mjml import compile_mjml
from tests.newsletter.every_mail import every_mail, make_issue_of_all_kinds, recorded_sources

CHECKS = Path(__file__).parent.parent.parent.parent / ".ci" / "npm"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js"),
    pytest.mark.skipif(not (CHECKS / "node_modules").is_dir(), reason="needs `npm ci` in .ci/npm"),
]

CLIENTS = (
    "apple-mail.*", "fastmail.*", "gmail.*", "outlook.*", "protonmail.*", "samsung-email.*",
    "thunderbird.*", "yahoo.*",
)  # fmt: skip

RULES = {
    "doctype-style": "MJML writes it in lower case, which HTML allows",
    "no-conditional-comment": "Outlook on Windows gets its own tables that way",
    "no-deprecated-attr": "Outlook on Windows knows align and bgcolor better than CSS",
    "no-inline-style": "some programs drop style sheets, so what matters is inline",
    "prefer-native-element": "MJML's root is a div with the role of an article",
    "void-style": "MJML is XML: an element that is empty closes itself",
}
"""Rules of html-validate that no mail can follow, and why."""

_NO_SHEET = (
    "without a style sheet the inline styles remain: light colours, and no wider than 640 px"
)
_DECORATION = "only looks; every word stays"
_MJML = "MJML's own, which gives every program what it does understand as well"
UNSUPPORTED = {
    "<style> element": _NO_SHEET,
    "@media": _NO_SHEET,
    "Attribute selector": _NO_SHEET,
    "Chaining selectors": _NO_SHEET,
    "Class selector": _NO_SHEET,
    "Descendant combinator": _NO_SHEET,
    "ID selector": _NO_SHEET,
    "Type selector": _NO_SHEET,
    ":hover": _DECORATION,
    "border-radius": _DECORATION,
    "text-decoration": "links keep their underline in more places than we ask for",
    "white-space": "a link may break in two where it cannot be kept whole",
    "float": "the picture has align as well",
    "height property": "the picture has its height as an attribute as well",
    "<body> element": _MJML,
    "aria-label attribute": _MJML,
    "role attribute": _MJML,
    "display:none": "the preheader shows as a first line in tiny print",
    "overflow": _MJML,
    "outline": _MJML,
    "word-break": _MJML,
    "word-spacing": _MJML,
}
"""What some of the programs do not know at all, and why a mail is right without it."""


_answers: list[dict[str, Any]] = []


@pytest.fixture
def found(monkeypatch) -> dict[str, Any]:
    """What the tools say of every mail, and of every source that was compiled for them. They take
    seconds, so they are asked once.
    """
    if not _answers:
        alice = make_issue_of_all_kinds()
        with recorded_sources(monkeypatch) as sources:
            mails = {name: shown.html for name, shown in every_mail(alice).items()}
        asked = {
            "mails": mails,
            "sources": {str(at): source for at, source in enumerate(sources)},
            "clients": CLIENTS,
            "rules": dict.fromkeys(RULES, "off"),
        }
        _answers.append(checked(asked) | {"mails": mails, "sources": sources})
    return _answers[0]


def checked(asked: dict[str, Any]) -> dict[str, Any]:
    """What .ci/npm/check.mjs finds."""
    ran = subprocess.run(
        ["node", "check.mjs"],
        cwd=CHECKS,
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_every_mail_is_valid_html(found):
    assert len(found["html"]) == len(found["mails"]) > 8
    assert {name: problems for name, problems in found["html"].items() if problems} == {}


def test_what_mail_programs_do_not_know_is_known_to_us(found):
    lacking: dict[str, set[str]] = {}
    for entries in found["support"].values():
        for entry in entries:
            if entry["level"] == "error":
                lacking.setdefault(entry["title"], set()).update(entry["clients"])
    assert set(lacking) - set(UNSUPPORTED) == set(), lacking
    assert set(UNSUPPORTED) - set(lacking) == set(), "these reasons are not needed any more"


def test_the_original_compiler_makes_the_same_mails_of_our_templates(found):
    assert len(found["mjml"]) == len(found["sources"]) > 8
    for source, theirs in zip(found["sources"], found["mjml"].values(), strict=True):
        assert theirs["errors"] == []
        assert Seen(theirs["html"]).parts == Seen(compile_mjml(source)).parts


def test_the_tools_see_what_is_wrong():
    text = '<mj-text colour="red">x</mj-text><mj-txt>y</mj-txt>'
    source = (
        f"<mjml><mj-body><mj-section><mj-column>{text}</mj-column></mj-section></mj-body></mjml>"
    )
    bad = "<!DOCTYPE html><html lang=en><body><p><div style='display: grid'></p></body></html>"
    found = checked(
        {"mails": {"bad": bad}, "sources": {"s": source}, "clients": CLIENTS, "rules": {}}
    )
    errors = " ".join(found["mjml"]["s"]["errors"])
    assert "colour" in errors
    assert "mj-txt" in errors
    assert found["html"]["bad"]
    assert "error" in {entry["level"] for entry in found["support"]["bad"]}


class Seen(HTMLParser):
    """What a reader gets of a document: words, links and pictures, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self.feed(re.sub(r"<!--.*?-->", "", html.partition("<body")[2], flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src", "alt", "dir", "role"}:
                self.parts.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.parts += data.split()
