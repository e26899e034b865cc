"""Plain factories: `make_x(**kwargs)` saves one valid x, with every default spelled out here."""

import datetime as dt
from itertools import count
from typing import Any

from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from papers.models import Feature, Match, Observation, Paper, Source, Topic
from subscriptions.models import Notice, Subscriber

#: The moment at which tests stand unless they say otherwise: a Thursday morning.
NOW = dt.datetime(2026, 6, 11, 8, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 6, 10)

_numbers = count(1)


def make_source(**kwargs: Any) -> Source:
    """The Hugging Face source, or another by `slug`."""
    slug = kwargs.pop("slug", "huggingface")
    kwargs = {"kind": "huggingface", "name": f"Source {slug}"} | kwargs
    return Source.objects.get_or_create(slug=slug, defaults=kwargs)[0]


def make_topic(name: str = "Efficient inference", **kwargs: Any) -> Topic:
    """A topic; its slug is made from its name."""
    slug = kwargs.pop("slug", "t-" + name.lower().replace(" ", "-")[:40])
    defaults = {
        "name": name,
        "group": "Tests",
        "description": f"All about {name}.",
        "keywords": [name.lower()],
        "categories": [],
    } | kwargs
    return Topic.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_paper(title: str = "", *, day: dt.date | None = DAY, **kwargs: Any) -> Paper:
    """A paper that the Hugging Face source featured on `day` (None: nobody did)."""
    number = next(_numbers)
    defaults = {
        "identifier": f"arxiv:2606.{number:05d}",
        "title": title or f"Paper number {number}",
        "abstract": "We study something. It works better than before. We explain why.",
        "authors": ["Alice Adams", "Bob Brown", "Charlie Clark"],
        "upvotes": 10,
        "comments": 2,
        "trending_score": 1.0,
    } | kwargs
    paper = Paper.objects.create(**defaults)
    if day is not None:
        at = dt.datetime.combine(day, dt.time(9), dt.UTC)
        source = make_source()
        Feature.objects.create(source=source, paper=paper, day=day, submitted_at=at)
        Observation.objects.create(
            paper=paper,
            source=source,
            observed_at=at,
            upvotes=paper.upvotes,
            comments=paper.comments,
            stars=paper.stars,
        )
    return paper


def make_papers_about(*subjects: str, each: int = 10, **kwargs: Any) -> list[Paper]:
    """Papers whose words are those of one of the subjects, `each` a subject, told apart by them."""
    papers = []
    for subject in subjects:
        words = subject.split()
        for number in range(each):
            turned = words[number % len(words) :] + words[: number % len(words)]
            text = " ".join(turned)
            papers.append(make_paper(text.capitalize(), abstract=f"{text}. {text}.", **kwargs))
    return papers


def make_match(paper: Paper, topic: Topic, **kwargs: Any) -> Match:
    """A sendable match with a keyword in the title as its evidence."""
    evidence = [{"kind": "keyword", "detail": topic.name.lower(), "where": "title"}]
    defaults = {"score": 3.0, "is_sendable": True, "evidence": evidence} | kwargs
    return Match.objects.create(paper=paper, topic=topic, **defaults)


def make_subscriber(
    email: str = "alice@example.org", *, topics: list[Topic] | None = None, **kwargs: Any
) -> Subscriber:
    """An active daily subscriber in UTC whose digest is due at `NOW`."""
    defaults = {
        "status": Subscriber.Status.ACTIVE,
        "hour": 8,
        "confirmed_at": NOW - dt.timedelta(days=30),
        "next_digest_at": NOW,
    } | kwargs
    subscriber = Subscriber.objects.create(email=email, **defaults)
    subscriber.follow(topics or [])
    return subscriber


def make_subscribers(count: int) -> list[Subscriber]:
    """So many active subscribers at once, who follow nothing."""
    addresses = [f"r{number}@example.org" for number in range(count)]
    made: list[Subscriber] = Subscriber.objects.bulk_create(
        [
            Subscriber(
                email=address, email_key=address, status=Subscriber.Status.ACTIVE, created_at=NOW
            )
            for address in addresses
        ]
    )
    return made


def make_issue(day: dt.date = DAY, **kwargs: Any) -> Issue:
    """An issue without papers; `newsletter.issues.freezing.build_issue` makes real ones."""
    return Issue.objects.create(day=day, **({"frozen_at": NOW} | kwargs))


def make_frozen_issue(day: dt.date = DAY) -> Issue:
    """The issue of the day's papers, as freezing makes it."""
    issue = build_issue(day, NOW)
    assert issue is not None, "the day has no papers"
    return issue


def make_delivery(issue: Issue, subscriber: Subscriber, **kwargs: Any) -> Delivery:
    """A pending delivery that may go out at `NOW`."""
    defaults = {
        "due_at": NOW,
        "not_before": NOW,
        "deadline": NOW + dt.timedelta(hours=12),
    } | kwargs
    return Delivery.objects.create(issue=issue, subscriber=subscriber, **defaults)


def make_notice(subscriber: Subscriber, **kwargs: Any) -> Notice:
    """A pending confirmation that may go out at `NOW`."""
    defaults = {
        "kind": Notice.Kind.CONFIRM,
        "due_at": NOW,
        "not_before": NOW,
        "deadline": NOW + dt.timedelta(days=1),
    } | kwargs
    return Notice.objects.create(subscriber=subscriber, **defaults)
