"""What readers say about papers: more like this, less like this, or nothing after all."""

import datetime as dt

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

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
    return _take_back(subscriber, paper.pk)


def _take_back(subscriber: Subscriber, paper_id: int) -> bool:
    """Under all names of the paper, so that no earlier word comes forth."""
    names = Paper.objects.works_of([paper_id])
    deleted, _ = Feedback.objects.filter(subscriber=subscriber, paper__in=names).delete()
    return bool(deleted)


def take_back_of(subscriber: Subscriber, paper_id: str) -> bool:
    """Forget the reader's word on the paper with this id, as a form gives it; whether there was
    one.
    """
    if not (paper_id.isascii() and paper_id.isdigit() and len(paper_id) < 19):
        return False
    return _take_back(subscriber, int(paper_id))


def delete_all(subscriber: Subscriber) -> int:
    """Forget everything the reader said about papers; how much that was."""
    deleted, _ = Feedback.objects.filter(subscriber=subscriber).delete()
    return deleted


def all_said(subscriber: Subscriber) -> QuerySet[Feedback]:
    """The reader's words on papers, the last one first, each with its paper; of a paper with
    several names the last word alone.
    """
    work = Coalesce("paper__merged_into_id", "paper_id")
    said = subscriber.feedback.alias(work=work)
    same = Feedback.objects.alias(work=work).filter(subscriber=subscriber, work=OuterRef("work"))
    last = same.order_by("-at", "-pk").values("pk")[:1]
    return (
        said.filter(pk=Subquery(last))
        .select_related("paper", "paper__merged_into")
        .order_by("-at", "-pk")
    )


def said(subscriber: Subscriber, paper: Paper) -> int | None:
    """The reader's word on the paper, if there is one."""
    return (
        Feedback.objects.filter(subscriber=subscriber, paper__in=Paper.objects.works_of([paper.pk]))
        .order_by("-at", "-pk")
        .values_list("value", flat=True)
        .first()
    )
