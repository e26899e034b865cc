"""Celery tasks: wake-ups without payload. What is to be done stands in the database."""

from celery import shared_task
from django.utils import timezone

from papers import fitting, ingest


@shared_task
def fetch() -> None:
    """Fetch the days that still change from every active source, then rank and match."""
    ingest.refresh(timezone.now())


@shared_task
def rank() -> None:
    """Rank and match the last weeks' papers anew, as after a change of topics or picks."""
    ingest.rank_and_match(now=timezone.now())


@shared_task
def fit() -> None:
    """Fit the semantic model when it is due, and match the last weeks' papers by the new one."""
    now = timezone.now()
    if fitting.fit_if_due(now):
        ingest.rank_and_match(now=now)
