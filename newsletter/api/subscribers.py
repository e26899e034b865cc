"""Subscribers: sign-up, preferences, leaving and erasure, by the functions of the site's pages.

Addresses are shown, and looked for, by tokens with the scope `addresses:read` alone.
"""

import datetime as dt
from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from newsletter.api import audit
from newsletter.api.fields import Day, Key, Language, Line, Moment, Slug, Whole, Zone
from newsletter.api.paging import PageQuery, page
from newsletter.api.papers import topics_called
from newsletter.api.problems import Problem, not_found
from newsletter.api.service import operation
from newsletter.models import ApiToken
from subscriptions import ways
from subscriptions.addresses import BadAddress, checked
from subscriptions.imports.declared import Declaration, add_declared
from subscriptions.models import Subscriber, Suppression
from subscriptions.notices.due import wake
from subscriptions.readers import personal_data, preferences, signup
from subscriptions.readers.preferences import Preferences
from subscriptions.readers.signup import SignupChoices

subscribers = Router()

Rhythm = Literal["daily", "weekdays", "weekly"]
State = Literal["pending", "active", "left", "suppressed"]
Hour = Annotated[int, Field(ge=0, le=23), Whole]
Weekday = Annotated[int, Field(ge=0, le=6, description="0 is Monday; of a weekly digest."), Whole]

Address = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30})?"
        r"@[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?){0,3}"
        r"\.[a-z]{2,20}$",
        max_length=254,
        description="An email address; an internationalized domain in its ASCII form.",
    ),
]


class SubscriberOut(Schema):
    """A subscriber."""

    id: int
    status: State
    email: str | None = Field(description="Null without the scope addresses:read.")
    rhythm: str
    weekday: int
    hour: int = Field(description="The local hour of the digest.")
    timezone: str
    language: str
    papers_wanted: int
    receives_by: str
    text_only: bool
    groups_by_topic: bool
    in_full: bool
    top_papers: bool
    machine_summaries: bool
    learns: bool
    topics: list[str] = Field(description="The slugs of the topics followed.")
    paused_until: dt.date | None
    next_digest_at: dt.datetime | None
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    left_at: dt.datetime | None


class SubscriberPage(Schema):
    """A page of subscribers."""

    items: list[SubscriberOut]
    next_cursor: int | None


class ConsentOut(Schema):
    """What a subscriber agreed to or took back."""

    action: str
    at: dt.datetime
    wording: str
    source: str
    given_at: dt.datetime | None


class ConsentPage(Schema):
    """A subscriber's consents, in the order of events."""

    items: list[ConsentOut]
    next_cursor: int | None


class SubscribersQuery(PageQuery):
    """Which subscribers."""

    cursor: Key | None = None
    status: State | None = None
    topic: Slug | None = Field(None, description="Only those who follow this topic.")
    email: str | None = Field(
        None,
        max_length=254,
        description="Only the one with this address, in any spelling. Takes addresses:read.",
    )


class ConsentsQuery(PageQuery):
    """Which consents."""

    cursor: Key | None = None


class ConsentDeclared(Schema):
    """That the reader agreed elsewhere, as in an import: then nobody asks them to confirm."""

    model_config = ConfigDict(extra="forbid", strict=True)

    statement: Annotated[str, Field(pattern=Line, min_length=20, max_length=300)] = Field(
        description="How and where they agreed. It is kept with their consent."
    )
    given_at: Moment | None = Field(None, description="When they agreed.")


class SubscriberNew(Schema):
    """Somebody who wants digests."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: Address
    topics: list[Slug] = Field(
        default=[], max_length=200, description="Slugs; without any, the top papers come."
    )
    top_papers: bool = False
    rhythm: Rhythm = "daily"
    weekday: Weekday = 0
    hour: Hour = 7
    timezone: Zone = "UTC"
    language: Language = "en"
    consent: ConsentDeclared | None = None


class SignedUp(Schema):
    """What came of a sign-up."""

    outcome: Literal["asked", "waiting", "known", "added"] = Field(
        description="asked: an email asks them to confirm. waiting: one did within a day. known: "
        "they are active, and nothing changes. added: active at once, by the consent declared."
    )
    subscriber: SubscriberOut


class SubscriberChanges(Schema):
    """Preferences to change; what is left out stays. A null ends a pause."""

    model_config = ConfigDict(extra="forbid", strict=True)

    topics: list[Slug] | None = Field(None, max_length=200)
    rhythm: Rhythm | None = None
    weekday: Weekday | None = None
    hour: Hour | None = None
    timezone: Zone | None = None
    language: Language | None = None
    papers_wanted: Annotated[int, Field(ge=1, le=50), Whole] | None = None
    receives_by: Literal["mail", "feed"] | None = None
    text_only: bool | None = None
    groups_by_topic: bool | None = None
    in_full: bool | None = None
    top_papers: bool | None = None
    machine_summaries: bool | None = None
    learns: bool | None = None
    paused_until: Day | None = Field(None, description="No digest before this day.")


@operation(subscribers, "GET", "/subscribers", scope="subscribers:read", response=SubscriberPage)
def list_subscribers(request: HttpRequest, query: Query[SubscribersQuery]) -> Any:
    """Subscribers, the newest first."""
    token = audit.token_of(request)
    found = Subscriber.objects.order_by("-pk")
    if query.status is not None:
        found = found.filter(status=query.status)
    if query.topic is not None:
        found = found.filter(subscriptions__topic__slug=query.topic)
    if query.email is not None:
        if not token.allows("addresses:read"):
            raise Problem(403, "Looking for an address takes the scope addresses:read.")
        found = found.filter(
            pk__in=Subscriber.objects.with_email(query.email.replace("\0", "")).values("pk")
        )
    if query.cursor is not None:
        found = found.filter(pk__lt=query.cursor)
    rows = list(found.prefetch_related("topics")[: query.limit + 1])
    items = [_subscriber(one, token) for one in rows]
    return page(rows, query.limit, items, lambda row: row.pk)


@operation(
    subscribers,
    "GET",
    "/subscribers/{subscriber_id}",
    scope="subscribers:read",
    response=SubscriberOut,
    may=(404,),
)
def get_subscriber(request: HttpRequest, subscriber_id: Key) -> Any:
    """One subscriber."""
    return _subscriber(_found(subscriber_id), audit.token_of(request))


@operation(
    subscribers,
    "GET",
    "/subscribers/{subscriber_id}/consents",
    scope="subscribers:read",
    response=ConsentPage,
    may=(404,),
)
def list_consents(request: HttpRequest, subscriber_id: Key, query: Query[ConsentsQuery]) -> Any:
    """What one subscriber agreed to and took back, in the order of events."""
    found = _found(subscriber_id).consents.order_by("pk")
    if query.cursor is not None:
        found = found.filter(pk__gt=query.cursor)
    rows = list(found[: query.limit + 1])
    names = ("action", "at", "wording", "source", "given_at")
    items = [{name: getattr(row, name) for name in names} for row in rows]
    return page(rows, query.limit, items, lambda row: row.pk)


@operation(
    subscribers,
    "POST",
    "/subscribers",
    scope="subscribers:write",
    response=SignedUp,
    may=(409,),
)
def add_subscriber(request: HttpRequest, new: SubscriberNew) -> Any:
    """Sign somebody up. They are asked by email to confirm, at most once a day, as on the site;
    with a declared consent they are active at once, get no welcome, and start as imported readers
    do. Whoever is here keeps their state, and active ones their preferences. 409 where the address
    is suppressed.
    """
    token, now = audit.token_of(request), timezone.now()
    try:
        checked(new.email)
    except BadAddress as error:
        raise Problem(409, f"Nobody can be emailed at this address: {error}.") from None
    chosen = topics_called(new.topics)
    choices = SignupChoices(
        rhythm=new.rhythm,
        weekday=new.weekday,
        hour=new.hour,
        timezone=new.timezone,
        language=new.language,
        top_papers=new.top_papers or not chosen,
    )
    if Suppression.objects.covers(new.email):
        raise Problem(409, "This address is suppressed: it is never emailed.")
    source = f"API, {token.name}"
    outcome = ""
    with transaction.atomic():
        if new.consent is not None:
            declaration = Declaration(
                new.consent.statement, token.created_by, source, new.consent.given_at
            )
            if add_declared(new.email, chosen, choices, declaration, now):
                outcome = "added"
        if not outcome:
            kind = signup.subscribe(new.email, chosen, choices, now, f"{source}"[:300])
        subscriber = Subscriber.objects.with_email(new.email).first()
        if subscriber is None or subscriber.status == Subscriber.Status.SUPPRESSED:
            raise Problem(409, "This address is suppressed: it is never emailed.")
        if not outcome:
            is_active = subscriber.status == Subscriber.Status.ACTIVE
            outcome = "known" if is_active else "asked" if kind else "waiting"
        audit.record(
            request,
            now,
            "subscriber.signed-up",
            f"subscriber:{subscriber.pk}",
            None,
            {"outcome": outcome, "status": subscriber.status} | _choices(choices, new.topics),
        )
    wake()
    return {"outcome": outcome, "subscriber": _subscriber(subscriber, token)}


@operation(
    subscribers,
    "PATCH",
    "/subscribers/{subscriber_id}",
    scope="subscribers:write",
    response=SubscriberOut,
    may=(404, 409),
)
def change_subscriber(request: HttpRequest, subscriber_id: Key, changes: SubscriberChanges) -> Any:
    """Change preferences, as the reader's own page does; it is kept with their consent."""
    now = timezone.now()
    wanted = {
        name: value
        for name, value in changes.dict(exclude_unset=True).items()
        if value is not None or name == "paused_until"
    }
    chosen = topics_called(wanted.pop("topics")) if "topics" in wanted else None
    with transaction.atomic():
        subscriber = _found(subscriber_id, locked=True)
        if subscriber.status == Subscriber.Status.SUPPRESSED:
            raise Problem(409, "This address is suppressed: nothing is sent to it.")
        before = _preferences(subscriber)
        if "receives_by" in wanted and wanted["receives_by"] not in _ways():
            raise Problem(409, "This site does not offer that way to receive digests.")
        values = asdict(before) | wanted
        topics_before = _slugs(subscriber)
        mine = list(subscriber.topics.filter(is_active=True)) if chosen is None else chosen
        preferences.change(subscriber, Preferences(**values), mine, now)
        subscriber = _found(subscriber_id)
        audit.record(
            request,
            now,
            "subscriber.changed",
            f"subscriber:{subscriber_id}",
            _plain(asdict(before)) | {"topics": topics_before},
            _plain(asdict(_preferences(subscriber))) | {"topics": _slugs(subscriber)},
        )
    return _subscriber(subscriber, audit.token_of(request))


@operation(
    subscribers,
    "POST",
    "/subscribers/{subscriber_id}/unsubscribe",
    scope="subscribers:write",
    response=SubscriberOut,
    may=(404,),
)
def unsubscribe(request: HttpRequest, subscriber_id: Key) -> Any:
    """Unsubscribe somebody, who gets the goodbye email. Twice changes nothing more."""
    token, now = audit.token_of(request), timezone.now()
    with transaction.atomic():
        subscriber = _found(subscriber_id, locked=True)
        before = {"status": subscriber.status}
        signup.leave(subscriber, now, f"API, {token.name}"[:300])
        after = {"status": subscriber.status}
        target = f"subscriber:{subscriber_id}"
        audit.record(request, now, "subscriber.unsubscribed", target, before, after)
    wake()
    return _subscriber(_found(subscriber_id), token)


@operation(
    subscribers,
    "DELETE",
    "/subscribers/{subscriber_id}",
    scope="subscribers:write",
    response=None,
    status=204,
    may=(404,),
)
def erase_subscriber(request: HttpRequest, subscriber_id: Key) -> Any:
    """Erase somebody and all that belongs to them. A suppression stays, as a hash. There is no way
    back.
    """
    now = timezone.now()
    with transaction.atomic():
        subscriber = _found(subscriber_id, locked=True)
        before = {"status": subscriber.status}
        personal_data.erase(subscriber)
        target = f"subscriber:{subscriber_id}"
        audit.record(request, now, "subscriber.erased", target, before, None)
    return Status(204, None)


def _found(pk: int, *, locked: bool = False) -> Subscriber:
    rows = Subscriber.objects.select_for_update() if locked else Subscriber.objects.all()
    subscriber = rows.filter(pk=pk).first()
    if subscriber is None:
        raise not_found("subscriber")
    return subscriber


def _ways() -> set[str]:
    return {str(name) for name, _ in ways.choices()}


def _slugs(subscriber: Subscriber) -> list[str]:
    return sorted(topic.slug for topic in subscriber.topics.all())


def _preferences(subscriber: Subscriber) -> Preferences:
    return Preferences(**{one.name: getattr(subscriber, one.name) for one in fields(Preferences)})


def _choices(choices: SignupChoices, slugs: list[str]) -> dict[str, Any]:
    return asdict(choices) | {"topics": sorted(slugs)}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in values.items()
    }


_SHOWN = tuple(name for name in SubscriberOut.model_fields if name not in {"email", "topics"})


def _subscriber(one: Subscriber, token: ApiToken) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in _SHOWN if name != "id"}
    return shown | {
        "id": one.pk,
        "email": one.address if token.allows("addresses:read") else None,
        "topics": _slugs(one),
    }
