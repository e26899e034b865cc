"""Templates as files: a change in one can be read."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(
    path
    for folder in ("templates", "newsletter", "papers", "subscriptions")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".html", ".mjml", ".txt"}
)
LONGEST = 200
"""Characters of a line; a diff shows whole lines."""


def test_there_are_templates():
    assert {path.suffix for path in TEMPLATES} == {".html", ".mjml", ".txt"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_is_too_long_to_be_read(path):
    lines = path.read_text().splitlines()
    assert not [n for n, line in enumerate(lines, 1) if len(line) > LONGEST]
