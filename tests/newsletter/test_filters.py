"""What spam filters say of every kind of mail, as it is received; and what they would count.

SpamAssassin and rspamd run as Debian has them, without the network. The mails are made as in
production and signed, with the present date and one Received line.
"""

import datetime as dt
import email.utils
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from newsletter.issues.freezing import build_issue
from newsletter.mail import dkim_keys, dkim_signer
from newsletter.operations.previews import DIGESTS, NAMES, preview
from papers.models import Paper
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic
from tests.newsletter.every_mail import make_issue_of_all_kinds
from tests.proxies import free_port, wait_for

pytestmark = pytest.mark.django_db

_HREF = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')
_URL = re.compile(r"https?://[^\s<>\"]+")

ADDRESS = "93.184.216.34"
"""Where the mail server seems to be: an address for documentation would count as forged."""

BY_DNS = re.compile("(HFILTER|RDNS|R_SPF|R_DKIM|DKIM|DMARC|ARC|AUTH|RBL|RCVD_IN|ASN|FUZZY)_.*")
"""rspamd's symbols that take an answer from the DNS or the network, and what is made of them."""

RSPAMD = """
.include "/etc/rspamd/common.conf"
options {
  .include "/etc/rspamd/options.inc"
  pidfile = "%(directory)s/pid";
  temp_dir = "%(directory)s";
  disable_monitoring = true;
  dns { nameserver = ["127.0.0.1:1:1"]; timeout = 0.05s; retransmits = 0; }
}
logging { type = "file"; filename = "%(directory)s/log"; level = "warning"; }
worker "normal" { bind_socket = "127.0.0.1:%(port)d"; count = 1; }
"""


def whose(name: str, reader: int) -> int | None:
    """The reader, or the example where the reader, who follows topics only, gets no such email."""
    return None if name == "interests" else reader


def links_of_both(name: str, reader: int) -> tuple[Counter[str], Counter[str]]:
    """How often each link is in the HTML and in the text of a mail."""
    shown = preview(name, NOW, subscriber_id=whose(name, reader), day=DAY)
    html = Counter(map(unescape, _HREF.findall(shown.html)))
    return html, Counter(_URL.findall(shown.text))


@pytest.mark.parametrize("papers", [1, 2, 3, 7, 12, 25])
@pytest.mark.parametrize("name", DIGESTS)
def test_every_link_of_a_digest_is_as_often_in_its_text_as_in_its_html(name, papers):
    topics = [make_topic("Efficient inference"), make_topic("Robots")]
    for number in range(papers):
        paper = make_paper(
            f"A paper about {number}",
            code_url="https://github.com/example/code" if number % 2 else "",
            project_url="https://example.org/project" if number % 3 == 0 else "",
        )
        make_match(paper, topics[number % 2])
    if papers % 2:
        make_match(make_paper("Elsewhere", trending_score=0.5), make_topic("Something else"))
    build_issue(DAY, NOW)
    alice = make_subscriber(topics=topics, papers_wanted=20)
    html, text = links_of_both(name, alice.pk)
    assert html == text
    assert Paper.objects.count() >= papers


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_mail_is_as_often_in_its_text_as_in_its_html(name):
    html, text = links_of_both(name, make_issue_of_all_kinds().pk)
    assert html
    assert html == text


@pytest.fixture
def received(settings, tmp_path) -> dict[str, Path]:
    """Every kind of mail as a file, as a mail server took it in just now."""
    key = dkim_keys.make()
    settings.DKIM_KEY, settings.DKIM_SELECTOR = key.pem, "broadsheet"
    settings.DKIM_DOMAIN = "papers.example.org"
    alice = make_issue_of_all_kinds()
    now = email.utils.format_datetime(dt.datetime.now(dt.UTC))
    head = (
        "Return-Path: <digest@papers.example.org>\r\n"
        f"Received: from mail.papers.example.org (mail.papers.example.org [{ADDRESS}])\r\n"
        "\tby mx.example.net (Postfix) with ESMTPS id 4bWq7x2Nn1z9sPk\r\n"
        f"\tfor <{alice.email}>; {now}\r\n"
    ).encode()
    found = {}
    for name in NAMES:
        raw = preview(name, NOW, subscriber_id=whose(name, alice.pk)).message
        raw = re.sub(rb"\r?\n", b"\r\n", raw)
        raw = re.sub(rb"(?m)^Date: .*\r$", f"Date: {now}\r".encode(), raw, count=1)
        found[name] = tmp_path / f"{name}.eml"
        found[name].write_bytes(head + dkim_signer.sign_whole(raw))
        assert b"\nDKIM-Signature:" in found[name].read_bytes()
    return found


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}, which is not installed here")
    return found


def test_spamassassin_has_next_to_nothing_against_any_mail(received, tmp_path):
    spamassassin = program("spamassassin")
    print(subprocess.run([spamassassin, "--version"], capture_output=True, text=True).stdout)
    box = tmp_path / "all.mbox"
    with box.open("wb") as file:
        for path in received.values():
            mail = re.sub(rb"(?m)^(>*From )", rb">\1", path.read_bytes().replace(b"\r\n", b"\n"))
            file.write(b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n" + mail + b"\n")
    done = subprocess.run(
        [spamassassin, "--local", "--mbox", str(box)],
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    statuses = re.findall(r"(?m)^X-Spam-Status: (\w+, score=(-?[\d.]+)(?:.|\n\s)*)", done.stdout)
    assert len(statuses) == len(NAMES)
    said = dict(zip(received, statuses, strict=True))
    assert not {name: status for name, (status, score) in said.items() if float(score) > 0.2}


@pytest.fixture
def rspamd(tmp_path) -> Iterator[int]:
    """The port of an rspamd of the test's own."""
    binary = program("rspamd")
    print(subprocess.run([binary, "--version"], capture_output=True, text=True).stdout)
    port = free_port()
    config = tmp_path / "rspamd.conf"
    config.write_text(RSPAMD % {"directory": tmp_path, "port": port})
    command = [binary, "--no-fork", "--config", str(config), "--var", f"DBDIR={tmp_path}"]
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen([*command, "--insecure"], stdout=out, stderr=out)
    try:
        wait_for(port, process, tmp_path / "log", seconds=120)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def test_rspamd_has_next_to_nothing_against_any_mail(received, rspamd):
    wrong = {}
    for name, path in received.items():
        asked = subprocess.run(
            [
                *(program("rspamc"), "--connect", f"127.0.0.1:{rspamd}", "--compact"),
                *("--ip", ADDRESS, "--helo", "mail.papers.example.org"),
                *("--hostname", "mail.papers.example.org", str(path)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        symbols = json.loads(asked.stdout[asked.stdout.index("{") :])["symbols"]
        assert "MIME_GOOD" in symbols  # it was looked at
        scores = {one: said["score"] for one, said in symbols.items() if not BY_DNS.fullmatch(one)}
        if sum(scores.values()) > 0.5:
            wrong[name] = {one: score for one, score in scores.items() if score}
    assert not wrong
