"""Background work of this app: submissions, upvotes, forgetting.

The emails that are not digests are due here, as rows, and sent by `newsletter`.
"""

from celery import shared_task
from django.utils import timezone

from subscriptions.imports import letters, runs
from subscriptions.interests import cleaning, libraries, matching
from subscriptions.notices.due import wake
from subscriptions.readers import (
    address_change,
    form_entries,
    submissions,
    topic_counts,
    upvotes,
)


@shared_task
def forget() -> None:
    """Delete what was kept for a short time only: changes of address that nobody confirmed, and
    what was typed into forms and could not be worked off, files of readers that nobody started,
    interests that nobody follows anymore and what they matched long ago.
    """
    now = timezone.now()
    address_change.delete_lapsed(now)
    form_entries.delete_stale(now)
    runs.forget(now)
    cleaning.delete_orphans()
    cleaning.delete_old_matches(now.date())


@shared_task
def read_library(token: str) -> None:
    """Read a library that a reader handed over."""
    libraries.read(token)


@shared_task
def check_submissions() -> None:
    """Look up at arXiv the papers that readers submitted."""
    submissions.check(timezone.now())


@shared_task
def count_upvotes() -> None:
    """Bring the papers' counts of upvotes and saves up to date."""
    now = timezone.now()
    upvotes.count(now)
    upvotes.count_saves(now)


@shared_task
def count_topics() -> None:
    """Count the readers and matches of each topic, for lists."""
    topic_counts.count(timezone.now())


@shared_task
def run_imports() -> None:
    """Work on files of readers; while there is more to do, call for the next round."""
    if runs.work():
        wake("subscriptions.tasks.run_imports")


@shared_task
def send_permission_letters() -> None:
    """Make those letters due that ask readers who came with a file."""
    if letters.ask(timezone.now()):
        wake()


@shared_task
def match_interests() -> None:
    """Match what readers follow with the days whose issues are frozen, and what is new among it
    with the days before.
    """
    matching.work(timezone.now())
