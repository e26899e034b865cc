"""Papers' pictures: fetched with care from hosts we do not know, and served from our own."""

import datetime as dt
import io
import random
import re
import threading
from urllib.parse import urlsplit

import httpx
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from PIL import Image
from werkzeug import Response

from newsletter.celery import app
from newsletter.issues.freezing import build_issue
from papers import tasks
from papers.cards import Card
from papers.models import Paper, Thumbnail
from papers.models.thumbnail import small_of
from papers.pages import page_cache
from papers.sources import http
from papers.sources.base import FetchFailed
from papers.sources.http import is_public, public_addresses, who_asks
from papers.thumbnails import fetching
from papers.thumbnails.cropping import LARGEST, BadPicture, cropped
from tests.factories import DAY, NOW, make_paper
from tests.papers.images import bomb, file_of, picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_no_hurry(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0)
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def host(httpserver):
    """A host of pictures, on this machine and without a certificate, so let through by name."""
    return httpserver


def letting(host) -> http.Guard:
    """The real guard, but for this very host and port, which it would refuse."""

    def guard(url: httpx.URL):
        if (url.host, url.port) == (host.host, host.port):
            return ["127.0.0.1"]
        return public_addresses(url)

    return guard


def fetch(host, path: str = "/p.png", body: bytes = b"", **answer) -> bytes:
    if body:
        host.expect_request(path).respond_with_data(body, **answer)
    return http.get(
        host.url_for(path), accept="image/png", most_bytes=5_000_000, guard=letting(host)
    )


def listed(host, path: str = "/p.png", **kwargs) -> Paper:
    """A paper of yesterday whose picture the host has; the address is let through as if https."""
    paper = make_paper(**kwargs)
    Paper.objects.filter(pk=paper.pk).update(thumbnail_url=f"https://pictures.test{path}")
    paper.refresh_from_db()
    return paper


@pytest.fixture
def run(host, monkeypatch):
    """Fetch what is due; addresses at pictures.test lead to the host, past the guard."""
    real = http.get

    def get(address, **how):
        return real(host.url_for(urlsplit(address).path), **how | {"guard": letting(host)})

    monkeypatch.setattr(http, "get", get)
    return lambda now=NOW, **how: fetching.fetch_due(now, **how)


def make_thumbnail(paper: Paper, seed: int = 1) -> Thumbnail:
    made = cropped(picture(seed=seed))
    return Thumbnail.objects.create(
        paper=paper,
        source_url="https://pictures.test/p.png",
        image=made.image,
        small=made.small,
        digest=made.digest,
        width=made.width,
        height=made.height,
        fetched_at=NOW,
    )


def path_of(thumbnail: Thumbnail) -> str:
    return f"/thumbnails/{thumbnail.paper_id}-{thumbnail.digest}.jpg"


# --- Where may be asked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
        "fc00::1",
        "fd12::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_of_our_own_network_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/p.png",
        "ftp://example.org/p.png",
        "file:///etc/passwd",
        "https://alice:secret@example.org/p.png",
        "https://example.org:8443/p.png",
        "https://localhost/p.png",
        "https://127.0.0.1/p.png",
        "https://2130706433/p.png",
        "https://0x7f.1/p.png",
        "https://[::1]/p.png",
        "https://[::ffff:10.0.0.1]/p.png",
        "https://169.254.169.254/latest/meta-data/",
        "https:///p.png",
        "https://pictures.invalid/p.png",
        "https://" + "a" * 300 + "/p.png",
        "https://exa mple.org/",
        "//example.org/p.png",
        "",
    ],
)
def test_only_plain_https_addresses_of_public_hosts_are_asked(address):
    with pytest.raises(FetchFailed) as said:
        http.get(address, accept="image/png", most_bytes=1000)
    assert "secret" not in str(said.value)


def test_a_host_with_one_private_address_among_its_own_is_refused(monkeypatch):
    def two(*_args, **_kwargs):
        return [(0, 0, 0, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr("socket.getaddrinfo", two)
    with pytest.raises(FetchFailed, match=r"10\.0\.0\.1, which is not public"):
        public_addresses(httpx.URL("https://pictures.example.org/p.png"))


def test_the_connection_goes_to_the_address_that_was_looked_up(host):
    host.expect_request("/p.png").respond_with_data(b"body")
    address = f"http://no-such-host.invalid:{host.port}/p.png"
    body = http.get(address, accept="image/png", most_bytes=9, guard=lambda url: ["127.0.0.1"])
    assert body == b"body"
    request = host.log[0][0]
    assert request.headers["Host"] == f"no-such-host.invalid:{host.port}"
    assert request.headers["User-Agent"] == who_asks()
    assert "Cookie" not in request.headers


def test_redirects_are_followed_a_few_times_and_checked_each_time(host):
    def hop(at: int, to: str) -> None:
        host.expect_request(f"/{at}").respond_with_data(status=302, headers={"Location": to})

    for at in range(1, 4):
        hop(at, f"/{at + 1}")
    assert fetch(host, "/4", b"here") == b"here"
    assert fetch(host, "/1") == b"here"
    hop(0, "/1")
    with pytest.raises(FetchFailed, match="redirects more than 3 times"):
        fetch(host, "/0")
    for to in ("http://127.0.0.1:1/x", "https://127.0.0.1/x", "//[::1]/x", "file:///etc/passwd"):
        host.clear()
        hop(7, to)
        with pytest.raises(FetchFailed, match=r"not public|isn't a plain https"):
            fetch(host, "/7")


def test_an_answer_that_is_too_large_is_not_read_to_its_end(host):
    with pytest.raises(FetchFailed, match=r"more than 5,000,000 bytes"):
        fetch(host, body=bytes(20_000_000))


def test_another_status_is_a_failure(host):
    for status in (204, 206, 404, 429, 500):
        host.clear()
        with pytest.raises(FetchFailed, match=f"answers {status}"):
            fetch(host, body=b"x", status=status)


def test_a_host_that_dribbles_or_says_nothing_is_given_up(host, monkeypatch):
    stop = threading.Event()

    def dribble(_request):
        def parts():
            while not stop.wait(0.05):
                yield b"x"

        return Response(parts(), direct_passthrough=True)

    host.expect_request("/slow").respond_with_handler(dribble)
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.2)
    try:
        with pytest.raises(FetchFailed, match="takes too long"):
            fetch(host, "/slow")
    finally:
        stop.set()
    silent = threading.Event()
    host.expect_request("/silent").respond_with_handler(lambda _: silent.wait(5) and Response())
    monkeypatch.setattr(http, "STEP_SECONDS", 0.2)
    try:
        with pytest.raises(FetchFailed, match="takes too long"):
            fetch(host, "/silent")
    finally:
        silent.set()


# --- What a picture is -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1200, 630), (300, 1500), (2400, 200), (416, 234)])
def test_pictures_become_small_jpegs(kind, size):
    made = cropped(picture(kind, size))
    with Image.open(io.BytesIO(made.image)) as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (made.width, made.height))
    assert made.width <= LARGEST[0]
    assert abs(made.width / made.height - 16 / 9) < 0.03
    assert len(made.image) <= 12_000  # the aim, and a third more where much stands in little space
    with Image.open(io.BytesIO(made.small)) as small:
        small.load()
        assert (small.format, small.size) == ("JPEG", (min(192, made.width), small.height))
        assert abs(small.width / small.height - 16 / 9) < 0.03
    assert len(made.small) <= 4_000


def test_a_small_picture_is_not_blown_up():
    assert cropped(picture(size=(200, 200))).width == 200


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "taken by alice@example.org"
    exif[0x0112] = 6  # lies on its side
    data = picture("JPEG", (400, 800), exif=exif, comment=b"secret comment", icc_profile=b"x" * 99)
    made = cropped(data)
    assert made.width == LARGEST[0], "800 wide once it is upright"
    for trace in (b"alice", b"secret", b"Exif", b"ICC_PROFILE"):
        assert trace not in made.image


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (400, 225), (0, 0, 0, 0))
    for image in (clear, clear.convert("LA"), clear.convert("P")):
        made = cropped(
            file_of(image, "PNG", transparency=0) if image.mode == "P" else file_of(image, "PNG")
        )
        with Image.open(io.BytesIO(made.image)) as shown:
            assert shown.getpixel((200, 100)) == (255, 255, 255)


def test_of_an_animation_the_beginning_is_shown():
    red, blue = (Image.new("RGB", (400, 225), colour) for colour in ("red", "blue"))
    for kind in ("GIF", "WEBP", "PNG"):
        made = cropped(file_of(red, kind, save_all=True, append_images=[blue]))
        with Image.open(io.BytesIO(made.image)) as shown:
            colour = shown.getpixel((200, 100))
            assert isinstance(colour, tuple)
            assert colour[0] > 200 > 60 > colour[2]


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "CMYK", "I"])
def test_pictures_of_any_depth_are_shown_or_refused(mode):
    image = Image.new(mode, (400, 225))
    try:
        assert cropped(
            file_of(image, "TIFF" if mode == "I" else "JPEG" if mode == "CMYK" else "PNG")
        )
    except BadPicture:
        assert mode == "I"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bomb(), "pixels"),
        (bomb(5000), "pixels"),
        (b"", "isn't a JPEG"),
        (SVG, "isn't a JPEG"),
        (b"<!doctype html><title>Sign in</title>", "isn't a JPEG"),
        (picture("BMP"), "isn't a JPEG"),
        (picture("TIFF"), "isn't a JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "isn't a JPEG"),
        (picture("JPEG")[:4000], "broken"),
        (picture("PNG")[:4000], "broken"),
        (picture("WEBP")[:4000], "broken|isn't a JPEG"),
        (picture("GIF")[:4000], "broken"),
        (picture(size=(64, 64)), "too small: 64"),
        (picture(size=(40, 4000)), "too small: 40"),
    ],
)
def test_what_is_no_whole_picture_of_moderate_size_is_refused(data, why):
    with pytest.raises(BadPicture, match=why):
        cropped(data)


def test_pictures_with_bytes_changed_at_random_do_no_harm():
    numbers = random.Random(7)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = picture(kind, (300, 200))
        for _ in range(60):
            broken = bytearray(whole)
            for _ in range(numbers.randrange(1, 12)):
                broken[numbers.randrange(len(broken))] = numbers.randrange(256)
            try:
                made = cropped(bytes(broken))
            except BadPicture:
                continue
            assert made.image.startswith(b"\xff\xd8")


# --- Which are fetched, and when ---------------------------------------------------------------


def test_a_papers_picture_is_fetched_once(host, run):
    host.expect_request("/p.png").respond_with_data(picture(), content_type="text/plain")
    paper = listed(host)
    assert str(run()) == "1 thumbnails made, 0 failed"
    row = Thumbnail.objects.get(paper=paper)
    assert (row.width, row.height, row.failed, row.next_try_at) == (416, 234, 0, None)
    assert row.fetched_at == NOW
    assert run(NOW + dt.timedelta(days=3)).made == 0
    Paper.objects.update(thumbnail_url="https://pictures.test/other.png")
    assert run(NOW + dt.timedelta(days=3)).made == 0, "mails show the one that there is"
    assert len(host.log) == 1


@pytest.mark.parametrize(
    "body", [SVG, b"<html>Sign in</html>", bomb(), picture("JPEG")[:3000], bytes(6_000_000)]
)
def test_a_hostile_picture_costs_only_itself(host, run, body):
    host.expect_request("/bad.jpg").respond_with_data(body, content_type="image/jpeg")
    host.expect_request("/p.png").respond_with_data(picture())
    bad = listed(host, "/bad.jpg", trending_score=9)
    good = listed(host)
    done = run()
    assert (done.made, done.failed) == (1, 1)
    assert Thumbnail.objects.get(paper=good).digest
    row = Thumbnail.objects.get(paper=bad)
    assert (row.digest, row.image, row.failed) == ("", None, 1)
    assert row.reason


def test_failures_are_tried_again_after_an_hour_and_a_day_and_then_never(host, run):
    host.expect_request("/p.png").respond_with_data(status=404)
    listed(host)
    tried = []
    for hours in range(14 * 24):
        if run(NOW + dt.timedelta(hours=hours)).failed:
            tried.append(hours)
    assert tried == [0, 1, 25]
    Paper.objects.update(thumbnail_url="https://pictures.test/new.png")
    host.expect_request("/new.png").respond_with_data(picture())
    assert run(NOW + dt.timedelta(days=3)).made == 1, "another address is another chance"


def test_a_worker_that_dies_has_tried(host, run, monkeypatch):
    paper = listed(host)

    def die(_data):
        raise SystemExit

    host.expect_request("/p.png").respond_with_data(picture())
    monkeypatch.setattr(fetching, "cropped", die)
    with pytest.raises(SystemExit):
        run()
    assert Thumbnail.objects.get(paper=paper).failed == 1
    assert run().failed == 0


def test_newest_papers_come_first_and_old_ones_not_at_all(host, run):
    host.expect_request(re.compile("/.*")).respond_with_data(picture())
    listed(host, "/old.png", day=DAY - dt.timedelta(days=20))
    listed(host, "/before.png", day=DAY - dt.timedelta(days=1), trending_score=5)
    listed(host, "/second.png", trending_score=1)
    listed(host, "/first.png", trending_score=2)
    listed(host, "/nobody.png", day=None)
    make_paper(thumbnail_url="http://pictures.test/plain.png")
    make_paper()
    assert run(most=2).made == 2
    assert [request.path for request, _ in host.log] == ["/first.png", "/second.png"]
    assert run().made == 1
    assert run().made == 0
    assert host.log[-1][0].path == "/before.png"


def test_a_run_ends_in_time(host, run):
    host.expect_request("/p.png").respond_with_data(picture())
    listed(host)
    assert run(longest=-1.0).made == 0
    assert len(host.log) == 0


def test_nothing_is_fetched_where_the_operator_wants_none(host, run, settings):
    settings.THUMBNAILS = False
    listed(host)
    assert run().made == 0
    assert len(host.log) == 0


def test_the_task_refuses_this_machine_by_itself(host, caplog):
    paper = make_paper(thumbnail_url=f"https://127.0.0.1:{host.port}/p.png")
    other = make_paper(thumbnail_url="https://localhost/p.png")
    tasks.fetch_thumbnails()
    assert "isn't a plain https" in Thumbnail.objects.get(paper=paper).reason
    assert "not public" in Thumbnail.objects.get(paper=other).reason
    assert len(host.log) == 0


def test_beat_wakes_the_task_and_lets_it_expire():
    entry = app.conf.beat_schedule["fetch-thumbnails"]
    assert entry["task"] == tasks.fetch_thumbnails.name
    assert entry["options"]["expires"] < 600


def test_a_picture_that_another_worker_asks_for_is_left_to_it(host, run):
    host.expect_request("/p.png").respond_with_data(picture())
    paper = listed(host)
    again = Paper.objects.get(pk=paper.pk)
    assert fetching.fetch(paper, NOW) is True
    assert fetching.fetch(again, NOW) is None
    assert len(host.log) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_ask_for_each_picture_once(host, run):
    host.expect_request(re.compile("/.*")).respond_with_data(picture())
    for number in range(6):
        listed(host, f"/{number}.png")
    together = threading.Barrier(2)
    done = []

    def work() -> None:
        together.wait()
        try:
            done.append(run())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(request.path for request, _ in host.log) == [f"/{n}.png" for n in range(6)]
    assert sum(each.made for each in done) == 6
    assert Thumbnail.objects.exclude(digest="").count() == 6


def test_the_command_says_what_is_due_and_fetches_it(host, run, capsys, settings):
    host.expect_request("/p.png").respond_with_data(picture())
    paper = listed(host)
    call_command("fetch_thumbnails", "--dry-run")
    said = capsys.readouterr().out
    assert paper.identifier in said
    assert "would fetch 1 thumbnails" in said
    assert len(host.log) == 0
    call_command("fetch_thumbnails", "--limit", "5")
    assert "1 thumbnails made, 0 failed" in capsys.readouterr().out
    with pytest.raises(CommandError, match="from 1 to"):
        call_command("fetch_thumbnails", "--limit", "0")
    settings.THUMBNAILS = False
    with pytest.raises(CommandError, match="THUMBNAILS is false"):
        call_command("fetch_thumbnails")


# --- As served ---------------------------------------------------------------------------------


def get(path: str, **headers: str):
    return Client().get(path, secure=True, headers=headers)


def test_a_thumbnail_is_served_for_ever_in_one_query(django_assert_num_queries):
    thumbnail = make_thumbnail(make_paper())
    with django_assert_num_queries(1):
        response = get(path_of(thumbnail), accept_encoding="gzip", accept_language="de")
    assert response.status_code == 200
    assert thumbnail.image
    assert response.content == bytes(thumbnail.image)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["ETag"] == f'"{thumbnail.digest}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies
    for name in ("Vary", "Content-Encoding", "Content-Language"):
        assert not response.has_header(name)
    known = get(path_of(thumbnail), if_none_match=response["ETag"])
    assert (known.status_code, known.content) == (304, b"")
    assert not known.has_header("Vary")


def test_pages_are_compressed_as_ever():
    make_paper("A paper")
    response = get("/topics/", accept_encoding="gzip")
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Language" in response["Vary"]


def test_other_addresses_of_thumbnails_are_not_found():
    thumbnail = make_thumbnail(make_paper())
    without = Thumbnail.objects.create(paper=make_paper(), source_url="https://pictures.test/")
    for path in (
        f"/thumbnails/{thumbnail.paper_id}-00000000.jpg",
        f"/thumbnails/{thumbnail.paper_id + 1}-{thumbnail.digest}.jpg",
        f"/thumbnails/{thumbnail.paper_id}-{thumbnail.digest.upper()}x.jpg",
        f"/thumbnails/{thumbnail.paper_id}-{thumbnail.digest}.png",
        f"/thumbnails/{thumbnail.paper_id}-.jpg",
        f"/thumbnails/{without.paper_id}-.jpg",
        f"/thumbnails/{'9' * 19}-{thumbnail.digest}.jpg",
        f"/thumbnails/{'9' * 18}-{thumbnail.digest}.jpg",
        f"/thumbnails/{thumbnail.paper_id}-{thumbnail.digest}.jpg%0A",
        "/thumbnails/",
    ):
        assert get(path).status_code == 404, path
    assert Client().post(path_of(thumbnail), secure=True).status_code == 405


# --- On pages ----------------------------------------------------------------------------------


def images(response) -> list[str]:
    found = re.findall(r"<img [^>]*>", response.content.decode())
    return [" ".join(image.split()) for image in found]


def test_pages_show_thumbnails_where_there_are_any_and_nothing_elsewhere():
    first = make_thumbnail(make_paper(trending_score=9))
    second = make_thumbnail(make_paper(trending_score=8), seed=2)
    make_paper(trending_score=7)
    page = get("/")
    lead, other = images(page)
    assert f'src="{small_of(path_of(first))}"' in lead
    assert 'width="192" height="108" fetchpriority="high"' in lead
    assert "loading" not in lead
    assert f'src="{small_of(path_of(second))}"' in other
    assert get(small_of(path_of(second))).content == bytes(second.small or b"")
    assert get(small_of(path_of(second)))["ETag"] != get(path_of(second))["ETag"]
    assert 'width="192" height="108" loading="lazy"' in other
    for image in (lead, other):
        assert 'alt=""' in image
        assert 'decoding="async"' in image
    assert page.content.count(b'class="entry"') == 3


@pytest.mark.parametrize("path", ["/", "/week/2026-W24/", "/month/2026-06/", "/search/?q=paper"])
def test_thumbnails_cost_lists_no_query(path, django_assert_max_num_queries):
    papers = [make_paper(f"Paper {n}") for n in range(12)]
    with django_assert_max_num_queries(18) as without:
        get(path)
    for n, paper in enumerate(papers):
        make_thumbnail(paper, n)
    with django_assert_max_num_queries(18) as with_them:
        page = get(path)
    assert len(images(page)) == 12
    assert len(without) == len(with_them)
    assert not any('"papers_thumbnail"."image"' in query["sql"] for query in with_them)


def test_the_papers_page_shows_it():
    paper = make_paper('"><script>alert(1)</script>\r\n‮ tricky')
    assert images(get(paper.get_absolute_url())) == []
    thumbnail = make_thumbnail(paper)
    page = get(paper.get_absolute_url())
    html = page.content.decode()
    assert f'src="{path_of(thumbnail)}"' in images(page)[0]
    assert "<script>alert" not in html


@pytest.mark.django_db(transaction=True)
def test_a_kept_page_shows_a_new_picture_at_once(host, run, settings):
    settings.PAGE_CACHE_SECONDS = 300
    page_cache.clear()
    host.expect_request("/p.png").respond_with_data(picture())
    host.expect_request("/bad.png").respond_with_data(status=404)
    listed(host, "/bad.png")
    assert images(get("/")) == []
    etag = get("/")["ETag"].rpartition("-")[0]
    run()
    assert get("/")["ETag"].rpartition("-")[0] == etag, "a failure changes no page"
    listed(host)
    assert images(get("/")) == []
    run()
    assert len(images(get("/"))) == 1
    page_cache.clear()


# --- In issues ---------------------------------------------------------------------------------


def test_an_issue_keeps_the_picture_that_there_was_when_it_froze():
    thumbnail = make_thumbnail(make_paper(trending_score=9))
    late = make_paper(trending_score=8)
    issue = build_issue(DAY, NOW)
    assert issue
    make_thumbnail(late, 2)
    cards = [Card.from_dict(place.card) for place in issue.places.order_by("rank")]
    assert [card.thumbnail_path for card in cards] == [path_of(thumbnail), ""]
    (image,) = images(get("/issues/2026-06-10/"))
    assert f'src="{small_of(path_of(thumbnail))}"' in image


def test_cards_of_earlier_versions_have_no_picture_of_ours():
    card = Card.from_dict({"identifier": "arxiv:2606.00001", "title": "Old"})
    assert card.thumbnail_path == ""
