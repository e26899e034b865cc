"""Papers that readers submit: taken down, looked up at arXiv, accepted or declined by an editor.

    checking -> waiting -> accepted | declined
             -> missing

A visitor never waits for arXiv: the row is written at once, and a task looks up all that wait, in
one request. Every step names the state it leaves, so it may run twice, or on two machines at once.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from papers.ingest import community
from papers.models import Paper
from papers.sources import arxiv
from papers.sources.base import FetchFailed
from papers.sources.record import Author, PaperRecord
from subscriptions.models import Submission, Subscriber

logger = logging.getLogger(__name__)

State = Submission.State

LONGEST_WAIT = dt.timedelta(hours=1)
"""Between two questions to arXiv about the same paper, while it cannot be asked."""


class Outcome(StrEnum):
    """What became of a wish."""

    TAKEN = "taken"
    """It is looked up next."""
    LISTED = "listed"
    """The paper is here already."""
    KNOWN = "known"
    """Somebody submitted it before; the submission says how far it is."""
    CLOSED = "closed"
    """The editors take no submissions at present."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a reader is told after submitting."""

    outcome: Outcome
    paper: Paper | None = None
    submission: Submission | None = None


def are_open() -> bool:
    """Whether the editors take submissions: they close them by deactivating the source."""
    return community.source().is_active


def submit(subscriber: Subscriber, arxiv_id: str, name: str, now: dt.datetime) -> Receipt:
    """Take down that the reader wants the paper listed. Twice is once.

    A paper that arXiv did not know is looked up again: it may have come out since.
    """
    if not subscriber.is_mailable or not are_open():
        return Receipt(Outcome.CLOSED)
    identifier = f"arxiv:{arxiv.canonical(arxiv_id)}"
    paper = Paper.objects.filter(identifier=identifier).first()
    if paper is not None:
        return Receipt(Outcome.LISTED, paper=paper)
    fresh: dict[str, Any] = {
        "subscriber": subscriber,
        "name": name,
        "submitted_at": now,
        "check_after": now,
        "attempts": 0,
    }
    submission, created = Submission.objects.get_or_create(identifier=identifier, defaults=fresh)
    if not created:
        missing = Submission.objects.filter(pk=submission.pk, state=State.MISSING)
        created = bool(missing.update(state=State.CHECKING, **fresh))
        submission.refresh_from_db()
    return Receipt(Outcome.TAKEN if created else Outcome.KNOWN, submission=submission)


def check(now: dt.datetime) -> int:
    """Look up at arXiv what waits for that; how many submissions moved on.

    Where arXiv cannot be asked they wait, longer each time, up to `LONGEST_WAIT`.
    """
    rows = list(Submission.objects.unchecked(now)[: arxiv.MOST_ASKED])
    if not rows:
        return 0
    try:
        found, asked = _look_up(rows)
    except FetchFailed as error:
        logger.warning("submissions wait for arXiv", extra={"why": str(error), "rows": len(rows)})
        for row in rows:
            wait = min(dt.timedelta(minutes=2**row.attempts), LONGEST_WAIT)
            Submission.objects.filter(pk=row.pk, state=State.CHECKING).update(
                attempts=min(row.attempts + 1, 10), check_after=now + wait
            )
        return 0
    return sum(_settle(row, found.get(row.pk)) for row in asked)


def _look_up(
    rows: Sequence[Submission],
) -> tuple[dict[int, PaperRecord], Sequence[Submission]]:
    """What arXiv knows, by the submission's id, and which submissions it was asked about.

    One that arXiv takes for malformed spoils a whole request, so they are then asked for one by
    one, as far as that goes. Raises `FetchFailed` where nothing could be asked.
    """
    names = {row.pk: row.identifier.partition(":")[2] for row in rows}
    try:
        known = arxiv.lookup(list(names.values()))
        return {pk: known[name] for pk, name in names.items() if name in known}, rows
    except arxiv.Malformed:
        if len(rows) == 1:
            return {}, rows
    found: dict[int, PaperRecord] = {}
    asked: list[Submission] = []
    for row in rows:
        try:
            single, _ = _look_up([row])
        except FetchFailed:
            if not asked:
                raise
            break
        found |= single
        asked.append(row)
    return found, asked


def _settle(row: Submission, record: PaperRecord | None) -> int:
    values: dict[str, Any] = {"state": State.MISSING}
    if record is not None:
        day = record.published_on
        facts = {
            "abstract": record.abstract,
            "authors": [author.as_json() for author in record.authors],
            "categories": list(record.categories),
            "published_on": day.isoformat() if day else None,
        }
        values = {"state": State.WAITING, "title": record.title, "facts": facts}
    return Submission.objects.filter(pk=row.pk, state=State.CHECKING).update(**values)


class WithoutFacts(ValueError):
    """Nobody knows here what paper a submission is; the text says what follows."""


def accept(submission: Submission, now: dt.datetime) -> bool:
    """List the paper as the community's on the day that is due; whether that changed anything.

    What was declined may still be accepted; what was accepted stays so, and a pick can hide it.
    Where arXiv's answer is not there, or not whole, it is asked again and `WithoutFacts` raised.
    """
    submission.refresh_from_db()
    open_states = (State.WAITING, State.DECLINED)
    undecided = Submission.objects.filter(pk=submission.pk, state__in=open_states)
    try:
        record = _record_of(submission)
    except (LookupError, TypeError, ValueError, AttributeError):
        if not undecided.update(state=State.CHECKING, check_after=now, attempts=0, reason=""):
            return False
        raise WithoutFacts(
            f"What {submission.identifier} is was lost, so it was not accepted. "
            "arXiv is asked again: it will wait here once more."
        ) from None
    with transaction.atomic():
        changed = undecided.update(state=State.ACCEPTED, decided_at=now, reason="")
        submission.refresh_from_db()
        if changed:
            submission.paper = community.feature(record, now)
            submission.save(update_fields=["paper"])
    return bool(changed)


def _record_of(submission: Submission) -> PaperRecord:
    """The paper as arXiv described it. Raises what reading broken JSON raises."""
    facts = submission.facts
    day = facts["published_on"]
    return PaperRecord(
        identifier=submission.identifier,
        title=submission.title,
        abstract=facts["abstract"],
        authors=tuple(map(Author.from_json, facts["authors"])),
        categories=tuple(facts["categories"]),
        published_on=dt.date.fromisoformat(day) if day else None,
        submitted_by=submission.name or _somebody(),
        submitted_at=submission.submitted_at,
    )


def decline(submission: Submission, reason: str, now: dt.datetime) -> bool:
    """Do not list the paper, for a reason that the reader is told; whether that changed anything.

    Raises `ValueError` without a reason.
    """
    if not reason.strip():
        raise ValueError("a submission is declined for a reason")
    changed = Submission.objects.filter(pk=submission.pk, state=State.WAITING).update(
        state=State.DECLINED, decided_at=now, reason=reason.strip()[:300]
    )
    submission.refresh_from_db()
    return bool(changed)


def disown(subscriber: Subscriber) -> None:
    """Take the reader's name off what they submitted, here and on pages; the papers stay."""
    named = Submission.objects.filter(subscriber=subscriber).exclude(name="")
    community.rename_submitter(list(named.values_list("identifier", flat=True)), _somebody())
    named.update(name="")


def _somebody() -> str:
    """Who submitted a paper without giving a name, in the site's language."""
    with translation.override(settings.LANGUAGE_CODE):
        return gettext("a reader")
