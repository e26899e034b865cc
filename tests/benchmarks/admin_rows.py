"""Rows of every kind that the admin lists, made by the database itself, on both databases."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.benchmarks import bench_pages

LARGE = (
    *("papers_paper", "papers_feature", "papers_match", "papers_observation"),
    *("papers_auditentry", "papers_auditedobject", "papers_pick", "papers_sourcerun"),
    *("subscriptions_subscriber", "subscriptions_subscription", "subscriptions_consent"),
    *("subscriptions_feedback", "subscriptions_notice", "subscriptions_submission"),
    *("subscriptions_suppression", "subscriptions_following", "subscriptions_interest"),
    *("newsletter_delivery", "newsletter_event", "newsletter_issuepaper"),
    *("newsletter_webhookevent", "newsletter_webhookmessage", "newsletter_apiwrite"),
)
"""Tables that grow with readers, papers and time."""


def fill(
    readers: int, issues: int, topics: int, papers: int, now: dt.datetime, a_day: int = 500
) -> None:
    """Readers, each with a few topics and a delivery of each issue; papers and their matches; and
    of all else that the admin lists some rows for each hundred readers.

    Of a hundred deliveries one failed, one came too late and one is in doubt. The newest issue has
    one in ten still to send.
    """
    from django.db import transaction

    from newsletter.statistics import rollups
    from papers.matching import standings
    from papers.models import Feature
    from subscriptions.readers import topic_counts

    bench_pages.fill(papers, topics, a_day)
    with transaction.atomic():
        _readers(readers, topics, now)
        _issues(issues, now)
        _deliveries(now)
        _other_emails(readers, now)
        _desk(readers, papers, now)
    bench_pages.tell_planner()
    topic_counts.count(now)
    rollups.roll_up(now)
    today = Feature.objects.filter(day=now.date()).values_list("paper_id", flat=True)
    standings.score([], list(today), now, now.date())  # which leaves a measurement


def _readers(readers: int, topics: int, now: dt.datetime) -> None:
    from papers.matching.interests.specs import spec_of
    from papers.models import Topic
    from subscriptions.interests import following
    from subscriptions.models import Consent, Feedback, Subscriber, Subscription, Suppression

    day = now.date().isoformat()
    insert(
        Subscriber,
        f"FROM {numbers(readers)}",
        {
            "email": "'r' || n || '@example.org'",
            "email_key": "'r' || n || '@example.org'",
            "status": "CASE WHEN n % 50 = 0 THEN 'left' WHEN n % 77 = 0 THEN 'pending' "
            "ELSE 'active' END",
            "hour": "n % 24",
            "rhythm": "CASE WHEN n % 5 = 0 THEN 'weekly' ELSE 'daily' END",
            "created_at": moment(day, "n % 300 + 2"),
            "confirmed_at": moment(day, "n % 300 + 1"),
            "next_digest_at": "CASE WHEN n % 50 = 0 OR n % 77 = 0 THEN NULL "
            f"ELSE {moment(day, '-1')} END",
        },
    )
    insert(
        Consent,
        "FROM subscriptions_subscriber s",
        {"subscriber_id": "s.id", "action": "'confirmed'", "at": "s.confirmed_at"},
    )
    first = Topic.objects.order_by("pk").values_list("pk", flat=True)[0]
    for step in (1, 7, 13):
        insert(
            Subscription,
            "FROM subscriptions_subscriber s",
            {"subscriber_id": "s.id", "topic_id": f"{first} + (s.id * {step} + {step}) % {topics}"},
            once=True,
        )
    insert(
        Feedback,
        "FROM subscriptions_subscriber s JOIN papers_paper p ON p.id = (SELECT min(id) FROM "
        "papers_paper) + s.id % 1000 WHERE s.id % 3 = 0",
        {"subscriber_id": "s.id", "paper_id": "p.id", "value": "1", "at": moment(day, "1")},
    )
    insert(
        Suppression,
        f"FROM {numbers(max(readers // 10, 1))}",
        {"address_hash": "'h' || n", "reason": "'request'", "created_at": moment(day, "n % 300")},
    )
    for reader in Subscriber.objects.order_by("pk")[:20]:
        following.follow(reader, spec_of("words", phrases=["state of charge"]), now)


def _issues(issues: int, now: dt.datetime) -> None:
    """The newest frozen as any issue is, and earlier ones with as many places."""
    from newsletter.issues.freezing import build_issue
    from newsletter.models import Issue, IssuePaper

    newest = build_issue((now - dt.timedelta(days=1)).date(), now)
    assert newest is not None
    Issue.objects.bulk_create(
        Issue(day=(now - dt.timedelta(days=ago)).date(), frozen_at=now - dt.timedelta(days=ago))
        for ago in range(2, issues + 1)
    )
    insert(
        IssuePaper,
        f"FROM newsletter_issue i JOIN newsletter_issuepaper p ON p.issue_id = {newest.pk} "
        f"WHERE i.id <> {newest.pk}",
        {
            "issue_id": "i.id",
            "paper_id": "p.paper_id",
            "rank": "p.rank",
            "score": "p.score",
            "card": "p.card",
            "topics": "p.topics",
        },
    )


def _deliveries(now: dt.datetime) -> None:
    from newsletter.models import Delivery, Issue

    newest = Issue.objects.order_by("-day")[0].pk
    state = (
        "CASE s.id % 100 WHEN 1 THEN 'failed' WHEN 2 THEN 'expired' WHEN 3 THEN 'unknown' "
        f"ELSE CASE WHEN i.id = {newest} AND s.id % 10 = 5 THEN 'pending' ELSE 'sent' END END"
    )
    sent = f"({state}) = 'sent'"
    noon = at_noon("i.day")
    insert(
        Delivery,
        "FROM newsletter_issue i, subscriptions_subscriber s ORDER BY i.day, s.id",
        {
            "issue_id": "i.id",
            "subscriber_id": "s.id",
            "state": state,
            "channel": f"CASE WHEN {sent} THEN CASE WHEN s.id % 10 = 0 THEN 'feed' "
            "ELSE 'email' END END",
            "due_at": noon,
            "deadline": noon,
            "not_before": noon,
            "attempts": "1",
            "sent_at": f"CASE WHEN {sent} THEN {noon} END",
            "bounce": f"CASE WHEN {sent} AND s.id % 200 = 7 THEN 'soft' ELSE '' END",
        },
    )


def _other_emails(readers: int, now: dt.datetime) -> None:
    from newsletter.models import Event
    from subscriptions.models import Notice

    day = now.date().isoformat()
    kinds = "(SELECT 'confirm' AS kind UNION ALL SELECT 'preferences') AS k"
    insert(
        Notice,
        f"FROM subscriptions_subscriber s, {kinds} ORDER BY s.id, k.kind",
        {
            "subscriber_id": "s.id",
            "kind": "k.kind",
            "state": "CASE WHEN s.id % 100 = 1 THEN 'failed' ELSE 'sent' END",
            "due_at": moment(day, "s.id % 60"),
            "deadline": moment(day, "s.id % 60"),
            "not_before": moment(day, "s.id % 60"),
            "sent_at": moment(day, "s.id % 60"),
        },
    )
    insert(
        Event,
        "FROM newsletter_delivery d WHERE d.id % 5 = 0 ORDER BY d.id",
        {
            "delivery_id": "d.id",
            "provider": "'Test'",
            "event_id": "'e' || d.id",
            "kind": "CASE WHEN d.id % 100 = 0 THEN 'bounced' ELSE 'delivered' END",
            "at": moment(day, "1"),
            "received_at": moment(day, "1"),
            "processed_at": moment(day, "1"),
        },
    )


def _desk(readers: int, papers: int, now: dt.datetime) -> None:
    """What editors and other programs see and did."""
    from django.contrib.auth.models import User

    from newsletter.api.tokens import make_token
    from newsletter.models import ApiWrite, Letter, Webhook, WebhookEvent, WebhookMessage
    from papers.models import AuditedObject, AuditEntry, Join, Pick, Source, SourceRun
    from subscriptions.models import Submission

    day = now.date().isoformat()
    some = max(readers // 4, 10)
    user = User.objects.create_user("somebody", is_staff=True)
    insert(
        AuditEntry,
        f"FROM {numbers(some)}",
        {
            "at": moment(day, "n % 300"),
            "user_id": str(user.pk),
            "by": "'somebody'",
            "what": "'changed'",
            "model": "CASE WHEN n % 4 = 0 THEN 'papers.topic' ELSE 'subscriptions.subscriber' END",
        },
    )
    insert(
        AuditedObject,
        "FROM papers_auditentry e",
        {"entry_id": "e.id", "model": "e.model", "object_id": text_of("e.id % 1000 + 1")},
    )
    insert(
        Submission,
        f"FROM {numbers(min(some, 5_000))}",
        {
            "identifier": "'arxiv:9901.' || (10000 + n)",
            "state": "CASE n % 10 WHEN 0 THEN 'waiting' WHEN 1 THEN 'declined' ELSE 'accepted' END",
            "title": "'A wish for robots ' || n",
            "facts": as_json(FACTS),
            "submitted_at": moment(day, "n % 300"),
            "check_after": moment(day, "n % 300"),
        },
    )
    source = Source.objects.order_by("pk")[0]
    insert(
        SourceRun,
        f"FROM {numbers(some)}",
        {
            "source_id": str(source.pk),
            "day": date(day, "n % 60"),
            "started_at": moment(day, "n % 60"),
            "duration_ms": "900",
            "outcome": "'ok'",
        },
    )
    insert(
        Pick,
        f"FROM {numbers(min(papers, some, 2_000))}",
        {
            "day": date(day, "n / 5"),
            "paper_id": "(SELECT min(id) FROM papers_paper) + n",
            "kind": "'note'",
            "note": "'Read this.'",
        },
        once=True,
    )
    insert(
        Join,
        f"FROM {numbers(max(papers // 5 - 1, 1))}",
        {
            "first_id": "(SELECT min(id) FROM papers_paper) + n",
            "second_id": "(SELECT min(id) FROM papers_paper) + n + 1",
            "state": "CASE n % 10 WHEN 0 THEN 'question' WHEN 1 THEN 'refused' ELSE 'joined' END",
            "created_at": moment(day, "n % 60"),
        },
    )
    token, _ = make_token("Shop", ["papers:read"], "somebody", now)
    insert(
        ApiWrite,
        f"FROM {numbers(some)}",
        {
            "token_id": str(token.pk),
            "made_by": "'somebody'",
            "at": moment(day, "n % 60"),
            "action": "'topic.added'",
            "target": "'x'",
        },
    )
    webhook = Webhook.objects.create(
        name="Shop", url="https://shop.example.org/", kinds=["issue.sent"], created_at=now
    )
    WebhookEvent.objects.bulk_create(
        (WebhookEvent(kind="issue.sent", at=now, data={}) for _ in range(some)), batch_size=5_000
    )
    insert(
        WebhookMessage,
        "FROM newsletter_webhookevent e",
        {
            "webhook_id": str(webhook.pk),
            "event_id": "e.id",
            "state": "'sent'",
            "not_before": moment(day, "1"),
        },
    )
    texts = {"en": {"subject": "A word", "body": "Of ours."}}
    Letter.objects.create(title="A word", texts=texts, made_at=now)


FACTS = json.dumps(
    {
        "abstract": "We study wishes. They work.",
        "authors": [{"name": "Alice Adams"}],
        "categories": ["arxiv:cs.LG"],
        "published_on": "2026-06-01",
    }
)
"""What was found about a submitted paper."""


def insert(model: Any, source: str, columns: Mapping[str, str], *, once: bool = False) -> None:
    """INSERT … SELECT of these expressions; every other column has its field's default."""
    from django.db import connection

    rest = {}
    for field in model._meta.concrete_fields:
        is_own = field.column in columns or field.primary_key
        if is_own or field.has_db_default() or (field.null and not field.has_default()):
            continue
        rest[field.column] = field.get_db_prep_save(field.get_default(), connection)
    names = ", ".join(f'"{name}"' for name in (*columns, *rest))
    values = ", ".join((*columns.values(), *("%s" for _ in rest)))
    conflict = "ON CONFLICT DO NOTHING" if once else ""
    if conflict and " WHERE " not in re.sub(r"\(.*\)", "", source):
        source += " WHERE true"  # without which SQLite takes ON for a join's
    sql = f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {values} {source} {conflict}'
    with connection.cursor() as cursor:
        if rest:
            cursor.execute(sql.replace(" % ", " %% "), list(rest.values()))
        else:
            cursor.execute(sql)


def numbers(count: int) -> str:
    """A table of the numbers from 0 on, in its column `n`."""
    more = f"SELECT n + 1 FROM numbers WHERE n < {count - 1}"
    return f"(WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL {more}) SELECT n FROM numbers) AS x"


def date(day: str, back: str) -> str:
    """So many days before that day."""
    if _is_postgres():
        return f"(DATE '{day}' - ({back})::int)"
    return f"date('{day}', '-' || ({back}) || ' day')"


def moment(day: str, back: str) -> str:
    """Nine o'clock, so many days before that day."""
    if _is_postgres():
        return f"(DATE '{day}' - ({back})::int + TIME '09:00')::timestamptz"
    return f"date('{day}', (-({back})) || ' day') || ' 09:00:00'"


def at_noon(column: str) -> str:
    """Noon of a column's day."""
    if _is_postgres():
        return f"({column} + TIME '12:00')::timestamptz"
    return f"{column} || ' 12:00:00'"


def as_json(value: str) -> str:
    """A literal of JSON, for columns whose expression is ours."""
    literal = "'" + value.replace("'", "''") + "'"
    return f"{literal}::jsonb" if _is_postgres() else literal


def text_of(expression: str) -> str:
    """A number as text."""
    return f"CAST({expression} AS text)"


def _is_postgres() -> bool:
    from django.db import connection

    return connection.vendor == "postgresql"
