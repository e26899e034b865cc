"""The local mailbox: whole files with safe names, and nothing else can be read through it."""

import errno
import os
import threading
from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from django.core.mail import EmailMessage, get_connection, send_mail

from newsletter.mail.encoding import Fragment
from newsletter.mail.local_mailbox import list_mails, read_mail, store
from newsletter.mail.outcomes import Kind
from newsletter.mail.transports.backend import MAILBOX, open_transport
from tests.newsletter.mail.test_message import make_mail


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    settings.EMAIL_BACKEND = MAILBOX
    return settings.MAILBOX_DIR


class TestKeeping:
    def test_a_digest_is_kept_as_smtp_would_send_it(self, folder):
        mail = make_mail(headers=(("Date", "Tue, 12 May 2026 07:00:00 +0000"),))
        with open_transport(MAILBOX) as transport:
            outcome = transport.send(mail)
        assert outcome.kind is Kind.ACCEPTED
        assert (folder / outcome.provider_id).read_bytes() == mail.as_bytes()

    def test_djangos_own_mail_is_kept_too(self, folder):
        connection = get_connection(MAILBOX)
        messages = [
            EmailMessage(
                "Reset your password", "Körper\n.\n", "a@example.org", ["alice@example.org"]
            ),
            EmailMessage("Nobody", "text", "a@example.org", []),
        ]
        assert connection.send_messages(messages) == 1
        (kept,) = folder.iterdir()
        message = message_from_bytes(kept.read_bytes())
        assert message["Subject"] == "Reset your password"
        assert b"\r\n" in kept.read_bytes()

    def test_names_sort_by_time_and_never_meet(self, folder):
        names: list[str] = []

        def keep():
            names.extend(store(b"Subject: x\r\n\r\n") for _ in range(50))

        threads = [threading.Thread(target=keep) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(names)) == 400
        assert {path.name for path in folder.iterdir()} == set(names)
        in_turn = [store(b"\r\n") for _ in range(20)]
        assert in_turn == sorted(in_turn)

    def test_only_the_owner_may_read_them(self, folder):
        name = store(b"Subject: x\r\n\r\n")
        assert (folder / name).stat().st_mode & 0o077 == 0

    def test_a_full_disk_leaves_nothing_and_defers(self, folder, monkeypatch):
        write, calls = os.write, []

        def fill_up(descriptor, data):
            calls.append(len(data))
            if len(calls) == 1:
                return write(descriptor, data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "write", fill_up)
        with open_transport(MAILBOX) as transport:
            outcome = transport.send(make_mail())
        assert (outcome.kind, outcome.code, outcome.tried) == (Kind.DEFERRED, "ENOSPC", False)
        assert len(calls) == 2
        assert list(folder.iterdir()) == []
        with pytest.raises(OSError, match="No space"):
            send_mail("x", "y", "a@example.org", ["b@example.org"])
        assert (
            get_connection(MAILBOX, fail_silently=True).send_messages(
                [EmailMessage("x", "y", "a@example.org", ["b@example.org"])]
            )
            == 0
        )
        monkeypatch.undo()
        with open_transport(MAILBOX) as transport:
            assert transport.send(make_mail()).kind is Kind.ACCEPTED

    def test_a_directory_that_cannot_be_made_defers(self, settings, tmp_path):
        (tmp_path / "file").write_text("")
        settings.MAILBOX_DIR = tmp_path / "file" / "mailbox"
        with open_transport(MAILBOX) as transport:
            assert transport.send(make_mail()).kind is Kind.DEFERRED

    def test_an_unsendable_mail_is_not_kept(self, folder):
        with open_transport(MAILBOX) as transport:
            assert transport.send(make_mail(to_addr="nobody")).kind is Kind.REFUSED
        assert not folder.exists()


class TestReading:
    def test_gives_what_a_reader_sees(self, folder):
        mail = make_mail(
            subject="Attention … and 9 more",
            text=(Fragment.of("Hello\n论文 = papers\n"),),
            headers=(("Date", "Tue, 12 May 2026 07:00:00 +0000"), ("X-Note", "é")),
        )
        name = store(mail.as_bytes())
        read = read_mail(name)
        assert read.subject == "Attention … and 9 more"
        assert read.sender == "Broadsheet <digest@papers.example.org>"
        assert read.to == "alice@example.org"
        assert read.date == datetime(2026, 5, 12, 7, tzinfo=UTC)
        assert read.text == "Hello\n论文 = papers\n"
        assert read.html == "<html><body><p>Hello</p></body></html>\n"
        assert dict(read.headers)["X-Note"] == "é"
        assert read.size == len(mail.as_bytes())

    def test_lists_the_newest_first(self, folder):
        names = [store(make_mail(subject=f"mail {n}").as_bytes()) for n in range(5)]
        listed = list_mails(3)
        assert [mail.name for mail in listed] == names[:1:-1]
        assert [mail.subject for mail in listed] == ["mail 4", "mail 3", "mail 2"]
        assert {mail.text + mail.html for mail in listed} == {""}
        assert all(mail.size > 500 for mail in listed)

    def test_of_no_mailbox_is_empty(self):
        assert list_mails() == []

    @pytest.mark.parametrize(
        "name",
        [
            *("../../etc/passwd", "/etc/passwd", "..", ".", "", "secret.txt", "x" * 5000),
            "20260512T070000.000000000-0123abcd.eml/../secret.txt",
            "20260512T070000.000000000-0123abcd.eml\n",
            "20260512T070000.000000000-0123abcd.eml\x00",
            "../20260512T070000.000000000-0123abcd.eml",
            "٢0260512T070000.000000000-0123abcd.eml",
            "20260512T070000.000000000-0123abcd.eml",
        ],
    )
    def test_opens_nothing_but_its_own_mails(self, folder, name):
        folder.mkdir()
        (folder / "secret.txt").write_text("secret")
        (folder.parent / "20260512T070000.000000000-0123abcd.eml").write_text("secret")
        with pytest.raises(FileNotFoundError):
            read_mail(name)

    def test_follows_no_link(self, folder):
        folder.mkdir()
        (folder.parent / "secret").write_text("secret")
        name = "20260512T070000.000000000-0123abcd.eml"
        (folder / name).symlink_to(folder.parent / "secret")
        with pytest.raises(OSError, match="symbolic"):
            read_mail(name)
        assert list_mails() == []

    def test_never_shows_half_a_file_or_another(self, folder):
        folder.mkdir()
        (folder / ".20260512T070000.000000000-0123abcd.eml.partial").write_bytes(b"Subject: half")
        (folder / "notes.txt").write_text("x")
        assert list_mails() == []

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\xff\xfe\x00 no mail at all",
            b"Subject: =?utf-8?q?broken\r\nDate: yesterday\r\n\r\nbody",
            b"Content-Type: text/plain; charset=no-such\r\n\r\n\xffbody",
            b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n",
            b"From: \xff\xff\r\n\r\n",
        ],
    )
    def test_of_a_broken_file_does_not_fail(self, raw):
        name = store(raw)
        assert read_mail(name).name == name
        assert [mail.name for mail in list_mails()] == [name]
