"""The record of what people did: one entry for each action, with what was there before and after.

The admin's base writes an entry for every form that is saved, every row that is deleted and every
action on a list by itself. Whatever else a person does by hand calls `record`. No entry holds an
email address or a secret: readers are named by their id.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.http import HttpRequest

from papers.models import AuditedObject, AuditEntry

MOST_NAMED = 100
"""Objects of one action that are named one by one. Of more, the number and the filter are kept."""

LONGEST_VALUE = 20_000
"""Characters of a value that is kept; what is longer is left out, and cannot be restored."""

HIDDEN = "…@…"
"""Stands for an email address."""

LEFT_OUT = "(too long to keep)"

_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"'=&?/@]+(?:@|%40)[^\s<>()\[\],;:\"'&?/@]+\.[^\s<>()\[\],;:\"'&?/@]+"
)

_NEVER = re.compile(r"(^|_)(password|secrets?|tokens?|hash|hashes|keys?|seed|claim)($|_)")
"""Names of fields whose values are never kept."""


Changes = dict[str, dict[str, list[Any]]]
"""By key and field: before and after."""


def without_addresses(text: str) -> str:
    """The text with a placeholder for each email address in it."""
    return _ADDRESS.sub(HIDDEN, text)


def kept(value: Any) -> Any:
    """A value as the record keeps it: plain JSON, without addresses."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, (list, tuple, dict)):
        text = json.dumps(value, default=str, ensure_ascii=False)
        if len(text) > LONGEST_VALUE:
            return LEFT_OUT
        return _without_secrets(json.loads(without_addresses(text)))
    text = without_addresses(str(value))
    return text if len(text) <= LONGEST_VALUE else LEFT_OUT


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_secrets(v) for k, v in value.items() if not _NEVER.search(k)}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


def with_secrets_of(current: Any, earlier: Any) -> Any:
    """An earlier value from the record, with the secrets that the current one holds: the record has
    none.
    """
    if not (isinstance(current, dict) and isinstance(earlier, dict)):
        return earlier
    return {name: value for name, value in current.items() if _NEVER.search(name)} | earlier


def is_kept(field: models.Field[Any, Any]) -> bool:
    """Whether the values of a field may stand in the record."""
    is_personal = "email" in field.name
    return not (_NEVER.search(field.name) or is_personal or isinstance(field, models.BinaryField))


def snapshot(model: type[models.Model], keys: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """What the rows with these keys hold now, by key and field. One statement."""
    names = [field.attname for field in model._meta.concrete_fields if is_kept(field)]
    key = model._meta.pk.attname
    wanted = list(keys)
    if not wanted:
        return {}
    rows = model._base_manager.filter(pk__in=wanted).values(*{*names, key})
    return {str(row[key]): {name: kept(row[name]) for name in names} for row in rows}


def differences(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Changes:
    """What differs between two snapshots; rows that came or went differ in every field."""
    found: Changes = {}
    for key in {**before, **after}:
        old, new = before.get(key, {}), after.get(key, {})
        changed = {
            name: [old.get(name), new.get(name)]
            for name in {**old, **new}
            if old.get(name) != new.get(name)
        }
        if changed:
            found[key] = changed
    return found


def record(
    by: HttpRequest | Any,
    what: str,
    objects: Iterable[models.Model] | models.Model = (),
    *,
    model: type[models.Model] | None = None,
    keys: Iterable[Any] = (),
    changes: Changes | None = None,
    narrowed: str = "",
    number: int | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write down that a person did something.

    `by` is the request, the account, or the name of a command. `objects` are those that it was done
    to, or `model` with `keys`; of an action on a whole set, `model`, `number` and `narrowed` say
    which, and why is the `reason`. `changes` come from `differences` of two `snapshot`s.
    """
    user = by.user if isinstance(by, HttpRequest) else None if isinstance(by, str) else by
    rows = [objects] if isinstance(objects, models.Model) else list(objects)
    if model is None:
        if not rows:
            raise ValueError("an action needs its objects, or their model")
        model = rows[0]._meta.model  # of a lazy object, too
    named = [str(row.pk) for row in rows] or [str(key) for key in keys]
    total = len(named) if number is None else number
    label = model._meta.label_lower
    with transaction.atomic():
        entry = AuditEntry.objects.create(
            user_id=user.pk if user is not None else None,
            by=user.get_username() if user is not None else by if isinstance(by, str) else "",
            what=without_addresses(str(what))[:200],
            model=label,
            name=without_addresses(str(rows[0]))[:200] if len(rows) == 1 else "",
            changes=changes or {},
            filter=without_addresses(narrowed)[:500],
            number=total,
            reason=without_addresses(reason)[:500],
        )
        if total <= MOST_NAMED:
            AuditedObject.objects.bulk_create(
                AuditedObject(entry=entry, model=label, object_id=key) for key in named
            )
    if isinstance(by, HttpRequest):
        by.is_on_record = True  # type: ignore[attr-defined]
    return entry


def nothing_done(request: HttpRequest) -> None:
    """Say that an action was refused, so that the admin's base writes no entry."""
    request.is_on_record = True  # type: ignore[attr-defined]


def is_on_record(request: HttpRequest) -> bool:
    """Whether this request has written its entry already."""
    return bool(getattr(request, "is_on_record", False))


def history_of(model: type[models.Model], key: Any) -> models.QuerySet[AuditEntry]:
    """All that was done to one object, the newest first."""
    named = AuditedObject.objects.filter(model=model._meta.label_lower, object_id=str(key))
    return AuditEntry.objects.filter(pk__in=named.values("entry")).order_by("-id")


def values_before(
    model: type[models.Model], key: Any, entry: AuditEntry, fields: Iterable[str]
) -> dict[str, Any]:
    """What the fields held before an entry, of those that it or a later one changed. What was not
    kept is left out.
    """
    wanted = set(fields)
    found: dict[str, Any] = {}
    for one in history_of(model, key).filter(pk__gte=entry.pk):
        for name, (before, _) in one.changes.get(str(key), {}).items():
            if name in wanted:
                found[name] = before
    return {
        name: value
        for name, value in found.items()
        if value != LEFT_OUT and HIDDEN not in json.dumps(value, ensure_ascii=False)
    }
