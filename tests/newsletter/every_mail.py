"""Every mail that the service sends, in every form, as tests look at it: with papers of all kinds,
an editor's note, pictures, and titles that mean harm.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mjml import mjml2html

from newsletter.issues.freezing import build_issue
from newsletter.models import Issue
from newsletter.operations.previews import NAMES, MailPreview, preview
from papers.models import Pick, Thumbnail
from subscriptions.models import Subscriber
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic

TITLES = (
    "Attention Is Still All You Need",
    "Tags <b>bold</b> & <script>alert(1)</script> {{ settings.SECRET_KEY }}",
    "</mj-text></mj-column></mj-section><mj-raw>",
    "למידת מכונה לעברית: סקירה",
    "Agents 🤖 for 👩🏽‍🔬",
    "A title that goes on " * 9,
)


def make_issue_of_all_kinds() -> Subscriber:
    """Alice, who gets an issue with a note, a pick, papers with and without a summary of their own,
    links, counts and growth, and one paper outside her topics.
    """
    topics = [make_topic("Efficient inference"), make_topic("Robotics & agents")]
    for number, title in enumerate(TITLES):
        paper = make_paper(
            title,
            upvotes=100 - number,
            stars=7 * number or None,
            trending_score=9.0 - number,
            summary="In short: it works." if number % 2 else "",
            organization="Example <Institute>" if number % 3 else "",
            code_url="https://github.com/example/code",
            thumbnail_url=f"https://thumbnails.example.org/{number}.png?a=1&b=2",
        )
        make_match(paper, topics[number % 2])
        if number < 2:
            Thumbnail.objects.create(
                paper=paper,
                source_url=paper.thumbnail_url,
                image=b"a picture",
                small=b"the same in small",
                digest=f"0123abc{number}",
                fetched_at=NOW,
            )
        if number == 1:
            Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.PIN, note="Read <this> first.")
    make_match(make_paper("Elsewhere", trending_score=0.5), make_topic("Something else"))
    build_issue(DAY, NOW)
    Issue.objects.update(note="A word from <us>.\n\nAnd another.")
    return make_subscriber(topics=topics, papers_wanted=15)


def every_mail(alice: Subscriber) -> dict[str, MailPreview]:
    """All of them, by name, as Alice gets them; she follows topics only, so the daily email of what
    a reader follows is that of the example.
    """
    readers = {name: None if name == "interests" else alice.pk for name in NAMES}
    return {name: preview(name, NOW, subscriber_id=pk) for name, pk in readers.items()}


@contextmanager
def recorded_sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Keeps the MJML of whatever is compiled meanwhile."""
    sources: list[str] = []

    def record(source: str, **options: Any) -> str:
        sources.append(source)
        html: str = mjml2html(source, **options)
        return html

    with monkeypatch.context() as patch:
        patch.setattr("subscriptions.notices.mjml.mjml2html", record)
        yield sources
