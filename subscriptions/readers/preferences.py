"""Changing one's mind without leaving: preferences, a slower rhythm, a pause, one topic less.

Every change is recorded with the subscriber's consent and, where it moves the next digest, sets
when that is due.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from papers.models import Topic
from subscriptions.models import Consent, Subscriber, Subscription

_MOVES_THE_DIGEST = {"rhythm", "weekday", "hour", "timezone", "paused_until"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """All that a reader may choose, but for the topics; the fields are those of `Subscriber`."""

    rhythm: str
    weekday: int
    hour: int
    timezone: str
    papers_wanted: int
    receives_by: str
    text_only: bool
    learns: bool
    paused_until: dt.date | None
    groups_by_topic: bool = False
    in_full: bool = False
    top_papers: bool = False
    machine_summaries: bool = True
    language: str = settings.LANGUAGE_CODE


def zone_of(subscriber: Subscriber) -> ZoneInfo:
    """The reader's timezone; UTC where its name has left the timezone database."""
    try:
        return ZoneInfo(subscriber.timezone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def today_of(subscriber: Subscriber, now: dt.datetime) -> dt.date:
    """The day that the reader's calendar shows."""
    return now.astimezone(zone_of(subscriber)).date()


def is_paused(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Whether a pause keeps digests back."""
    until = subscriber.paused_until
    return until is not None and until > today_of(subscriber, now)


@transaction.atomic
def change(
    subscriber: Subscriber,
    preferences: Preferences,
    topics: Collection[Topic],
    now: dt.datetime,
) -> bool:
    """Make these the subscriber's preferences; whether that changed anything.

    Followed topics that are inactive at the moment are kept: no form offers them, and an editor may
    bring them back.
    """
    values = {field.name: getattr(preferences, field.name) for field in fields(preferences)}
    changed = _set(subscriber, values, now)
    if _follow(subscriber, topics):
        changed.append("topics")
    _record(subscriber, changed, now)
    return bool(changed)


@transaction.atomic
def choose_topics(
    subscriber: Subscriber, topics: Collection[Topic], *, top_papers: bool, now: dt.datetime
) -> bool:
    """Make these the subscriber's topics, with or without the top papers, and leave all else;
    whether that changed anything.
    """
    changed = _set(subscriber, {"top_papers": top_papers}, now)
    if _follow(subscriber, topics):
        changed.append("topics")
    _record(subscriber, changed, now)
    return bool(changed)


@transaction.atomic
def add_topic(subscriber: Subscriber, topic: Topic, now: dt.datetime) -> bool:
    """Follow one topic more; whether that is a change."""
    _made, is_new = Subscription.objects.get_or_create(subscriber=subscriber, topic=topic)
    _record(subscriber, ["topics"] if is_new else [], now)
    return is_new


@transaction.atomic
def receive_weekly(subscriber: Subscriber, now: dt.datetime) -> bool:
    """One digest a week from now on, on the weekday chosen earlier; whether that is a change."""
    changed = _set(subscriber, {"rhythm": Subscriber.Rhythm.WEEKLY}, now)
    _record(subscriber, changed, now)
    return bool(changed)


def pause(subscriber: Subscriber, days: int, now: dt.datetime) -> bool:
    """No digest for that many days, counted where the reader lives; whether that is a change."""
    return pause_until(subscriber, today_of(subscriber, now) + dt.timedelta(days=days), now)


@transaction.atomic
def pause_until(subscriber: Subscriber, day: dt.date | None, now: dt.datetime) -> bool:
    """No digest before that day, or none of this anymore; whether that is a change."""
    changed = _set(subscriber, {"paused_until": day}, now)
    _record(subscriber, changed, now)
    return bool(changed)


@transaction.atomic
def receive_by_feed(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Digests go into the private feed from now on, and none is emailed; whether that is a change.

    They are scheduled as before, so that the way back to mail needs no more than the word. A pause
    because emails came back ends: where none is sent, none comes back.
    """
    values: dict[str, object] = {"receives_by": Subscriber.Means.FEED}
    if subscriber.is_paused_for_bounces(now):
        values["paused_until"] = None
    changed = _set(subscriber, values, now)
    _record(subscriber, changed, now)
    return bool(changed)


@transaction.atomic
def learn(subscriber: Subscriber, *, learns: bool, now: dt.datetime) -> bool:
    """Whether feedback may change the reader's digests, from now on; whether that is a change."""
    changed = _set(subscriber, {"learns": learns}, now)
    _record(subscriber, changed, now)
    return bool(changed)


@transaction.atomic
def mute(subscriber: Subscriber, topic: Topic, now: dt.datetime) -> bool:
    """Stop following one topic; whether that changed anything. The last one cannot be muted unless
    there are top papers: a digest of nothing is what leaving is for.
    """
    followed = subscriber.subscriptions.select_for_update()
    topic_ids = set(followed.values_list("topic_id", flat=True))
    is_last = len(topic_ids) == 1 and not subscriber.top_papers
    if topic.pk not in topic_ids or is_last:
        return False
    subscriber.subscriptions.filter(topic=topic).delete()
    _record(subscriber, ["topics"], now)
    return True


def move_digest(subscriber: Subscriber, changed: Collection[str], now: dt.datetime) -> None:
    """Set when the next digest is due where one of the `changed` fields decides it; unsaved.

    A digest that is due and only waits to be taken is not lost to a change, but a pause starts at
    once.
    """
    is_due = subscriber.next_digest_at is not None and subscriber.next_digest_at <= now
    if _MOVES_THE_DIGEST.intersection(changed) and (not is_due or subscriber.paused_until):
        subscriber.reschedule(now)


def _set(subscriber: Subscriber, values: dict[str, object], now: dt.datetime) -> list[str]:
    """Save what differs, with the next digest where that moves; the names of what differed.

    The row is read again under a lock first, so that a digest sent meanwhile is not forgotten.
    """
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    changed = [name for name, value in values.items() if getattr(subscriber, name) != value]
    for name in changed:
        setattr(subscriber, name, values[name])
    move_digest(subscriber, changed, now)
    if changed:
        fields = [*changed, "next_digest_at", "next_interests_at"]
        if "paused_until" in changed:  # the reader's word on it outweighs what came back before
            subscriber.pause_reason, subscriber.bounces_count_after = "", now
            fields += ["pause_reason", "bounces_count_after"]
        subscriber.save(update_fields=fields)
    return changed


def _follow(subscriber: Subscriber, topics: Collection[Topic]) -> bool:
    """Make `topics` the ones followed, beside those that are inactive; whether that is a change."""
    before = set(subscriber.subscriptions.values_list("topic_id", flat=True))
    resting = Topic.objects.filter(subscribers=subscriber, is_active=False)
    wanted = [*topics, *resting]
    if {topic.pk for topic in wanted} == before:
        return False
    subscriber.follow(wanted)
    return True


def _record(subscriber: Subscriber, changed: list[str], now: dt.datetime) -> None:
    if changed:
        subscriber.record(Consent.Action.CHANGED, now, ", ".join(changed))
