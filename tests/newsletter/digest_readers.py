"""Papers, topics and readers for digests: the sample that ships with the project, without a
database, and a digest made the plain way, every template rendered for the one reader.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from newsletter.digests.bodies import Form
from newsletter.digests.contexts import card_context, fallen_context, shell_context
from newsletter.digests.rendering import DigestPress
from newsletter.digests.selection import Choice, Reader, Shelf
from newsletter.issues.places import Place, Reason
from newsletter.models import Issue
from papers.cards import Card, Link
from papers.text.excerpts import excerpt_of

SAMPLE = Path(__file__).parent.parent.parent / "papers" / "data" / "sample.json"
TOPICS = {
    1: "Agents and tool use",
    2: "Efficient inference",
    3: "Reasoning",
    4: "Image and video generation",
    5: "Robotics",
    6: "Speech & audio",
}


def make_card(**changes: Any) -> Card:
    """One paper's card, with every default spelled out here."""
    values: dict[str, Any] = {
        "identifier": "arxiv:2606.00001",
        "title": "Attention Is Still All You Need",
        "authors": ("Alice Adams", "Bob Brown", "Charlie Clark"),
        "author_count": 3,
        "organization": "Example Institute",
        "excerpt": "We study something. It works better than before.",
        "excerpt_is_cut": True,
        "upvotes": 164,
        "comments": 5,
        "stars": 2340,
        "upvotes_gained": 32,
        "path": "/papers/arxiv/2606.00001/",
        "abstract_url": "https://arxiv.org/abs/2606.00001",
        "pdf_url": "https://arxiv.org/pdf/2606.00001",
        "code_url": "https://github.com/example/still",
        "project_url": "",
        "topics": ("Efficient inference", "Reasoning"),
        "note": "",
        "is_pick": False,
    } | changes
    values["topics"] = tuple(Link(name, "") for name in values["topics"])
    return Card(**values)


def make_place(
    number: int = 1,
    *,
    topics: Sequence[int] = (1,),
    topic_names: Sequence[str] | None = None,
    **changes: Any,
) -> Place:
    """Place `number` of an issue, for readers of `topics`, which its card names `topic_names`."""
    names = [TOPICS[topic] for topic in topics]
    identifier = f"2606.{number:05d}"
    changes = {
        "identifier": f"arxiv:{identifier}",
        "title": f"Paper number {number}",
        "path": f"/papers/arxiv/{identifier}/",
        "topics": tuple(names if topic_names is None else topic_names),
    } | changes
    return Place(
        id=number,
        paper_id=1000 + number,
        rank=number,
        score=100.0 - number,
        card=make_card(**changes),
        topics={
            topic: Reason(3.0, f"Matches {name}") for topic, name in zip(topics, names, strict=True)
        },
    )


def make_reader(number: int = 7, **changes: Any) -> Reader:
    """A reader of two topics."""
    values: dict[str, Any] = {
        "id": number,
        "email": f"reader{number}@example.org",
        "link_version": 1,
        "topics": frozenset({1, 2}),
    } | changes
    return Reader(**values)


def make_press(
    places: Sequence[Place],
    topics: Mapping[int, str] = TOPICS,
    *,
    is_weekly: bool = False,
    is_welcome: bool = False,
    **issue: Any,
) -> DigestPress:
    """A press for an issue of Wednesday, 10 June 2026 (unsaved)."""
    values: dict[str, Any] = {
        "day": dt.date(2026, 6, 10),
        "frozen_at": dt.datetime(2026, 6, 11, tzinfo=dt.UTC),
    } | issue
    return DigestPress(Issue(**values), places, topics, is_weekly=is_weekly, is_welcome=is_welcome)


def choices_of(
    press: DigestPress, reader: Reader | None = None, wanted: int | None = None
) -> list[Choice]:
    """The first `wanted` papers of the press's shelf for `reader`; without a reader all of them."""
    if reader is not None:
        return Shelf(press.places).select(reader)[:wanted]
    places = press.places[:wanted]
    return [Choice(place, (1,), f"Matches Agents · trending #{place.rank}") for place in places]


def sample_places() -> list[Place]:
    """The papers of the sample that somebody counted, as places of one issue."""
    with SAMPLE.open() as file:
        papers = [one for one in json.load(file)["papers"] if one["upvotes"] is not None]
    papers.sort(key=lambda paper: -paper["upvotes"])
    places = []
    for rank, paper in enumerate(papers, 1):
        names = paper["authors"]
        text = excerpt_of(paper["summary"])
        mine = sorted({rank % 6 + 1, rank % 5 + 1, rank * 7 % 6 + 1})
        places.append(
            make_place(
                rank,
                topics=mine,
                title=paper["title"],
                authors=tuple(names if len(names) <= 5 else [*names[:3], *names[-2:]]),
                author_count=len(names),
                organization=paper["organization"],
                excerpt=text,
                excerpt_is_cut=text != paper["summary"],
                upvotes=paper["upvotes"],
                comments=paper["comments"],
                stars=paper["stars"],
                upvotes_gained=paper["upvotes"] // 4 if rank % 2 else None,
                path=f"/papers/arxiv/{paper['id']}/",
                abstract_url=f"https://arxiv.org/abs/{paper['id']}",
                pdf_url=f"https://arxiv.org/pdf/{paper['id']}",
                code_url=paper["code_url"],
                project_url=paper["project_url"],
                note="The one to read first today." if rank == 1 else "",
                is_pick=rank == 1,
            )
        )
    return places


def whole(
    press: DigestPress,
    form: Form,
    reader: Reader,
    choices: Sequence[Choice],
    delivery_id: int | None,
) -> str:
    """The reader's body made in one go, templates and all: what joined fragments must equal."""
    order = press.order(reader, choices, delivery_id)
    tokens = {name: fragments[0].text for name, fragments in order.tokens.items()}
    values = form.values(order)
    safe = {
        name: mark_safe("".join(fragment.text for fragment in values[name]))
        for name in ("count", "preheader", "topics")
    }
    context = shell_context(
        press.issue,
        tokens | safe,
        is_weekly=press.is_weekly,
        is_welcome=press.is_welcome,
        has_summaries=press.has_summaries,
    )
    by_topic = order.by_topic and order.is_whole
    for name, grouped in (
        ("lines", order.groups(order.choices)),
        ("cards", order.groups(order.in_full) if by_topic else [(0, order.in_full)]),
    ):
        context[name] = items = []
        for topic, choices in grouped:
            for at, choice in enumerate(choices):
                level = 3 if by_topic else 2
                item = card_context(choice.place, choice.why, tokens["feedback"], level)
                if topic and name == "lines":
                    item["line_topic"] = ""
                if topic and at == 0:
                    item["group"] = mark_safe(form.topics[topic][0].text)
                items.append(item)
    context["fallen"] = [
        {name: mark_safe(form.markup.escaped(text)) for name, text in fallen_context(one).items()}
        for one in reader.fallen
    ]
    context["outside"] = mark_safe("".join(form.lines[at].text for at in order.also))
    return form.markup.compiled(render_to_string(form.markup.shell, context))
