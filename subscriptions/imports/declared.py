"""One reader at a time, whose consent another program declares: the same rules as for a file.

Whoever is here, whatever their state, stays as they are; nobody suppressed comes back. There is no
welcome, and digests start on a day that has room. A run stands for all readers that one program
brings on one declaration, so that the list of imports shows them, too.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction

from papers.models import Topic
from subscriptions.addresses import address_hashes, key_of, normalized_email, typed_form
from subscriptions.imports.storing import Starts, first_digest
from subscriptions.models import (
    Consent,
    ImportedReader,
    ImportRun,
    Subscriber,
    Subscription,
    Suppression,
)
from subscriptions.readers.signup import SignupChoices


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared about a consent that was given elsewhere."""

    statement: str
    """How it was given, in the words of whoever declares it."""
    by: str
    """Who declares it."""
    source: str
    """Which program brings the reader."""
    given_at: dt.datetime | None = None


def add_declared(
    email: str,
    topics: Collection[Topic],
    choices: SignupChoices,
    declaration: Declaration,
    now: dt.datetime,
) -> Subscriber | None:
    """The new reader, active at once; None where the address is here or suppressed."""
    if Suppression.objects.filter(pk__in=address_hashes(email)).exists():
        return None
    if Subscriber.objects.with_email(email).exists():
        return None
    try:
        with transaction.atomic():
            return _added(email, topics, choices, declaration, now)
    except IntegrityError:  # somebody signs up with the address at the same moment
        return None


def _added(
    email: str,
    topics: Collection[Topic],
    choices: SignupChoices,
    declaration: Declaration,
    now: dt.datetime,
) -> Subscriber:
    starts_on = Starts(now).next()
    reader = Subscriber(
        email=normalized_email(email),
        email_typed=typed_form(email),
        email_key=key_of(email),
        status=Subscriber.Status.ACTIVE,
        rhythm=choices.rhythm,
        weekday=choices.weekday,
        hour=choices.hour,
        timezone=choices.timezone,
        language=choices.language,
        top_papers=choices.top_papers,
        papers_wanted=settings.DIGEST_PAPERS,
        created_at=now,
        confirmed_at=min(declaration.given_at or now, now),
        welcomed_on=Subscriber.NO_WELCOME,
        next_digest_at=first_digest(
            max(now, dt.datetime.combine(starts_on, dt.time(), dt.UTC)),
            choices.rhythm,
            choices.hour,
            choices.timezone,
            choices.weekday,
            None,
        ),
    )
    reader.save()
    Subscription.objects.bulk_create(
        [Subscription(subscriber=reader, topic=topic) for topic in topics]
    )
    Consent.objects.create(
        subscriber=reader,
        action=Consent.Action.IMPORTED,
        at=now,
        wording=declaration.statement[:300],
        source=declaration.source[:300],
        given_at=declaration.given_at,
    )
    run = _run_of(declaration, now)
    ImportedReader.objects.create(subscriber=reader, run=run, starts_on=starts_on)
    return reader


def _run_of(declaration: Declaration, now: dt.datetime) -> ImportRun:
    """The run that stands for what this program brings on this declaration."""
    of_this = {
        "profile": "other",
        "file_name": declaration.source[:150],
        "file_size": 0,
        "declaration": declaration.statement,
        "declared_by": declaration.by[:150],
        "state": ImportRun.State.DONE,
        "is_confirmed": True,
    }
    found = ImportRun.objects.filter(**of_this).order_by("pk").first()
    return found or ImportRun.objects.create(
        **of_this, created_at=now, started_at=now, ended_at=now, declared_at=now
    )
