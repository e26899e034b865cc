"""kill -9 of a live process in the middle of an import: nothing is lost, nothing comes twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.utils import timezone

from papers import leases
from subscriptions.imports import runs
from subscriptions.imports.options import Options
from subscriptions.models import Consent, ImportedReader, ImportReport, Subscriber, Suppression
from tests.newsletter.delivery.test_kills import ROOT, database_url

pytestmark = pytest.mark.django_db(transaction=True)

LINES = 1_200
KILLS = 2

WORKER = """
import datetime as dt, sys
import django
django.setup()
from django.utils import timezone
from papers import leases
from subscriptions.imports import runs
runs.CHUNK = 25
later = int(sys.argv[1]) * leases.LEASE
runs.work(lambda: timezone.now() + later, seconds=120)
"""


def start_worker(leases_later: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(leases_later)],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "newsletter.settings",
            "DATABASE_URL": database_url(),
            "LOG_LEVEL": "ERROR",
        },
    )


def test_an_import_survives_kill_9_of_its_worker():
    odd = {100: "unsubscribed", 900: "bounced", 1_199: "unsubscribed"}
    rows = [f"r{number}@example.org,{odd.get(number, 'active')}\n" for number in range(LINES)]
    content = "email,status\n" + "".join(rows)
    run = runs.make([content.encode()], "a.csv", "", Options(), timezone.now())
    runs.work()
    run.refresh_from_db()
    runs.start(run, "alice", timezone.now(), "I declare that they agreed.")

    killed = 0
    for number in range(KILLS):
        before = run.position
        worker = start_worker(2 * number)
        end = time.monotonic() + 120
        while run.position <= before + 100 and worker.poll() is None:
            assert time.monotonic() < end
            run.refresh_from_db()
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            killed += 1
        worker.wait()
        run.refresh_from_db()
    assert killed, "the worker was done before it could be killed"
    assert run.state == "running"
    assert 0 < Subscriber.objects.count() < LINES

    assert not runs.work(lambda: timezone.now() + 2 * KILLS * leases.LEASE)

    run.refresh_from_db()
    assert (run.state, run.counts) == ("done", {"added": LINES - 3, "suppressed": 3})
    assert Subscriber.objects.filter(status="active").count() == LINES - 3
    assert Suppression.objects.count() == 3
    assert ImportedReader.objects.count() == Consent.objects.count() == LINES - 3
    told = Counter(line for part in ImportReport.objects.all() for line, *_ in part.lines)
    assert told == Counter(range(2, LINES + 2))
