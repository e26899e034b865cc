"""What is held about a reader: all of it for them to download, and its erasure.

Both go by the database's own relations, so that what another app keeps about a subscriber (its
deliveries, their events) is in the export without this app knowing of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from subscriptions.addresses import key_of
from subscriptions.interests.cleaning import delete_unused, interests_of
from subscriptions.models import FormEntry, Subscriber, Suppression
from subscriptions.readers import submissions

_NAMED: Mapping[str, Callable[[Any], Any]] = {
    "topic": str,
    "paper": str,
    "issue": str,
    "interest": lambda interest: interest.spec,
}
"""How the rows are given that a reader's rows point to, by the name of the field."""


def export(subscriber: Subscriber) -> dict[str, Any]:
    """Every row held about the subscriber, by the plural names of the tables; values that
    `DjangoJSONEncoder` can write. Topics and papers are given by name as well, and interests by
    what they ask for.
    """
    data: dict[str, Any] = {"subscriber": _row(subscriber)}
    for model, paths in _related().items():
        owned = models.Q.create([(path, subscriber.pk) for path in paths], connector=models.Q.OR)
        rows = model._default_manager.filter(owned).order_by("pk")
        named = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.ForeignKey) and field.name in _NAMED
        ]
        if named:
            rows = rows.select_related(*named)
        data[str(model._meta.verbose_name_plural)] = [
            _row(row) | {name: _NAMED[name](getattr(row, name)) for name in named} for row in rows
        ]
    data[str(FormEntry._meta.verbose_name_plural)] = [_row(one) for one in _typed(subscriber)]
    data["is suppressed"] = Suppression.objects.covers(subscriber.email)
    return data


def _related() -> dict[type[models.Model], list[str]]:
    """Models with rows that belong to a subscriber, directly or further down, each with the lookups
    that lead from it to the subscriber. An event may belong to a delivery or to a notice.
    """
    found: dict[type[models.Model], list[str]] = {}
    waiting: list[tuple[type[models.Model], str]] = [(Subscriber, "")]
    while waiting:
        model, path = waiting.pop(0)
        for relation in model._meta.related_objects:
            if isinstance(relation, models.ManyToManyRel) or relation.related_model is model:
                continue
            lookup = f"{relation.field.name}__{path}" if path else relation.field.name
            if relation.related_model not in found:
                waiting.append((relation.related_model, lookup))
            found.setdefault(relation.related_model, []).append(lookup)
    return found


def _typed(subscriber: Subscriber) -> list[FormEntry]:
    """What was typed into the open forms for the subscriber's mailbox, however it was spelled, and
    waits to be worked off.
    """
    key = key_of(subscriber.email)
    return [entry for entry in FormEntry.objects.order_by("pk") if key_of(entry.email) == key]


def _row(row: models.Model) -> dict[str, Any]:
    return {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}


@transaction.atomic
def erase(subscriber: Subscriber) -> None:
    """Delete the subscriber and all that belongs to it.

    What other apps keep for their own books loses its tie to the person, the admin's history
    loses the address, and a suppression stays, since its hash is what keeps us from emailing
    the address again. Interests that nobody else follows go at once.
    """
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Subscriber), object_id=str(subscriber.pk)
    ).update(object_repr="erased subscriber")
    submissions.disown(subscriber)
    FormEntry.objects.filter(pk__in=[one.pk for one in _typed(subscriber)]).delete()
    interests = interests_of(subscriber)
    subscriber.delete()
    delete_unused(interests)
