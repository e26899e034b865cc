r"""What the statistics cost with very many rows, on PostgreSQL.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench python -m \
        tests.benchmarks.bench_statistics [--readers 100000] [--issues 10]

Makes a scratch database beside that of DATABASE_URL, with a delivery for each reader and issue,
some topics a reader and a confirmation each. Printed for counting it all at first, for counting
the next day, and for each page: seconds, CPU seconds of this process and of the database's
backend, the largest resident memory of this process in megabytes, and statements.
"""

import argparse
import datetime as dt
import os
from typing import Any

from tests.benchmarks.bench_import import measured
from tests.benchmarks.bench_webhooks import a_database


def fill(readers: int, issues: int, now: dt.datetime) -> None:
    """Rows of every kind that is counted, made by the database."""
    from django.db import connection

    from newsletter.models import Issue
    from papers.models import Topic

    for number in range(20):
        Topic.objects.get_or_create(
            slug=f"topic-{number}", defaults={"name": f"Topic {number}", "group": "Bench"}
        )
    made = [
        Issue(day=(now - dt.timedelta(days=ago)).date(), frozen_at=now)
        for ago in range(1, issues + 1)
    ]
    Issue.objects.bulk_create(made)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO subscriptions_subscriber (email, email_key, status, rhythm, weekday, hour,
                timezone, papers_wanted, text_only, learns, language, link_version, created_at,
                confirmed_at, pause_reason)
            SELECT 'r' || n || '@example.org', 'r' || n || '@example.org', 'active', 'daily', 0, 7,
                'UTC', 10, false, true, 'en', 1, %(at)s, %(at)s - mod(n, 300) * interval '1 day', ''
            FROM generate_series(1, %(readers)s) AS n
            """,
            {"readers": readers, "at": now - dt.timedelta(days=2)},
        )
        cursor.execute(
            """
            INSERT INTO subscriptions_consent
                (subscriber_id, action, at, wording, source, came_from)
            SELECT id, 'confirmed', confirmed_at, 'Yes', '', 'source ' || mod(id, 50)
            FROM subscriptions_subscriber
            """
        )
        cursor.execute(
            """
            INSERT INTO subscriptions_subscription (subscriber_id, topic_id)
            SELECT s.id, t.id FROM subscriptions_subscriber s, papers_topic t
            WHERE t.slug LIKE 'topic-%' AND mod(s.id + t.id, 7) = 0
            """
        )
        cursor.execute(
            """
            INSERT INTO newsletter_delivery (issue_id, subscriber_id, state, channel, reason,
                due_at, deadline, not_before, attempts, claim, choices, provider_id, sent_at,
                delivered_at, opened_at, clicked_at, bounced_at, bounce)
            SELECT i.id, s.id, 'sent', CASE WHEN mod(s.id, 10) = 0 THEN 'feed' ELSE 'email' END, '',
                i.day, i.day, i.day, 1, '', '[]', '', i.day + (mod(s.id, 24)) * interval '1 hour',
                i.day + interval '1 day',
                CASE WHEN mod(s.id, 3) = 0 THEN i.day + (mod(s.id, 30)) * interval '1 hour' END,
                CASE WHEN mod(s.id, 9) = 0 THEN i.day + (mod(s.id, 30)) * interval '1 hour' END,
                CASE WHEN mod(s.id, 200) = 0 THEN i.day + interval '1 day' END,
                CASE WHEN mod(s.id, 200) = 0 THEN 'soft' ELSE '' END
            FROM newsletter_issue i, subscriptions_subscriber s
            """
        )
        cursor.execute("ANALYZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--issues", type=int, default=10)
    args = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("DATABASE_URL must name a PostgreSQL server.")
    with a_database():
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
        os.environ["STATIC_MANIFEST"] = "false"
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ALLOWED_HOSTS = ["testserver"]
        settings.TRACK_OPENS = settings.TRACK_CLICKS = True
        call_command("migrate", verbosity=0)
        run(args.readers, args.issues)


def run(readers: int, issues: int) -> None:
    """The parts, one after another."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from newsletter.models import Delivery, Issue
    from newsletter.statistics import rollups

    now = timezone.now()
    fill(readers, issues, now)
    print(f"{readers:,} readers, {Delivery.objects.count():,} deliveries")

    def say(part: str, work: Any) -> None:
        figures = measured(work, 1)
        figures["statements"] = figures.pop("statements_a_line")
        print(f"{part}: " + ", ".join(f"{name} {value:,.4g}" for name, value in figures.items()))

    say("all days", lambda: rollups.roll_up(now))
    say("the next day", lambda: rollups.roll_up(now + dt.timedelta(days=1)))
    client = Client()
    user = User.objects.create_superuser("alice", "alice@example.org", "password")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    name = "admin:newsletter_dailycount"
    issue = Issue.objects.latest("day")
    for part, address in (
        ("month", reverse(f"{name}_changelist")),
        ("issue", reverse(f"{name}_issue", args=[issue.pk])),
        ("topic", reverse(f"{name}_topic", args=["topic-1"])),
    ):
        assert client.get(address).status_code == 200  # templates are read once
        say(f"page of a {part}", lambda address=address: client.get(address))


if __name__ == "__main__":
    main()
