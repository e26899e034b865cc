"""The sentences about the site that an owner may write in each language, and what they may hold.

Each is one plain line; `{name}` in it stands for the site's name. Where none is written, the
sentence that comes with Broadsheet applies, in its translation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

NAME_LENGTH = 60
"""Characters of the site's name: it stands in subjects, beside which inboxes show little."""

CURATOR_LENGTH = 80
POSTAL_LENGTH = 300

NAME = "{name}"
"""Stands for the site's name."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: what it is called, where it stands, and what it says unless somebody says
    otherwise.
    """

    key: str
    label: str
    where: str
    most: int
    """Characters, at most."""
    shipped: str = ""
    """In English, with %(site_name)s and %(curator)s; empty where a variable has it."""
    is_markdown: bool = False


SENTENCES = (
    Sentence(
        "tagline",
        "Tagline",
        "Below the name on every page if you write one; in search results, and on the picture "
        "that other sites show beside links.",
        90,
        gettext_noop("Each day’s trending research papers, by topic, in your inbox."),
    ),
    Sentence(
        "curator",
        "Curator",
        "Who picks the papers, as in “by …” (in German: “Auswahl: …”). On pages, in feeds and "
        "emails.",
        CURATOR_LENGTH,
    ),
    Sentence(
        "footer",
        "Footer",
        "At the bottom of every page, and of emails if you write one. Links: "
        "[words](https://…); *emphasis*.",
        500,
        gettext_noop(
            "%(site_name)s, by %(curator)s and the research community. Papers belong to their "
            "authors; we link to them."
        ),
        is_markdown=True,
    ),
    Sentence(
        "confirmation",
        "Confirmation email",
        "The first sentence. What was chosen, the button and how to ignore the email follow.",
        400,
        gettext_noop(
            "Someone, hopefully you, asked %(site_name)s to send trending research papers to "
            "this address."
        ),
    ),
    Sentence(
        "welcome",
        "Welcome",
        "Follows “Welcome.” at the top of the first digest.",
        400,
        gettext_noop(
            "To start with, here’s the best of the last week for you. Your digests will follow "
            "at the hour you chose, and won’t repeat any of these papers."
        ),
    ),
    Sentence(
        "goodbye",
        "Goodbye email",
        "The first sentence. How to come back and how to delete one's data follow.",
        400,
        gettext_noop(
            "You’ve unsubscribed from %(site_name)s. This is our last email; you won’t get any "
            "more digests."
        ),
    ),
)

BY_KEY = {one.key: one for one in SENTENCES}

Texts = dict[str, dict[str, str]]
"""By language and key."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]")
_ADDRESS = re.compile(r"[^\s@()<>]+@[^\s@()<>]+\.\w")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")


def check_line(text: str) -> None:
    """Raise `ValidationError` unless the text is one plain line without an email address."""
    if _CONTROL.search(text):
        raise ValidationError(
            "Write it on one line: it contains a line break or a control character.",
            code="control",
        )
    if _UNSEEN.search(text):
        raise ValidationError(
            "It contains invisible characters, perhaps from copying. Please type it again.",
            code="unseen",
        )
    if _ADDRESS.search(text):
        raise ValidationError(
            "Don’t write an email address here. Addresses are set by variables; the privacy page "
            "shows CONTACT_EMAIL.",
            code="address",
        )


def check_name(text: str) -> None:
    """Raise `ValidationError` unless the text is a name as senders have one."""
    check_line(text)
    if "<" in text or ">" in text:
        raise ValidationError("Leave out < and >: the name stands before a sender’s address.")


def check_sentence(sentence: Sentence, text: str) -> None:
    """Raise `ValidationError` unless the text can stand for the sentence."""
    check_line(text)
    if len(text) > sentence.most:
        raise ValidationError(
            f"At most {sentence.most} characters; it has {len(text)}.", code="max_length"
        )
    if sentence.key == "curator":
        return
    unknown = [found for found in _PLACEHOLDER.findall(text) if found != NAME]
    if unknown:
        raise ValidationError(
            f"{unknown[0]} isn’t a placeholder. {NAME} stands for the site’s name; there is no "
            "other.",
            code="placeholder",
        )


def check_texts(texts: Any) -> None:
    """Raise `ValidationError` unless these are sentences by language and key."""
    known = dict(settings.LANGUAGES)
    if not isinstance(texts, Mapping):
        raise ValidationError("Must be sentences by language.")
    for language, said in texts.items():
        if language not in known or not isinstance(said, Mapping):
            raise ValidationError(f"{str(language)[:20]} isn't a language of this site.")
        for key, text in said.items():
            sentence = BY_KEY.get(key)
            if sentence is None or not isinstance(text, str):
                raise ValidationError(f"{str(key)[:40]} isn't a sentence of the site.")
            check_sentence(sentence, text)
