"""Save for later: the button beside a paper, the reading list, its export and its feed.

Whoever holds a link of a digest may save papers, and so may a reader whose device is remembered.
GET changes nothing. With htmx the button and the rows of the list are exchanged in place; without
it each press leads to a page that says what was done.
"""

import json
from collections.abc import Callable, Iterable

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from papers import site
from papers.cards import Saving, card_of, whole
from papers.models import Paper
from papers.pages.feeds import MAX_AGE, MOST, answer, new_feed, paragraphs, row_of, xml_text
from papers.text import citations
from subscriptions import links
from subscriptions.models import Subscriber
from subscriptions.pages import recognition
from subscriptions.pages.forms import LinkForm
from subscriptions.pages.signed import Visitor, keep_private, reader_of, signed
from subscriptions.readers import reading_list as lists

SAVED_ON_A_PAGE = 50


def _csl_file(papers: Iterable[Paper]) -> str:
    return json.dumps([citations.csl(paper) for paper in papers], ensure_ascii=False, indent=2)


EXPORTS: dict[str, tuple[str, Callable[[Iterable[Paper]], str], str]] = {
    "bib": ("BibTeX", citations.bibtex_file, "application/x-bibtex"),
    "ris": ("RIS", citations.ris_file, "application/x-research-info-systems"),
    "json": ("CSL-JSON", _csl_file, "application/vnd.citationstyles.csl+json"),
}
"""By the ending of the file: the format's name, who writes it, and its media type."""


# --- The button -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest, paper_id: int) -> HttpResponse:
    """The button that saves a paper, for a reader whose device is remembered."""
    subscriber = recognition.recognised(request, timezone.now())
    address = reverse("subscriptions:save", args=[paper_id])
    return keep_private(_save(request, subscriber, paper_id, address))


@signed(links.Purpose.FEEDBACK)
def signed_save(request: HttpRequest, reader: Visitor, paper_id: int) -> HttpResponse:
    """The same, for a reader who came from an email, a digest on the web or the private feed."""
    one, is_shared = reader.subscriber, bool(reader.claims.extra)
    address = links.save_path(one.pk, one.link_version, paper_id, is_shared=is_shared)
    return _save(request, one, paper_id, address, is_shared=is_shared)


def _save(
    request: HttpRequest,
    subscriber: Subscriber | None,
    paper_id: int,
    address: str,
    *,
    is_shared: bool = False,
) -> HttpResponse:
    paper = get_object_or_404(Paper.objects.shown(), pk=paper_id)
    in_place = bool(request.headers.get("HX-Request"))
    if request.method == "POST" and subscriber is not None:
        if request.POST.get("action") == "undo":
            lists.remove(subscriber, paper)
        else:
            lists.save(subscriber, paper, timezone.now())
        if not in_place:
            return redirect(address)
    is_saved = subscriber is not None and lists.is_saved(subscriber, paper)
    is_full = subscriber is not None and not is_saved and lists.is_full(subscriber)
    context: dict[str, object] = {
        "paper": paper,
        "saving": Saving(address, paper.pk, is_saved, is_full),
        "most": lists.MOST,
    }
    if in_place and subscriber is not None:
        response = render(request, "papers/_save.html", context)
    else:
        context |= {
            "subscriber": subscriber,
            "learns": subscriber is not None and subscriber.learns,
            # A shared link is seen by others: it leads to nothing else that is the reader's.
            "reading_list": links.reading_list_path(subscriber.pk, subscriber.link_version)
            if subscriber is not None and not is_shared
            else "",
            "link_form": LinkForm(),
        }
        response = render(request, "subscriptions/save.html", context)
    patch_vary_headers(response, ("HX-Request",))
    return response


# --- The list -------------------------------------------------------------------------------------


@require_safe
def own_list(request: HttpRequest) -> HttpResponse:
    """To the list of a reader whose device is remembered; others learn how to get there."""
    subscriber = recognition.recognised(request, timezone.now())
    if subscriber is not None:
        to = redirect(links.reading_list_path(subscriber.pk, subscriber.link_version))
        return keep_private(to)
    context = {"subscriber": None, "link_form": LinkForm()}
    return keep_private(render(request, "subscriptions/no_reading_list.html", context))


@signed(links.Purpose.READING_LIST)
def reading_list(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """The papers that the reader saved, to read, to remove and to take along."""
    subscriber = reader.subscriber
    address = links.reading_list_path(subscriber.pk, subscriber.link_version)
    if request.method == "POST":
        return _changed(request, reader, address)
    page = Paginator(lists.entries(subscriber), SAVED_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "address": address,
        "removed": _paper_of(request.GET.get("removed", "")),
        "is_renewed": request.GET.get("renewed") == "1",
        "is_full": page.paginator.count >= lists.MOST,
        "most": lists.MOST,
        "learns": subscriber.learns,
        "exports": [
            (name, reverse("subscriptions:reading-list-export", args=[_token_in(address), ending]))
            for ending, (name, _, _) in EXPORTS.items()
        ],
        "feed": links.absolute(_feed_path(subscriber)),
    }
    return render(request, "subscriptions/reading_list.html", context)


def _changed(request: HttpRequest, reader: Visitor, address: str) -> HttpResponse:
    """What a press of a button on the list does, and where it leads."""
    subscriber, action = reader.subscriber, request.POST.get("action")
    if action == "renew":
        lists.renew_feed_address(subscriber)
        return redirect(f"{address}?renewed=1#feed")
    paper = _paper_of(request.POST.get("paper", ""))
    if paper is None or action not in {"remove", "save"}:
        return redirect(address)
    if action == "remove":
        lists.remove(subscriber, paper)
    else:
        lists.save(subscriber, paper, reader.now)
    if request.headers.get("HX-Request"):
        is_removed = not lists.is_saved(subscriber, paper)
        context = {
            "paper": paper,
            "address": address,
            "is_removed": is_removed,
            "is_full": is_removed and lists.is_full(subscriber),
            "most": lists.MOST,
        }
        return render(request, "subscriptions/_saved_paper.html", context)
    return redirect(f"{address}?removed={paper.pk}" if action == "remove" else address)


def _paper_of(text: str) -> Paper | None:
    """The paper with this id, as a form or an address gives it."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return Paper.objects.shown().filter(pk=int(text)).first()


def _token_in(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


# --- To take along --------------------------------------------------------------------------------


@signed(links.Purpose.READING_LIST)
def export(request: HttpRequest, reader: Visitor, ending: str) -> HttpResponse:
    """The whole list as a file for reference managers, the last saved first."""
    if ending not in EXPORTS:
        raise Http404("no such format")
    _, write, media_type = EXPORTS[ending]
    text = write(one.paper for one in lists.entries(reader.subscriber))
    response = HttpResponse(text, content_type=f"{media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="reading-list.{ending}"'
    return response


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The list as an Atom feed. 410, which tells a feed reader to stop asking, once its address was
    renewed, the links were invalidated, or the reader was erased.
    """
    reader = reader_of(links.Purpose.READING_LIST_FEED, token, timezone.now())
    if not isinstance(reader, int):
        version = reader.subscriber.reading_list_feed_version
        reader = reader if reader.claims.extra == version else 410
    if isinstance(reader, int):
        text = "There is no feed at this address.\n"
        return keep_private(HttpResponse(text, "text/plain; charset=utf-8", status=reader))
    with translation.override(reader.subscriber.language):
        response = _feed(request, reader.subscriber)
    # Not `keep_private`: a feed reader may keep it, or it could not ask whether it changed.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def _feed(request: HttpRequest, subscriber: Subscriber) -> HttpResponseBase:
    title = gettext("Your reading list · %(site)s") % {"site": site.current().name}
    made = new_feed(request, title=title, subtitle=gettext("Papers you saved for later"), page="/")
    saved = list(lists.entries(subscriber)[:MOST])
    for one in saved:
        card = card_of(one.paper, whole)
        address = links.absolute(card.path)
        made.add_item(
            title=xml_text(card.title),
            link=address,
            # Not the id that the paper has in the other feeds: who follows both would lose one.
            unique_id=f"{address}#saved",
            description=xml_text(paragraphs((card.byline, card.excerpt, row_of(card.links)))),
            authors=[xml_text(str(name)) for name in one.paper.authors],
            pubdate=one.at,
            updateddate=one.at,
        )
    newest = max((one.at for one in saved), default=None)
    return answer(request, made, newest, f"private, max-age={MAX_AGE}")


def _feed_path(subscriber: Subscriber) -> str:
    return links.reading_list_feed_path(
        subscriber.pk, subscriber.link_version, subscriber.reading_list_feed_version
    )
