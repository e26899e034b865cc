"""The review of a mail: what is right passes, and each thing that is wrong is found by its rule."""

import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from newsletter.mail import dkim_keys
from newsletter.mail.dkim_signer import Signer
from newsletter.operations.deliverability import body_rules, header_rules, review
from newsletter.operations.deliverability.dns_records import Resolver
from newsletter.operations.deliverability.domains import are_aligned, organizational_domain
from newsletter.operations.deliverability.findings import Level
from newsletter.operations.deliverability.message import Message, NotAMessage
from tests.factories import NOW, make_issue
from tests.newsletter.dns_server import DnsServer

KEY = dkim_keys.make()
DOMAIN = "papers.example.org"
ADDRESS = "Broadsheet, 1 Example Street, 12345 Example"
LEAVE = "https://papers.example.org/unsubscribe/abc/"
HEAD = f"""\
Return-Path: <digest@papers.example.org>
From: Broadsheet <digest@papers.example.org>
To: reader@example.org
Subject: Attention is all you need and 9 more papers
Date: Thu, 11 Jun 2026 08:00:00 +0000
Message-ID: <d7.f00@papers.example.org>
MIME-Version: 1.0
List-Unsubscribe: <{LEAVE}>, <mailto:leave@papers.example.org?subject=unsubscribe-abc>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Id: Broadsheet <digest.papers.example.org>
Auto-Submitted: auto-generated
Feedback-ID: a:b:c:d
Content-Type: multipart/alternative; boundary="cut"
"""
TEXT = f"Here are ten papers for you today.\n\n{'Word ' * 40}\n\nLeave: {LEAVE}\n{ADDRESS}\n"
HTML = f"""\
<html lang="en"><body><p>Here are ten papers. {"word " * 40}</p>
<a href="https://papers.example.org/papers/1/">A paper</a>
<a href="https://arxiv.org/abs/1">arXiv</a>
<img src="https://papers.example.org/a.png" alt="A plot">
<a href="{LEAVE}">Unsubscribe</a><p>{ADDRESS}</p></body></html>
"""


def make_eml(head=HEAD, text=TEXT, html=HTML, *, sign=None):
    """An email as its receiver saved it, with CRLF; signed by `sign`, a `Signer`."""
    parts = "".join(
        f"--cut\nContent-Type: text/{kind}; charset=utf-8\n\n{body}\n"
        for kind, body in (("plain", text), ("html", html))
        if body is not None
    )
    raw = f"{head}\n{parts}--cut--\n".replace("\n", "\r\n").encode()
    if sign is None:
        return raw
    first, blank, body = raw.partition(b"\r\n\r\n")
    return sign([first + blank, body]) + raw


def records(**changes):
    """DNS of a domain where all is well; a name set to None is not there."""
    found = {
        DOMAIN: {"TXT": ["some=thing", "v=spf1 mx -all"], "MX": ["10 mail.example.org."]},
        f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@papers.example.org"]},
        f"broadsheet._domainkey.{DOMAIN}": {"TXT": [KEY.record]},
    } | changes
    return {name: kinds for name, kinds in found.items() if kinds is not None}


def signed(**changes):
    return make_eml(sign=Signer(KEY, DOMAIN, "broadsheet"), **changes)


def rules(findings, *levels):
    """The rules of the findings of these levels."""
    return {one.rule for one in findings if one.level in (levels or (Level.ERROR, Level.WARNING))}


def headers_of(head):
    return rules(header_rules.check(Message.parse(make_eml(head))))


def body_of(**parts):
    message = Message.parse(make_eml(**parts))
    return rules(body_rules.check(message, postal_address=ADDRESS))


class TestAGoodMail:
    def test_passes_every_rule(self, tmp_path, capsys):
        path = tmp_path / "mail.eml"
        path.write_bytes(signed())
        with DnsServer(records()) as server:
            call_command("check_deliverability", eml=path, nameserver=server.address)
        told = capsys.readouterr().out
        assert "0 errors, 0 warnings" in told, told
        assert "The signature of broadsheet._domainkey.papers.example.org verifies." in told

    def test_also_as_saved_with_other_line_ends_or_from_an_mbox(self):
        for raw in (
            signed().replace(b"\r\n", b"\n"),
            b"From digest@papers.example.org Thu Jun 11 08:00:00 2026\n" + signed(),
        ):
            with DnsServer(records()) as server:
                found = review.review(
                    Message.parse(raw), Resolver(server.address), has_arrived=True
                )
            assert rules(found) <= {"line-ends"}


class TestHeaders:
    def test_a_good_block_has_nothing_against_it(self):
        assert headers_of(HEAD) == set()

    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            ("Date: .*\n", "", "required-header"),
            ("Date: .*\n", "Date: yesterday\n", "date"),
            ("Subject: ", "Subject: One\nSubject: ", "header-once"),
            ("List-Id: ", "List-ID: <digest.papers.example.org>\nList-Id: ", "header-once"),
            ("From: .*\n", "From: a@papers.example.org, b@papers.example.org\n", "one-address"),
            ("Subject: .*\n", "Subject:\n", "subject"),
            ("Subject: .*\n", "Subject: Re: your paper\n", "subject"),
            ("Subject: .*\n", "Subject: BUY ALL OF THEM NOW\n", "subject"),
            ("Subject: .*\n", f"Subject: {'long ' * 40}\n", "subject"),
            ("Message-ID: .*\n", "Message-ID: d7\n", "message-id"),
            ("Subject: ", "Subject: \u00fc ", "ascii-headers"),
            ("Subject: ", "Subject: \x07", "control-characters"),
            ("Feedback-ID: ", f"Feedback-ID: {'x' * 999}", "line-length"),
            ("List-Unsubscribe: .*\n", "", "one-click"),
            ("List-Unsubscribe: <https", "List-Unsubscribe: <http", "one-click"),
            ("List-Unsubscribe-Post: .*\n", "", "one-click"),
            ("One-Click", "one-click", "one-click"),
            (", <mailto", ",\n <mailto", "unsubscribe-line"),
            (", <mailto:[^>]*>", "", "unsubscribe-mailto"),
            ("<https://papers.example.org/u", "<https://esp.example.net/u", "unsubscribe-domain"),
            ("List-Id: .*\n", "", "list-id"),
            ("List-Id: .*\n", "List-Id: Broadsheet\n", "list-id"),
            ("List-Id: .*\n", "List-Id: <digest.example.net>\n", "list-id"),
            ("Auto-Submitted: .*\n", "", "auto-submitted"),
        ],
    )
    def test_what_is_wrong_is_found_by_its_rule_alone(self, old, new, rule):
        changed = re.sub(old, lambda _: new, HEAD, count=1)
        assert changed != HEAD
        assert headers_of(changed) == {rule}

    def test_a_sender_at_somebody_elses(self):
        assert "own-domain" in headers_of(re.sub("From: .*", "From: me@gmail.com", HEAD))

    def test_line_ends_that_no_server_should_have_passed(self):
        message = Message.parse(make_eml().replace(b"ten papers", b"ten\npapers"))
        assert "line-ends" in rules(header_rules.check(message))

    def test_every_finding_says_what_why_and_what_to_do(self):
        with DnsServer({}) as server:
            bad = Message.parse(b"From: a@gmail.com\r\n\r\nHi\r\n")
            found = review.review(bad, Resolver(server.address), has_arrived=True)
        bad_ones = [one for one in found if one.level in (Level.ERROR, Level.WARNING)]
        assert len(bad_ones) > 10
        for one in bad_ones:
            assert one.what.endswith(".")
            assert one.why
            assert one.todo


class TestBody:
    def test_a_good_one_has_nothing_against_it(self):
        assert body_of() == set()

    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            (' lang="en"', "", "lang"),
            (' alt="A plot"', "", "alt"),
            (">A paper<", "><img src='https://papers.example.org/b.png' alt=''><", "alt"),
            (
                "https://papers.example.org/a.png",
                "http://papers.example.org/a.png",
                "https-pictures",
            ),
            ("https://arxiv.org/abs/1", "http://arxiv.org/abs/1", "https-links"),
            ("https://arxiv.org/abs/1", "/abs/1", "absolute-links"),
            ("https://arxiv.org/abs/1", "javascript:alert(1)", "absolute-links"),
            ("https://arxiv.org/abs/1", "https://192.0.2.7/abs", "named-hosts"),
            ("https://arxiv.org/abs/1", "https://[2001:db8::1]/abs", "named-hosts"),
            ("https://arxiv.org/abs/1", "https://bit.ly/abs", "shorteners"),
            (">arXiv<", ">https://bank.example.com/login<", "honest-links"),
            ("</body>", "<script>1</script></body>", "active-content"),
            ("</body>", "<form></form></body>", "active-content"),
            (f"<p>{ADDRESS}</p>", "", "postal-address"),
            ("</body>", "<a href='https://arxiv.org/'>x</a>" * 160 + "</body>", "many-links"),
            ("</body>", "x" * 110_000 + "</body>", "size"),
        ],
    )
    def test_what_is_wrong_with_the_html_is_found(self, old, new, rule):
        assert old in HTML
        found = body_of(html=HTML.replace(old, new, 1))
        assert found - ({"line-length"} if rule in ("many-links", "size") else set()) == {rule}

    def test_no_way_to_leave(self):
        html = HTML.replace(LEAVE, "https://papers.example.org/").replace("Unsubscribe", "Home")
        assert body_of(html=html) == {"visible-unsubscribe"}
        assert body_of(text=TEXT.replace(LEAVE, "").replace("Leave", "")) == {"visible-unsubscribe"}

    def test_text_that_is_missing_or_says_nothing(self):
        assert "text-part" in body_of(text=None)
        say_nothing = f"See the web.\n{LEAVE}\n{ADDRESS}\n"
        assert body_of(text=say_nothing, html=HTML.replace("word ", "word " * 20)) == {"text-part"}

    def test_html_before_text(self):
        raw = make_eml().replace(b"text/html", b"text/x").replace(b"text/plain", b"text/html")
        message = Message.parse(raw.replace(b"text/x", b"text/plain"))
        assert "text-first" in rules(body_rules.check(message, postal_address=""))

    def test_links_that_only_lead_elsewhere(self):
        html = HTML.replace("https://papers.example.org", "https://click.esp.example.net")
        assert "own-links" in body_of(html=html)

    def test_text_alone_is_enough(self):
        assert body_of(html=None) == set()


class TestSignatures:
    def review(self, raw, **dns):
        with DnsServer(records(**dns)) as server:
            resolver = Resolver(server.address)
            return review.review(Message.parse(raw), resolver, has_arrived=True)

    def test_none(self):
        assert rules(self.review(make_eml())) == {"dkim"}

    def test_a_changed_message(self):
        found = self.review(signed().replace(b"ten papers", b"two papers"))
        assert rules(found) == {"dkim", "dkim-alignment"}

    def test_another_key_in_dns(self):
        other = {f"broadsheet._domainkey.{DOMAIN}": {"TXT": [dkim_keys.make().record]}}
        assert rules(self.review(signed(), **other)) == {"dkim", "dkim-alignment"}

    def test_no_key_in_dns_or_a_revoked_one(self):
        name = f"broadsheet._domainkey.{DOMAIN}"
        found = self.review(signed(), **{name: None})
        assert rules(found) == {"dkim", "dkim-alignment", "dkim-record"}
        found = self.review(signed(), **{name: {"TXT": ["v=DKIM1; p="]}})
        assert "dkim-record" in rules(found)

    def test_a_signature_of_somebody_else_alone(self):
        raw = make_eml(sign=Signer(KEY, "esp.example.net", "broadsheet"))
        dns = {"broadsheet._domainkey.esp.example.net": {"TXT": [KEY.record]}}
        assert rules(self.review(raw, **dns)) == {"dkim-alignment"}

    def test_unsubscribe_headers_that_are_not_covered(self):
        bare = re.sub("List-Unsubscribe.*\n", "", HEAD)
        raw = signed(head=bare)
        added = re.search(r"List-Unsubscribe: .*\nList-Unsubscribe-Post: .*\n", HEAD)
        assert added
        late = raw.replace(b"From: ", added[0].replace("\n", "\r\n").encode() + b"From: ", 1)
        late = re.sub(rb"list-unsubscribe(-post)?:", b"", late)
        assert {"dkim-coverage", "dkim"} <= rules(self.review(late))

    def test_dkim_weaknesses(self):
        raw = signed().replace(b"c=relaxed/simple;", b"c=relaxed/simple; l=5;")
        assert "dkim-length" in rules(self.review(raw))
        ed25519 = dkim_keys.make(is_ed25519=True)
        raw = make_eml(sign=Signer(ed25519, DOMAIN, "broadsheet"))
        dns = {f"broadsheet._domainkey.{DOMAIN}": {"TXT": [ed25519.record]}}
        assert rules(self.review(raw, **dns)) == {"dkim-key"}
        dns = {f"broadsheet._domainkey.{DOMAIN}": {"TXT": [KEY.record + "; t=y"]}}
        assert rules(self.review(signed(), **dns)) == {"dkim-testing"}

    def test_a_return_path_of_another_domain_and_what_the_receiver_said(self):
        head = HEAD.replace("<digest@papers.example.org>\nFrom", "<b@esp.example.net>\nFrom")
        head = f"Authentication-Results: mx.example.com; spf=softfail; dkim=pass\n{head}"
        dns = {"esp.example.net": {"TXT": ["v=spf1 mx ~all"]}}
        found = self.review(signed(head=head), **dns)
        assert rules(found) == {"return-path", "received-spf"}
        assert "received-dkim" in rules(found, Level.GOOD)


class TestDns:
    def of(self, dns, **how):
        with DnsServer(dns) as server:
            for name, value in how.items():
                setattr(server, name, value)
            resolver = Resolver(server.address)
            if server.is_silent:
                resolver = Resolver(server.address, timeout=0.3)
            return list(review.of_domain(DOMAIN, resolver))

    def test_a_domain_where_all_is_well(self):
        assert rules(self.of(records())) == set()

    @pytest.mark.parametrize(
        ("spf", "rule"),
        [
            ([], "spf"),
            (["v=spf1 -all", "v=spf1 mx -all"], "spf"),
            (["v=spf1 +all"], "spf"),
            (["v=spf1 mx"], "spf"),
            (["v=spf1 " + "a:x.example.org " * 11 + "-all"], "spf-lookups"),
            (["v=spf1 include:deep.example.org -all"], "spf-lookups"),
        ],
    )
    def test_spf(self, spf, rule):
        deep = {"deep.example.org": {"TXT": ["v=spf1 " + "mx:y.example.org " * 10]}}
        dns = records(**{DOMAIN: {"TXT": spf, "MX": ["10 mail.example.org."]}}) | deep
        assert rules(self.of(dns)) == {rule}

    def test_spf_records_that_include_each_other_end(self):
        loop = {"loop.example.org": {"TXT": [f"v=spf1 include:{DOMAIN} include:loop.example.org"]}}
        spf = ["v=spf1 include:loop.example.org -all"]
        dns = records(**{DOMAIN: {"TXT": spf, "MX": ["10 mail.example.org."]}}) | loop
        assert rules(self.of(dns)) == set()

    @pytest.mark.parametrize(
        "dmarc", [[], ["v=DMARC1; p=none", "v=DMARC1; p=reject"], ["v=DMARC1; rua=mailto:a@b.c"]]
    )
    def test_dmarc(self, dmarc):
        assert rules(self.of(records(**{f"_dmarc.{DOMAIN}": {"TXT": dmarc}}))) == {"dmarc"}

    def test_dmarc_of_the_organisation_above(self):
        above = {"_dmarc.example.org": {"TXT": ["v=DMARC1; p=none; sp=reject"]}}
        found = self.of(records(**{f"_dmarc.{DOMAIN}": None}) | above)
        assert rules(found) == set()
        assert "dmarc-reports" in rules(found, Level.NOTE)
        assert "dmarc-policy" not in rules(found, Level.NOTE)  # sp=, not p=

    def test_no_mail_server(self):
        for mx in ([], ["0 ."]):
            dns = records(**{DOMAIN: {"TXT": ["v=spf1 -all"], "MX": mx}})
            assert rules(self.of(dns)) == {"mx"}

    @pytest.mark.parametrize("trouble", ["fails", "is_silent"])
    def test_a_dns_that_does_not_answer_is_no_fault_of_the_domains(self, trouble):
        found = self.of(records(), **{trouble: True})
        assert rules(found) == set()
        said = [one.what for one in found if one.rule == "dns"]
        assert len(said) == 3
        assert all("couldn't be asked" in what for what in said)

    def test_what_cannot_be_seen_from_here_is_said(self):
        assert "ptr" in rules(self.of(records()), Level.NOTE)


def test_organisational_domains():
    assert organizational_domain("a.b.papers.example.org") == "example.org"
    assert organizational_domain("mail.shop.co.uk.") == "shop.co.uk"
    assert are_aligned("bounce.example.org", "papers.example.org")
    assert not are_aligned("one.co.uk", "two.co.uk")
    assert not are_aligned("", "")


class TestTheCommand:
    def run(self, capsys, **options):
        try:
            call_command("check_deliverability", **options)
        except SystemExit as left:
            return left.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    @pytest.mark.django_db
    def test_a_built_digest_has_no_error_without_dns(self, capsys, settings):
        settings.DKIM_KEY, settings.DKIM_DOMAIN = KEY.pem, DOMAIN
        settings.DKIM_SELECTOR = "broadsheet"
        code, told = self.run(capsys, dns=False, json=True)
        found = json.loads(told)["findings"]
        assert [one for one in found if one["level"] == "error"] == []
        assert code == 0
        rules = {one["rule"] for one in found if one["level"] == "good"}
        wanted = "one-click visible-unsubscribe postal-address dkim dkim-coverage text-part size"
        assert rules >= set(wanted.split())

    @pytest.mark.django_db
    def test_the_newest_issue_is_what_is_built_where_there_is_one(self, settings):
        assert make_issue().pk
        subject = review.built(NOW).one("Subject")
        assert subject  # an issue without papers has no digest: the sample stands in

    def test_the_sample_needs_no_database(self, monkeypatch):
        def away(*_):
            raise OperationalError("no such table")

        monkeypatch.setattr("newsletter.models.Issue.objects.order_by", away)
        assert review.built(NOW).one("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"

    @pytest.mark.django_db
    def test_settings_that_are_missing_are_errors(self, capsys, settings):
        settings.UNSAID = ("POSTAL_ADDRESS",)
        settings.EMAIL_BACKEND = "anymail.backends.mailjet.EmailBackend"
        code, told = self.run(capsys, dns=False, json=True)
        found = {one["rule"] for one in json.loads(told)["findings"] if one["level"] == "error"}
        assert code == 1
        assert found == {"settings", "provider", "webhook"}

    def test_a_domain_alone(self, capsys):
        with DnsServer(records()) as server:
            code, told = self.run(capsys, domain=DOMAIN, nameserver=server.address)
        assert code == 0
        assert "papers.example.org has an SPF record." in told
        assert "https://support.google.com/mail/answer/81126" in told

    def test_files_that_are_no_mail_and_questions_that_make_no_sense(self, tmp_path):
        path = tmp_path / "x.eml"
        with pytest.raises(CommandError, match="Can't read"):
            call_command("check_deliverability", eml=path)
        for content in (b"", b"hello there\n\nworld", b"\x00\xff\x00", b"{}"):
            path.write_bytes(content)
            with pytest.raises(CommandError, match="isn't an email"):
                call_command("check_deliverability", eml=path, dns=False)
        with pytest.raises(CommandError, match="--domain only checks DNS"):
            call_command("check_deliverability", domain=DOMAIN, dns=False)
        with pytest.raises(CommandError, match="isn't an address such as"):
            call_command("check_deliverability", domain=DOMAIN, nameserver="dns.example.org")

    @pytest.mark.parametrize(
        "raw",
        [
            b"From: a@example.org\n\n<html",
            b"From: =?utf-8?q?=F?= <a@b>\nContent-Type: text/html; charset=x\n\n\xff<a href='//['>",
            b"From:\nSubject: =?x?y?z?=\nDKIM-Signature: garbage\nList-Id: <\nDate: 99\n\n",
            b"From: a@b.example\nDKIM-Signature: v=1; a=rsa-sha256; d=b; s=x; h=from; b=; bh=\n\nx",
            b"From: a@b.example\nContent-Type: multipart/mixed\n\nno boundary",
        ],
    )
    def test_a_hostile_mail_is_reviewed_like_any_other(self, raw):
        found = review.review(Message.parse(raw), None, has_arrived=True)
        assert Level.ERROR in {one.level for one in found}

    def test_what_is_no_message(self):
        with pytest.raises(NotAMessage):
            Message.parse(b"no header here")
