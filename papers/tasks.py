"""Celery tasks: wake-ups without payload. What is to be done stands in the database."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from papers.ingest import identity, updates
from papers.ingest.fetching import fetch_now, refresh
from papers.matching import learned
from papers.matching.ranking import rank_and_match
from papers.models import Source
from papers.search import vocabulary
from papers.semantics import current, fitting
from papers.sources.registry import KINDS
from papers.summaries import making
from papers.thumbnails import fetching


@shared_task
def fetch() -> None:
    """Fetch the days that still change from every active source, then rank and match."""
    updates.make_rows()
    refresh(timezone.now())
    learn_words.apply_async(expires=540)
    if settings.THUMBNAILS:
        fetch_thumbnails.apply_async(expires=540)
    if making.is_wanted():
        summarize.apply_async(expires=540)


@shared_task
def fetch_source(pk: int) -> None:
    """Fetch one source, as an editor asked."""
    source = Source.objects.filter(pk=pk, kind__in=KINDS).first()
    if source is not None:
        fetch_now(source, timezone.now())


@shared_task
def work_out_source(source_id: int) -> None:
    """Work out the papers of a source anew, as after a change of what may be shown of them."""
    identity.work_out_source(source_id)


@shared_task
def rank() -> None:
    """Rank and match the last weeks' papers anew, as after a change of topics or picks."""
    rank_and_match(now=timezone.now())


@shared_task
def fit() -> None:
    """Fit the semantic model when it is due, and match the last weeks' papers by the new one.

    Else let topics learn that are new or were changed, and match by what they learned.
    """
    now = timezone.now()
    if fitting.fit_if_due(now, learned.learn_with) or learned.learn_changed(current.in_use()):
        rank_and_match(now=now)


@shared_task(soft_time_limit=240)
def fetch_thumbnails() -> None:
    """Fetch the pictures of papers that have none yet; see `papers.thumbnails.fetching`."""
    fetching.fetch_due(timezone.now())


@shared_task
def learn_words() -> None:
    """Read the words and acronyms of new papers; see `papers.search.vocabulary`."""
    vocabulary.learn()


@shared_task(soft_time_limit=900)
def summarize() -> None:
    """Make the summaries of papers that have none yet; see `papers.summaries.making`."""
    making.make_due(timezone.now())
