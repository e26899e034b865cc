"""A sample digest for whoever is not a reader yet: the newest issue's top papers, composed as any.

It is the same for every visitor of a language. Its signed links would lead nowhere: the one to the
digest on the web leads to the issue's page, the others lead nowhere and say so.
"""

import datetime as dt
import re
from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from newsletter.delivery.composing import compose_for
from newsletter.digests.contexts import address_around_token
from newsletter.digests.selection import Reader
from newsletter.models import Issue
from newsletter.pages.mail_frames import framed
from papers import site
from papers.models import Paper, page_version
from subscriptions import links

_SIGNED = ("preferences", "unsubscribe", "feedback", "signed-save")


@require_safe
def sample(request: HttpRequest) -> HttpResponse:
    """The digest in a frame, with its subject above; or that there is none yet."""
    issue = _newest()
    subject, _ = _mail(issue) if issue else ("", "")
    context = {"issue": issue, "subject": subject}
    return render(request, "newsletter/sample.html", context)


@require_safe
def sample_html(request: HttpRequest) -> HttpResponse:
    """The digest's HTML alone, for the frame."""
    issue = _newest()
    _, html = _mail(issue) if issue else ("", "")
    if not html:
        raise Http404("there is no digest to show yet")
    response = framed(html)
    response["X-Robots-Tag"] = "noindex"
    return response


def _newest() -> Issue | None:
    issue: Issue | None = Issue.objects.published().up_to(timezone.now().date()).first()
    return issue


def _mail(issue: Issue) -> tuple[str, str]:
    return _made(
        issue.pk,
        issue.day,
        issue.frozen_at,
        get_language() or settings.LANGUAGE_CODE,
        Paper.objects.kept_back(),
        page_version.current(),
    )


@lru_cache(maxsize=8)
def _made(
    issue_id: int,
    day: dt.date,
    frozen_at: dt.datetime,
    language: str,
    hidden: frozenset[int],
    version: str | None,
) -> tuple[str, str]:
    """Subject and HTML of the sample; both empty where the issue has no papers. Made again when
    anything that pages show has changed since.
    """
    site.read_again()
    issue = Issue.objects.get(pk=issue_id)
    reader = Reader(
        id=0,
        email="reader@example.org",
        link_version=links.VOID,
        topics=frozenset(),
        papers_wanted=settings.DIGEST_PAPERS,
        top_papers=True,
        language=language,
    )
    mail, _ = compose_for(issue, reader)
    if mail is None:
        return "", ""
    html = "".join(fragment.text for fragment in mail.html)
    return mail.subject, _without_signed_links(html, issue)


def _without_signed_links(html: str, issue: Issue) -> str:
    before, after = address_around_token("newsletter:digest")
    page = links.absolute(reverse("newsletter:issue", args=[issue.day]))
    html = re.sub(re.escape(before) + r"[\w-]+" + re.escape(after), page, html)
    for name in _SIGNED:
        args = {"feedback": (1, "more"), "signed-save": (1,)}.get(name, ())
        start, _ = address_around_token(f"subscriptions:{name}", *args)
        html = re.sub(rf' href="{re.escape(start)}[^"]*"', ' aria-disabled="true"', html)
    return html
