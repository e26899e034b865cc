"""A further language: a line in LANGUAGES and a catalog, and pages and mails speak it."""

import shutil
import subprocess

import pytest
from django.test import Client
from django.utils import translation

from subscriptions.notices import letters
from tests.factories import NOW, make_subscriber

CATALOG = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n > 1);\n"

msgid "Skip to content"
msgstr "Aller au contenu"

msgid "Your %(site)s preferences link"
msgstr "Votre lien vers %(site)s"
"""


@pytest.fixture
def french(tmp_path, settings):
    """French as a language of the site, with two sentences translated."""
    if not shutil.which("msgfmt"):
        pytest.skip("needs GNU gettext, to compile a catalog")
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(CATALOG)
    subprocess.run(["msgfmt", "-o", "django.mo", "django.po"], cwd=folder, check=True)
    settings.LANGUAGES = [*settings.LANGUAGES, ("fr", "Français")]
    settings.LOCALE_PATHS = [tmp_path, *settings.LOCALE_PATHS]
    yield
    translation.deactivate()


@pytest.mark.django_db
@pytest.mark.usefixtures("french")
def test_pages_and_mails_speak_it_and_the_footer_offers_it():
    alice = make_subscriber(language="fr")

    page = Client().get("/topics/", secure=True, headers={"Accept-Language": "fr"})
    mail = letters.make_letter(letters.Kind.PREFERENCES, alice, NOW)

    assert 'lang="fr"' in page.content.decode()
    assert "Aller au contenu" in page.content.decode()
    assert ">français<" in page.content.decode()
    assert mail.subject.startswith("Votre lien vers")
