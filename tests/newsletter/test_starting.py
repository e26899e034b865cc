"""Web, worker and beat start by the very commands that compose.yaml, the image and the docs say."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.newsletter.delivery.test_queue import Broker
from tests.newsletter.test_settings import ROOT, clean_environment

BIN = Path(sys.executable).parent
PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnop-0123456789",
    "SITE_URL": "https://papers.example.org",
    "ALLOWED_HOSTS": "127.0.0.1",
    "EMAIL_URL": "smtp://127.0.0.1:9",
    "FROM_EMAIL": "Broadsheet <digest@papers.example.org>",
    "LIST_ID": "digest.papers.example.org",
    "UNSUBSCRIBE_EMAIL": "leave@papers.example.org",
    "POSTAL_ADDRESS": "Broadsheet, 1 Example Street, 12345 Example",
    "PYTHONUNBUFFERED": "1",
}


def commands() -> dict[str, str]:
    """What starts each part, by who says so."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML to read compose.yaml")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    image = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    docs = (ROOT / "docs" / "deploying.md").read_text()
    assert image is not None
    found = {
        "migrate in compose.yaml": services["migrate"]["command"],
        "web in Dockerfile": shlex.join(json.loads(image[1])),
        "worker in compose.yaml": services["worker"]["command"],
        "beat in compose.yaml": services["beat"]["command"],
    }
    lines = re.findall(
        r"^    (?:WEB_CONCURRENCY=2 )?\.venv/bin/((?:gunicorn|celery) .*)$", docs, re.M
    )
    for line in lines:
        part = "web" if line.startswith("gunicorn") else line.split()[3]
        found[f"{part} in docs/deploying.md"] = line
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Production's settings on a migrated database, and a broker."""
    directory = tmp_path_factory.mktemp("s")
    broker = Broker(directory)
    broker.start()
    found = clean_environment(directory / "var", **PRODUCTION, REDIS_URL=broker.url)
    found["PATH"] = f"{BIN}{os.pathsep}{found.get('PATH', '')}"
    (directory / "var").mkdir()
    migrate = shlex.split(commands()["migrate in compose.yaml"])
    subprocess.run([sys.executable, *migrate[1:]], cwd=ROOT, env=found, check=True)
    yield found
    broker.kill()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_all_parts_are_named():
    assert {said.split()[0] for said in commands()} == {"migrate", "web", "worker", "beat"}
    assert len(commands()) == 7


@pytest.mark.parametrize(
    "part",
    [
        f"{part} in {place}"
        for part, place in (
            ("web", "Dockerfile"),
            ("web", "docs/deploying.md"),
            ("worker", "compose.yaml"),
            ("worker", "docs/deploying.md"),
            ("beat", "compose.yaml"),
            ("beat", "docs/deploying.md"),
        )
    ],
)
def test_it_starts(part, environment, tmp_path):
    port = free_port()
    program, *arguments = shlex.split(re.sub(r":8000\b", f":{port}", commands()[part]))
    log = tmp_path / "log"
    ready = {"worker": b" ready.", "beat": b"beat: Starting"}.get(part.split()[0], b"")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(BIN / program), *arguments], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        end = time.monotonic() + 60
        while not (ready in log.read_bytes() if ready else is_up(port)):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.2)
    finally:
        process.terminate()
        process.wait(30)
