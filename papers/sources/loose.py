"""Values in answers of services, which may be of any type: each is what was expected, or empty.

A record with an odd field loses that field, and not the fetch.
"""

from typing import Any


def as_text(value: Any) -> str:
    """`value` where it is a text, else ""."""
    return value if isinstance(value, str) else ""


def as_list(value: Any) -> list[Any]:
    """`value` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_dict(value: Any) -> dict[str, Any]:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def dicts_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none of what is no list."""
    return [one for one in as_list(value) if isinstance(one, dict)]


def first_text(value: Any) -> str:
    """A text, or the first text of a list that says anything; else ""."""
    if isinstance(value, str):
        return value
    return next((one for one in as_list(value) if isinstance(one, str) and one.strip()), "")


def first_dict(value: Any) -> dict[str, Any]:
    """An object, or the first one of a list; else an empty one."""
    return value if isinstance(value, dict) else next(iter(dicts_in(value)), {})


def as_count(value: Any) -> int:
    """A whole number above 0, else 0; true is no number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
