"""Papers that readers submit: taken down, looked up, accepted or declined by an editor.

    checking -> waiting -> accepted | declined
             -> missing

A visitor never waits for a service: the row is written at once, and a task looks up all that wait:
at arXiv in one request, and by DOI at Crossref, or else DataCite. Every step names the state it
leaves, so it may run twice, or on two machines at once.
"""

import datetime as dt
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from papers.identifiers import UnknownIdentifier, identifier, in_link
from papers.ingest import community
from papers.models import Paper
from papers.sources import arxiv, crossref
from papers.sources.base import FetchFailed
from papers.sources.record import Author, PaperRecord
from subscriptions.models import Submission, Subscriber

logger = logging.getLogger(__name__)

State = Submission.State

LONGEST_WAIT = dt.timedelta(hours=1)
"""Between two questions about the same paper, while its service cannot be asked."""

MOST_DOIS = 10
"""Looked up at a time; each takes a request."""

SCHEMES = ("arxiv", "doi")
"""How papers may be named that are looked up."""


class Outcome(StrEnum):
    """What became of a wish."""

    TAKEN = "taken"
    """It is looked up next."""
    LISTED = "listed"
    """The paper is here already."""
    KNOWN = "known"
    """Somebody submitted it before; the submission says how far it is."""
    CLOSED = "closed"
    """The editors take no submissions at the moment."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a reader is told after submitting."""

    outcome: Outcome
    paper: Paper | None = None
    submission: Submission | None = None


def are_open() -> bool:
    """Whether the editors take submissions: they close them by deactivating the source."""
    return community.source().is_active


def submit(subscriber: Subscriber, paper_id: str, name: str, now: dt.datetime) -> Receipt:
    """Take down that the reader wants the paper listed. Twice is once.

    `paper_id` names it by arXiv's identifier or by its DOI, in any spelling. One that nobody knew
    is looked up again: it may have come out since.
    """
    if not subscriber.is_mailable or not are_open():
        return Receipt(Outcome.CLOSED)
    known_as = named(paper_id)
    paper = Paper.objects.called(known_as)
    if paper is not None:
        return Receipt(Outcome.LISTED, paper=paper)
    fresh: dict[str, Any] = {
        "subscriber": subscriber,
        "name": name,
        "submitted_at": now,
        "check_after": now,
        "attempts": 0,
    }
    submission, created = Submission.objects.get_or_create(identifier=known_as, defaults=fresh)
    if not created:
        missing = Submission.objects.filter(pk=submission.pk, state=State.MISSING)
        created = bool(missing.update(state=State.CHECKING, **fresh))
        submission.refresh_from_db()
    return Receipt(Outcome.TAKEN if created else Outcome.KNOWN, submission=submission)


def named(text: str) -> str:
    """The identifier of the paper that `text` names, by arXiv or by DOI. Raises
    `UnknownIdentifier`, also for one that is named in another scheme.
    """
    known_as = in_link(text) or identifier(text)
    scheme, _, name = known_as.partition(":")
    if scheme not in SCHEMES:
        raise UnknownIdentifier(f"{text[:60]!r} is neither an arXiv ID nor a DOI.")
    return f"{scheme}:{arxiv.canonical(name)}" if scheme == "arxiv" else known_as


def check(now: dt.datetime) -> int:
    """Look up what waits for that; how many submissions moved on.

    Where a service cannot be asked, its papers wait, longer each time, up to `LONGEST_WAIT`.
    """
    rows = list(Submission.objects.unchecked(now)[: arxiv.MOST_ASKED])
    by_doi = [row for row in rows if row.identifier.startswith("doi:")]
    others = [row for row in rows if not row.identifier.startswith("doi:")]
    done = 0
    for look_up, wanted in ((_look_up, others), (_look_up_dois, by_doi[:MOST_DOIS])):
        if not wanted:
            continue
        try:
            found, asked = look_up(wanted)
        except FetchFailed as error:
            logger.warning(
                ("submissions are waiting"), extra={"why": str(error), "rows": len(wanted)}
            )
            for row in wanted:
                wait = min(dt.timedelta(minutes=2**row.attempts), LONGEST_WAIT)
                Submission.objects.filter(pk=row.pk, state=State.CHECKING).update(
                    attempts=min(row.attempts + 1, 10), check_after=now + wait
                )
            continue
        done += sum(_settle(row, found.get(row.pk)) for row in asked)
    return done


def _look_up_dois(
    rows: Sequence[Submission],
) -> tuple[dict[int, PaperRecord], Sequence[Submission]]:
    """What Crossref, or else DataCite, knows, as `_look_up` has it."""
    names = {row.pk: row.identifier.removeprefix("doi:") for row in rows}
    known = crossref.lookup(list(names.values()))
    return {pk: known[name] for pk, name in names.items() if name in known}, rows


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
            "kind": record.kind,
            "venue": record.venue,
            "issns": list(record.issns),
            "license": record.license,
            "free_url": record.free_url,
            "status": record.status,
        }
        values = {"state": State.WAITING, "title": record.title, "facts": facts}
    return Submission.objects.filter(pk=row.pk, state=State.CHECKING).update(**values)


class WithoutFacts(ValueError):
    """Nobody knows here what paper a submission is; the text says what follows."""

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"What {identifier} is was lost, so it wasn't accepted. It's being looked up again and "
            "will appear here once more."
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of submissions that were to be accepted."""

    changed: int
    lost: Sequence[str]
    """Identifiers of those of which the answer about the paper is not there, or not whole."""


def accept(submission: Submission, now: dt.datetime) -> bool:
    """List the paper as the community's on the day that is due; whether that changed anything.

    What was declined may still be accepted; what was accepted stays so, and a pick can hide it.
    Where the answer about it is not there, or not whole, it is looked up again and `WithoutFacts`
    raised.
    """
    done = accept_all([submission.pk], now)
    submission.refresh_from_db()
    if done.lost:
        raise WithoutFacts(submission.identifier)
    return bool(done.changed)


@transaction.atomic
def accept_all(keys: Collection[int], now: dt.datetime) -> Accepted:
    """`accept` the submissions with these keys. As many statements for five hundred as for one."""
    undecided = Submission.objects.filter(pk__in=keys, state__in=(State.WAITING, State.DECLINED))
    records: dict[int, PaperRecord] = {}
    lost: dict[int, str] = {}
    for row in undecided.select_for_update(no_key=True).order_by("pk"):
        try:
            records[row.pk] = _record_of(row)
        except (LookupError, TypeError, ValueError, AttributeError):
            lost[row.pk] = row.identifier
    if lost:
        Submission.objects.filter(pk__in=lost).update(
            state=State.CHECKING, check_after=now, attempts=0, reason=""
        )
    if records:
        papers = community.feature_all(list(records.values()), now)
        rows = [
            Submission(
                pk=pk,
                state=State.ACCEPTED,
                decided_at=now,
                reason="",
                paper_id=papers.get(record.identifier),
            )
            for pk, record in records.items()
        ]
        Submission.objects.bulk_update(rows, ["state", "decided_at", "reason", "paper"])
    return Accepted(len(records), list(lost.values()))


def _record_of(submission: Submission) -> PaperRecord:
    """The paper as it was described. Raises what reading broken JSON raises."""
    facts = submission.facts
    day = facts["published_on"]
    return PaperRecord(
        identifier=submission.identifier,
        title=submission.title,
        abstract=facts["abstract"],
        authors=tuple(map(Author.from_json, facts["authors"])),
        categories=tuple(facts["categories"]),
        published_on=dt.date.fromisoformat(day) if day else None,
        kind=facts.get("kind", "article"),
        venue=facts.get("venue", ""),
        issns=tuple(facts.get("issns", ())),
        license=facts.get("license", ""),
        free_url=facts.get("free_url", ""),
        status=facts.get("status", ""),
        submitted_by=submission.name or _somebody(),
        submitted_at=submission.submitted_at,
    )


def decline(submission: Submission, reason: str, now: dt.datetime) -> bool:
    """Do not list the paper, for a reason that the reader is told; whether that changed anything.

    Raises `ValueError` without a reason.
    """
    if not reason.strip():
        raise ValueError("a reason is needed to decline a submission")
    changed = decline_all([submission.pk], reason, now)
    submission.refresh_from_db()
    return bool(changed)


def decline_all(keys: Collection[int], reason: str, now: dt.datetime) -> int:
    """`decline` the submissions with these keys, all for one reason; how many that changed."""
    if not reason.strip():
        raise ValueError("a reason is needed to decline a submission")
    return Submission.objects.filter(pk__in=keys, state=State.WAITING).update(
        state=State.DECLINED, decided_at=now, reason=reason.strip()[:300]
    )


def disown(subscriber: Subscriber) -> None:
    """Take the reader's name off what they submitted, here and on pages; the papers stay."""
    named = Submission.objects.filter(subscriber=subscriber).exclude(name="")
    community.rename_submitter(list(named.values_list("identifier", flat=True)), _somebody())
    named.update(name="")


def _somebody() -> str:
    """Who submitted a paper without giving a name, in the site's language."""
    with translation.override(settings.LANGUAGE_CODE):
        return gettext("a reader")
