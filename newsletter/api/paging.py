"""Pages of lists, by key: a page costs the same wherever it stands in the list."""

from collections.abc import Sequence
from typing import Any, TypeVar

from ninja import Schema

from newsletter.api.fields import Limit

T = TypeVar("T")


class PageQuery(Schema):
    """What every list takes."""

    limit: Limit = 50


def page(rows: Sequence[Any], limit: int, items: list[Any], key: Any) -> dict[str, Any]:
    """The answer of a list: `rows` are up to `limit` + 1, `items` what is shown of them, and `key`
    tells the cursor of a row.
    """
    has_more = len(rows) > limit
    return {
        "items": items[:limit],
        "next_cursor": key(rows[limit - 1]) if has_more else None,
    }
