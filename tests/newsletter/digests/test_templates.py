"""The mails' templates: only what MJML has, and every word of it translatable."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings

from tests.newsletter.every_mail import every_mail, make_issue_of_all_kinds, recorded_sources

# From https://documentation.mjml.io: all components, and the attributes of those that we use. The
# compiler lets anything else pass in silence.
COMPONENTS = {
    "mjml", "mj-head", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-font",
    "mj-html-attributes", "mj-preview", "mj-style", "mj-title", "mj-body", "mj-accordion",
    "mj-button", "mj-carousel", "mj-column", "mj-divider", "mj-group", "mj-hero", "mj-image",
    "mj-include", "mj-navbar", "mj-raw", "mj-section", "mj-social", "mj-spacer", "mj-table",
    "mj-text", "mj-wrapper",
}  # fmt: skip
_PADDING = {f"padding{side}" for side in ("", "-top", "-right", "-bottom", "-left")} | {"css-class"}
_FONT = {"color", "font-family", "font-size", "font-style", "font-weight", "line-height"}
ATTRIBUTES = {
    "mjml": {"lang", "dir", "owa"},
    "mj-body": {"background-color", "width", "css-class"},
    "mj-column": {"background-color", "border", "vertical-align", "width", *_PADDING},
    "mj-section": {"background-color", "border", "full-width", "text-align", *_PADDING},
    "mj-divider": {
        "align", "border-color", "border-style", "border-width", "container-background-color",
        "width", *_PADDING,
    },
    "mj-text": {
        "align", "container-background-color", "height", "letter-spacing", "text-decoration",
        "text-transform", *_FONT, *_PADDING,
    },
}  # fmt: skip


EMAILS = Path(settings.BASE_DIR) / "templates" / "emails"


@pytest.mark.django_db
def test_templates_use_only_components_and_attributes_that_mjml_has(monkeypatch):
    alice = make_issue_of_all_kinds()
    with recorded_sources(monkeypatch) as sources:
        every_mail(alice)
    assert len(sources) > 8
    for source in sources:
        used = [one for one in ElementTree.fromstring(source).iter() if one.tag.startswith("mj")]
        assert len(used) > 10
        for element in used:
            assert element.tag in COMPONENTS
            assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set()), element.tag


@pytest.mark.parametrize("path", sorted(EMAILS.iterdir()), ids=lambda path: path.name)
def test_every_word_in_a_template_can_be_translated(path):
    text = re.sub(
        r"\{#.*?#\}|\{% comment.*?endcomment %\}|<mj-style>.*?</mj-style>",
        "",
        path.read_text(),
        flags=re.DOTALL,
    )
    text = re.sub(r"\{% blocktranslate.*?endblocktranslate %\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>|#[a-z]+", "", text)
    assert re.findall(r"[A-Za-z]{2,}", text) == []
