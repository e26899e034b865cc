"""Everything that people read keeps to docs/words.md, and says none of the words we don't use.

Looked at are the catalogs in both languages, the templates, the messages in Python (no docstrings)
and the docs. Papers' own texts are nobody's to change, and the rules that judge bounces quote what
mail servers say.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORDS = ROOT / "docs" / "words.md"
CATALOG = ROOT / "newsletter" / "locale" / "de" / "LC_MESSAGES" / "django.po"
APPS = ("newsletter", "papers", "subscriptions")

QUOTES_OTHERS = re.compile(
    r"migrations/|newsletter/mail/bounce|events/bounces/|mail/providers/answers"
    r"|papers/(?:text|matching|evaluation|search|semantics)/"
)
"""Strings that nobody is shown: what servers say, and words that papers are searched by."""


def words_not_used(heading: str) -> list[str]:
    """The first column of the table under `heading`."""
    section = WORDS.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


ENGLISH = words_not_used("Words we don't use")
GERMAN = words_not_used("Wörter, die wir nicht verwenden")


NAMES_OF_THINGS = r"(?! (?:server|provider|backend|exchanger)s?\b| longer\b)"
"""A mail server is called so; and "it is no longer" is said."""


def pattern(words: list[str], flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """Any of `words` as whole words, or the beginning of one for a spelling; no part of E-Mail."""
    spellings = {"recognise", "behaviour", "colour", "favour", "honour"}
    spellings |= {"summarise", "organise", "normalise", "optimise"}
    # "recognised" and "colours" as well.
    listed = [
        re.escape(word.rstrip("e") if word in spellings else word)
        + (r"\w*" if word in spellings else "")
        for word in words
    ]
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(listed)})(?![\w-]){NAMES_OF_THINGS}", flags)


NOT_IN_ENGLISH = pattern(ENGLISH)
NOT_IN_GERMAN = pattern(GERMAN, re.NOFLAG)


def catalog_entries() -> Iterator[tuple[str, str]]:
    """Each message of the catalog with what is said in German, plurals included."""
    for block in CATALOG.read_text().split("\n\n")[1:]:
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith('"'):
                fields[name] += ast.literal_eval(line)
            elif line and not line.startswith("#"):
                name, _, value = line.partition(" ")
                fields[name] = ast.literal_eval(value)
        english = " / ".join(text for name, text in fields.items() if name.startswith("msgid"))
        german = " / ".join(text for name, text in fields.items() if name.startswith("msgstr"))
        yield english, german


def sentences_in(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module that have a space in them, but for docstrings, with their lines."""
    tree = ast.parse(path.read_text())
    bodies = [getattr(node, "body", None) for node in ast.walk(tree)]
    docstrings = {
        id(statement.value)
        for body in bodies
        if isinstance(body, list)
        for statement in body
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


def test_the_lists_are_read():
    assert {"mails", "recognise", "feed program"} <= set(ENGLISH)
    assert {"Mail", "Ihre Auswahl", "Beteiligte"} <= set(GERMAN)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We mailed you a mail.", NOT_IN_ENGLISH),
        ("Colours are recognised.", NOT_IN_ENGLISH),
        ("This makes links void", NOT_IN_ENGLISH),
        ("Ihre Auswahl kommt per Mail.", NOT_IN_GERMAN),
        ("Platz 42 im Trend", NOT_IN_GERMAN),
        ("It is no JSON.", NOT_IN_ENGLISH),
    ],
)
def test_words_that_are_not_used_are_found(text, language):
    assert language.search(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("An email from your mail server, by email.", NOT_IN_ENGLISH),
        ("It is no longer asked.", NOT_IN_ENGLISH),
        ("Ihre E-Mails, und die E-Mail-Adresse.", NOT_IN_GERMAN),
        ("Auswahl: die Redaktion", NOT_IN_GERMAN),
    ],
)
def test_words_that_are_used_pass(text, language):
    assert not language.search(text)


def test_the_catalog_says_none_of_them():
    entries = list(catalog_entries())
    assert len(entries) > 400
    assert not [english for english, _ in entries if NOT_IN_ENGLISH.search(english)]
    assert not [german for _, german in entries if NOT_IN_GERMAN.search(german)]


def test_english_has_curly_quotes():
    tags = re.compile(r"<[^>]*>")
    assert not [text for text, _ in catalog_entries() if "'" in text or '"' in tags.sub("", text)]


def test_shipped_topics_are_spelled_as_americans_do():
    shipped = json.loads((ROOT / "papers" / "data" / "topics.json").read_text())
    texts = [f"{topic['name']}. {topic['description']}" for topic in shipped]
    british = re.compile(r"\w+(?:is(?:ation|ations|e|es|ed|er|ers|ing)|elling|our)\b")
    allowed = {
        "noise",
        "otherwise",
        "raise",
        "precise",
        "four",
        "your",
        "our",
        "hour",
        "supervised",
    }
    found = {hit for text in texts for hit in british.findall(text)}
    assert found <= allowed, found - allowed


def test_templates_say_none_of_them():
    found = []
    for path in (ROOT / "templates").rglob("*"):
        if path.is_file():
            text = re.sub(
                r"\{#.*?#\}|\{% comment.*?endcomment %\}", "", path.read_text(), flags=re.S
            )
            text = re.sub(r"\{\{.*?\}\}|\{% (?!translate|blocktranslate).*?%\}|<[^>]*>", " ", text)
            found += [f"{path.name}: {hit[0]}" for hit in NOT_IN_ENGLISH.finditer(text)]
    assert found == []


def test_messages_in_python_say_none_of_them():
    found = []
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if QUOTES_OTHERS.search(path.as_posix()):
                continue
            found += [
                f"{path.relative_to(ROOT)}:{line}: {text}"
                for line, text in sentences_in(path)
                if NOT_IN_ENGLISH.search(text)
            ]
    assert found == []


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ],
    ids=lambda path: path.name,
)
def test_docs_say_none_of_them(path):
    text = path.read_text()
    if path == WORDS:
        text = text.split("## Words we don't use")[0]
    text = re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)|^    [^\n]*$", " ", text, flags=re.S | re.M)
    hits = [hit[0] for line in text.splitlines() for hit in NOT_IN_ENGLISH.finditer(line)]
    assert hits == []
