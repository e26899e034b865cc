"""What an operator chooses for an import, checked."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from django.conf import settings

from papers.models import Topic
from subscriptions.imports.profiles import COLUMNS, PROFILES
from subscriptions.models import Subscriber

DECLARATION = (
    "I declare that everyone whom this file names as subscribed agreed to receive this newsletter, "
    "that nobody among them has taken it back, and that I can show when and how each agreed."
)


class BadOption(ValueError):
    """Something that was chosen cannot be; the text says what and what to do."""


@dataclass(slots=True)
class Options:
    """How a file is read, and what its readers get."""

    columns: dict[str, str] = field(default_factory=dict)
    """Of the columns in `COLUMNS`, those that were named by hand: field to heading."""
    topics: dict[str, str] = field(default_factory=dict)
    """Tags of the file, case folded, to slugs of topics. A tag that is called like a topic needs
    no line here."""
    default_topics: list[str] = field(default_factory=list)
    """Slugs of the topics of those whose tags lead to none; without any they get top papers."""
    date_zone: str = "UTC"
    """The timezone of dates that name none."""
    rhythm: str = Subscriber.Rhythm.DAILY.value
    hour: int = 7
    timezone: str = "UTC"
    language: str = "en"

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Self:
        """Those that a run keeps."""
        return cls(**{name: saved[name] for name in cls.__slots__ if name in saved})

    def as_dict(self) -> dict[str, Any]:
        """For the run to keep."""
        return asdict(self)

    def check(self) -> None:
        """Raise `BadOption` for what cannot be."""
        for name in self.columns:
            if name not in COLUMNS:
                raise BadOption(
                    f"There is no field “{name}”: map {', '.join(COLUMNS)} to columns of the file."
                )
        for zone in (self.date_zone, self.timezone):
            if zone not in zoneinfo.available_timezones():
                raise BadOption(f"“{zone}” is not a time zone we know, such as Europe/Berlin.")
        if self.rhythm not in Subscriber.Rhythm.values:
            raise BadOption(f"The rhythm must be one of {', '.join(Subscriber.Rhythm.values)}.")
        if self.language not in dict(settings.LANGUAGES):
            raise BadOption(f"The language must be one of {', '.join(dict(settings.LANGUAGES))}.")
        if not 0 <= self.hour <= 23:
            raise BadOption("The hour must be between 0 and 23.")
        wanted = {*self.topics.values(), *self.default_topics}
        there = set(Topic.objects.filter(slug__in=wanted).values_list("slug", flat=True))
        if wanted - there:
            raise BadOption(f"There is no topic “{sorted(wanted - there)[0]}”.")


def mapped_lines(lines: list[str], what: str) -> dict[str, str]:
    """A mapping written as lines of `this = that`. Raises `BadOption`."""
    found = {}
    for line in lines:
        name, is_there, value = (part.strip() for part in line.partition("="))
        if not (name and is_there and value):
            raise BadOption(f"Write {what}, not “{line[:60]}”.")
        found[name] = value
    return found


def check_profile(key: str) -> None:
    """Raise `BadOption` unless there is such a profile."""
    if key not in PROFILES:
        raise BadOption(f"The profile must be one of {', '.join(PROFILES)}.")
