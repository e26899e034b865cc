"""Readers, their consents and topics, and the suppressions, as CSV, line by line.

`readers` holds all that an import takes: each reader with topics and the whole record of consent.
`consents` and `subscriptions` are the same facts as tables of their own, to look at and to count.
No cell is taken for a formula by a spreadsheet: one that begins like one has an apostrophe in
front, as has one that begins with an apostrophe; so an import puts back exactly what was there.
"""

import csv
import datetime as dt
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from subscriptions.imports.storing import CONSENT_FIELDS, FIELDS
from subscriptions.models import Consent, ReaderExport, Subscriber, Subscription, Suppression
from subscriptions.readers import suppression_files

BATCH = 2000
"""Rows that are in memory at a time."""

_ESCAPED = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def escaped(cell: str) -> str:
    """The cell as no spreadsheet takes it for a formula; `imports.planning.unescaped` undoes it."""
    return f"'{cell}" if cell.startswith(_ESCAPED) else cell


def text_of(value: Any) -> str:
    """A value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return str(value)


def readers() -> Iterator[list[str]]:
    """Every reader, in the order in which they came. Three statements for `BATCH` of them."""
    names = [field.attname for field in FIELDS]
    yield [*names, "topics", "consents"]
    for batch in _batches(Subscriber.objects.all()):
        ids = [one.pk for one in batch]
        topics: defaultdict[int, list[str]] = defaultdict(list)
        follows = Subscription.objects.filter(subscriber__in=ids).order_by("topic__slug")
        for pk, slug in follows.values_list("subscriber_id", "topic__slug"):
            topics[pk].append(slug)
        said: defaultdict[int, list[dict[str, str]]] = defaultdict(list)
        for one in Consent.objects.filter(subscriber__in=ids).order_by("at", "id"):
            said[one.subscriber_id].append(
                {
                    name: text_of(getattr(one, name))
                    for name in CONSENT_FIELDS
                    if getattr(one, name) not in ("", None)
                }
            )
        for reader in batch:
            yield [
                *(text_of(getattr(reader, name)) for name in names),
                " ".join(topics[reader.pk]),
                json.dumps(said[reader.pk], ensure_ascii=False) if said[reader.pk] else "",
            ]


def consents() -> Iterator[list[str]]:
    """Every row of the record of consent."""
    yield ["email", *CONSENT_FIELDS]
    for batch in _batches(Consent.objects.select_related("subscriber")):
        for one in batch:
            yield [
                one.subscriber.email,
                *(text_of(getattr(one, name)) for name in CONSENT_FIELDS),
            ]


def subscriptions() -> Iterator[list[str]]:
    """Who follows which topic."""
    yield ["email", "topic"]
    for batch in _batches(Subscription.objects.select_related("subscriber", "topic")):
        for one in batch:
            yield [one.subscriber.email, one.topic.slug]


def suppressions() -> Iterator[list[str]]:
    """Every suppression, by hash, as `import_suppressions` takes it."""
    yield list(suppression_files.COLUMNS)
    key = suppression_files.key_name()
    rows = Suppression.objects.order_by("created_at", "address_hash")
    for one in rows.iterator(chunk_size=BATCH):
        yield [one.address_hash, one.reason, text_of(one.created_at), key]


MAY_EXPORT = "subscriptions.export_readers"


@dataclass(frozen=True, slots=True)
class Table:
    """A file to export: its rows, the heading first, and the permission it takes."""

    rows: Callable[[], Iterator[list[str]]]
    permission: str = MAY_EXPORT


TABLES: dict[str, Table] = {
    "readers": Table(readers),
    "consents": Table(consents),
    "subscriptions": Table(subscriptions),
    "suppressions": Table(suppressions),
}
"""All there are. `newsletter` adds the statistics."""


def lines(table: str, by: str) -> Iterator[str]:
    """The table as CSV, line by line; on record before the first, and with the number of rows
    after the last.
    """
    record = ReaderExport.objects.create(what=table, by=by[:150], at=timezone.now())
    return _lines(table, record)


def _lines(table: str, record: ReaderExport) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    count = -1  # the heading is none
    for row in TABLES[table].rows():
        writer.writerow([escaped(cell) for cell in row])
        count += 1
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
    ReaderExport.objects.filter(pk=record.pk).update(rows=count)


def _batches(rows: Any) -> Iterator[list[Any]]:
    """The rows by their ids, in batches: rows that go meanwhile cost nobody a line, and no
    transaction is open while a slow browser reads.
    """
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk
