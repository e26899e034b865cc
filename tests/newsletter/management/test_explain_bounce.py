"""`explain_bounce`: what any email is taken for, said without a database."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from newsletter.mail.message_ids import message_id
from newsletter.mail.return_paths import return_path

ALICE = "alice@example.org"
ROOT = Path(__file__).resolve().parent.parent.parent.parent

BOUNCE = f"""From: MAILER-DAEMON@mx.example.net
To: {{to}}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.

<{ALICE}>:
Remote host said: 550 5.1.1 mailbox is full

--- Below this line is a copy of the message.
"""
HELLO = "Subject: hello\n\nIs anybody there?"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "bounce.eml").write_text(BOUNCE.format(to="digest@papers.example.org"))
    (tmp_path / "hello.eml").write_text(HELLO)
    return [str(tmp_path / "bounce.eml"), str(tmp_path / "hello.eml")]


def explained(*arguments, capsys):
    call_command("explain_bounce", "--json", *arguments)
    return json.loads(capsys.readouterr().out)


class TestJson:
    def test_is_one_object_for_each_file_in_order(self, files, capsys):
        bounce, hello = explained(*files, capsys=capsys)
        assert bounce == {
            "file": files[0],
            "kind": "bounce",
            "severity": "soft",
            "recipients": [{"address": ALICE, "severity": "soft"}],
            "delivery": None,
            "code": "550 5.1.1",
            "words": "Remote host said: 550 5.1.1 mailbox is full",
            "rule": "the mailbox is full",
        }
        assert (hello["file"], hello["kind"], hello["severity"]) == (files[1], "none", "")
        assert hello["recipients"] == []

    @pytest.mark.parametrize("proof", ["return path", "message id"])
    def test_names_the_delivery_where_it_is_proven(self, proof, settings, tmp_path, capsys):
        settings.BOUNCE_ADDRESS = "bounce@papers.example.org"
        mail = tmp_path / "bounce.eml"
        if proof == "return path":
            mail.write_text(BOUNCE.format(to=return_path(7, ALICE, "")))
        else:
            mail.write_text(
                f"In-Reply-To: {message_id(7)}\n" + BOUNCE.format(to="digest@x.example")
            )
        (found,) = explained(str(mail), capsys=capsys)
        assert found["delivery"] == 7

    def test_forged_proof_is_none(self, settings, tmp_path, capsys):
        settings.BOUNCE_ADDRESS = "bounce@papers.example.org"
        mail = tmp_path / "bounce.eml"
        mail.write_text(BOUNCE.format(to=return_path(7, ALICE, "").replace("+7.", "+8.")))
        (found,) = explained(str(mail), capsys=capsys)
        assert (found["kind"], found["delivery"]) == ("bounce", None)

    def test_words_beyond_ascii_stay_words(self, tmp_path, capsys):
        mail = tmp_path / "bounce.eml"
        mail.write_text(BOUNCE.format(to="x").replace("mailbox is full", "Empfänger unbekannt"))
        call_command("explain_bounce", "--json", str(mail))
        assert "Empfänger unbekannt" in capsys.readouterr().out


class TestWords:
    def test_say_what_why_and_who(self, files, capsys):
        call_command("explain_bounce", *files)
        said = capsys.readouterr().out
        assert f"{files[0]}: bounce, soft\n  because: the mailbox is full\n" in said
        assert f"  recipient: {ALICE} soft\n" in said
        assert f"{files[1]}: none\n" in said


class TestFilesThatCannotBeRead:
    def test_are_named_and_the_others_explained(self, files, capsys):
        with pytest.raises(CommandError, match="1 of 3 files couldn't be read"):
            call_command("explain_bounce", "--json", files[0], "no-such-file", files[1])
        said = capsys.readouterr()
        assert [one["file"] for one in json.loads(said.out)] == files
        assert "Can't read no-such-file: No such file or directory." in said.err

    @pytest.mark.parametrize(
        "data", [b"", b"\x00\xff" * 500, b"Content-Type: message/rfc822\n\n" * 900]
    )
    def test_odd_ones_can_be(self, data, tmp_path, capsys):
        (tmp_path / "odd").write_bytes(data)
        (found,) = explained(str(tmp_path / "odd"), capsys=capsys)
        assert found["kind"] in ("none", "unknown")

    def test_standard_input_is_a_file_named_by_a_dash(self, monkeypatch, capsys):
        data = io.BytesIO(BOUNCE.format(to="x@y.example").encode())
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data))
        (found,) = explained("-", capsys=capsys)
        assert (found["file"], found["kind"]) == ("-", "bounce")


@pytest.mark.parametrize(("name", "status"), [("bounce.eml", 0), ("no-such-file", 1)])
def test_no_database_is_needed(files, tmp_path, name, status):
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "explain_bounce", "--json", tmp_path / name],
        env=os.environ | nowhere,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert len(json.loads(done.stdout)) == 1 - status
