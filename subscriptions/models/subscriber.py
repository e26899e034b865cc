"""Addresses, their consent and their rhythm."""

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models.functions import Lower
from django.utils.timezone import now as current_time

from papers.models import Topic
from subscriptions import schedule, ways
from subscriptions.addresses import (
    address_of,
    key_of,
    normalized_email,
    typed_form,
    validate_address,
)
from subscriptions.models.consent import Consent, record_many
from subscriptions.models.subscription import Subscription


def validate_timezone(name: str) -> None:
    """Raise `ValidationError` unless `name` is an IANA timezone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("%(name)s isn't a known time zone.", params={"name": name})


LAST_CHARACTER = "\U0010ffff"


def _unkeyed(emails: list[str]) -> models.Q:
    """Rows that the version before wrote, and whose key was not made yet, with these addresses."""
    spellings = {one for email in emails for one in (email.strip().lower(), key_of(email))}
    return models.Q(email_key=None, email__in=spellings)


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    """Subscribers, narrowed down by what callers ask for."""

    def mailable(self) -> Self:
        """Confirmed, not gone, not suppressed."""
        return self.filter(status=Subscriber.Status.ACTIVE)

    def interests_due(self, now: dt.datetime) -> Self:
        """Subscribers whose next daily email of interests is due at `now`."""
        return self.filter(next_interests_at__lte=now)

    def due(self, now: dt.datetime) -> Self:
        """Subscribers whose next digest is due at `now`."""
        return self.filter(next_digest_at__lte=now)

    def paused_for_bounces(self, today: dt.date) -> Self:
        """Subscribers whose digests rest because mail to them came back."""
        return self.exclude(pause_reason="").filter(paused_until__gt=today)

    def unwelcomed(self, since: dt.datetime) -> Self:
        """Subscribers who confirmed after `since` and had no welcome yet."""
        return self.filter(welcomed_on=None, confirmed_at__gt=since)

    def never_confirmed(self, before: dt.datetime) -> Self:
        """Subscribers who were last asked to confirm before then, and never did."""
        asked = models.Q(asked_to_confirm_at=None) | models.Q(asked_to_confirm_at__lt=before)
        return (
            self.filter(asked, status=Subscriber.Status.PENDING, created_at__lt=before)
            # Whoever came with a file is asked when their turn comes, and has as long from then.
            .exclude(imported__is_to_be_asked=True, imported__asked_at=None)
            .exclude(imported__is_to_be_asked=True, imported__asked_at__gte=before)
        )

    def gone(self, before: dt.datetime) -> Self:
        """Subscribers who left before then, and did not ask to come back since."""
        asked = models.Q(asked_to_confirm_at=None) | models.Q(asked_to_confirm_at__lt=before)
        return self.filter(asked, status=Subscriber.Status.LEFT, left_at__lt=before)

    def with_email(self, email: str) -> Self:
        """The subscriber with this address, if there is one, however it is spelled."""
        keyed = models.Q(email_key=key_of(email))
        is_there = models.Exists(Subscriber.objects.filter(keyed))
        return self.filter(keyed | (_unkeyed([email]) & ~is_there))

    def with_emails(self, emails: Iterable[str]) -> Self:
        """Those with any of the addresses, however they are spelled."""
        wanted = list(emails)
        return self.filter(models.Q(email_key__in=map(key_of, wanted)) | _unkeyed(wanted))

    def beginning_with(self, text: str) -> Self:
        """Those whose address begins so, found through an index on either database."""
        begin = text.strip().lower()
        if connection.vendor == "sqlite":  # whose LIKE takes no index
            return self.filter(email__gte=begin, email__lt=begin + LAST_CHARACTER)
        return self.filter(email__startswith=begin)

    def holder_of(self, subscriber_id: int, version: int) -> "Subscriber | None":
        """For whom links of this subscriber and link version act: the subscriber, or the one that
        it was joined with. None where they no longer work or the subscriber was erased.
        """
        found = self.filter(pk=subscriber_id).first()
        if found is not None:
            return found if found.link_version == version else None
        return self.filter(
            former__former_id=subscriber_id,
            former__link_version=version,
            former__survivor_version=models.F("link_version"),
        ).first()

    def knows(self, subscriber_id: int) -> bool:
        """Whether there is such a subscriber, or was one before it was joined with another."""
        own = models.Q(pk=subscriber_id)
        return self.filter(own | models.Q(former__former_id=subscriber_id)).exists()

    @transaction.atomic
    def leave(self, now: dt.datetime, wording: str = "") -> int:
        """End the subscriptions of all these, as `Subscriber.leave` does one; how many that
        changed. Three statements.
        """
        staying = self.exclude(status__in=(Subscriber.Status.LEFT, Subscriber.Status.SUPPRESSED))
        keys = list(
            staying.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)
        )
        Subscriber.objects.filter(pk__in=keys).update(
            status=Subscriber.Status.LEFT, left_at=now, next_digest_at=None
        )
        record_many(
            Consent(subscriber_id=key, action=Consent.Action.LEFT, at=now, wording=wording)
            for key in keys
        )
        return len(keys)

    def update(self, **values: Any) -> int:
        """As Django's; a new address brings its key."""
        if "email" in values:
            values.setdefault("email_key", key_of(values["email"]))
        return super().update(**values)

    def bulk_create(self, objs: Iterable["Subscriber"], *args: Any, **kwargs: Any) -> Any:
        """As Django's; each with the key of its address."""
        rows = list(objs)
        for row in rows:
            row.email_key = key_of(row.email)
        return super().bulk_create(rows, *args, **kwargs)


class Subscriber(models.Model):
    """An address, its consent and its rhythm."""

    class Status(models.TextChoices):
        """Whether this address may be emailed."""

        PENDING = "pending", "waiting for confirmation"
        ACTIVE = "active", "active"
        LEFT = "left", "unsubscribed"
        SUPPRESSED = "suppressed", "suppressed"

    class Rhythm(models.TextChoices):
        """On which days a digest is due."""

        DAILY = "daily", "Every day"
        WEEKDAYS = "weekdays", "Monday to Friday"
        WEEKLY = "weekly", "Once a week"

    class Means(models.TextChoices):
        """The ways to receive digests that this app names; `subscriptions.ways` has them all."""

        MAIL = "mail"
        FEED = "feed"

    NO_WELCOME: ClassVar = dt.date(1970, 1, 1)
    """`welcomed_on` of those who get none: the day of no issue."""

    email = models.CharField(
        max_length=254,
        validators=[validate_address],
        help_text="Where emails go: trimmed, the domain as in DNS.",
    )
    email_typed = models.CharField(
        max_length=254,
        null=True,
        blank=True,
        editable=False,
        help_text="Where emails go, with the part before the @ as typed, if that wasn't in "
        "lower case.",
    )
    email_key = models.CharField(
        max_length=330,
        null=True,
        unique=True,
        editable=False,
        help_text="The same for all spellings of one mailbox; see addresses.key_of. Empty for a "
        "duplicate that's waiting to be joined, and for rows of an earlier version.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    rhythm = models.CharField(max_length=8, choices=Rhythm, default=Rhythm.DAILY)
    weekday = models.PositiveSmallIntegerField(
        default=0,
        choices=list(enumerate(schedule.WEEKDAYS)),
        validators=[MaxValueValidator(6)],
        help_text="The weekday of a weekly digest.",
    )
    hour = models.PositiveSmallIntegerField(
        default=7,
        validators=[MaxValueValidator(23)],
        help_text="Local hour of the digest, 0 to 23.",
    )
    timezone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="IANA name, such as Europe/Berlin.",
    )
    papers_wanted = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="Maximum number of papers in a digest.",
    )
    receives_by = models.CharField(
        max_length=20,
        choices=ways.choices,
        db_default=Means.MAIL,
        default=Means.MAIL,
        help_text="How digests are delivered.",
    )
    text_only = models.BooleanField(default=False, help_text="Send plain text only, no HTML.")
    groups_by_topic = models.BooleanField(
        default=False, db_default=False, help_text="Group papers by topic."
    )
    in_full = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Show every paper in full, not only the first three.",
    )
    top_papers = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Send the day's most trending papers, whatever their topic.",
    )
    machine_summaries = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Show summaries that a language model made from abstracts, if there are any.",
    )
    learns = models.BooleanField(
        default=True, help_text="Let feedback change the ranking of papers."
    )
    language = models.CharField(max_length=10, default="en")
    paused_until = models.DateField(
        null=True, blank=True, help_text="No digests before this day (local time)."
    )
    pause_reason = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        default="",
        editable=False,
        help_text="Why it's paused, if the reader didn't choose to.",
    )
    bounces_count_after = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Emails that bounced before this don't count toward a pause.",
    )
    next_digest_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the next digest is due; empty if none is.",
    )
    next_interests_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the next daily email of interests is due; empty if none is.",
    )
    link_version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Increased to invalidate all earlier signed links."
    )
    reading_list_feed_version = models.PositiveIntegerField(
        default=1,
        db_default=1,
        editable=False,
        help_text="Increased to give the reading list's feed a new address.",
    )
    told_of_nothing_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When they were told that nothing they follow is offered anymore.",
    )
    created_at = models.DateTimeField(default=current_time, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)
    welcomed_on = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="Day of the issue in the welcome email. A reader gets one welcome email, ever.",
    )
    asked_to_confirm_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the last confirmation email was sent. There's at most one a day.",
    )
    topics = models.ManyToManyField(Topic, through="Subscription", related_name="subscribers")

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        """An address subscribes once, whatever its case."""

        ordering = ("-id",)
        permissions: ClassVar = [
            ("see_addresses", "Can see and search readers' addresses"),
            ("find_addresses", "Can see the address of a reader who is searched for by it"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="subscriber_address_once"),
            models.CheckConstraint(condition=models.Q(hour__lte=23), name="subscriber_hour"),
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="subscriber_weekday"),
        ]
        indexes: ClassVar = [
            # Few rows: readers who were told that nothing they follow is offered.
            models.Index(
                fields=("told_of_nothing_at",),
                condition=models.Q(told_of_nothing_at__isnull=False),
                name="subscriber_told_of_nothing",
            ),
            models.Index(
                fields=("next_digest_at", "id"),
                condition=models.Q(status="active"),
                name="subscriber_due",
            ),
            models.Index(
                fields=("next_interests_at", "id"),
                condition=models.Q(status="active", next_interests_at__isnull=False),
                name="subscriber_interests_due",
            ),
            # PostgreSQL finds the beginning of a text only by this order of characters.
            models.Index(
                fields=("email",),
                opclasses=("varchar_pattern_ops",),
                name="subscriber_email_begins",
            ),
            # Most are as all are at first. SQLite sees that a value is among these where each
            # stands by itself.
            models.Index(
                fields=("status", "id"),
                condition=models.Q(status="pending")
                | models.Q(status="left")
                | models.Q(status="suppressed"),
                name="subscriber_status",
            ),
            models.Index(
                fields=("rhythm", "id"),
                condition=models.Q(rhythm="weekdays") | models.Q(rhythm="weekly"),
                name="subscriber_rhythm",
            ),
            models.Index(
                fields=("receives_by", "id"),
                condition=models.Q(receives_by="feed"),
                name="subscriber_by_feed",
            ),
            models.Index(
                fields=("paused_until",),
                condition=~models.Q(pause_reason=""),
                name="subscriber_paused",
            ),
            # Asked every minute: who confirmed lately and waits for a welcome?
            models.Index(
                fields=("confirmed_at",),
                condition=models.Q(welcomed_on=None),
                name="subscriber_unwelcomed",
            ),
        ]

    def __str__(self) -> str:
        # Never the address: this stands in the admin's lists, messages and histories.
        return f"reader {self.pk}"

    def clean(self) -> None:
        """Normalize the address."""
        self.email_typed = typed_form(self.email) or self.email_typed
        self.email = normalized_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the key of the address where that is saved."""
        fields = kwargs.get("update_fields")
        if fields is None and (self._state.adding or self.email_key is not None):
            self.email_key = key_of(self.email)
        elif fields is not None and "email" in fields:
            self.email_key = key_of(self.email)
            kwargs["update_fields"] = [*fields, "email_key"]
        super().save(*args, **kwargs)

    @property
    def address(self) -> str:
        """Where emails go: the local part as it was typed."""
        return address_of(self.email, self.email_typed)

    @property
    def is_mailable(self) -> bool:
        """Whether digests may go to this address now."""
        return self.status == self.Status.ACTIVE

    def is_paused_for_bounces(self, now: dt.datetime) -> bool:
        """Whether digests rest because emails bounced, and not by the reader's wish."""
        until = self.paused_until
        return bool(self.pause_reason and until and until > now.date())

    def due_after(self, now: dt.datetime) -> dt.datetime:
        """The first moment after `now` at which a digest is due, in UTC."""
        return schedule.next_digest(
            now,
            rhythm=self.rhythm,
            hour=self.hour,
            timezone=self.timezone,
            weekday=self.weekday,
            paused_until=self.paused_until,
        )

    def interests_due_after(self, now: dt.datetime) -> dt.datetime:
        """The first moment after `now` at which a daily email of interests is due, in UTC: the
        reader's hour, any day.
        """
        return schedule.next_digest(
            now,
            rhythm=self.Rhythm.DAILY,
            hour=self.hour,
            timezone=self.timezone,
            paused_until=self.paused_until,
        )

    def reschedule(self, now: dt.datetime) -> None:
        """Set `next_digest_at` from the rhythm, and where there are daily emails of interests when
        the next one is due; unsaved. Whoever is not mailable has no digest due.
        """
        self.next_digest_at = self.due_after(now) if self.is_mailable else None
        if self.next_interests_at is not None:
            self.next_interests_at = self.interests_due_after(now)

    def schedule_interests(self, now: dt.datetime) -> None:
        """Set when the next daily email of interests is due, or that none is; unsaved."""
        has_daily = self.followings.running().filter(rhythm="daily").exists()
        self.next_interests_at = self.interests_due_after(now) if has_daily else None

    def record(
        self, action: "Consent.Action", now: dt.datetime, wording: str = "", came_from: str = ""
    ) -> None:
        """Add to the record of consent."""
        Consent.objects.create(
            subscriber=self, action=action, at=now, wording=wording, came_from=came_from
        )

    @property
    def came_from(self) -> str:
        """Source of the sign-up, as the latest sign-up or import says; empty if it doesn't."""
        of = (Consent.Action.ASKED, Consent.Action.CONFIRMED, Consent.Action.IMPORTED)
        found = Consent.objects.filter(subscriber=self, action__in=of).order_by("-at", "-id")
        return found.values_list("came_from", flat=True).first() or ""

    @transaction.atomic
    def confirm(self, now: dt.datetime, wording: str = "") -> bool:
        """Make the subscription active, and start what is followed and waited for that; whether
        that changed anything. Who calls this has looked whether the address is suppressed; a
        subscriber who is stays so.
        """
        changed = (
            Subscriber.objects.filter(pk=self.pk)
            .exclude(status__in=(self.Status.ACTIVE, self.Status.SUPPRESSED))
            .update(status=self.Status.ACTIVE, confirmed_at=now, left_at=None)
        )
        self.refresh_from_db()
        if changed:
            waiting = self.followings.filter(is_waiting=True)
            waiting.update(is_waiting=False, changed_at=now)
            self.reschedule(now)
            self.schedule_interests(now)
            self.save(update_fields=["next_digest_at", "next_interests_at"])
            self.record(Consent.Action.CONFIRMED, now, wording, self.came_from)
        return bool(changed)

    @transaction.atomic
    def leave(self, now: dt.datetime, wording: str = "") -> bool:
        """End the subscription; whether that changed anything. Topics and rhythm are kept."""
        changed = (
            Subscriber.objects.filter(pk=self.pk)
            .exclude(status__in=(self.Status.LEFT, self.Status.SUPPRESSED))
            .update(status=self.Status.LEFT, left_at=now, next_digest_at=None)
        )
        self.refresh_from_db()
        if changed:
            self.record(Consent.Action.LEFT, now, wording)
        return bool(changed)

    def void_links(self) -> None:
        """Make every link that was ever signed for this subscriber void; saved.

        One statement, so that of two that happen at once neither is lost.
        """
        Subscriber.objects.filter(pk=self.pk).update(link_version=models.F("link_version") + 1)
        self.refresh_from_db(fields=["link_version"])

    @transaction.atomic
    def pause_for_bounces(self, until: dt.date, reason: str, now: dt.datetime) -> bool:
        """Send nothing before `until`, because emails bounced; whether that changed anything.

        A longer pause stays as it is. The reader or an editor may end it at any time.
        """
        changed = (
            Subscriber.objects.filter(pk=self.pk, status=self.Status.ACTIVE)
            .exclude(paused_until__gte=until)
            .update(paused_until=until, pause_reason=reason[:200])
        )
        self.refresh_from_db()
        if changed:
            self.reschedule(now)
            self.save(update_fields=["next_digest_at", "next_interests_at"])
            self.record(Consent.Action.PAUSED, now, reason[:300])
        return bool(changed)

    @transaction.atomic
    def follow(self, topics: "models.QuerySet[Topic] | list[Topic]") -> None:
        """Make `topics` exactly the ones followed."""
        wanted = {topic.pk for topic in topics}
        followed = set(self.subscriptions.values_list("topic_id", flat=True))
        self.subscriptions.filter(topic_id__in=followed - wanted).delete()
        Subscription.objects.bulk_create(
            [Subscription(subscriber=self, topic_id=pk) for pk in sorted(wanted - followed)],
            ignore_conflicts=True,
        )
