"""What each mail says: its subject, its text, and the outline of its HTML, kept in snapshots/.

A change of wording shows as a change of these files. They are written anew by
`SNAPSHOTS=write make test ARGS="-k snapshots"`; read what has changed before you commit it.
"""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from newsletter.digests.selection import Choice
from newsletter.mail.message import Mail
from subscriptions.models import Subscriber
from subscriptions.notices import letters
from tests.factories import NOW
from tests.newsletter.digest_readers import choices_of, make_place, make_press, make_reader

SNAPSHOTS = Path(__file__).parent.parent / "snapshots"

_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{48,}(?=/)")


class Outline(HTMLParser):
    """Headings, links and pictures of a document, a line each."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._open = ""
        self.feed(re.sub(r"<!--.*?-->", "", html.partition("<body")[2], flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in {"h1", "h2", "h3"}:
            self._open = tag
            self.lines.append(f"{tag}:")
        elif tag == "a":
            self._open = tag
            self.lines.append(f"a {found['href']}")
        elif tag == "img":
            self.lines.append(f"img {found['src']} alt={found['alt']!r}")

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.lines[-1] += f" {data.strip()}"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""


def digest(*, by_topic: bool = False, is_weekly: bool = False, is_welcome: bool = False) -> Mail:
    places = [
        make_place(
            1,
            topics=(1, 2),
            title="Toward Agents That <Never> Sleep",
            is_pick=True,
            note="Read this first.",
            comments_gained=2,
            stars_gained=40,
        ),
        make_place(
            2, topics=(2,), excerpt_is_cut=False, is_summarised=True, code_url="", stars=None
        ),
        make_place(3, topics=(1,), organization="", upvotes=1, upvotes_gained=None),
        make_place(4, topics=(3,)),
    ]
    press = make_press(
        places, is_weekly=is_weekly, is_welcome=is_welcome, note="The editor's word."
    )
    reader = make_reader(grouped=by_topic)
    choices: list[Choice] = choices_of(press, reader)
    return press.render(reader, choices, 7)


def written(subject: str, text: str, html: str) -> str:
    parts = [f"Subject: {subject}", "", text.rstrip(), "", "=== HTML ===", "", *Outline(html).lines]
    return _TOKEN.sub("TOKEN", "\n".join(parts)) + "\n"


def check(name: str, shown: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        path.write_text(shown)
    assert shown == path.read_text(), f"{name} says something else than {path.name}"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("daily", {}),
        ("weekly", {"is_weekly": True}),
        ("by_topic", {"by_topic": True}),
        ("welcome", {"is_weekly": True, "is_welcome": True}),
    ],
)
def test_snapshots_of_digests(name, form):
    mail = digest(**form)
    text, html = ("".join(fragment.text for fragment in part) for part in (mail.text, mail.html))
    check(name, written(mail.subject, text, html))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", letters.KINDS)
def test_snapshots_of_the_other_mails(kind):
    alice = Subscriber(pk=7, email="alice@example.org", top_papers=True)
    letter = letters.make_letter(kind, alice, NOW)
    check(kind.value, written(letter.subject, letter.text, letter.html))


def test_no_snapshot_is_left_of_a_mail_that_is_gone():
    names = {"daily", "weekly", "by_topic", "welcome"} | {kind.value for kind in letters.KINDS}
    assert {path.stem for path in SNAPSHOTS.iterdir()} == names
