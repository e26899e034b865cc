"""Suppressions as CSV, to take along in a move or to bring from elsewhere.

Written are the hash, the reason and the time, and which key made the hash: under another
ADDRESS_HASH_KEY it would recognize nobody, so such a file is refused. Read is also a file with a
column `email`, as other newsletter programs export it.
"""

import csv
import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO

from django.conf import settings
from django.db import transaction

from subscriptions.addresses import address_hash, wire_form
from subscriptions.models import Suppression

COLUMNS = ("address_hash", "reason", "created_at", "key")
LONGEST_LIST_OF_PROBLEMS = 20

_HASH = re.compile(r"[0-9a-f]{32}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UnreadableFile(ValueError):
    """The file as a whole is not one of suppressions, or not one for this installation."""


@dataclass(slots=True)
class Imported:
    """What became of a file. `problems` holds the first few, with line numbers."""

    added: int = 0
    known: int = 0
    invalid: int = 0
    problems: list[str] = field(default_factory=list)


def neutral(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula: with an apostrophe in front."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def plain(cell: str) -> str:
    """The cell without the apostrophe of `neutral`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def key_name() -> str:
    """A name for ADDRESS_HASH_KEY that does not give it away: 32 bits of a hash, in hex."""
    made_of = b"broadsheet.suppression.name" + settings.ADDRESS_HASH_KEY.encode()
    return hashlib.sha256(made_of).hexdigest()[:8]


def write_suppressions(file: IO[str]) -> int:
    """Write all suppressions, oldest first; how many there were."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    key, count = key_name(), 0
    for one in Suppression.objects.order_by("created_at", "address_hash").iterator():
        row = (one.address_hash, one.reason, one.created_at.isoformat(), key)
        writer.writerow([neutral(cell) for cell in row])
        count += 1
    return count


@transaction.atomic
def read_suppressions(lines: Iterable[str], now: dt.datetime, *, dry_run: bool = False) -> Imported:
    """Suppress every address of the file; `dry_run` only counts.

    `lines` come from a file opened with newline="". A line that is wrong costs that line. Raises
    `UnreadableFile`, and then nothing is imported.
    """
    reader = csv.DictReader(lines)
    columns = [name.strip().lower().removeprefix("\ufeff") for name in reader.fieldnames or ()]
    if not {"email", "address_hash"}.intersection(columns):
        raise UnreadableFile('There is no column "email" or "address_hash" in the first line.')
    reader.fieldnames = columns
    result = Imported()
    seen: set[str] = set()
    try:
        for row in reader:
            cells = {name: plain((row.get(name) or "").strip()) for name in columns}
            if cells.get("key", "") not in ("", key_name()):
                raise UnreadableFile(
                    "The file was made under another ADDRESS_HASH_KEY, so its hashes wouldn't "
                    "match anyone here."
                )
            try:
                _take(cells, now, seen, result, dry_run)
            except ValueError as error:
                result.invalid += 1
                if len(result.problems) < LONGEST_LIST_OF_PROBLEMS:
                    result.problems.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        raise UnreadableFile(f"Line {reader.line_num} isn't valid CSV: {error}.") from None
    return result


def _take(
    cells: dict[str, str], now: dt.datetime, seen: set[str], result: Imported, dry_run: bool
) -> None:
    """Suppress one line's address, and its hash: where both are there, both are kept, for the hash
    may be that of another spelling. Raises `ValueError` with a sentence where it is wrong.
    """
    email, given = cells.get("email", ""), cells.get("address_hash", "").lower()
    if email:
        wire_form(email)
    if (given and not _HASH.fullmatch(given)) or not (email or given):
        raise ValueError("this is neither an email address nor a hash")
    hashes = {address_hash(email)} if email else set()
    hashes |= {given} if given else set()
    reason = cells.get("reason") or Suppression.Reason.REQUEST.value
    if reason not in Suppression.Reason.values:
        raise ValueError(f"the reason must be one of {', '.join(Suppression.Reason.values)}")
    at = _moment(cells.get("created_at", ""), now)
    known = set(Suppression.objects.filter(pk__in=hashes).values_list("pk", flat=True))
    if hashes <= seen | known:
        result.known += 1
        return
    seen |= hashes
    result.added += 1
    if dry_run:
        return
    if email:
        Suppression.objects.add_address(email, Suppression.Reason(reason), at)
    Suppression.objects.bulk_create(
        [Suppression(address_hash=one, reason=reason, created_at=at) for one in hashes],
        ignore_conflicts=True,
    )


def _moment(text: str, now: dt.datetime) -> dt.datetime:
    """An ISO 8601 time, in UTC where it names no zone; `now` for nothing."""
    if not text:
        return now
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("the time isn't in ISO 8601 format") from None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
