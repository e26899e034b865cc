"""Composing a message: chunks that may be joined in any order, headers that cannot be forged."""

import re
import string
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail.backends.smtp import EmailBackend as DjangoSMTPBackend
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.encoding import Fragment, UnsendableMail, quoted_printable
from newsletter.mail.headers import address
from newsletter.mail.message import HTML_LIMIT, Mail

LINK = "https://papers.example.org/p/eyJzdWIiOjEyMzQ1/1t5Yzk:Q0dXbG9uZ3NpZ25hdHVyZWhlcmVfYWJjZGVm"


def make_mail(**changes):
    mail = Mail(
        delivery_id=7,
        message_id="<delivery.7.f00@papers.example.org>",
        envelope_from="bounces+7@papers.example.org",
        to_addr="alice@example.org",
        from_header="Broadsheet <digest@papers.example.org>",
        subject="Attention is all you need, and 9 more",
        headers=(
            ("List-Unsubscribe", f"<{LINK}>, <mailto:leave@papers.example.org?subject=leave-7>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", "Broadsheet <digest.papers.example.org>"),
            ("Auto-Submitted", "auto-generated"),
        ),
        text=(Fragment.of("Hello Alice,\n"), Fragment.of("here are your papers.\n")),
        html=(
            Fragment.of("<html><body>"),
            Fragment.of("<p>Hello</p>"),
            Fragment.of("</body></html>\n"),
        ),
        tags=("digest",),
    )
    return replace(mail, **changes)


def parse(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.as_bytes(), policy=policy.default)


# Text that is hard on quoted-printable: dots, spaces, tabs, equals signs, line ends, long runs.
NASTY = st.one_of(
    st.text(),
    st.text(alphabet=".= \t\nab"),
    st.text(alphabet="x.é…论文\n=", max_size=400),
    st.builds(
        lambda c, n: c * n, st.sampled_from([".", "=", " ", "x", "é", "😀"]), st.integers(0, 300)
    ),
)


class TestPiece:
    @given(st.lists(NASTY, max_size=8))
    def test_any_sequence_of_pieces_decodes_to_the_sequence_of_texts(self, texts):
        chunks = [Fragment.of(text) for text in texts]
        body = b"".join(fragment.encoded for fragment in chunks)
        message = message_from_bytes(
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body
        )
        decoded: Any = message.get_payload(decode=True)
        expected = "".join(fragment.text for fragment in chunks)
        assert decoded.decode() == expected.replace("\n", "\r\n")
        for line in body.split(b"\r\n"):
            assert len(line) <= 76
            assert re.fullmatch(rb"(?:[\t -<>-~]|=[0-9A-F]{2})*=?", line)
            assert not line.startswith(b".")
            assert not line.endswith((b" ", b"\t"))
        assert not body or body.endswith(b"\r\n")

    @given(NASTY)
    def test_size_is_the_text_in_utf8(self, text):
        fragment = Fragment.of(text)
        assert fragment.size == len(fragment.text.encode())

    @given(st.lists(NASTY, min_size=1, max_size=4))
    def test_joined_fragments_are_what_they_were_one_by_one(self, texts):
        first, *others = [Fragment.of(text) for text in texts]
        joined = first.joined(*others)
        assert joined.text == "".join(one.text for one in (first, *others))
        assert joined.encoded == b"".join(one.encoded for one in (first, *others))
        assert joined.size == len(joined.text.encode())

    @pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "a\nb"])
    def test_every_kind_of_line_end_becomes_one(self, text):
        assert Fragment.of(text).text == "a\nb"
        assert Fragment.of(text).encoded == b"a\r\nb=\r\n"

    def test_dot_alone_cannot_end_the_message_early(self):
        joined = b"".join(
            Fragment.of(text).encoded for text in ["one\n", ".", "\n", ".\n", "two\n"]
        )
        assert b"\r\n." not in joined
        assert joined == b"one\r\n=2E=\r\n\r\n=2E\r\ntwo\r\n"

    def test_links_are_readable_in_the_raw_message(self):
        assert Fragment.of(LINK[:70]).encoded == LINK[:70].encode() + b"=\r\n"

    @given(st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=73))
    def test_a_token_is_encoded_as_any_text_would_be(self, text):
        assert Fragment.word(text) == Fragment.of(text)

    def test_half_a_surrogate_pair_is_refused(self):
        with pytest.raises(UnsendableMail, match="surrogate"):
            Fragment.of("bad \ud83d title")

    def test_nothing_is_encoded_as_nothing(self):
        assert quoted_printable("") == b""


class TestMessage:
    def test_is_text_then_html(self):
        message = parse(make_mail())
        assert message.get_content_type() == "multipart/alternative"
        text, html = message.iter_parts()
        assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
        assert text.get_content() == "Hello Alice,\r\nhere are your papers.\r\n"
        assert html.get_content() == "<html><body><p>Hello</p></body></html>\r\n"

    def test_without_html_is_one_plain_part(self):
        message = parse(make_mail(html=()))
        assert message.get_content_type() == "text/plain"
        assert message.get_content() == "Hello Alice,\r\nhere are your papers.\r\n"

    @given(st.lists(NASTY, min_size=1, max_size=5), st.lists(NASTY, max_size=5))
    def test_survives_the_standard_parser(self, texts, htmls):
        chunks = tuple(map(Fragment.of, ["x", *texts]))
        html_pieces = tuple(map(Fragment.of, htmls))
        mail = make_mail(text=chunks, html=html_pieces)
        raw = mail.as_bytes()
        assert raw.endswith(b"\r\n")
        assert b"\r\n." not in raw
        assert b"\n" not in raw.replace(b"\r\n", b"")
        message: Any = message_from_bytes(raw)
        assert not message.defects
        parts = message.get_payload() if htmls else [message]
        assert parts[0].get_payload(decode=True).decode() == _crlf(chunks)
        if htmls:
            assert parts[1].get_payload(decode=True).decode() == _crlf(html_pieces)

    def test_every_header_is_there_once(self):
        message = parse(make_mail())
        names = [name.lower() for name in message]
        assert len(names) == len(set(names))
        assert {"from", "to", "subject", "date", "message-id", "mime-version"} <= set(names)
        assert {"list-unsubscribe", "list-unsubscribe-post", "list-id"} <= set(names)
        assert message["Message-ID"] == "<delivery.7.f00@papers.example.org>"

    def test_the_same_mail_gives_the_same_bytes(self):
        mail = make_mail(headers=(("Date", "Tue, 12 May 2026 07:00:00 +0000"),))
        assert mail.as_bytes() == mail.as_bytes()
        assert mail.as_bytes() == b"".join(mail.as_chunks())
        assert parse(mail)["Date"].datetime.year == 2026
        assert mail.as_bytes().count(b"Date:") == 1

    def test_boundary_cannot_occur_in_a_part(self):
        mail = make_mail()
        assert mail.boundary.startswith("=_")
        forged = make_mail(html=(Fragment.of(f"\n--{mail.boundary}--\n"),))
        assert len(list(parse(forged).iter_parts())) == 2
        assert mail.boundary in list(parse(forged).iter_parts())[1].get_content()
        assert mail.boundary != make_mail(message_id="<other@example.org>").boundary

    def test_list_unsubscribe_stays_on_one_line(self):
        value = f"<{LINK}{'x' * 200}>, <mailto:leave@papers.example.org?subject=leave-7>"
        raw = make_mail(headers=(("List-Unsubscribe", value),)).as_bytes()
        assert f"\r\nList-Unsubscribe: {value}\r\n".encode() in raw

    @pytest.mark.parametrize(
        "subject",
        [
            "Plain",
            "",
            "A long but plain subject " * 8,
            "Attention … and 9 more · 12 May",
            "论文" * 60,
            "ascii that looks encoded =?utf-8?q?x?=",
            "x" * 1200,
            "emoji 😀 " * 20,
        ],
    )
    def test_any_subject_arrives_as_it_was(self, subject):
        raw = make_mail(subject=subject).as_bytes()
        head = raw.partition(b"\r\n\r\n")[0]
        (subject_lines,) = re.findall(
            rb"^Subject:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", head, re.MULTILINE
        )
        assert max(map(len, subject_lines.split(b"\r\n"))) <= (78 if len(subject) < 1000 else 998)
        assert parse(make_mail(subject=subject))["Subject"] == subject.strip()

    @given(st.text(alphabet="ab é·論😀=?_.", min_size=1, max_size=200))
    def test_whatever_is_encoded_stands_in_short_lines(self, subject):
        if subject.isascii() and "=?" not in subject:
            subject += "·"
        head = make_mail(subject=subject).as_bytes().partition(b"\r\n\r\n")[0]
        (lines,) = re.findall(rb"^Subject:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", head, re.MULTILINE)
        assert max(map(len, lines.split(b"\r\n"))) <= 76  # RFC 2047 section 2
        (words,) = re.findall(rb"Subject: (.*)", lines, re.DOTALL)
        assert str(make_header(decode_header(words.decode()))) == subject.strip()

    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ("Broadsheet <digest@papers.example.org>", "Broadsheet"),
            ("digest@papers.example.org", ""),
            ('"Papers, daily" <digest@papers.example.org>', "Papers, daily"),
            ('"The \\"best\\" \\\\ papers" <digest@papers.example.org>', 'The "best" \\ papers'),
            ("Tägliche Papiere <digest@papers.example.org>", "Tägliche Papiere"),
            ("論文の新聞 <digest@papers.example.org>", "論文の新聞"),
        ],
    )
    def test_any_sender_name_arrives_as_it_was(self, value, name):
        sender = parse(make_mail(from_header=value))["From"].addresses[0]
        assert (sender.display_name, sender.addr_spec) == (name, "digest@papers.example.org")

    def test_header_words_beyond_ascii_are_encoded(self):
        message = parse(
            make_mail(
                headers=(("List-Id", "Tägliche Papiere <digest.example.org>"), ("X-Note", "é"))
            )
        )
        assert message["List-Id"] == "Tägliche Papiere <digest.example.org>"
        assert (
            b"<digest.example.org>"
            in make_mail(headers=(("List-Id", "Tägliche Papiere <digest.example.org>"),)).as_bytes()
        )
        assert message["X-Note"] == "é"

    def test_all_of_it_is_ascii(self):
        make_mail(subject="论文", text=(Fragment.of("论文"),)).as_bytes().decode("ascii")


def _crlf(chunks: tuple[Fragment, ...]) -> str:
    return "".join(fragment.text for fragment in chunks).replace("\n", "\r\n")


CONTROLS = st.sampled_from([*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u2029"])


class TestWhatIsUnsendable:
    @given(st.text(max_size=20), CONTROLS, st.text(max_size=20))
    def test_a_control_character_in_any_header_or_address(self, before, control, after):
        bad = before + control + after
        for changes in (
            {"subject": bad},
            {"from_header": f"{bad} <digest@example.org>"},
            {"to_addr": f"alice{bad}@example.org"},
            {"to_addr": f"alice@example.org{bad}"},
            {"envelope_from": f"{bad}@example.org"},
            {"message_id": f"<{bad}@example.org>"},
            {"headers": (("X-Note", bad),)},
            {"headers": (("List-Unsubscribe", bad),)},
            {"headers": ((f"X-{bad}", "value"),)},
        ):
            mail = make_mail(**changes)
            with pytest.raises(UnsendableMail):
                mail.as_bytes()
            with pytest.raises(UnsendableMail):
                mail.as_django()

    @given(st.text(), st.text())
    def test_no_text_makes_a_header_of_its_own(self, subject, value):
        mail = make_mail(subject=subject, headers=(("X-Note", value),))
        try:
            raw = mail.as_bytes()
        except UnsendableMail:
            return
        message = message_from_bytes(raw)
        assert [name for name in message if name.lower() not in ("subject", "x-note")] == [
            *("From", "To", "Message-ID", "MIME-Version", "Date", "Content-Type")
        ]

    @pytest.mark.parametrize(
        "bad",
        [
            *("", "alice", "alice@", "@example.org", "alice@@example.org", "a b@example.org"),
            *("alice@exa mple.org", "alice@example..org", ".alice@example.org", "alice@-x.org"),
            *("alice@example.org,bob@example.org", "Alice <alice@example.org>", "alice@[1.2.3.4]"),
            *("alice@example.org>", "<alice@example.org", "a" * 65 + "@example.org"),
            *("alice@" + "a." * 130 + "org", "alice@ex\u3002\u3002ample", "al\u00adice\x00@x.org"),
        ],
    )
    def test_a_malformed_address(self, bad):
        with pytest.raises(UnsendableMail):
            make_mail(to_addr=bad).as_bytes()

    @pytest.mark.parametrize(
        ("good", "wire"),
        [
            ("alice+papers@example.org", "alice+papers@example.org"),
            ('"alice b"@example.org', '"alice b"@example.org'),
            ("o'hara@mail.example.org", "o'hara@mail.example.org"),
            ("alice@localhost", "alice@localhost"),
            ("alice@münchen.example", "alice@xn--mnchen-3ya.example"),
            ("alice@straße.example", "alice@xn--strae-oqa.example"),
            ("älice@example.org", "älice@example.org"),
        ],
    )
    def test_but_not_an_unusual_one(self, good, wire):
        assert address("the recipient", good) == wire
        assert f"To: {wire}\r\n".encode() in make_mail(to_addr=good).as_bytes()

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"headers": (("Bcc", "eve@example.org"),)}, "set by the email"),
            ({"headers": (("subject", "again"),)}, "set by the email"),
            ({"headers": (("Content-Type", "text/html"),)}, "set by the email"),
            ({"headers": (("X-A", "1"), ("x-a", "2"))}, "twice"),
            ({"headers": (("X A", "1"),)}, "isn't a header name"),
            ({"headers": (("X-A: b\r\nBcc", "1"),)}, "isn't a header name"),
            ({"headers": (("List-Unsubscribe", f"<{'x' * 1000}>"),)}, "too long"),
            ({"headers": (("List-Unsubscribe", "<https://exämple.org>"),)}, "ASCII"),
            ({"text": ()}, "text part is empty"),
            ({"text": (Fragment.of(""),)}, "text part is empty"),
            ({"message_id": "delivery.7@example.org"}, "Message-ID"),
            ({"message_id": "<a@b@c>"}, "Message-ID"),
            ({"from_header": "Broadsheet"}, "From isn't an email address"),
        ],
    )
    def test_and_the_reason_says_why(self, changes, reason):
        with pytest.raises(UnsendableMail, match=reason) as raised:
            make_mail(**changes).as_bytes()
        assert raised.value.reason == str(raised.value)

    def test_html_that_mail_programs_would_clip(self):
        most = Fragment.of("é" * (HTML_LIMIT // 2))
        make_mail(html=(most,)).as_bytes()
        with pytest.raises(UnsendableMail, match="over 90 KB"):
            make_mail(html=(most, Fragment.of("x"))).as_bytes()


class TestForDjango:
    def test_carries_what_the_bytes_carry(self, settings):
        mail = make_mail(metadata={"issue": "2026-05-12"})
        message = mail.as_django()
        assert message.body == "Hello Alice,\nhere are your papers.\n"
        assert message.alternatives[0][0] == "<html><body><p>Hello</p></body></html>\n"
        assert message.metadata == {"delivery_id": "7", "issue": "2026-05-12"}
        assert message.tags == ["digest"]
        made, ours = message.message(), message_from_bytes(mail.as_bytes())
        assert sorted(name.lower() for name in made) == sorted(name.lower() for name in ours)
        for name in ("From", "To", "Subject", "Message-ID", "List-Unsubscribe", "List-Id"):
            assert made[name] == ours[name]

    def test_goes_through_a_plain_backend(self, settings):
        connection = django_mail.get_connection("django.core.mail.backends.locmem.EmailBackend")
        django_mail.outbox = []
        assert connection.send_messages([make_mail().as_django(connection)]) == 1
        assert django_mail.outbox[0].to == ["alice@example.org"]

    def test_a_kind_of_smtp_backend_gets_the_return_path(self):
        message = make_mail().as_django(DjangoSMTPBackend(host="127.0.0.1", port=9))
        assert message.from_email == "bounces+7@papers.example.org"
        assert message.message()["From"] == "Broadsheet <digest@papers.example.org>"

    def test_no_delivery_no_metadata(self):
        message = make_mail(delivery_id=None, tags=()).as_django()
        assert not hasattr(message, "metadata")
        assert not hasattr(message, "tags")
