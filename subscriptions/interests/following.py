"""Following interests beside topics: following, changing, leaving, muting, with the limits.

All of it acts for one subscriber, whom a signed link has named. What is followed before its reader
confirmed an address waits (`is_waiting`) and starts with the confirmation. Where an interest is new
or changed, the caller wakes `subscriptions.tasks.match_interests`, which matches it with the days
that are matched already.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from papers.matching.interests.specs import InterestSpec, Kind
from subscriptions.interests.cleaning import delete_unused
from subscriptions.models import Consent, Following, Interest, Muted, Subscriber
from subscriptions.models.interest import new_token

CHANGEABLE = frozenset({"name", "rhythm", "most_papers", "takes_maybe", "is_paused"})


class Refused(ValueError):
    """It can't be followed or muted. The message is a sentence for the reader, in the active
    language; `code` is "many" where a limit is reached, "broad" for too broad an interest.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of following something."""

    following: Following
    is_new: bool
    """The reader didn't follow it before."""
    is_unmatched: bool
    """Nobody did: wake `subscriptions.tasks.match_interests`."""


def default_name(spec: InterestSpec) -> str:
    """What an interest is called unless its reader names it, in the active language."""
    name = spec.title or {
        Kind.LIKENESS: gettext("Papers like these"),
        Kind.CITING: gettext("Papers that cite this one"),
    }.get(spec.kind, "")
    return name[: Following.NAME_LENGTH]


def cleaned_name(name: str) -> str:
    """A reader's name for an interest: one line without “·”, which parts reasons in a digest."""
    shown = "".join(char if char.isprintable() else " " for char in name.replace("·", " "))
    return " ".join(shown.split())[: Following.NAME_LENGTH]


@transaction.atomic
def follow(
    subscriber: Subscriber,
    spec: InterestSpec,
    now: dt.datetime,
    *,
    name: str = "",
    rhythm: str = Following.Rhythm.DIGEST,
    most_papers: int = Following.MOST,
    takes_maybe: bool = False,
    is_waiting: bool = False,
) -> Followed:
    """Have the subscriber follow `spec`; of what they follow already nothing changes.

    Raises `Refused` where they follow as many as `settings.MOST_INTERESTS`. Whether an interest is
    too broad is for `subscriptions.interests.previews` to say, before.
    """
    Subscriber.objects.select_for_update().get(pk=subscriber.pk)  # two forms at once, one limit
    interest, is_unmatched = _interest(spec, now)
    found = Following.objects.filter(subscriber=subscriber, interest=interest).first()
    if found is not None:
        if found.is_waiting and not is_waiting:
            found.is_waiting = False
            found.save(update_fields=["is_waiting"])
        return Followed(found, is_new=False, is_unmatched=is_unmatched)
    if Following.objects.filter(subscriber=subscriber).count() >= settings.MOST_INTERESTS:
        raise Refused(
            "many",
            gettext("You follow %(number)d interests, which is the most. Delete one first.")
            % {"number": settings.MOST_INTERESTS},
        )
    made = Following.objects.create(
        subscriber=subscriber,
        interest=interest,
        name=cleaned_name(name) or default_name(spec),
        rhythm=rhythm,
        most_papers=_most(most_papers),
        takes_maybe=takes_maybe,
        is_waiting=is_waiting,
        created_at=now,
        changed_at=now,
    )
    _noted(subscriber, now)
    return Followed(made, is_new=True, is_unmatched=is_unmatched)


@transaction.atomic
def change(
    following: Following,
    now: dt.datetime,
    *,
    spec: InterestSpec | None = None,
    **values: Any,
) -> Followed:
    """Change what is followed, or how: `values` are fields of `CHANGEABLE`.

    With another `spec` it stays the same row with its token, and the earlier interest is deleted
    where nobody else follows it. Raises `Refused` where the reader follows that one already, and
    `TypeError` for other fields.
    """
    if unknown := values.keys() - CHANGEABLE:
        raise TypeError(f"can't change {', '.join(sorted(unknown))}")
    if "name" in values:
        values["name"] = cleaned_name(values["name"]) or following.name
    if "most_papers" in values:
        values["most_papers"] = _most(values["most_papers"])
    is_unmatched, earlier = False, None
    if spec is not None and spec.key != following.interest.key:
        interest, is_unmatched = _interest(spec, now)
        others = Following.objects.filter(subscriber=following.subscriber_id, interest=interest)
        if others.exclude(pk=following.pk).exists():
            raise Refused("twice", gettext("You follow this already."))
        earlier = following.interest_id
        if "name" not in values and following.name == default_name(following.interest.asked):
            values["name"] = default_name(spec)
        following.interest = interest
        values["interest"] = interest
    for field, value in values.items():
        setattr(following, field, value)
    following.changed_at = now
    following.save(update_fields=[*values, "changed_at"])
    if earlier is not None:
        delete_unused([earlier])
    _noted(following.subscriber, now)
    return Followed(following, is_new=False, is_unmatched=is_unmatched)


@transaction.atomic
def unfollow(following: Following, now: dt.datetime) -> None:
    """Delete what is followed, and the interest with its matches where nobody else follows it."""
    following.delete()
    delete_unused([following.interest_id])
    _noted(following.subscriber, now)


def renew_token(following: Following) -> str:
    """A new token for its addresses; the earlier ones don't work from now on."""
    following.token = new_token()
    following.save(update_fields=["token"])
    return following.token


@transaction.atomic
def mute(
    subscriber: Subscriber, spec: InterestSpec, now: dt.datetime, name: str = ""
) -> tuple[Muted, bool]:
    """Have the subscriber get no paper that `spec` matches, whatever else speaks for it; and
    whether the interest is new, so that `subscriptions.tasks.match_interests` has to be woken.

    To mute the author of one paper, and not everyone of that name: a spec of the kind author with
    the name, the paper's co-authors and `is_person`. Raises `Refused` beyond `settings.MOST_MUTES`.
    """
    Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    interest, is_unmatched = _interest(spec, now)
    found = Muted.objects.filter(subscriber=subscriber, interest=interest).first()
    if found is not None:
        return found, is_unmatched
    if Muted.objects.filter(subscriber=subscriber).count() >= settings.MOST_MUTES:
        raise Refused(
            "many",
            gettext(
                "You muted %(number)d authors and words, which is the most. Take one back first."
            )
            % {"number": settings.MOST_MUTES},
        )
    made = Muted.objects.create(
        subscriber=subscriber,
        interest=interest,
        name=cleaned_name(name) or default_name(spec),
        created_at=now,
    )
    return made, is_unmatched


@transaction.atomic
def unmute(muted: Muted) -> None:
    """Take a mute back."""
    muted.delete()
    delete_unused([muted.interest_id])


@transaction.atomic
def end_daily(subscriber: Subscriber, now: dt.datetime) -> int:
    """No more daily emails of interests: what came every day comes with the digest; how many
    interests that changed.
    """
    count = subscriber.followings.filter(rhythm=Following.Rhythm.DAILY).update(
        rhythm=Following.Rhythm.DIGEST, changed_at=now
    )
    if count:
        _noted(subscriber, now)
    return count


def schedule_daily(subscriber: Subscriber, now: dt.datetime) -> None:
    """Set when the next daily email of interests is due, or that none is; saved."""
    subscriber.refresh_from_db()
    due = subscriber.next_interests_at
    subscriber.schedule_interests(now)
    if due != subscriber.next_interests_at:
        subscriber.save(update_fields=["next_interests_at"])


def _interest(spec: InterestSpec, now: dt.datetime) -> tuple[Interest, bool]:
    return Interest.objects.get_or_create(
        key=spec.key,
        defaults={"kind": spec.kind.value, "spec": spec.as_json(), "created_at": now},
    )


def _most(number: int) -> int:
    return max(1, min(int(number), 50))


def _noted(subscriber: Subscriber, now: dt.datetime) -> None:
    subscriber.record(Consent.Action.CHANGED, now, "interests")
    schedule_daily(subscriber, now)


def values_of(following: Following) -> Mapping[str, Any]:
    """How it is followed, for a form's first values."""
    return {field: getattr(following, field) for field in sorted(CHANGEABLE)}
