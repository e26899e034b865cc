"""What an editor may set on a source: declared by each kind, as the fields of a dataclass.

A declaration says all there is to say of a setting: its type, default, help text and bounds. The
admin makes its form of it, and what a row holds is held against it again before each fetch, for a
row may be older than the declaration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, get_origin, get_type_hints
from urllib.parse import urlsplit

from django.conf import settings

from papers.text import cleaning

LONGEST_TEXT = 500
"""Characters of a text, an address or a line."""

MOST_LINES = 200


class BadSetting(ValueError):
    """A value that a setting does not take; the message is a sentence for an editor."""


def setting(
    default: Any,
    help_text: str,
    *,
    label: str = "",
    least: int | None = None,
    most: int | None = None,
    is_required: bool = False,
    is_address: bool = False,
    is_feed: bool = False,
    choices: Mapping[str, str] | None = None,
) -> Any:
    """A field of a settings class.

    Its annotation is `str`, `int`, `bool` or `tuple[str, ...]`, which is edited one a line. `least`
    and `most` bound a number, the length of a text and the number of lines. A text that
    `is_address` is a plain https address, or one that PRIVATE_HOSTS_ALLOWED names; one that
    `is_feed` may be http as well, on any port from 1024 up. `is_required` refuses an empty text
    and an empty list. `choices`, value to label, are all that a text or the lines of a list may be;
    """
    about = {
        "help_text": help_text,
        "label": label,
        "least": least,
        "most": most,
        "is_required": is_required,
        "is_address": is_address,
        "is_feed": is_feed,
        "choices": dict(choices or {}),
    }
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The settings that every kind of source has; a kind adds its own in a subclass."""

    every_minutes: int = setting(
        0,
        "Minutes between two fetches. 0: every time sources are fetched, which is twice an "
        "hour. A day that's over is always fetched once more.",
        label="Fetched every",
        least=0,
        most=24 * 60,
    )
    most_papers: int = setting(
        2_000,
        "How many papers to take per day, in the order the source lists them.",
        label="Papers per day, at most",
        least=1,
        most=20_000,
    )


S = TypeVar("S", bound=SourceSettings)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as its field declares it."""

    name: str
    label: str
    help_text: str
    value_type: type
    default: Any
    least: int | None
    most: int | None
    is_required: bool
    is_address: bool
    is_feed: bool
    choices: Mapping[str, str]

    def clean(self, value: Any) -> Any:
        """The value as the settings hold it. Raises `BadSetting` for what is no such value."""
        if self.value_type is bool:
            return self._of_type(value, bool, "yes or no")
        if self.value_type is int:
            if isinstance(value, bool):
                raise BadSetting("Enter a whole number.")
            return self._bounded(self._of_type(value, int, "a whole number"), "", value)
        if self.value_type is tuple:
            return self._lines(value)
        text = cleaning.plain(self._of_type(value, str, "a text")).strip()
        if self.is_required and not text:
            raise BadSetting("This can't be empty.")
        if (self.is_address or self.is_feed) and text:
            self._check_address(text)
        if len(text) > LONGEST_TEXT:
            raise BadSetting(f"Enter at most {LONGEST_TEXT} characters.")
        self._check_choice(text)
        return self._bounded(text, " characters", len(text)) if text else text

    @staticmethod
    def _of_type(value: Any, wanted: type, called: str) -> Any:
        if not isinstance(value, wanted):
            raise BadSetting(f"This is not {called}.")
        return value

    def _bounded(self, value: Any, unit: str, size: int) -> Any:
        if self.least is not None and size < self.least:
            raise BadSetting(f"Enter at least {self.least:,}{unit}.")
        if self.most is not None and size > self.most:
            raise BadSetting(f"Enter at most {self.most:,}{unit}.")
        return value

    def _lines(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise BadSetting("This isn't a list of strings.")
        lines = tuple(dict.fromkeys(filter(None, (" ".join(one.split()) for one in value))))
        if self.is_required and not lines:
            raise BadSetting("This can't be empty.")
        if len(lines) > MOST_LINES or any(len(line) > LONGEST_TEXT for line in lines):
            raise BadSetting(
                f"Enter at most {MOST_LINES} lines of up to {LONGEST_TEXT} characters."
            )
        for line in lines:
            self._check_choice(line)
        if lines:
            self._bounded(lines, " lines", len(lines))
        return lines

    def _check_choice(self, text: str) -> None:
        if self.choices and text not in self.choices and text != self.default:
            known = ", ".join(list(self.choices)[:12])
            raise BadSetting(f"{text[:60]!r} isn't one of the choices, such as {known}.")

    def _check_address(self, text: str) -> None:
        schemes = {"http", "https"} if self.is_feed else {"https"}
        try:
            parts = urlsplit(text)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            host = (parts.hostname or "").lower()
            allowed = settings.PRIVATE_HOSTS_ALLOWED
            is_let_through = (host, None) in allowed or (host, port) in allowed
            is_plain = (
                parts.scheme in ({"http", "https"} if is_let_through else schemes)
                and bool(host)
                and "@" not in parts.netloc
                and (is_let_through or port in {80, 443} or (self.is_feed and port >= 1024))
                and not any(map(str.isspace, text))
            )
            if parts.scheme == "https" and port == 80 and not is_let_through:
                is_plain = False
        except ValueError:
            is_plain = False
        if not is_plain:
            what = "http or https" if self.is_feed else "https"
            raise BadSetting(f"Enter a plain {what} address, such as https://example.org/feed.")


def declared(of: type[SourceSettings]) -> tuple[Setting, ...]:
    """The settings of a class: those of its kind first, then those that every kind has."""
    types = get_type_hints(of)
    common = {one.name for one in fields(SourceSettings)}
    found = [
        Setting(
            name=one.name,
            label=one.metadata["label"] or one.name.replace("_", " ").capitalize(),
            help_text=one.metadata["help_text"],
            value_type=get_origin(types[one.name]) or types[one.name],
            default=one.default,
            least=one.metadata["least"],
            most=one.metadata["most"],
            is_required=one.metadata["is_required"],
            is_address=one.metadata["is_address"],
            is_feed=one.metadata["is_feed"],
            choices=one.metadata["choices"],
        )
        for one in fields(of)
    ]
    return tuple(sorted(found, key=lambda one: one.name in common))


def read(of: type[S], stored: Mapping[str, Any] | None) -> S:
    """The settings that a row holds, with defaults for those it does not.

    Raises `BadSetting` for the first that is not as declared, naming it. A name that is not
    declared is passed over: it may be a later version's.
    """
    values = {}
    for one in declared(of):
        try:
            values[one.name] = one.clean((stored or {}).get(one.name, one.default))
        except BadSetting as error:
            raise BadSetting(f"{one.label}: {error}") from None
    return of(**values)
