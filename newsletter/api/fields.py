"""Types of parameters and fields: each says in the schema exactly what is taken.

Whatever the schema lets through is accepted, apart from what the rows of the moment forbid (409).
So texts of one line take no control characters, days are days, and numbers in addresses are digits.
"""

import datetime as dt
import re
import zoneinfo
from typing import Annotated, Any

from django.conf import settings
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

BIGGEST = 2**63 - 1

_DIGITS = re.compile(r"\d{1,19}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _digits(value: Any) -> Any:
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("must be a whole number in digits")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    raise ValueError("must be a day such as 2026-06-10")


def _truth(value: Any) -> Any:
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("must be true or false")


def _whole(value: Any) -> Any:
    """As JSON has it, 7.0 is a whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: Any) -> Any:
    """A moment is text in JSON; pydantic would take a number for seconds since 1970."""
    if value is not None and not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _zone(value: str) -> str:
    if value not in _ZONES:
        raise ValueError("must be a time zone such as Europe/Berlin")
    return value


def _language(value: str) -> str:
    if value not in _LANGUAGES:
        raise ValueError(f"must be one of {', '.join(_LANGUAGES)}")
    return value


_ZONES = sorted(zoneinfo.available_timezones())
_LANGUAGES = [code for code, _ in settings.LANGUAGES]

Key = Annotated[int, Field(ge=1, le=BIGGEST), BeforeValidator(_digits)]
"""The id of a row, in an address."""

Limit = Annotated[int, Field(ge=1, le=100), BeforeValidator(_digits)]
"""How many items a page has."""

Day = Annotated[
    dt.date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})
]
"""A day in ISO 8601."""

Truth = Annotated[bool, BeforeValidator(_truth), WithJsonSchema({"type": "boolean"})]
"""True or false, in an address."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=50)]
"""What a topic is called in addresses."""

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", max_length=32)]
"""The keyed hash of an address."""

Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text)]
"""A moment in ISO 8601, with its offset from UTC."""

Whole = BeforeValidator(_whole)
"""Takes a number in a body as JSON Schema does."""

Line = r"^[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?$"
"""One line of text that begins and ends with a letter, digit or sign."""

Zone = Annotated[str, AfterValidator(_zone), WithJsonSchema({"type": "string", "enum": _ZONES})]
"""An IANA time zone."""

Language = Annotated[
    str, AfterValidator(_language), WithJsonSchema({"type": "string", "enum": _LANGUAGES})
]
"""A language that the site speaks."""
