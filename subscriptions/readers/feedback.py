"""What readers say about papers: more like this, less like this, or nothing after all."""

import datetime as dt

from django.db.models import QuerySet

from papers.models import Paper
from subscriptions.models import Feedback, Subscriber

VALUES = {"more": Feedback.Value.MORE, "less": Feedback.Value.LESS}
"""How a link spells each value."""


def say(subscriber: Subscriber, paper: Paper, value: Feedback.Value, now: dt.datetime) -> None:
    """Record the reader's word on the paper; the last one counts."""
    Feedback.objects.update_or_create(
        subscriber=subscriber, paper=paper, defaults={"value": value, "at": now}
    )


def take_back(subscriber: Subscriber, paper: Paper) -> bool:
    """Forget the reader's word on the paper; whether there was one."""
    deleted, _ = Feedback.objects.filter(subscriber=subscriber, paper=paper).delete()
    return bool(deleted)


def take_back_of(subscriber: Subscriber, paper_id: str) -> bool:
    """Forget the reader's word on the paper with this id, as a form gives it; whether there was
    one.
    """
    if not (paper_id.isascii() and paper_id.isdigit() and len(paper_id) < 19):
        return False
    deleted, _ = Feedback.objects.filter(subscriber=subscriber, paper_id=int(paper_id)).delete()
    return bool(deleted)


def delete_all(subscriber: Subscriber) -> int:
    """Forget everything the reader said about papers; how much that was."""
    deleted, _ = Feedback.objects.filter(subscriber=subscriber).delete()
    return deleted


def all_said(subscriber: Subscriber) -> QuerySet[Feedback]:
    """The reader's words on papers, the last one first, each with its paper."""
    return subscriber.feedback.select_related("paper").order_by("-at", "-pk")


def said(subscriber: Subscriber, paper: Paper) -> int | None:
    """The reader's word on the paper, if there is one."""
    return (
        Feedback.objects.filter(subscriber=subscriber, paper=paper)
        .values_list("value", flat=True)
        .first()
    )
