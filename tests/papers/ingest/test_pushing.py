"""Papers that scripts send: the token, the request, the command, and the rows in the end."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from papers.ingest import pushing
from papers.models import Feature, Paper, Source
from papers.pages import pushing as pages

pytestmark = pytest.mark.django_db

PATH = "/sources/scripts/papers"


@pytest.fixture
def source(settings) -> Source:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "push"}
    }
    cache.clear()
    return Source.objects.create(kind="pushed", name="Our scripts", slug="scripts")


def line(number: int = 1, **fields: Any) -> bytes:
    paper = {"id": f"10.5555/b.{number}", "title": f"Batteries that last, part {number}"}
    return json.dumps(paper | fields).encode()


def send(body: bytes, token: str = "", path: str = PATH, **headers: str) -> Any:
    if token:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    client = Client(**headers)  # type: ignore[arg-type]
    return client.post(path, body, content_type="application/jsonl", secure=True)


# --- The token -------------------------------------------------------------------------------


def test_only_the_hash_of_a_token_is_kept(source):
    token = pushing.new_token(source)

    source.refresh_from_db()
    assert token.startswith("push_")
    assert token not in json.dumps(source.settings)
    assert pushing.source_for("scripts", token) == source


def test_a_new_token_ends_the_one_before(source):
    first = pushing.new_token(source)
    second = pushing.new_token(source)

    assert pushing.source_for("scripts", first) is None
    assert pushing.source_for("scripts", second) == source


def test_a_token_is_of_one_active_row(source):
    token = pushing.new_token(source)
    Source.objects.create(kind="pushed", name="Others", slug="others")

    assert pushing.source_for("others", token) is None
    assert pushing.source_for("nobody", token) is None
    Source.objects.update(is_active=False)
    assert pushing.source_for("scripts", token) is None


def test_a_row_without_a_token_lets_nobody_in(source):
    assert pushing.source_for("scripts", "") is None
    assert pushing.source_for("scripts", "push_") is None


def test_a_row_of_another_kind_has_no_token():
    other = Source.objects.create(kind="feed", name="A feed", slug="a-feed")

    with pytest.raises(ValueError, match="a different kind"):
        pushing.new_token(other)


def test_the_settings_of_a_row_keep_the_token_when_an_editor_saves_them(source, admin_client):
    token = pushing.new_token(source)
    address = f"/admin/papers/source/{source.pk}/change/"
    page = admin_client.get(address, secure=True)
    form = page.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"name": "Renamed", "is_active": "on", "wait_minutes": "180", "_save": "1"}
    data["setting_every_minutes"] = "0"
    data["setting_most_papers"] = "100"

    admin_client.post(address, data, secure=True)

    source.refresh_from_db()
    assert source.name == "Renamed"
    assert pushing.source_for("scripts", token) == source
    assert pushing.TOKEN_HASH not in page.content.decode()


# --- The request -----------------------------------------------------------------------------


def test_sent_papers_are_stored_and_listed_once(source):
    token = pushing.new_token(source)

    first = send(line(1) + b"\n" + line(2), token)
    again = send(line(1) + b"\n" + line(2), token)

    assert first.status_code == again.status_code == 200
    assert first.json() == {"papers": 2, "new": 2, "updated": 0, "problems": [], "notes": []}
    assert again.json()["new"] == 0
    assert Paper.objects.count() == 2
    assert Feature.objects.filter(source=source).count() == 2
    source.refresh_from_db()
    assert source.last_run
    assert source.last_run["outcome"] == "ok"


def test_the_answer_says_what_is_wrong_with_which_line(source):
    token = pushing.new_token(source)

    answer = send(line(1) + b"\nnonsense\n" + line(1) + b"\n" + line(2, upvotes=-3), token)

    said = answer.json()
    assert answer.status_code == 200
    assert said["papers"] == 2
    assert [one["line"] for one in said["problems"]] == [2, 3]
    assert "is already on an earlier line" in said["problems"][1]["problem"]
    assert [one["line"] for one in said["notes"]] == [4]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_AUTHORIZATION": ""},
        {"HTTP_AUTHORIZATION": "Bearer"},
        {"HTTP_AUTHORIZATION": "Bearer push_wrong"},
        {"HTTP_AUTHORIZATION": "Basic YTpi"},
        {"HTTP_AUTHORIZATION": "Bearer \udcff"},
    ],
)
def test_without_the_token_nothing_is_taken(source, headers):
    pushing.new_token(source)

    answer = send(line(), **headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert not Paper.objects.exists()


def test_which_rows_there_are_is_not_said(source):
    assert send(line(), "push_x").json() == send(line(), "push_x", "/sources/none/papers").json()


def test_a_page_is_no_way_to_send(source):
    assert Client().get(PATH, secure=True).status_code == 405


def test_too_much_is_refused(source, monkeypatch):
    monkeypatch.setattr(pages, "MOST_BYTES", 100)

    answer = send(line(1, abstract="x" * 200), pushing.new_token(source))

    assert answer.status_code == 413
    assert not Paper.objects.exists()


def test_too_often_is_refused(source, monkeypatch):
    monkeypatch.setattr(pages, "MOST_REQUESTS", 2)
    token = pushing.new_token(source)

    codes = [send(line(), token).status_code for _ in range(4)]

    assert codes == [200, 200, 429, 429]


@pytest.mark.parametrize(("body", "status"), [(b"nonsense", 400), (b"", 200), (b"\n\n", 200)])
def test_a_request_without_a_paper(source, body, status):
    assert send(body, pushing.new_token(source)).status_code == status


# --- The command -----------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "papers.jsonl"
    path.write_bytes(line(1) + b"\nnonsense\n" + line(2))
    return path


def test_the_command_stores_a_file(source, file, capsys):
    call_command("import_papers", str(file), "--source", "scripts")

    out = capsys.readouterr().out
    assert "Line 2 was left out: it isn't JSON" in out
    assert "2 papers: 2 new" in out
    assert "1 line left out" in out
    assert Paper.objects.count() == 2


def test_the_command_tries_a_file(source, file, capsys):
    call_command("import_papers", str(file), "--source", "scripts", "--dry-run")

    assert "would store 2 papers" in capsys.readouterr().out
    assert not Paper.objects.exists()


def test_the_command_makes_a_token(source, capsys):
    call_command("import_papers", "--source", "scripts", "--new-token")

    token = capsys.readouterr().out.strip()
    assert pushing.source_for("scripts", token) == source


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl", "--source", "scripts"], "can't be read"),
        (["x", "--source", "nobody"], "there are: scripts"),
        (["--source", "scripts"], "Give a file"),
    ],
)
def test_the_command_says_what_is_missing(source, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("import_papers", *arguments)


def test_a_file_without_a_paper_is_an_error(source, tmp_path):
    path = tmp_path / "papers.jsonl"
    path.write_bytes(b"nonsense")

    with pytest.raises(CommandError, match="No line contains a paper"):
        call_command("import_papers", str(path), "--source", "scripts")


def test_a_moment_is_that_of_sending(source):
    taken = pushing.take(source, line(), timezone.now())

    assert taken.summary.papers == 1
