"""Corrections of what is running: rows beside the frozen ones, applied whenever these are read.

Digests that wait get what is corrected, pages and feeds show it, and a link that was mended works
in digests that have gone out, whose links lead through this site. Those that went out before are
counted, so that an editor can decide whether to write to their readers.
"""

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max

from newsletter import bulk_sql
from newsletter.models import Correction, Delivery, Issue, IssuePaper
from papers.cards import Link, brief, card_of
from papers.models import Match, Paper
from papers.models.page_version import renew_on_commit

MENDED = (
    "title", "note", "excerpt", "abstract_url", "pdf_url", "code_url", "project_url", "free_url",
)  # fmt: skip
"""The fields of a card that an editor may mend."""

UNDER_WAY = dt.timedelta(minutes=1)
"""A digest that goes out so soon after a correction may have been composed before it."""

GONE = (Delivery.State.SENT, Delivery.State.UNKNOWN, Delivery.State.FEED)


class NotReplaceable(ValueError):
    """A paper cannot stand there; the text says why."""


def version() -> tuple[int, dt.datetime | None]:
    """Another one after each correction made, changed or taken back. One query of few rows."""
    found = Correction.objects.aggregate(count=Count("pk"), last=Max("made_at"))
    return found["count"], found["last"]


@transaction.atomic
def mend(
    place: IssuePaper, wanted: dict[str, str], now: dt.datetime, *, by: Any, reason: str = ""
) -> Correction:
    """Have the place's card show what is `wanted`, by field of `MENDED`, from now on."""
    before = place.corrected
    base = place.card if before is None or before.paper_id is None else place.card_now
    card = dict(before.card) if before is not None else {}
    for name, value in wanted.items():
        if name not in MENDED:
            raise ValueError(f"nobody mends the {name} of a card")
        if value == (base.get(name) or "") and (before is None or before.paper_id is None):
            card.pop(name, None)
        else:
            card[name] = value
    if "excerpt" in card:
        # The editor's words are neither a summary that came with the paper nor a model's.
        card |= {"is_summarised": False, "summarized_by": "", "own_excerpt": ""}
    paper = before.paper if before else None
    return _write(place, paper, card, before.topics if before else None, now, by, reason)


@transaction.atomic
def replace(
    place: IssuePaper, paper: Paper, now: dt.datetime, *, by: Any, reason: str = ""
) -> Correction:
    """Have another paper stand there from now on. Raises `NotReplaceable`."""
    shown = Paper.objects.shown().with_thumbnails().with_machine_summaries()
    found = shown.with_earlier_counts(now).filter(pk=paper.pk).first()
    if found is None:
        raise NotReplaceable("This paper is hidden, withdrawn or a duplicate of one that is.")
    others = IssuePaper.objects.filter(issue=place.issue_id).exclude(pk=place.pk)
    if any(paper.pk == one.paper_now for one in others.select_related("correction")):
        raise NotReplaceable("This paper is already in the issue.")
    rows = Match.objects.sendable().filter(paper=found).order_by("-score").select_related("topic")
    matches = list(rows)
    names = tuple(Link(match.topic.name, "") for match in matches)
    card = card_of(found, brief, topics=names).as_dict()
    card |= {"is_pick": bool(place.card.get("is_pick")), "noticed": ""}
    topics = {str(one.topic_id): {"score": one.score, "evidence": one.evidence} for one in matches}
    return _write(place, found, card, topics, now, by, reason)


@transaction.atomic
def take_back(place: IssuePaper) -> bool:
    """Have the place show again what was frozen; whether anything was corrected."""
    done, _ = Correction.objects.filter(place=place).delete()
    renew_on_commit()
    return bool(done)


def _write(
    place: IssuePaper,
    paper: Paper | None,
    card: dict[str, Any],
    topics: dict[str, Any] | None,
    now: dt.datetime,
    by: Any,
    reason: str,
) -> Correction:
    found, _ = Correction.objects.update_or_create(
        place=place,
        defaults={
            "paper": paper,
            "card": card,
            "topics": topics,
            "made_at": now,
            "made_by": by,
            "reason": reason[:200],
            "reached": None,
        },
    )
    renew_on_commit()
    return found


def count_reached(now: dt.datetime) -> int:
    """Count for each correction the digests that went out before it, once all that were under way
    are settled; for how many corrections. It reads an issue's digests, so workers do it.
    """
    ripe = Correction.objects.filter(reached=None, made_at__lte=now - UNDER_WAY)
    done = 0
    for one in ripe.select_related("place"):
        reached = len(reached_by(one.place, one.made_at))
        Correction.objects.filter(pk=one.pk, made_at=one.made_at).update(reached=reached)
        done += 1
    return done


def reached_by(place: IssuePaper, before: dt.datetime) -> list[int]:
    """The ids of the readers whose digests went out with the place before that moment, or while
    that may have been composed which did.
    """
    each = "jsonb_array_elements(d.choices) AS c(value)"
    at = "(c.value ->> 1)::bigint"
    if connection.vendor == "sqlite":
        each, at = "json_each(d.choices) AS c", "json_extract(c.value, '$[1]')"
    # A weekly digest or that of a later issue may have it, too, until the next week is over.
    issues = Issue.objects.filter(
        day__gte=place.issue.day, day__lte=place.issue.day + dt.timedelta(days=7)
    )
    ids = ", ".join(str(pk) for pk in issues.values_list("pk", flat=True))
    states = ", ".join(f"'{state.value}'" for state in GONE)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT d.subscriber_id FROM {bulk_sql.table(Delivery)} d
            WHERE (d.issue_id IN ({ids}) OR d.interests_of_id IN ({ids}))
              AND d.state IN ({states}) AND d.subscriber_id IS NOT NULL
              AND (d.sent_at IS NULL OR d.sent_at <= %s)
              AND EXISTS (SELECT 1 FROM {each} WHERE {at} = %s)
            """,  # noqa: S608 - names of our own, values are parameters
            [bulk_sql.timestamp_text(before + UNDER_WAY), place.pk],
        )
        return [pk for (pk,) in cursor.fetchall()]
