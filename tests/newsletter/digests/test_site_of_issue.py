"""An issue's digests say what the site said when the issue was frozen, at every attempt."""

import datetime as dt

import pytest

from newsletter.delivery.composing import compose_for
from newsletter.digests.selection import Reader
from newsletter.issues.freezing import build_issue
from newsletter.models import Issue
from newsletter.operations.previews import preview
from papers.models import Site, SiteLogo
from subscriptions import links
from tests.factories import DAY, NOW, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db

NEXT = DAY + dt.timedelta(days=1)


@pytest.fixture
def row():
    logo = SiteLogo.objects.create(digest="a" * 20, image=b"x", width=600, height=120)
    return Site.objects.create(
        name="Morning Paper",
        postal_address="2 Example Street",
        accent="#1d4f8f",
        logo=logo,
        texts={
            "en": {
                "curator": "Alice",
                "welcome": "Good to have you at {name}.",
                "footer": "By the *library*. [Imprint](https://example.org/imprint)",
            },
            "de": {"welcome": "Schön, dass Sie bei {name} sind."},
        },
    )


@pytest.fixture
def topic():
    topic = make_topic()
    for day in (DAY, NEXT):
        make_match(make_paper(f"Robots that read on {day}", day=day), topic)
    return topic


def frozen(day, now):
    issue = build_issue(day, now)
    assert issue is not None
    return Issue.objects.get(pk=issue.pk)


def digest(issue, topic, **kwargs):
    reader = Reader(
        id=0,
        email="alice@example.org",
        link_version=links.VOID,
        topics=frozenset([topic.pk]),
        **kwargs,
    )
    mail, _ = compose_for(issue, reader)
    assert mail is not None
    html, text = ("".join(part.text for part in form) for form in (mail.html, mail.text))
    return mail, html, text


def said(made):
    mail, html, text = made
    return mail.from_header, mail.subject, mail.headers[1:], html, text


def test_a_digest_says_what_the_row_said(row, topic, settings):
    settings.SITE_NAME = "Broadsheet"
    settings.DEFAULT_FROM_EMAIL = "Broadsheet <digest@papers.example.org>"
    mail, html, text = digest(frozen(DAY, NOW), topic)
    assert mail.from_header == '"Morning Paper" <digest@papers.example.org>'
    assert dict(mail.headers)["List-Id"] == f"Morning Paper <{settings.LIST_ID}>"
    for form in (html, text):
        assert "Broadsheet" not in form
        assert "curated by Alice" in form
        assert "2 Example Street" in form
    assert f'src="{settings.SITE_URL}/look/{"a" * 20}.png"' in html
    assert 'alt="Morning Paper"' in html
    assert "#1d4f8f" in html
    assert "#8c1c1c" not in html
    assert '<a href="https://example.org/imprint">Imprint</a>' in html
    assert "By the library. Imprint (https://example.org/imprint)" in text.replace("\n", " ")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Good to have you at Morning Paper."),
        ("de", "Schön, dass Sie bei Morning Paper sind."),
    ],
)
def test_a_welcome_has_the_sites_own_sentence(row, topic, language, words):
    issue = frozen(DAY, NOW)
    _, html, text = digest(issue, topic, welcomed_on=issue.day, language=language)
    assert words in html
    assert words in text
    _, daily, _ = digest(issue, topic, language=language)
    assert words not in daily


def test_a_change_after_freezing_shows_in_the_next_issue_alone(row, topic, settings):
    settings.DEFAULT_FROM_EMAIL = f"{settings.SITE_NAME} <digest@papers.example.org>"
    issue = frozen(DAY, NOW)
    before = said(digest(issue, topic))
    Site.objects.filter(pk=row.pk).delete()
    Site.objects.create(name="Evening Paper", postal_address="2 Example Street")
    settings.CURATOR = "Nobody"
    assert said(digest(Issue.objects.get(pk=issue.pk), topic)) == before
    later = frozen(NEXT, NOW + dt.timedelta(days=1))
    _, html, text = digest(later, topic)
    for form in (html, text):
        assert "Evening Paper" in form
        assert "Morning Paper" not in form


def test_an_issue_of_before_that_was_kept_says_what_applies_now(row, topic):
    issue = frozen(DAY, NOW)
    Issue.objects.update(site=None)
    Site.objects.filter(pk=row.pk).delete()
    Site.objects.create(name="Evening Paper")
    _, html, _ = digest(Issue.objects.get(pk=issue.pk), topic)
    assert "Evening Paper" in html


@pytest.mark.parametrize("name", ["confirm", "goodbye"])
def test_the_other_emails_say_what_the_row_says_now(row, settings, name):
    settings.DEFAULT_FROM_EMAIL = f"{settings.SITE_NAME} <digest@papers.example.org>"
    row.texts = {"en": {"confirmation": "Is it you, {name} asks?", "goodbye": "Farewell, {name}."}}
    row.save()
    shown = preview(name, NOW)
    words = {"confirm": "Is it you, Morning Paper asks?", "goodbye": "Farewell, Morning Paper."}
    assert "Morning Paper" in shown.subject
    for form in (shown.html, shown.text):
        assert words[name] in form
        assert "2 Example Street" in form
    assert "From: Morning Paper <digest@papers.example.org>" in shown.message.decode()


def test_words_that_look_like_markup_are_shown(row, topic):
    row.name = 'Q&A ‹1› "x"'
    row.texts = {"en": {"welcome": "<b>{name}</b> & more", "curator": "Bob <i>"}}
    row.save()
    issue = frozen(DAY, NOW)
    _, html, text = digest(issue, topic, welcomed_on=issue.day)
    assert "&lt;b&gt;Q&amp;A ‹1›" in html
    assert '<b>Q&A ‹1› "x"</b> & more' in text.replace("\n", " ")
    assert "<i>" not in html
