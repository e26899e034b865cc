"""Whatever says what the site is called says what the row says, and asks in one place."""

import re
from pathlib import Path

import pytest
from allauth.mfa.adapter import get_adapter

from newsletter.letters.rendering import LetterPress
from newsletter.models import Letter
from newsletter.operations.watching.alerts import Alert, State
from papers.models import Site
from papers.sources.http import who_asks
from subscriptions.pages.embedding import frame_snippet
from tests.factories import NOW

ROOT = Path(__file__).parent.parent.parent

MAY_READ = {"papers/site.py", "newsletter/settings.py", "newsletter/demo/environment.py"}
"""Who reads the variables: the one place, and what sets up the demo before there is a database."""


def test_the_variables_are_read_in_one_place():
    found = {
        str(path.relative_to(ROOT))
        for app in ("papers", "subscriptions", "newsletter")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"settings\.(SITE_NAME|CURATOR|POSTAL_ADDRESS)\b", path.read_text())
    }
    assert found - MAY_READ == set()


@pytest.mark.django_db
def test_operators_sources_and_second_factors_hear_the_name_too(settings):
    settings.DEFAULT_FROM_EMAIL = f"{settings.SITE_NAME} <digest@papers.example.org>"
    Site.objects.create(name="Morning Paper", postal_address="2 Example Street")
    assert Alert("Nothing works.", "test", NOW, State.OPEN).subject.startswith("[Morning Paper] ")
    assert who_asks() == f"Morning Paper (+{settings.SITE_URL})"
    assert get_adapter().get_totp_issuer() == "Morning Paper"
    assert get_adapter().get_public_key_credential_rp_entity()["name"] == "Morning Paper"
    assert 'title="Subscribe to Morning Paper"' in frame_snippet()
    letter = Letter(pk=1, texts={"en": {"subject": "A word", "body": "Of ours."}})
    press = LetterPress(letter, "en")
    assert press.site.sender == '"Morning Paper" <digest@papers.example.org>'
