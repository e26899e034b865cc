"""What was typed into the open forms: written down by the page, worked off by a worker.

The page does the same for every address; what follows from it, which depends on whether the address
is known, happens where nobody can time it.
"""

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from papers.matching.interests.specs import BadSpec, InterestSpec
from papers.models import Topic
from subscriptions.interests.following import Refused, follow
from subscriptions.models import FormEntry, Subscriber
from subscriptions.readers import signup
from subscriptions.readers.signup import SignupChoices

logger = logging.getLogger(__name__)

AGAIN_AFTER = dt.timedelta(minutes=5)
"""When an entry is tried again that could not be worked off."""


def note_signup(
    email: str,
    topics: Collection[Topic],
    choices: SignupChoices,
    now: dt.datetime,
    wording: str,
    came_from: str = "",
    interest: Mapping[str, Any] | None = None,
) -> None:
    """Write down what the subscribe form said, and where it stood. One statement, the same for
    every address.

    `interest` is what the visitor wants to follow: its `spec` as JSON and how it's followed.
    """
    FormEntry.objects.create(
        form=FormEntry.Form.SUBSCRIBE,
        email=email,
        at=now,
        not_before=now,
        wording=wording,
        topics=[topic.pk for topic in topics],
        choices=asdict(choices) | ({"interest": dict(interest)} if interest else {}),
        came_from=came_from,
    )


def note_lost_link(email: str, now: dt.datetime) -> None:
    """Write down that somebody lost the link. One statement, the same for every address."""
    FormEntry.objects.create(form=FormEntry.Form.LINK, email=email, at=now, not_before=now)


def work_off(now: dt.datetime, most: int = 50) -> int:
    """Do what up to `most` entries ask for, each in a transaction of its own; how many that were.

    Two workers at once share the entries. One that fails is logged and waits; the others go on.
    """
    done = 0
    while done < most and FormEntry.objects.ready(now).exists():
        with transaction.atomic():
            waiting = FormEntry.objects.ready(now).select_for_update(skip_locked=True)
            entry = waiting.first()
            if entry is None:  # another worker has it
                break
            try:
                with transaction.atomic():
                    _do(entry)
            except Exception:  # one entry's bad luck must not stop the others
                logger.exception("a form couldn't be processed", extra={"entry": entry.pk})
                FormEntry.objects.filter(pk=entry.pk).update(not_before=now + AGAIN_AFTER)
            else:
                entry.delete()
        done += 1
    return done


def _do(entry: FormEntry) -> None:
    if entry.form == FormEntry.Form.LINK:
        signup.send_preferences_link(entry.email, entry.at)
        return
    topics = Topic.objects.filter(pk__in=entry.topics)
    said = dict(entry.choices)
    interest = said.pop("interest", None)
    choices = SignupChoices(**said)
    signup.subscribe(entry.email, topics, choices, entry.at, entry.wording, entry.came_from)
    if interest is not None:
        _follow(entry.email, interest, entry.at)


def _follow(email: str, interest: Mapping[str, Any], now: dt.datetime) -> None:
    """Follow it for whoever has the address, from when they confirm it: nobody else may say what
    an address is sent. An active reader starts it in the preferences.
    """
    subscriber = Subscriber.objects.with_email(email).first()
    if subscriber is None or subscriber.status == Subscriber.Status.SUPPRESSED:
        return
    manner = dict(interest)
    try:
        spec = InterestSpec.from_json(manner.pop("spec"))
        follow(subscriber, spec, now, is_waiting=True, **manner)
    except (BadSpec, Refused) as error:
        logger.info("an interest wasn't followed", extra={"reason": error.code})


def delete_stale(now: dt.datetime) -> int:
    """Delete the entries that nobody could work off in time; how many."""
    deleted, _ = FormEntry.objects.stale(now).delete()
    return deleted
