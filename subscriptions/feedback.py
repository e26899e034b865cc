"""What readers say about papers: more like this, less like this, or nothing after all."""

import datetime as dt

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


def said(subscriber: Subscriber, paper: Paper) -> int | None:
    """The reader's word on the paper, if there is one."""
    return (
        Feedback.objects.filter(subscriber=subscriber, paper=paper)
        .values_list("value", flat=True)
        .first()
    )
