"""A chunk of planned records into the database: decided together, written set-wise.

What is known here goes before what the file says. Of a reader who is here nothing is changed but
this: who came by an import and never pressed a button here is suppressed where a later file, or a
later line, says that they left.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import Max

from subscriptions import schedule
from subscriptions.addresses import key_of, normalized_email, typed_form
from subscriptions.imports.options import Options
from subscriptions.imports.planning import Plan
from subscriptions.imports.profiles import NEVER, PROFILES, Said
from subscriptions.models import (
    Consent,
    ImportedReader,
    ImportRun,
    Subscriber,
    Subscription,
    Suppression,
)

Status = Subscriber.Status


class Outcome(StrEnum):
    """What became of a line."""

    ADDED = "added"
    ASKED = "asked"
    KEPT_STATUS = "kept"
    SUPPRESSED = "suppressed"
    KNOWN = "known"
    TWICE = "twice"
    BLOCKED = "blocked"
    PENDING = "pending"
    UNKNOWN = "unknown"
    INVALID = "invalid"


MEANING: dict[str, str] = {
    Outcome.ADDED: "new readers, confirmed",
    Outcome.ASKED: "new readers whom a letter asks first",
    Outcome.KEPT_STATUS: "taken over as they were: left, waiting or suppressed",
    Outcome.SUPPRESSED: "left or bounced there: never emailed",
    Outcome.KNOWN: "here already, and unchanged",
    Outcome.TWICE: "twice in the file",
    Outcome.BLOCKED: "suppressed here, and skipped",
    Outcome.PENDING: "never confirmed there, and skipped",
    Outcome.UNKNOWN: "in a state we don’t know, and skipped",
    Outcome.INVALID: "wrong, and skipped",
}

_REASONS = {
    Said.UNSUBSCRIBED: Suppression.Reason.REQUEST,
    Said.BOUNCED: Suppression.Reason.BOUNCE,
    Said.COMPLAINED: Suppression.Reason.COMPLAINT,
}
_GRAVITY = {Said.UNSUBSCRIBED: 1, Said.BOUNCED: 2, Said.COMPLAINED: 3}


@dataclass(slots=True)
class Decided:
    """What a chunk comes to: the outcome of each line, and what is to be written."""

    lines: list[tuple[int, Outcome, str]] = field(default_factory=list)
    new: list[Plan] = field(default_factory=list)
    never: dict[str, Plan] = field(default_factory=dict)


def decide(plans: Sequence[Plan], run: ImportRun, seen: set[int] | None = None) -> Decided:
    """What becomes of each record, as of now. Three statements or four.

    `seen` holds which addresses came before in a file that is only looked through; where it is
    imported, they are in the database.
    """
    keys = [plan.key for plan in plans if plan.key]
    here = _readers(plans, keys)
    hashes = [one for plan in plans for one in plan.hashes]
    covered = set(Suppression.objects.filter(pk__in=hashes).values_list("address_hash", flat=True))
    graver = _no_in_chunk(plans)
    agreed = _confirmed_here(here, graver)
    result = Decided()
    taken: set[str] = set()
    for plan in plans:
        outcome, detail = _decide_one(plan, run, here, covered, graver, agreed, taken, seen)
        result.lines.append((plan.line, outcome, detail))
        if outcome in (Outcome.ADDED, Outcome.ASKED, Outcome.KEPT_STATUS):
            result.new.append(plan)
        elif outcome is Outcome.SUPPRESSED:
            result.never[plan.email] = plan
        if plan.key and not plan.problem:
            taken.add(plan.key)
            if seen is not None:
                seen.add(hash(plan.key))
    return result


def _decide_one(
    plan: Plan,
    run: ImportRun,
    here: dict[str, "_Reader"],
    covered: set[str],
    graver: dict[str, Plan],
    agreed: dict[int, dt.datetime],
    taken: set[str],
    seen: set[int] | None,
) -> tuple[Outcome, str]:
    if plan.problem:
        return Outcome.INVALID, plan.problem
    is_covered = not covered.isdisjoint(plan.hashes)
    reader = here.get(plan.key)
    was_seen = plan.key in taken or (seen is not None and hash(plan.key) in seen)
    if plan.cells is not None:
        return _decide_ours(plan, run, reader, was_seen=was_seen, is_covered=is_covered)
    if plan.said in NEVER:
        if is_covered or (was_seen and graver[plan.key] is not plan):
            return Outcome.BLOCKED, f"{plan.said} there"
        if reader and not reader.may_be_suppressed(plan, agreed):
            return Outcome.KNOWN, f"{plan.said} there, {reader.status} here by their own hand"
        return Outcome.SUPPRESSED, str(plan.said)
    if is_covered:
        return Outcome.BLOCKED, ""
    if plan.key in graver:
        return Outcome.BLOCKED, f"{graver[plan.key].said} in line {graver[plan.key].line}"
    if reader is not None:
        is_of_this = reader.run_id == run.pk
        return (Outcome.TWICE, "") if is_of_this else (Outcome.KNOWN, reader.status)
    if was_seen:
        return Outcome.TWICE, ""
    if plan.said is Said.PENDING:
        return Outcome.PENDING, ""
    if plan.said is Said.UNKNOWN:
        return Outcome.UNKNOWN, ""
    return (Outcome.ADDED if run.is_confirmed else Outcome.ASKED), ""


def _decide_ours(
    plan: Plan, run: ImportRun, reader: "_Reader | None", *, was_seen: bool, is_covered: bool
) -> tuple[Outcome, str]:
    status = (plan.cells or {}).get("status", "")
    if reader is not None:
        is_of_this = reader.run_id == run.pk
        return (Outcome.TWICE, "") if is_of_this else (Outcome.KNOWN, reader.status)
    if was_seen:
        return Outcome.TWICE, ""
    if status not in Status.values:
        return Outcome.UNKNOWN, ""
    if problem := problem_of(plan.cells or {}):
        return Outcome.INVALID, problem
    if is_covered and status in (Status.ACTIVE, Status.PENDING):
        return Outcome.BLOCKED, ""
    if status != Status.ACTIVE:
        return Outcome.KEPT_STATUS, status
    return (Outcome.ADDED if run.is_confirmed else Outcome.ASKED), ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """One who is here."""

    pk: int
    status: str
    run_id: int | None
    is_to_be_asked: bool

    def may_be_suppressed(self, plan: Plan, agreed: dict[int, dt.datetime]) -> bool:
        """Whether what the file says may end this subscription: not of those who left or wait
        here, and not of those who agreed here after they had said no there.
        """
        if self.status == Status.PENDING:
            return self.is_to_be_asked
        if self.status != Status.ACTIVE:
            return False
        at = agreed.get(self.pk)
        if at is not None:
            return plan.no_at is not None and plan.no_at > at
        return self.run_id is not None or plan.no_at is not None


def _readers(plans: Sequence[Plan], keys: list[str]) -> dict[str, _Reader]:
    """Those of the plans' addresses who are here, by key."""
    found = Subscriber.objects.filter(email_key__in=keys)
    if Subscriber.objects.filter(email_key=None).exists():  # the version before runs beside us
        found = Subscriber.objects.with_emails(plan.email for plan in plans if plan.email)
    fields = ("email_key", "email", "pk", "status", "imported__run_id", "imported__is_to_be_asked")
    return {
        key or key_of(email): _Reader(pk, status, run_id, bool(to_be_asked))
        for key, email, pk, status, run_id, to_be_asked in found.order_by().values_list(*fields)
    }


def _no_in_chunk(plans: Sequence[Plan]) -> dict[str, Plan]:
    """Who says no in any line of the chunk, by key, with the gravest line."""
    found: dict[str, Plan] = {}
    for plan in plans:
        if plan.said in NEVER and not plan.problem:
            other = found.get(plan.key)
            if other is None or _GRAVITY[plan.said] > _GRAVITY[other.said]:
                found[plan.key] = plan
    return found


def _confirmed_here(here: dict[str, _Reader], graver: dict[str, Plan]) -> dict[int, dt.datetime]:
    """When each of the active readers about whom the file says no agreed here last."""
    ids = [one.pk for key, one in here.items() if key in graver and one.status == Status.ACTIVE]
    if not ids:
        return {}
    rows = (
        Consent.objects.filter(subscriber__in=ids, action=Consent.Action.CONFIRMED)
        .order_by()
        .values("subscriber_id")
        .annotate(last=Max("at"))
    )
    return {row["subscriber_id"]: row["last"] for row in rows}


# --- Writing -----------------------------------------------------------------------------


def write(decided: Decided, run: ImportRun, options: Options, now: dt.datetime) -> None:
    """Write what was decided. A handful of statements however many lines, within a transaction of
    the caller's. Raises `IntegrityError` where somebody signs up with one of the addresses at the
    same moment: then decide again.
    """
    if decided.never:
        reasons = {email: _REASONS[plan.said] for email, plan in decided.never.items()}
        Suppression.objects.add_addresses(reasons, now)
    if not decided.new:
        return
    starts = Starts(now)
    made: list[tuple[Plan, Subscriber, ImportedReader]] = []
    for plan in decided.new:
        reader = _ours(plan, run, now) if plan.cells is not None else _theirs(plan, options, now)
        if plan.cells is None:
            reader.status = Status.ACTIVE if run.is_confirmed else Status.PENDING
            reader.confirmed_at = (plan.given_at or now) if run.is_confirmed else None
        imported = ImportedReader(run=run)
        imported.is_to_be_asked = reader.status == Status.PENDING and (
            plan.cells is None or plan.cells["status"] == Status.ACTIVE
        )
        if reader.status == Status.ACTIVE:
            imported.starts_on = starts.next()
            reader.next_digest_at = first_digest(
                max(now, dt.datetime.combine(imported.starts_on, dt.time(), dt.UTC)),
                reader.rhythm,
                reader.hour,
                reader.timezone,
                reader.weekday,
                reader.paused_until,
            )
        made.append((plan, reader, imported))
    Subscriber.objects.bulk_create([reader for _, reader, _ in made])
    source = f"{PROFILES[run.profile].label}, {run.file_name}, SHA-256 {run.file_hash[:16]}"
    consents: list[Consent] = []
    follows: list[Subscription] = []
    for plan, reader, imported in made:
        imported.subscriber = reader
        if plan.cells is not None:
            consents += _consents_of(plan.cells, reader)
        consents.append(
            Consent(
                subscriber=reader,
                action=Consent.Action.IMPORTED,
                at=now,
                wording=run.declaration[:300] if reader.status == Status.ACTIVE else "",
                source=f"{source}, line {plan.line}"[:300],
                given_at=plan.given_at,
                came_from=f"file: {PROFILES[run.profile].label}"[:40],
            )
        )
        follows += [Subscription(subscriber_id=reader.pk, topic_id=topic) for topic in plan.topics]
    ImportedReader.objects.bulk_create([imported for _, _, imported in made])
    Consent.objects.bulk_create(consents)
    if follows:
        Subscription.objects.bulk_create(follows)
    suppressed = [reader.email for _, reader, _ in made if reader.status == Status.SUPPRESSED]
    if suppressed:
        reasons = dict.fromkeys(suppressed, Suppression.Reason.REQUEST)
        Suppression.objects.add_addresses(reasons, now)


class Starts:
    """The days on which imported readers start: at most IMPORT_STARTS_PER_DAY on each, the runs
    before counted in. Two statements when the first is asked for.
    """

    def __init__(self, now: dt.datetime) -> None:
        self._day = now.astimezone(dt.UTC).date()
        self._left = -1

    def next(self) -> dt.date:
        """The day of the next reader."""
        per_day = settings.IMPORT_STARTS_PER_DAY
        if not per_day:
            return self._day
        if self._left < 0:
            last = ImportedReader.objects.aggregate(day=Max("starts_on"))["day"]
            if last is not None and last >= self._day:
                self._day = last
            taken = ImportedReader.objects.filter(starts_on=self._day).count()
            self._left = max(0, per_day - taken)
        if not self._left:
            self._day += dt.timedelta(days=1)
            self._left = per_day
        self._left -= 1
        return self._day


@lru_cache(maxsize=4096)
def first_digest(
    after: dt.datetime,
    rhythm: str,
    hour: int,
    timezone: str,
    weekday: int,
    paused_until: dt.date | None,
) -> dt.datetime:
    return schedule.next_digest(
        after,
        rhythm=rhythm,
        hour=hour,
        timezone=timezone,
        weekday=weekday,
        paused_until=paused_until,
    )


def _theirs(plan: Plan, options: Options, now: dt.datetime) -> Subscriber:
    return Subscriber(
        email=normalized_email(plan.email),
        email_typed=typed_form(plan.email),
        rhythm=options.rhythm,
        hour=options.hour,
        timezone=options.timezone,
        language=options.language,
        papers_wanted=settings.DIGEST_PAPERS,
        top_papers=not plan.topics,
        created_at=now,
        welcomed_on=Subscriber.NO_WELCOME,
    )


# --- Exports of our own ------------------------------------------------------------------

FIELDS = tuple(
    field
    for field in Subscriber._meta.concrete_fields
    if field.attname not in {"id", "email_key", "next_digest_at", "next_interests_at"}
)
"""What an export holds of a reader: all but what is worked out anew."""

CONSENT_FIELDS = ("action", "at", "wording", "source", "given_at", "came_from", "reason")

_UTC = dt.UTC


def problem_of(cells: dict[str, str]) -> str:
    """What is wrong with a record of an export of our own; empty where nothing is."""
    try:
        _values(cells)
        _consents(cells)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return "a value of this export is not one that Broadsheet writes"
    return ""


def _values(cells: dict[str, str]) -> dict[str, Any]:
    """The values of a reader's fields. A field that the file lacks has its default."""
    values: dict[str, Any] = {}
    for one in FIELDS:
        text = cells.get(one.attname)
        if text is None:
            continue
        kind = one.get_internal_type()
        if text == "" and one.null:
            values[one.attname] = None
        elif kind == "BooleanField":
            values[one.attname] = {"true": True, "false": False}[text.lower()]
        elif kind in {"PositiveSmallIntegerField", "PositiveIntegerField"}:
            values[one.attname] = int(text)
        elif kind == "DateTimeField":
            values[one.attname] = dt.datetime.fromisoformat(text).astimezone(_UTC)
        elif kind == "DateField":
            values[one.attname] = dt.date.fromisoformat(text)
        else:
            values[one.attname] = text
    made = Subscriber(**values)
    try:
        made.clean_fields(exclude=("email", "email_key", "receives_by"))
    except Exception as error:  # Django's own: one of the values is out of bounds
        raise ValueError(str(error)) from None
    if len(made.receives_by) > 20 or "\0" in "".join(cells.values()):
        raise ValueError("too long")
    return values


def _consents(cells: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for row in json.loads(cells.get("consents") or "[]"):
        given = row.get("given_at")
        one: dict[str, Any] = {
            "action": Consent.Action(row["action"]).value,
            "at": dt.datetime.fromisoformat(row["at"]).astimezone(_UTC),
            "wording": str(row.get("wording", ""))[:300],
            "source": str(row.get("source", ""))[:300],
            "given_at": dt.datetime.fromisoformat(given).astimezone(_UTC) if given else None,
            "came_from": str(row.get("came_from", ""))[:40],
            "reason": Consent.Reason(row["reason"]).value if row.get("reason") else "",
        }
        if "\0" in one["wording"] + one["source"] + one["came_from"]:
            raise ValueError("NUL")
        found.append(one)
    return found


def _ours(plan: Plan, run: ImportRun, now: dt.datetime) -> Subscriber:
    """A reader of another site of ours, as they were there; active ones only where that was
    declared.
    """
    values = _values(plan.cells or {})
    reader = Subscriber(**values)
    typed = values.get("email_typed") or plan.email
    reader.email, reader.email_typed = normalized_email(plan.email), None
    if normalized_email(typed) == reader.email:
        reader.email_typed = typed_form(typed)
    if reader.status == Status.ACTIVE and not run.is_confirmed:
        reader.status, reader.confirmed_at = Status.PENDING, None
    # Whoever waits to confirm by themselves gets a welcome then, as anyone does.
    is_imported = values.get("status") == Status.ACTIVE
    is_lately = reader.confirmed_at is None or reader.confirmed_at > now - dt.timedelta(days=2)
    if reader.welcomed_on is None and is_imported and is_lately:
        reader.welcomed_on = Subscriber.NO_WELCOME
    return reader


def _consents_of(cells: dict[str, str], reader: Subscriber) -> Iterable[Consent]:
    return (Consent(subscriber=reader, **row) for row in _consents(cells))
