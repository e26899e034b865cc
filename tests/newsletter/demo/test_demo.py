"""The demo, as a person runs it: a process of its own, in a directory of its own."""

import email
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import policy
from pathlib import Path

import pytest

from newsletter.demo.readers import CAST
from papers import packs
from papers.models import Topic
from tests.newsletter.test_settings import ROOT, clean_environment, manage
from tests.processes import children_of

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")),
    reason="the demo brings its own database and broker; it is tested along with SQLite",
)

PATIENCE = 180.0


def demo_environment(var: Path, **variables: str) -> dict[str, str]:
    return clean_environment(var, PAPERS_SOURCE="sample", **variables)


def once(var: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py demo --once` on any free port."""
    environment = demo_environment(var, **variables)
    return manage(
        "demo", "--once", "--port", "0", *arguments, environment=environment, timeout=PATIENCE
    )


def left_behind(var: Path) -> list[str]:
    """The command lines of processes whose environment names `var` (Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"VAR_DIR={var}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile, or is not ours
    return found


def mails_to(var: Path, address: str) -> list[email.message.EmailMessage]:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((var / "mailbox").glob("*.eml"))
    ]
    return [mail for mail in mails if address in mail["To"]]


@contextmanager
def serving(var: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo that goes on serving, and its site's address."""
    said = var / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--port", "0"],
            env=demo_environment(var),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while "Ctrl-C ends it" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        address = re.search(r"Site +(http://\S+)", said.read_text())
        assert address is not None
        yield process, address[1]
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that the demo has run in once, as in the first test below."""
    path = tmp_path_factory.mktemp("demo") / "var with a space"
    path.mkdir()
    done = once(path)
    (path / "first-run").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_a_first_run_delivers_three_readable_digests(var):
    said = (var / "first-run").read_text()

    assert "/dev/mailbox/" in said
    assert f"admin / {(var / 'admin-password').read_text().strip()}" in said
    for person in CAST:
        (mail,) = mails_to(var, person.email)
        text = mail.get_body(("plain",))
        html = mail.get_body(("html",))
        assert text is not None
        assert html is not None
        titles = re.findall(r"^ +\d+\. (.*)$", said.partition(f"  {person.name}:")[2], re.MULTILINE)
        assert titles
        first = titles[0].rstrip("…").strip()[:30]
        assert first in " ".join(text.get_content().split())
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert left_behind(var) == []


def test_topics_of_every_field_are_there_and_papers_of_these_match(var):
    with closing(sqlite3.connect(var / "broadsheet.sqlite3")) as database:
        topics = dict(database.execute("SELECT field, count(*) FROM papers_topic GROUP BY field"))
        matched = database.execute(
            "SELECT DISTINCT t.field FROM papers_topic t JOIN papers_match m ON m.topic_id = t.id"
        ).fetchall()
    assert len(topics) == len(packs.all_packs())
    assert len(matched) > 4


def test_a_second_run_shows_the_same_and_sends_nothing_twice(var):
    before = sorted((var / "mailbox").glob("*.eml"))

    done = once(var)

    assert done.returncode == 0, done.stdout + done.stderr
    for person in CAST:
        assert re.search(rf"{person.name}: \d+ papers, sent at", done.stdout)
    assert sorted((var / "mailbox").glob("*.eml")) == before
    assert left_behind(var) == []


def test_another_day_can_be_sent(var):
    done = once(var, "--day", "2026-06-10")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Wednesday, 10 June 2026" in done.stdout


def test_a_day_without_papers_is_a_sentence(var):
    done = once(var, "--day", "2026-06-13")

    assert done.returncode == 1
    assert "No source lists papers for Saturday, 13 June 2026" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_behind(var) == []


def test_it_serves_until_told_to_stop_and_only_once_in_a_directory(var):
    with serving(var) as (process, address):
        for path in ("", "dev/mailbox/", "admin/login/"):
            with urllib.request.urlopen(address + path, timeout=20) as answer:
                assert answer.status == 200
        second = once(var)
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert second.returncode == 1
    assert f"A demo is already running in {var}" in second.stderr
    assert address.rstrip("/") in second.stderr
    assert code == 0
    assert left_behind(var) == []


def test_after_kill_9_nothing_is_left_and_the_next_run_works(var):
    with serving(var) as (process, _):
        process.kill()
        process.wait()

        done = once(var)

    # Whether it had to wait for what the last run left depends on how long its own start took.
    assert done.returncode == 0, done.stdout + done.stderr
    assert left_behind(var) == []


def test_a_worker_that_dies_ends_the_demo_with_a_sentence(var):
    with serving(var) as (process, _):
        children = children_of(process.pid)
        worker = next(child for child, command in children.items() if "celery" in command)
        os.kill(worker, signal.SIGKILL)
        code = process.wait(30)

    assert code == 1
    assert "stopped by signal 9" in (var / "said").read_text()
    assert "Traceback" not in (var / "said").read_text()
    assert left_behind(var) == []


def test_a_taken_port_is_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = manage("demo", "--once", "--port", port, environment=demo_environment(tmp_path))

    assert done.returncode == 1
    assert f"Port {port} can't be used: address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_in_which_nothing_can_be_kept_is_a_sentence(tmp_path):
    (tmp_path / "log").write_text("a file where a directory should be")

    done = once(tmp_path)

    assert done.returncode == 1
    assert "VAR_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_source_that_does_not_answer_is_a_sentence(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        environment = clean_environment(tmp_path, HUGGINGFACE_URL=address, FETCH_ATTEMPTS="1")

        done = manage("demo", "--once", "--port", "0", environment=environment, timeout=PATIENCE)

    assert done.returncode == 1
    assert "PAPERS_SOURCE=sample" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_behind(tmp_path) == []


@pytest.mark.django_db
def test_the_readers_follow_topics_that_there_are():
    wanted = {slug for person in CAST for slug in person.topics}

    assert wanted <= set(Topic.objects.active().values_list("slug", flat=True))
