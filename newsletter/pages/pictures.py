"""The pictures that other sites show beside a link to a page (Open Graph), made here: the site's
name over the page's title or date.

There is one for each page that exists and for no other. A picture depends on the words in it alone,
so that it is the same on every machine, and the last `KEPT` are kept.
"""

import datetime as dt
import hashlib
import io
import unicodedata
from functools import cache, lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from font_source_serif_pro import SourceSerifPro, SourceSerifProSemibold
from PIL import Image, ImageDraw, ImageFont

from newsletter.models import Issue
from papers import site
from papers.models import Paper, Topic
from papers.pages import entries
from papers.pages.periods import Period
from papers.text.citations import byline
from papers.text.cleaning import plain, shorten

SIZE = (1200, 630)
"""Pixels; the shape that sites which show links ask for."""

KEPT = 256
"""Pictures that a process keeps, of some ten kilobytes each."""

MOST = 200
"""Characters of a title that are looked at."""

LINES = 4
MARGIN = 80
INK, MUTED, PAPER, ACCENT = "#1a1814", "#5c564b", "#fbf9f4", "#8f1d1d"
_WITHOUT_GLYPH = "\ue000"


@require_safe
def of_site(request: HttpRequest) -> HttpResponseBase:
    """The picture of all pages that have none of their own."""
    with _language(request):
        title = site.current().description
        return _answer(request, "", title)


@require_safe
def of_day(request: HttpRequest, day: dt.date) -> HttpResponseBase:
    """The picture of a day's papers."""
    first = entries.first_day()
    if first is None or not first <= day <= timezone.now().date():
        raise Http404("a day without papers, before the first or after today")
    with _language(request):
        return _answer(request, gettext("Trending papers"), _in_words(day))


@require_safe
def of_period(request: HttpRequest, period: Period) -> HttpResponseBase:
    """The picture of a week's or a month's papers."""
    first = entries.first_day()
    if first is None or period.last < first or period.first > timezone.now().date():
        raise Http404("a time without papers, before the first or after today")
    with _language(request):
        if period.kind == "week":
            said = {"n": period.number, "days": period.days_in_words}
            title = gettext("Week %(n)s, %(days)s") % said
        else:
            title = date_format(period.first, "F Y")
        return _answer(request, gettext("Trending papers"), title)


@require_safe
def of_issue(request: HttpRequest, day: dt.date) -> HttpResponseBase:
    """The picture of an issue."""
    issue = get_object_or_404(Issue, day=day)
    with _language(request):
        return _answer(request, gettext("Issue"), _in_words(issue.day))


@require_safe
def of_topic(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The picture of a topic."""
    topic = get_object_or_404(Topic.objects.active(), slug=slug)
    with _language(request):
        return _answer(request, topic.group_label, topic.label)


@require_safe
def of_paper(request: HttpRequest, paper_id: int) -> HttpResponseBase:
    """The picture of a paper."""
    paper = get_object_or_404(Paper.objects.shown(), pk=paper_id)
    with _language(request):
        title = drawable(paper.title)
        if len(title) * 2 < len(paper.title):
            title = paper.identifier  # in a script that the font does not have
        return _answer(request, byline(paper.authors), title)


def _language(request: HttpRequest) -> translation.override:
    """The language that the address asks for, or the site's own."""
    asked = request.GET.get("in", "")
    known = dict(settings.LANGUAGES)
    return translation.override(asked if asked in known else settings.LANGUAGE_CODE)


def _in_words(day: dt.date) -> str:
    return date_format(day, gettext("l, j F Y"))


def _answer(request: HttpRequest, kicker: str, title: str) -> HttpResponseBase:
    now = site.current()
    png, etag = picture(
        now.name, now.accent or ACCENT, shorten(plain(kicker), MOST), shorten(plain(title), MOST)
    )
    headers = {"ETag": etag, "Cache-Control": "public, max-age=86400"}
    response = HttpResponse(png, content_type="image/png", headers=headers)
    return get_conditional_response(request, etag, None, response) or response


@lru_cache(maxsize=KEPT)
def picture(name: str, accent: str, kicker: str, title: str) -> tuple[bytes, str]:
    """A PNG of `SIZE`, and its ETag."""
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    width = SIZE[0]
    draw.rectangle((0, 0, width, 12), accent)
    _line(draw, 56, name, 46, INK, is_bold=True)
    draw.line((MARGIN, 132, width - MARGIN, 132), INK, 5)
    draw.line((MARGIN, 141, width - MARGIN, 141), INK, 1)
    _line(draw, 172, kicker, 32, MUTED)
    at = 232
    for line in _wrapped(drawable(title), 66):
        draw.text((MARGIN, at), line, INK, _font(66, is_bold=True))
        at += 84
    data = io.BytesIO()
    image.quantize(32).save(data, "PNG")
    return data.getvalue(), f'"{hashlib.sha256(data.getvalue()).hexdigest()[:32]}"'


def _line(
    draw: ImageDraw.ImageDraw, at: int, text: str, size: int, color: str, *, is_bold: bool = False
) -> None:
    font = _font(size, is_bold=is_bold)
    draw.text((MARGIN, at), _cut(drawable(text), font), color, font)


def _wrapped(text: str, size: int) -> list[str]:
    """The text in at most `LINES` lines; what does not fit is cut."""
    font = _font(size, is_bold=True)
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < LINES:
        line = words.pop(0)
        while words and _fits(f"{line} {words[0]}", font):
            line = f"{line} {words.pop(0)}"
        if len(lines) == LINES - 1 and words:
            line = f"{line} …"
        lines.append(_cut(line, font))
    return lines


def _cut(text: str, font: ImageFont.FreeTypeFont) -> str:
    if _fits(text, font):
        return text
    kept = text
    while kept and not _fits(f"{kept}…", font):
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def _fits(text: str, font: ImageFont.FreeTypeFont) -> bool:
    return font.getlength(text) <= SIZE[0] - 2 * MARGIN


def drawable(text: str) -> str:
    """`text` as far as the font has it: a letter whose accent it lacks goes without."""
    return " ".join("".join(map(_glyph, text[: 2 * MOST])).split())


@lru_cache(maxsize=4096)
def _glyph(character: str) -> str:
    if character.isspace():
        return " "
    for one in (character, unicodedata.normalize("NFKD", character)[:1]):
        if one.isprintable() and not unicodedata.combining(one) and _has(one):
            return one
    return ""


def _has(character: str) -> bool:
    font = _font(20)
    return bytes(font.getmask(character)) != bytes(font.getmask(_WITHOUT_GLYPH))


@cache
def _font(size: int, *, is_bold: bool = False) -> ImageFont.FreeTypeFont:
    file = SourceSerifProSemibold if is_bold else SourceSerifPro
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
