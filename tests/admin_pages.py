"""Reading the admin's pages."""

import re
from typing import Any


def text(response: Any) -> str:
    return str(response.content.decode())


def cell(html: str, name: str) -> list[str]:
    """The text of a column of a change list."""
    cells = re.findall(rf'class="[^"]*field-{name}[^"]*"[^>]*>(.*?)</td>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", found).strip() for found in cells]
