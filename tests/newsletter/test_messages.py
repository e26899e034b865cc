"""The translations: complete, compiled, and made of what the code says now."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

LOCALES = Path(settings.LOCALE_PATHS[0])
CATALOGS = sorted(LOCALES.glob("*/LC_MESSAGES/django.po"))
_MUST_BE_KEPT = re.compile(r"\{\w*\}|%(?:\(\w+\))?[sd]|</?\w+[^>]*>|\n")

each_catalog = pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])


def needs(program):
    return pytest.mark.skipif(
        not shutil.which(program), reason=f"needs GNU gettext, whose {program} is not here"
    )


def messages_of(compiled: Path) -> dict[str | tuple[str, int], str]:
    """What is in a compiled catalog, by message, but for its header."""
    with compiled.open("rb") as file:
        found = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    del found[""]
    return found


def compiled(catalog: Path, into: Path) -> str:
    """Compile as `make messages` does; what GNU msgfmt says of it."""
    command = ["msgfmt", "--check", "--statistics", "-o", str(into), str(catalog)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_every_language_but_the_first_has_a_catalog():
    languages = {code for code, _ in settings.LANGUAGES}
    assert {path.parts[-3] for path in CATALOGS} == languages - {settings.LANGUAGE_CODE}


@each_catalog
@needs("msgfmt")
def test_no_message_is_untranslated_or_doubtful_and_the_compiled_ones_are_the_same(
    catalog, tmp_path
):
    said = compiled(catalog, tmp_path / "fresh.mo")
    assert re.fullmatch(r"\d+ translated messages\.\n", said), f"{said} Run: make messages"
    assert messages_of(catalog.with_suffix(".mo")) == messages_of(tmp_path / "fresh.mo")


@each_catalog
def test_translations_keep_placeholders_markup_and_lines(catalog):
    plurals: dict[str, list[str]] = {}
    for message, translated in messages_of(catalog.with_suffix(".mo")).items():
        assert translated.strip()
        if isinstance(message, tuple):
            plurals.setdefault(message[0], []).append(translated)
        else:
            assert sorted(_MUST_BE_KEPT.findall(message)) == sorted(
                _MUST_BE_KEPT.findall(translated)
            ), message
    for message, forms in plurals.items():
        # The singular may do without the number; what else there is stands in each form.
        named = set(_MUST_BE_KEPT.findall(message))
        for translated in forms:
            assert named <= set(_MUST_BE_KEPT.findall(translated)), message


@each_catalog
@needs("xgettext")
def test_the_code_says_nothing_that_the_catalog_does_not_know(catalog, tmp_path):
    for part in ("manage.py", "newsletter", "papers", "subscriptions", "templates"):
        source = Path(settings.BASE_DIR) / part
        if source.is_dir():
            skipped = shutil.ignore_patterns("__pycache__", "static", "*.mo")
            shutil.copytree(source, tmp_path / part, ignore=skipped)
        else:
            shutil.copy(source, tmp_path)
    arguments = re.search(r"makemessages (.*)$", makefile(), re.MULTILINE)
    assert arguments is not None
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", *arguments[1].split()],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    fresh = tmp_path / catalog.relative_to(settings.BASE_DIR)
    said = compiled(fresh, tmp_path / "fresh.mo")
    assert re.fullmatch(r"\d+ translated messages\.\n", said), f"{said} Run: make messages"
    assert messages_of(tmp_path / "fresh.mo") == messages_of(catalog.with_suffix(".mo"))


def makefile() -> str:
    return (Path(settings.BASE_DIR) / "Makefile").read_text()
