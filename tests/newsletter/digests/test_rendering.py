"""The digest as it is sent: what every mail must hold, and what no paper, however named, can do."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from newsletter.digests import rendering
from newsletter.digests.bodies import HTML, IN_FULL
from newsletter.digests.contexts import counts_of
from newsletter.digests.rendering import DigestPress, delivery_id_of, message_id
from newsletter.mail.message import HTML_LIMIT, Mail
from papers.text.cleaning import plain, shorten
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.notices.mjml import RenderingFailed
from tests.newsletter.digest_readers import (
    TOPICS,
    choices_of,
    make_card,
    make_place,
    make_press,
    make_reader,
    sample_places,
    whole,
)

ALICE, BOB = make_reader(1), make_reader(2)

STATIC = Path(settings.BASE_DIR) / "newsletter" / "static" / "newsletter"

HOSTILE = {
    "tags": "<b>bold</b> & <script>alert(1)</script>",
    "quotes": "It's \"quoted\" & 'single' `tick`",
    "django": "{{ settings.SECRET_KEY }} {% include 'x' %} {# note #}",
    "mjml": "</mj-text></mj-column></mj-section><mj-raw><mj-include path='/etc/passwd' />",
    "comment": "<!-- --> <![endif]--> ]]> <![CDATA[x]]>",
    "entities": "&lt;b&gt; &amp;amp; &#0; &nbsp;",
    "tex": r"$\mathcal{O}(n^2)$ \textbf{x} 100% of A$^2$",
    "lines": "One\r\nBcc: eve@example.org\r\n\r\nTwo\ttab\x0bvertical",
    "controls": "null\x00 escape\x1b[31m bell\x07 high\x85\x9f",
    "emoji": "Agents 🤖 for 👩🏽‍🔬 and 🏳️‍🌈",
    "long": "word " * 400,
    "endless": "x" * 2000,
    "hebrew": "למידת מכונה לעברית: סקירה",
    "override": "left \u202eright\u2066 isolate",
    "surrogate": "half \ud800 pair",
    "dots": ".\n.. dotted",
    "from": "From here to there",
    "encoded": "=?utf-8?q?evil?= =3D =",
    "nothing": " \u200b ",
}


class Elements(HTMLParser):
    """What a document holds: tags, links, the titles of the list and of the papers in full."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.headings: list[str] = []
        self.tables: list[dict[str, str | None]] = []
        self.attributes: set[str] = set()
        self.lines: list[str] = []
        self._in_heading = self._in_line = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        found = dict(attrs)
        self.attributes |= found.keys()
        if "href" in found:
            self.links.append(found["href"] or "")
        if tag == "table":
            self.tables.append(found)
        if tag == "p" and "margin:0 0 7px" in (found.get("style") or ""):
            self._in_line = True
            self.lines.append("")
        if tag == "h2" and found.get("class") is None:
            self._in_heading = True
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = self._in_heading and tag != "h2"
        self._in_line = self._in_line and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings[-1] += data
        if self._in_line:
            self.lines[-1] += data


def html_of(mail: Mail) -> str:
    return "".join(fragment.text for fragment in mail.html)


def text_of(mail: Mail) -> str:
    return "".join(fragment.text for fragment in mail.text)


def parse(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.as_bytes(), policy=policy.default)


def one_paper(title: str = "A quiet title", **card: Any) -> Mail:
    press = make_press([make_place(1, title=title, **card)])
    return press.render(ALICE, choices_of(press, ALICE), 7)


@pytest.fixture(scope="module")
def press() -> DigestPress:
    return make_press(sample_places(), note="The first line.\n\nThe <second> line.")


@pytest.fixture(scope="module")
def mail(press: DigestPress) -> Mail:
    return press.render(ALICE, choices_of(press, ALICE), 7)


# --- The message ----------------------------------------------------------------------------------


def test_every_header_is_there_once(mail):
    message = parse(mail)
    names = Counter(name.lower() for name in message.keys())  # noqa: SIM118  # repeats matter
    assert set(names.values()) == {1}
    assert {
        "from", "to", "subject", "message-id", "date", "mime-version", "content-type",
        "list-unsubscribe", "list-unsubscribe-post", "list-id", "auto-submitted", "feedback-id",
    } == set(names)  # fmt: skip
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "Broadsheet <digest.papers.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Feedback-ID"] == "2026-06-10:digest:daily:papersexampleor"
    assert message["To"] == ALICE.email
    assert message["Message-ID"] == message_id(7)
    assert mail.envelope_from == "digest@papers.example.org"
    assert mail.metadata == {"issue": "2026-06-10"}
    assert mail.tags == ("digest",)


def test_list_unsubscribe_names_a_page_and_an_address(mail):
    token = links.token(Purpose.UNSUBSCRIBE, ALICE.id, ALICE.link_version)
    page = links.absolute(reverse("subscriptions:unsubscribe", args=[token]))
    by_mail = f"mailto:leave@papers.example.org?subject=unsubscribe-{token}"
    assert dict(mail.headers)["List-Unsubscribe"] == f"<{page}>, <{by_mail}>"
    assert b"\r\nList-Unsubscribe: <https://" in mail.as_bytes()


@pytest.mark.parametrize(
    ("name", "list_id"),
    [
        ("Papers, Inc.", '"Papers, Inc." <digest.papers.example.org>'),
        ('The "Daily" <x>', "\"The 'Daily' <x>\" <digest.papers.example.org>"),
        ("Zeitung für Papiere", "Zeitung für Papiere <digest.papers.example.org>"),
    ],
)
def test_site_name_of_any_kind_makes_a_valid_mail(settings, name, list_id):
    settings.SITE_NAME = name
    mail = one_paper()
    assert dict(mail.headers)["List-Id"] == list_id
    assert parse(mail)["List-Id"].endswith("<digest.papers.example.org>")


def test_text_comes_before_html_and_both_say_the_same_papers(mail, press):
    message = parse(mail)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    titles = [choice.place.card.title for choice in choices_of(press, ALICE)]
    assert len(titles) == 10
    flowing = " ".join(text_of(mail).split())
    for title in titles:
        assert title in flowing
    found = Elements(html_of(mail))
    assert [line.strip() for line in found.lines][: len(titles)] == titles
    assert [heading.strip() for heading in found.headings] == titles[:IN_FULL]


def test_text_only_reader_gets_no_html(press):
    reader = ALICE._replace(text_only=True)
    mail = press.render(reader, choices_of(press, reader), 7)
    assert mail.html == ()
    assert parse(mail).get_content_type() == "text/plain"
    assert "More like this: https://" in text_of(mail)


def test_subject_says_what_is_inside(press):
    place = make_place(1, title="Toward Generalist Autonomous Research Agents That Never Sleep")
    others = [make_place(number) for number in range(2, 11)]
    press = make_press([place, *others])
    assert press.subject(choices_of(press)) == (
        "Toward Generalist Autonomous Research Agents That… and 9 more papers · Wed 10 June"
    )
    assert press.subject(choices_of(press, wanted=2)).endswith("… and 1 more paper · Wed 10 June")
    assert press.subject(choices_of(press, wanted=1)) == (
        "Toward Generalist Autonomous Research Agents That Never Sleep · Wed 10 June"
    )


def test_weekly_form_is_the_weeks_best(press):
    weekly = make_press(press.places, is_weekly=True)
    mail = weekly.render(ALICE, choices_of(weekly, ALICE), 7)
    assert mail.subject.startswith("The week’s best: ")
    assert mail.subject.endswith(" · week to Wed 10 June")
    assert "The week in 30 seconds" in html_of(mail)
    assert "Switch to daily" in html_of(mail)
    assert "the week’s best research papers" in text_of(mail)
    assert "2026-06-10:digest:weekly:" in dict(mail.headers)["Feedback-ID"]


def test_digest_without_papers_or_with_unknown_ones_is_refused(press):
    with pytest.raises(RenderingFailed, match="without papers"):
        press.render(ALICE, [], 7)
    with pytest.raises(KeyError):
        press.render(ALICE, choices_of(make_press([make_place(9000)])), 7)


# --- Hostile papers -------------------------------------------------------------------------------


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE)
def test_hostile_title_is_shown_unharmed_and_does_no_harm(title):
    mail, quiet = one_paper(title), one_paper()
    shown = shorten(plain(title), 300) or "Untitled"
    found, innocent = Elements(html_of(mail)), Elements(html_of(quiet))
    assert found.headings == [shown]
    assert found.tags == innocent.tags
    assert found.links == innocent.links
    assert "".join(shown.split()) in "".join(text_of(mail).split())
    message = parse(mail)
    assert message.keys() == parse(quiet).keys()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", mail.subject)
    for body in (html_of(mail), text_of(mail)):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", body)
    assert len(mail.subject) < 120
    assert sum(fragment.size for fragment in mail.html) < 20_000


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_anywhere_else_does_no_harm(text):
    topics = {1: text, 2: "Reasoning"}
    place = make_place(
        1,
        authors=(text, text),
        author_count=9,
        organization=text,
        excerpt=text,
        topic_names=(text,),
        note=text,
        is_pick=True,
    )
    quiet = make_place(
        1, author_count=9, organization="O", topic_names=("A",), note="N", is_pick=True
    )
    press, usual = make_press([place], topics, note=text), make_press([quiet], note="A\nB")
    choice = choices_of(press, ALICE)[0]
    mail = press.render(ALICE, [choice._replace(why=text)], 7)
    found, innocent = (
        Elements(html_of(mail)),
        Elements(html_of(usual.render(ALICE, choices_of(usual, ALICE), 7))),
    )
    assert set(found.tags) <= set(innocent.tags)
    assert found.attributes == innocent.attributes
    assert sorted(found.links) == sorted(innocent.links)
    mail.as_bytes()
    assert sum(fragment.size for fragment in mail.html) < HTML_LIMIT


def test_right_to_left_title_does_not_turn_the_subject_around():
    mail = one_paper(HOSTILE["hebrew"])
    assert mail.subject == f"\u2068{HOSTILE['hebrew']}\u2069 · Wed 10 June"
    assert '<h2 dir="auto"' in html_of(mail)


def test_title_that_holds_a_mark_is_only_a_title(monkeypatch):
    drawn: Iterator[str] = iter(["a" * 16, "a" * 16, "b" * 16, "c" * 16])
    monkeypatch.setattr("secrets.token_hex", lambda size: next(drawn))
    title = f"q{'a' * 16}hwhyz{'a' * 16}q and q{'a' * 16}ecard1z{'a' * 16}q"
    assert Elements(html_of(one_paper(title))).headings == [title]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "//example.org/x", "/relative", "ftp://example.org/x", "https://",
     "https://example.org/ x", 'https://example.org/"><b>', "data:text/html,x", "http:\r\n//x"],
)  # fmt: skip
def test_link_that_is_no_web_address_is_left_out(url):
    mail = one_paper(code_url=url, project_url="https://example.org/project?a=1&b=2")
    found = Elements(html_of(mail))
    assert "https://example.org/project?a=1&b=2" in found.links
    assert ">Code<" not in html_of(mail)
    assert "Code:" not in text_of(mail)


def test_path_of_a_card_cannot_leave_the_site():
    mail = one_paper(path="@evil.example/\r\n x?<>")
    assert (
        "https://papers.example.org/%40evil.example/%20x%3F%3C%3E" in Elements(html_of(mail)).links
    )


# --- Links and tokens -----------------------------------------------------------------------------


def test_every_link_leads_where_it_says_and_every_token_is_the_readers(mail, press):
    found = Elements(html_of(mail)).links
    assert all(link.startswith("https://") for link in found)
    in_text = re.findall(r"https?://\S+", text_of(mail))
    version = (ALICE.id, ALICE.link_version)
    preferences = links.absolute(links.preferences_path(*version))
    unsubscribe = links.absolute(links.unsubscribe_path(*version))
    token = links.token(Purpose.DIGEST, *version, 7)
    on_the_web = links.absolute(reverse("newsletter:digest", args=[token]))
    for shown in (found, in_text):
        assert on_the_web in shown
        assert preferences in shown
        assert unsubscribe in shown
        for at, choice in enumerate(choices_of(press, ALICE)):
            for value in ("more", "less"):
                path = links.feedback_path(*version, choice.place.paper_id, value)
                assert shown.count(links.absolute(path)) == (at < IN_FULL)
            save = links.absolute(links.save_path(*version, choice.place.paper_id))
            assert shown.count(save) == (at < IN_FULL)
            page = "https://papers.example.org" + choice.place.card.path
            assert shown.count(page) == 1 + (at < IN_FULL)  # in the list, and in full
    tokens = set(re.findall(r"/([A-Za-z0-9_-]{48})/", html_of(mail) + text_of(mail)))
    assert tokens == {
        links.token(Purpose.PREFERENCES, *version),
        links.token(Purpose.UNSUBSCRIBE, *version),
        links.token(Purpose.FEEDBACK, *version),
        links.token(Purpose.DIGEST, *version, 7),
    }


def test_two_readers_mails_differ_only_in_what_is_their_own(press):
    ours, theirs = (
        press.render(reader, choices_of(press, ALICE), reader.id) for reader in (ALICE, BOB)
    )
    for purpose in Purpose:
        token = links.token(purpose, ALICE.id, 1, ALICE.id if purpose is Purpose.DIGEST else 0)
        assert token.encode() not in theirs.as_bytes()
    blank = re.compile(r"[A-Za-z0-9_-]{48}")
    assert blank.sub("*", html_of(ours)) == blank.sub("*", html_of(theirs))
    assert blank.sub("*", text_of(ours)) == blank.sub("*", text_of(theirs))
    assert html_of(ours) != html_of(theirs)
    assert ours.subject == theirs.subject
    assert ours.message_id != theirs.message_id
    assert ours.headers[1:] == theirs.headers[1:]


# --- The body -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_weekly", [False, True])
@pytest.mark.parametrize(
    "reader", [ALICE, BOB._replace(topics=frozenset(TOPICS), papers_wanted=15)]
)
def test_joined_fragments_are_what_the_templates_make_in_one_go(press, reader, is_weekly):
    press = make_press(press.places, note=press.issue.note, is_weekly=is_weekly)
    choices = choices_of(press, reader)
    mail = press.render(reader, choices, 7)
    assert press.html is not None
    assert html_of(mail) == whole(press, press.html, reader, choices, 7)
    assert text_of(mail) == whole(press, press.text, reader, choices, 7)


def test_nothing_of_templates_marks_or_python_is_left(mail):
    for body in (html_of(mail), text_of(mail)):
        assert not re.search(r"\{\{|\{%|%\}|\{#|mj-text|mj-raw|None|<class|SafeString", body)
        assert not re.search(r"q[0-9a-f]{16}[hbe]", body)
    assert "<" not in text_of(mail).replace("<second>", "")


def test_why_topics_counts_and_notes_are_shown(press, mail):
    html, text = html_of(mail), text_of(mail)
    for choice in choices_of(press, ALICE)[:IN_FULL]:
        assert choice.why in html
        assert f"{choice.why}\n" in text
    assert "Agents and tool use · Efficient inference<" in html
    assert "\nAgents and tool use, Efficient inference\n" in text
    assert "291 upvotes, up 72 · 15 comments" in html
    assert "The &lt;second&gt; line." in html
    assert "From the abstract:" in html
    assert "Broadsheet, 1 Example Street, 12345 Example" in html
    assert "Broadsheet, 1 Example Street, 12345 Example" in text
    assert "Wednesday, 10 June 2026" in html
    pick = one_paper(is_pick=True, note="Read this first.")
    assert "Editor’s pick" in html_of(pick)
    assert "Read this first." in html_of(pick)
    assert "Read this first." in text_of(pick)
    assert "From the abstract" not in html_of(one_paper(excerpt_is_cut=False))


def test_counts_that_nobody_counted_are_not_shown_as_zero():
    assert counts_of(make_card(comments=None, stars=None, upvotes_gained=None)) == ["164 upvotes"]
    assert counts_of(make_card(upvotes=None, comments=0, stars=1)) == ["0 comments", "1 star"]
    assert counts_of(make_card(upvotes=1234, comments=1, stars=None, upvotes_gained=0)) == [
        "1,234 upvotes",
        "1 comment",
    ]
    assert counts_of(make_card(upvotes=None, comments=None, stars=None)) == []


def test_also_trending_names_the_best_papers_outside_the_readers_topics():
    places = [make_place(number, topics=(number % 4 + 1,)) for number in range(1, 13)]
    press = make_press(places)
    mail = press.render(ALICE, choices_of(press, ALICE), 7)  # topics 1 and 2
    own = [f"Paper number {number}" for number in (1, 4, 5, 8, 9, 12)]
    also = [f"Paper number {number}" for number in (2, 3, 6)]
    assert Elements(html_of(mail)).lines == own + also
    assert "</h3>" in html_of(mail).split("Also trending, outside your topics")[1].split("2</a>")[0]
    disliking = ALICE._replace(disliked=frozenset({1002}))
    listed = text_of(press.render(disliking, choices_of(press, ALICE), 7)).split("Also trending")[1]
    listed = listed.split("Abstracts, rating")[0]
    assert re.findall(r"Paper number \d+", listed) == [f"Paper number {n}" for n in (3, 6, 7)]
    assert listed.count("164 upvotes · ") == 3
    everything = ALICE._replace(topics=frozenset(TOPICS))
    mail = press.render(everything, choices_of(press, everything), 7)
    assert "Also trending" not in html_of(mail) + text_of(mail)
    top = ALICE._replace(top_papers=True)
    mail = press.render(top, choices_of(press, top), 7)
    assert "Also trending" not in html_of(mail) + text_of(mail)


def test_top_papers_are_named_among_the_topics_and_head_their_own_group():
    places = [make_place(number, topics=(number % 4 + 1,)) for number in range(1, 5)]
    press = make_press(places)
    reader = ALICE._replace(topics=frozenset({1}), top_papers=True, grouped=True)
    mail = press.render(reader, choices_of(press, reader), 7)
    assert "\nTop papers, Agents and tool use\n" in text_of(mail)
    headings = re.findall(r"<h([23])[^>]*>(?:<a[^>]*>)?([^<]+)", html_of(mail))
    assert headings[:3] == [
        ("2", "Today in 30 seconds"),
        ("3", "Top papers"),
        ("3", "Agents and tool use"),
    ]
    assert Elements(html_of(mail)).lines == [f"Paper number {number}" for number in (1, 2, 3, 4)]
    alone = ALICE._replace(topics=frozenset(), top_papers=True)
    mail = press.render(alone, choices_of(press, alone), 7)
    assert "\nTop papers\n" in text_of(mail)
    assert Elements(html_of(mail)).lines == [f"Paper number {number}" for number in (1, 2, 3, 4)]


def test_many_topics_are_named_in_part_and_counted():
    names = {number: f"Topic {number}" for number in range(1, 27)}
    press = make_press([make_place(1)], names)
    reader = ALICE._replace(topics=frozenset(names) | {999})
    mail = press.render(reader, choices_of(press, reader), 7)
    assert "\nTopic 1 and 25 more\n" in text_of(mail)


def test_preheader_goes_on_where_the_subject_ends(mail, press):
    titles = [shorten(choice.place.card.title, 60) for choice in choices_of(press, ALICE)[1:4]]
    body = html_of(mail).partition("<body")[2]
    assert body.index(" · ".join(titles)) < body.index("<h1")


def test_fifteen_papers_stay_below_the_limit_and_ten_near_45_kb(press):
    reader = ALICE._replace(topics=frozenset(TOPICS), papers_wanted=15, in_full=True)
    mail = press.render(reader, choices_of(press, reader), 7)
    assert len(Elements(html_of(mail)).headings) == 15
    assert sum(fragment.size for fragment in mail.html) < HTML_LIMIT / 2
    reader = reader._replace(papers_wanted=10)
    assert len(press.render(reader, choices_of(press, reader), 7).as_bytes()) < 46_000


def test_digest_that_would_be_clipped_gets_fewer_papers_and_a_link():
    places = [make_place(n, excerpt="“wörter” & " * 80, note="&" * 600) for n in range(1, 51)]
    press = make_press(places)
    choices = choices_of(press)
    mail = press.render(ALICE._replace(in_full=True), choices, 7)
    shown = len(Elements(html_of(mail)).headings)
    assert 5 < shown < 50
    assert sum(fragment.size for fragment in mail.html) <= HTML_LIMIT
    assert f"{50 - shown} papers more on the web" in html_of(mail)
    assert "50 papers" in html_of(mail)
    assert "</html>" in html_of(mail)
    assert "and 49 more papers" in mail.subject
    assert text_of(mail).count("Matches Agents") == 50
    mail.as_bytes()


def test_html_that_cannot_be_made_leaves_a_digest_of_text(monkeypatch, caplog):
    def fail(source: str) -> str:
        raise RenderingFailed("the MJML does not compile: no reason")

    monkeypatch.setattr(rendering, "HTML", replace(HTML, compiled=fail))
    mail = one_paper()
    assert mail.html == ()
    assert "A quiet title" in text_of(mail)
    (record,) = caplog.records
    assert vars(record)["reason"] == "the MJML does not compile: no reason"


def test_html_with_a_bad_link_is_not_sent(settings, caplog):
    settings.SITE_URL = "gopher://example.org"
    assert one_paper().html == ()
    assert "not an absolute address" in vars(caplog.records[0])["reason"]


def test_html_is_readable_aloud_without_images_and_in_both_schemes(mail):
    html, found = html_of(mail), Elements(html_of(mail))
    assert '<html lang="en" dir="ltr"' in html
    assert '<meta name="color-scheme" content="light dark"' in html
    assert "prefers-color-scheme:dark" in html
    assert found.tags["h1"] == 1
    assert not found.tags.keys() & {"script", "link", "iframe", "form", "input", "svg"}
    assert all(table.get("role") == "presentation" for table in found.tables)
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"fonts\.g", html)


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_enough_contrast_in_both_schemes(mail):
    styles = html_of(mail).partition("</head>")[0]
    light, _, dark = styles.partition("prefers-color-scheme:dark")
    dark = dark.partition("[data-ogsb]")[0]
    for scheme, paper in ((light, "#fdfcf8"), (dark, "#191815")):
        inks = set(re.findall(r"[{;]color:(#[0-9a-f]{6})", scheme)) - {"#ffffff"}  # on a button
        assert len(inks) == 3
        for ink in inks:
            low, high = sorted([luminance(ink), luminance(paper)])
            assert (high + 0.05) / (low + 0.05) >= 5.5  # AA asks for 4.5


# --- Message-IDs ----------------------------------------------------------------------------------


def test_message_id_is_stable_and_leads_back_to_its_delivery():
    assert message_id(7) == message_id(7)
    assert message_id(7) != message_id(8)
    assert re.fullmatch(r"<d7\.[0-9a-f]{16}@papers\.example\.org>", message_id(7))
    assert delivery_id_of(message_id(7)) == 7
    assert delivery_id_of(message_id(7).strip("<>")) == 7


@pytest.mark.parametrize(
    "forged",
    ["", "<d7@x>", "<d7.0000000000000000@papers.example.org>", "<x@y>", "d7", "<d7.\n@x>",
     f"<d{'9' * 40}.0000000000000000@x>"],
)  # fmt: skip
def test_message_id_that_is_not_ours_leads_nowhere(forged):
    assert delivery_id_of(forged) is None


def test_message_id_of_an_earlier_key_is_still_known(settings):
    earlier = message_id(7)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 10
    assert message_id(7) != earlier
    assert delivery_id_of(earlier) == 7


def test_preview_belongs_to_no_delivery(press):
    mail = press.render(ALICE, choices_of(press, ALICE), None)
    assert delivery_id_of(mail.message_id) is None
    assert mail.delivery_id is None
    mail.as_bytes()


# --- The reader's choice: ranked, or by topic -----------------------------------------------------


def grouped_press() -> DigestPress:
    topics = [(2,), (1,), (2, 1), (1,), (3,)]
    return make_press([make_place(at, topics=mine) for at, mine in enumerate(topics, 1)])


def test_papers_by_topic_stand_under_the_names_of_their_topics():
    press, reader = grouped_press(), ALICE._replace(grouped=True)
    mail = press.render(reader, choices_of(press, ALICE), 7)
    found = re.findall(r"<h([23])[^>]*>(?:<a[^>]*>)?([^<]+)", html_of(mail))
    assert found == [
        ("2", "Today in 30 seconds"),
        ("3", "Efficient inference"),
        ("3", "Agents and tool use"),
        ("3", "Also trending, outside your topics"),
        ("2", "Paper number 1"),
        ("2", "Paper number 2"),
        ("2", "Paper number 3"),
    ]
    lines = Elements(html_of(mail)).lines
    assert lines == [f"Paper number {number}" for number in (1, 3, 2, 4, 5)]
    order = re.findall(
        r"^(Efficient inference|Agents and tool use|Paper number \d)$", text_of(mail), re.M
    )
    assert order == [
        "Efficient inference",
        "Paper number 1",
        "Paper number 3",
        "Agents and tool use",
        *(f"Paper number {number}" for number in (2, 4, 5, 1, 2, 3)),
    ]
    ranked = press.render(ALICE, choices_of(press, ALICE), 7)
    assert mail.subject == ranked.subject
    listed = [f"Paper number {number}" for number in (1, 2, 3, 4, 5)]
    assert Elements(html_of(ranked)).lines == listed


def test_every_paper_in_full_stands_under_its_topic_for_whoever_wants_that():
    press = grouped_press()
    choices = choices_of(press, ALICE)
    mail = press.render(ALICE._replace(grouped=True, in_full=True), choices, 7)
    found = re.findall(r"<h([23])[^>]*>(?:<a[^>]*>)?([^<]+)", html_of(mail))
    assert found[4:] == [
        ("2", "Efficient inference"),
        ("3", "Paper number 1"),
        ("3", "Paper number 3"),
        ("2", "Agents and tool use"),
        ("3", "Paper number 2"),
        ("3", "Paper number 4"),
    ]
    ranked = press.render(ALICE._replace(in_full=True), choices, 7)
    assert Elements(html_of(ranked)).headings == [f"Paper number {n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("in_full", [False, True])
def test_papers_by_topic_are_what_the_templates_make_in_one_go(in_full):
    press, reader = grouped_press(), ALICE._replace(grouped=True, in_full=in_full)
    choices = choices_of(press, reader)
    mail = press.render(reader, choices, 7)
    assert press.html is not None
    assert html_of(mail) == whole(press, press.html, reader, choices, 7)
    assert text_of(mail) == whole(press, press.text, reader, choices, 7)


@pytest.mark.parametrize("grouped", [False, True])
def test_large_digest_leaves_out_the_least_trending_and_keeps_its_footer(grouped):
    places = [
        make_place(n, topics=(n % 6 + 1,), excerpt="“wörter” & " * 80, note="&" * 600)
        for n in range(1, 51)
    ]
    press = make_press(places)
    reader = ALICE._replace(
        topics=frozenset(TOPICS), papers_wanted=50, grouped=grouped, in_full=True
    )
    mail = press.render(reader, choices_of(press, reader), 7)
    html = html_of(mail)
    named = Counter(int(number) for number in re.findall(r">Paper number (\d+)<", html))
    assert 5 < len(named) < 50
    assert named == dict.fromkeys(range(1, len(named) + 1), 2)  # in the list, and in full
    assert sum(fragment.size for fragment in mail.html) <= HTML_LIMIT
    footer = html.split("You confirmed this subscription")[1]
    for words in (
        "Preferences",
        "Pause",
        "Switch to weekly",
        "Unsubscribe",
        "1 Example Street",
        "</html>",
    ):
        assert words in footer


# --- Pictures and summaries -----------------------------------------------------------------------


def pictures(mail: Mail) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "img":
                found.append(dict(attrs))

    Reader().feed(html_of(mail))
    return found


THUMBNAIL = "https://thumbnails.example.org/1.png?a=1&b=2"


def test_drawings_in_mails_sent_by_earlier_versions_are_still_there():
    assert {path.name for path in (STATIC / "plates").iterdir()} == {f"{n}.png" for n in range(12)}


@pytest.mark.parametrize("wanted", ["own", "plates", "source", "none"])
def test_papers_without_a_thumbnail_have_no_picture(settings, wanted):
    settings.EMAIL_THUMBNAILS = wanted
    assert pictures(one_paper(thumbnail_path="", thumbnail_url="")) == []


def test_thumbnail_of_the_source_is_shown_only_where_the_operator_wants_it(settings):
    assert "thumbnails.example.org" not in html_of(one_paper(thumbnail_url=THUMBNAIL))
    settings.EMAIL_THUMBNAILS = "source"
    (picture,) = pictures(one_paper(thumbnail_url=THUMBNAIL))
    assert (picture["src"], picture["alt"]) == (THUMBNAIL, "")
    for bad in ("http://example.org/x.png", "javascript:alert(1)", 'https://example.org/"x'):
        assert pictures(one_paper(thumbnail_url=bad)) == []
    settings.EMAIL_THUMBNAILS = "none"
    assert pictures(one_paper(thumbnail_url=THUMBNAIL)) == []


@pytest.mark.parametrize("wanted", ["own", "plates"])
def test_our_own_thumbnail_is_shown_where_there_was_one_when_the_issue_froze(settings, wanted):
    settings.EMAIL_THUMBNAILS = wanted
    path = "/thumbnails/7-0123abcd.jpg"
    (picture,) = pictures(one_paper(thumbnail_path=path, thumbnail_url=THUMBNAIL))
    assert (picture["src"], picture["alt"]) == (f"https://papers.example.org{path}", "")
    assert (picture["width"], picture["height"]) == ("96", "54")
    assert pictures(one_paper(thumbnail_path="", thumbnail_url=THUMBNAIL)) == []
    for path in ("//example.net/x.jpg", "https://example.net/x.jpg", 'x" onerror="y'):
        (picture,) = pictures(one_paper(thumbnail_path=path))
        assert (picture["src"] or "").startswith("https://papers.example.org/")


def test_summary_is_said_to_be_the_abstracts_only_where_it_is():
    mail = one_paper(excerpt_is_cut=False, is_summarised=True)
    assert "From the abstract" not in html_of(mail) + text_of(mail)
    assert "some are AI-generated" in html_of(mail)
    mail = one_paper(excerpt_is_cut=True)
    assert "From the abstract:" in html_of(mail)
    assert "some are AI-generated" not in html_of(mail)


# --- Languages ------------------------------------------------------------------------------------


def test_issue_can_be_printed_in_another_language_and_direction():
    for language, direction in (("de", "ltr"), ("ar", "rtl")):
        press = DigestPress(make_press([]).issue, [make_place(1)], TOPICS, language=language)
        html = html_of(press.render(ALICE, choices_of(press, ALICE), 7))
        assert f'<html lang="{language}" dir="{direction}"' in html
    press = DigestPress(make_press([]).issue, [make_place(1)], TOPICS, language="de")
    assert press.subject(choices_of(press)) == "Paper number 1 · Mi, 10. Juni"
