"""What the newest digest would hold for a choice of topics: shown to whoever is still choosing.

Nothing is stored and nothing is known of who asks: the choice comes in the address, and papers
that a reader had already count like any other. The papers of an issue never change once it is
frozen, so they are arranged once and kept by the process.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from newsletter.digests.selection import Choice, Reader, Shelf
from newsletter.issues.freezing import places_to_choose_from, week_to
from newsletter.models import Issue
from papers.models import Paper, Topic
from papers.semantics import current
from subscriptions.models import Subscriber

SHOWN = 8
"""Papers that a preview names; of any further ones it gives the number."""

ASKED = ("top_papers", "everything", "topics", "rhythm", "papers_wanted")
"""What of a form makes a difference; nothing else of it ends up in an address."""

MOST_PAPERS = 50


@dataclass(frozen=True, slots=True)
class DigestPreview:
    """A digest that might have been. `issue` is None while there is none, `is_chosen` where topics
    or the top papers were.
    """

    issue: Issue | None
    is_chosen: bool
    is_weekly: bool
    choices: list[Choice]

    @property
    def shown(self) -> list[Choice]:
        """The papers that are named."""
        return self.choices[:SHOWN]

    @property
    def further(self) -> int:
        """How many are not."""
        return len(self.choices) - len(self.shown)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """The preview for `?topics=` (a slug, repeatable), `?everything=on` or `?top_papers=on`, with
    `rhythm` and `papers_wanted`; what makes no sense counts as not said. A part of a page for htmx,
    else a whole one.

    A form without a script posts here, so that the address typed into it ends up in no log, and
    is led on to the address that holds the choice alone.
    """
    if request.method == "POST":
        chosen = QueryDict(mutable=True)
        for name in ASKED:
            chosen.setlist(name, request.POST.getlist(name)[:200])
        return HttpResponseRedirect(f"{reverse('newsletter:preview')}?{chosen.urlencode()}")
    found, slugs = preview_of(request.GET, timezone.now())
    is_part = request.headers.get("HX-Request") == "true"
    template = "newsletter/_preview.html" if is_part else "newsletter/preview.html"
    again = QueryDict(mutable=True)
    again.setlist("topic", slugs)
    if slugs and request.GET.get("top_papers"):
        again["top_papers"] = "on"
    response = render(request, template, {"preview": found, "again": again.urlencode()})
    response["Vary"] = "HX-Request"
    response["X-Robots-Tag"] = "noindex"
    return response


def preview_of(asked: QueryDict, now: dt.datetime) -> tuple[DigestPreview, list[str]]:
    """What the newest issue up to `now` has for these choices, and the slugs of the topics that
    were chosen. Three queries once the issue's papers are arranged.
    """
    offered = dict(Topic.objects.active().values_list("slug", "pk"))
    named = set(asked.getlist("topics"))
    slugs = [slug for slug in offered if slug in named or asked.get("everything")]
    is_weekly = asked.get("rhythm") == Subscriber.Rhythm.WEEKLY
    issue = Issue.objects.published().up_to(now.date()).first()
    choices: list[Choice] = []
    top_papers = bool(asked.get("top_papers"))
    is_chosen = bool(slugs) or top_papers
    if issue is not None and is_chosen:
        reader = Reader(
            id=0,
            email="",
            link_version=0,
            topics=frozenset(offered[slug] for slug in slugs),
            papers_wanted=_papers_wanted(asked.get("papers_wanted", "")),
            is_weekly=is_weekly,
            top_papers=top_papers,
        )
        hidden = Paper.objects.kept_back()
        language = get_language() or "en"
        shelf = _shelf(issue.pk, issue.day, issue.frozen_at, is_weekly, language, hidden)
        choices = shelf.select(reader)
    return DigestPreview(issue, is_chosen, is_weekly, choices), slugs


def _papers_wanted(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 4:
        return max(1, min(int(text), MOST_PAPERS))
    return int(settings.DIGEST_PAPERS)


@lru_cache(maxsize=8)
def _shelf(
    issue_id: int,
    day: dt.date,
    frozen_at: dt.datetime,
    is_weekly: bool,
    language: str,
    hidden: frozenset[int],
) -> Shelf:
    """The papers of an issue, arranged as its digests have them, with reasons in the language,
    which is the active one. When it froze tells it from another of the same number; the papers
    that are hidden now, from how it was before an editor's change of mind.
    """
    issue = Issue(pk=issue_id, day=day, frozen_at=frozen_at)
    since = week_to(day) if is_weekly else None
    places = places_to_choose_from(issue, since, is_weekly=is_weekly)
    fitted = current.number_in_use()
    papers = {place.paper_id for place in places}
    vectors = current.vectors_of(papers, fitted) if fitted else None
    return Shelf(places, vectors, is_weekly=is_weekly)
