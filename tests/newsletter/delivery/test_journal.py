"""The journal that survives its worker."""

import os
import signal
import subprocess
import sys

import pytest

from newsletter.delivery import journal
from newsletter.delivery.journal import Journal
from newsletter.mail.outcomes import Kind, Outcome

ACCEPTED = Outcome(Kind.ACCEPTED, "250", "ok")


def traces(directory, keep_for=0.0):
    return list(journal.orphans(directory, keep_for))


def test_living_owners_journal_is_nobodys_orphan(tmp_path):
    with Journal(tmp_path) as held:
        held.begin(1)
        assert traces(tmp_path) == []
        assert journal.is_alive(tmp_path, held.name) is True


def test_settled_journal_is_gone_with_its_owner(tmp_path):
    with Journal(tmp_path) as held:
        held.begin(1)
        held.end(1, ACCEPTED)
        held.clear()
    assert list(tmp_path.iterdir()) == []
    assert journal.is_alive(tmp_path, held.name) is None


def test_owner_that_failed_leaves_its_journal_even_if_empty(tmp_path):
    with pytest.raises(RuntimeError), Journal(tmp_path):
        raise RuntimeError
    assert len(traces(tmp_path, keep_for=60)) == 1


def test_recovery_reads_what_was_answered_and_what_was_under_way(tmp_path):
    held = Journal(tmp_path)
    refused = Outcome(Kind.REFUSED, "550 5.1.1", "no such user\nhere ☃", None, "", True)
    held.begin(11)
    held.end(11, ACCEPTED)
    held.begin(12)
    held.end(12, refused)
    held.begin(13)
    held.close()
    (trace,) = traces(tmp_path)
    assert trace.name == held.name
    assert trace.answered[11].kind is Kind.ACCEPTED
    assert trace.answered[12] == refused
    assert trace.under_way == {13}
    assert trace.is_complete


def test_orphan_is_kept_for_a_claim_that_comes_late_and_then_deleted(tmp_path):
    held = Journal(tmp_path)
    held.begin(1)
    held.close()
    assert len(traces(tmp_path, keep_for=60)) == 1
    assert len(traces(tmp_path, keep_for=-1)) == 1
    assert traces(tmp_path) == []


def test_half_a_line_counts_as_not_written(tmp_path):
    held = Journal(tmp_path)
    held.begin(1)
    held.end(1, ACCEPTED)
    os.write(held._file, b">12")
    held.close()
    (trace,) = traces(tmp_path)
    assert trace.under_way == frozenset()


def test_journal_of_an_earlier_boot_does_not_vouch_for_what_it_does_not_say(tmp_path, monkeypatch):
    held = Journal(tmp_path)
    held.begin(1)
    held.close()
    monkeypatch.setattr(journal, "_boot", lambda: "another boot")
    (trace,) = traces(tmp_path)
    assert not trace.is_complete


def test_garbage_is_not_fatal_and_vouches_for_nothing(tmp_path):
    (tmp_path / "x.journal").write_bytes(b"\xff\xfe{]\n>abc\n<1 [}\n+\n")
    (trace,) = traces(tmp_path)
    assert trace.answered == {}
    assert not trace.is_complete


def test_what_was_written_survives_sigkill(tmp_path):
    script = (
        "import sys, pathlib, time, django; sys.path.insert(0, '.'); django.setup();"
        "from newsletter.delivery.journal import Journal;"
        "from newsletter.mail.outcomes import Kind, Outcome;"
        f"j = Journal(pathlib.Path({str(tmp_path)!r})); j.begin(7);"
        "j.end(7, Outcome(Kind.ACCEPTED)); j.begin(8); print('ready', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    assert traces(tmp_path) == []
    child.send_signal(signal.SIGKILL)
    child.wait()
    (trace,) = traces(tmp_path)
    assert set(trace.answered) == {7}
    assert trace.under_way == {8}
