"""A library is read by a Celery worker, over a real broker, each file in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.factories import make_subscriber
from tests.newsletter.delivery.test_kills import ROOT
from tests.newsletter.delivery.test_queue import Queue
from tests.newsletter.sink import Sink

LINE = "@article{k%d, title={State of charge of cell %d}, author={Ash, Alice}}\n"
FILES = {
    "bibtex": "".join(LINE % (at, at) for at in range(3)).encode(),
    "entities": b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'b'>]><l>&a;</l>",
    "utf-16": "".join(LINE % (at, at) for at in range(3)).encode("utf-16"),
    "compressed": b"PK\x03\x04" + b"\0" * 1000,
}

SCRIPT = """
import json, sys, time
import django
django.setup()
from subscriptions.interests import libraries
from subscriptions.models import Subscriber
reader = Subscriber.objects.get()
files = {name: bytes.fromhex(data) for name, data in json.load(sys.stdin).items()}
tokens = {name: libraries.hand_over_file(reader, data) for name, data in files.items()}
end, said = time.monotonic() + 60, {}
while len(said) < len(tokens) and time.monotonic() < end:
    for name, token in tokens.items():
        job = libraries.job_of(reader, token)
        if job is not None and job.state != "waiting":
            said[name] = [job.state, job.code, (job.found or {}).get("recognized")]
    time.sleep(0.05)
print(json.dumps(said))
"""


@pytest.fixture
def queue(tmp_path_factory) -> Iterator[Queue]:
    with Sink() as sink:
        queue = Queue(tmp_path_factory.mktemp("q"), sink)
        yield queue
        queue.stop()


@pytest.mark.django_db(transaction=True)
def test_a_worker_reads_what_is_handed_over_and_says_what_it_cannot_read(queue):
    make_subscriber("alice@example.org")
    queue.start_worker()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps({name: data.hex() for name, data in FILES.items()}),
        cwd=ROOT,
        env=queue.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=90,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "bibtex": ["done", "", 3],
        "utf-16": ["done", "", 3],
        "entities": ["failed", "xml", None],
        "compressed": ["failed", "packed", None],
    }
