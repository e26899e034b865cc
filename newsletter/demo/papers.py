"""The demo's papers: live where the source answers, and otherwise the sample."""

import datetime as dt
import os
from collections.abc import Callable

import httpx
from django.conf import settings
from django.utils import timezone

from newsletter.demo.environment import DemoFailed
from newsletter.issues.freezing import WEEK, build_issue
from newsletter.models import Issue
from papers import packs
from papers.days import feature_day, feature_days
from papers.ingest.fetching import fetch_day
from papers.matching.learned import learn_with
from papers.matching.ranking import rank_and_match
from papers.search import vocabulary
from papers.semantics.fitting import fit_if_due
from subscriptions.interests import matching

PROBE_TIMEOUT = httpx.Timeout(8.0, connect=4.0)
"""Seconds. Short, because a person waits and the sample is as good for a look around."""


def choose_source(day: dt.date | None) -> tuple[str, str]:
    """PAPERS_SOURCE for this run, live or sample, and why, in a sentence.

    A source that was set by hand is taken at its word; so is HUGGINGFACE_URL.
    """
    if settings.PAPERS_SOURCE == "sample":
        return "sample", "The papers are from the sample, because PAPERS_SOURCE=sample."
    host = httpx.URL(settings.HUGGINGFACE_URL).host
    if os.environ.get("HUGGINGFACE_URL"):
        return "live", f"The papers are from {settings.HUGGINGFACE_URL}, as set in HUGGINGFACE_URL."
    try:
        answer = httpx.get(
            f"{settings.HUGGINGFACE_URL}/api/daily_papers",
            params={"date": str(day or feature_day(timezone.now())), "limit": "1"},
            headers={"User-Agent": "Broadsheet demo"},
            timeout=PROBE_TIMEOUT,
        )
        answer.raise_for_status()
        answer.json()
    except (httpx.HTTPError, ValueError) as error:
        why = type(error).__name__
        return "sample", f"{host} can't be reached ({why}), so the papers are from the sample."
    return "live", f"The papers are live, from {host}."


def make_issue(
    wanted: dt.date | None, now: dt.datetime, on_day: Callable[[dt.date], None]
) -> Issue:
    """The issue of `wanted`, or of the latest full day, frozen; and those of the days before it
    that the weekly reader's digest draws on. Days that are frozen already are left alone.

    `on_day` is called with each day that is fetched. Raises `DemoFailed` where the day has no
    papers or its source gives none.
    """
    last = wanted or feature_day(now)
    earliest = last - dt.timedelta(days=WEEK - 1)
    days = {last} | {day for day in feature_days(last, WEEK) if day >= earliest}
    if settings.PAPERS_SOURCE == "sample" and not Issue.objects.exists():
        # The sample has papers of many fields; whoever takes topics out later keeps them out.
        for pack in packs.all_packs().values():
            packs.install(pack)
    trouble = ""
    # The one that matters comes first; a source that fails is not asked for the others.
    for day in sorted(days, reverse=True):
        if Issue.objects.filter(day=day).exists():
            continue
        on_day(day)
        fetched = fetch_day(day, now)
        if fetched.failures:
            trouble = " ".join(fetched.failures)
            break
        rank_and_match(day=day, now=now)
        build_issue(day, now)
        matching.work(now)
    vocabulary.learn()  # so that a misspelled search finds what was meant
    fit_if_due(now, learn_with)  # so that related papers and search by meaning can be seen
    issue = Issue.objects.up_to(last).first()
    if issue is None or (wanted is not None and issue.day != wanted):
        raise DemoFailed(_nothing(last, trouble))
    if issue.state != Issue.State.RUNNING:
        raise DemoFailed(
            f"The issue of {issue} is {issue.get_state_display()}, so it isn't sent. Resume it "
            "in the admin, or choose another day with --day."
        )
    return issue


def _nothing(day: dt.date, trouble: str) -> str:
    if trouble:
        return (
            f"The papers of {day} can't be fetched. {trouble} Set PAPERS_SOURCE=sample to "
            "run without a network."
        )
    if day > timezone.now().date():
        return f"{day} is in the future. Choose another day with --day."
    return f"No source lists papers for {day:%A, %-d %B %Y}. Choose another day with --day."
