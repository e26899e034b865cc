"""The pictures for links: one for each page that exists, always the same, and never without end."""

import io
import re

import pytest
import time_machine
from django.test import Client
from PIL import Image

from newsletter.issues.freezing import build_issue
from newsletter.pages import pictures
from papers.models import Pick
from tests.factories import DAY, NOW, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def paper():
    topic = make_topic("Robots", names={"de": {"name": "Roboter"}})
    paper = make_paper("Sparse attention")
    make_match(paper, topic)
    assert build_issue(DAY, NOW)
    return paper


def get(path: str, **headers: str):
    return Client(headers=headers).get(path, secure=True)


def picture_of(page: str, **headers: str) -> str:
    """The path of the picture that a page names."""
    html = get(page, **headers).content.decode()
    (address,) = re.findall(r'<meta property="og:image" content="([^"]+)"', html)
    site, path = address[: len("https://papers.example.org")], address[26:]
    assert site == "https://papers.example.org"
    return str(path)


def test_every_page_has_a_picture_of_the_right_size(paper):
    topic = paper.matches.get().topic
    found = {}
    for page in (
        "/",
        "/day/2026-06-10/",
        "/week/2026-W24/",
        "/month/2026-06/",
        "/issues/2026-06-10/",
        "/issues/",
        "/search/",
        "/subscribe/",
        "/privacy/",
        "/nothing/",
        paper.get_absolute_url(),
        topic.get_absolute_url(),
    ):
        answer = get(picture_of(page))
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
        assert Image.open(io.BytesIO(answer.content)).size == pictures.SIZE
        found[page] = answer.content
    assert len(set(found.values())) == 7  # the day's is the first page's; five have the site's


def test_a_picture_is_made_once_and_is_always_the_same(paper):
    path = picture_of(paper.get_absolute_url())
    first = get(path)
    made = pictures.picture.cache_info().misses
    assert get(path).content == first.content
    assert pictures.picture.cache_info().misses == made
    pictures.picture.cache_clear()
    assert get(path).content == first.content
    assert get(path, **{"if-none-match": first["ETag"]}).status_code == 304


def test_a_picture_speaks_the_language_of_its_page(paper):
    page = paper.matches.get().topic.get_absolute_url()
    english, german = picture_of(page), picture_of(page, **{"accept-language": "de"})
    assert english.endswith("?in=en")
    assert german.endswith("?in=de")
    assert get(english).content != get(german).content
    assert get(english.replace("in=en", "in=%00xx")).content == get(english).content


@pytest.mark.parametrize(
    "path",
    [
        "paper/999999.png",
        "day/2026-06-01.png",
        "day/2027-01-01.png",
        "day/2026-13-01.png",
        "week/2020-W01.png",
        "month/2030-01.png",
        "issue/2026-06-09.png",
        "topic/no-such.png",
    ],
)
def test_there_is_none_of_a_page_that_is_not_there(paper, path):
    assert get(f"/picture/{path}").status_code == 404


def test_there_is_none_of_a_hidden_paper(paper):
    path = picture_of(paper.get_absolute_url())
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    assert get(path).status_code == 404


@pytest.mark.parametrize(
    "title",
    [
        "W" * 500,
        "word " * 90,
        "机器人学习",
        "\u202eabc\u0301\u0301",
        "\ue000",
        "𝒪(n²) — β-VAE",
        "Ünïcödé ß",
    ],
    ids=lambda title: title[:8].encode("unicode_escape").decode(),
)
def test_any_title_makes_a_picture(title):
    answer = get(picture_of(make_paper(title).get_absolute_url()))
    assert answer.status_code == 200
    assert len(answer.content) < 60_000


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("Ünïcödé ß — “β”", "Ünïcödé ß — “β”"), ("a机b", "ab"), ("x\u0301\ny", "x y"), ("", "")],
    ids=str,
)
def test_what_the_font_has_is_drawn(text, drawn):
    assert pictures.drawable(text) == drawn
