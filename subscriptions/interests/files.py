"""A reader's interests as JSON, to take them to another site or to bring them along.

The file holds what is asked for and how it is followed, and nothing of the reader. Likeness goes by
papers of one site, so it isn't in it unless it is a vector of words.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext

from papers.matching.interests.specs import BadSpec, InterestSpec, Kind
from subscriptions.interests.following import Refused, follow
from subscriptions.models import Following, Subscriber

FORMAT = "broadsheet-interests-1"

LARGEST = 1_000_000
"""Bytes of a file; two hundred interests have some 50,000."""


@dataclass(slots=True)
class Brought:
    """What became of a file."""

    followed: list[Following] = field(default_factory=list)
    known: int = 0
    """Followed already."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    """The number of the entry, from 1, and why, as a sentence."""
    is_unmatched: bool = False
    """Some are new to the site: wake `subscriptions.tasks.match_interests`."""


def as_json(subscriber: Subscriber) -> str:
    """The reader's interests, as a file."""
    entries: list[dict[str, Any]] = []
    for one in subscriber.followings.listed():
        spec = one.interest.asked
        if spec.kind is Kind.LIKENESS:
            spec = replace(spec, papers=())
            if not spec.terms:
                continue
        entries.append(
            {
                "name": one.name,
                "rhythm": one.rhythm,
                "most_papers": one.most_papers,
                "takes_maybe": one.takes_maybe,
                "interest": spec.as_json(),
            }
        )
    data = {"format": FORMAT, "interests": entries}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def read(content: bytes) -> list[Any]:
    """The entries of such a file, not looked at yet. Raises `Refused` for any other content."""
    if len(content) > LARGEST:
        raise Refused("large", gettext("The file is too large to be a list of interests."))
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Refused("form", gettext("The file isn’t JSON.")) from error
    entries = data.get("interests") if isinstance(data, dict) else None
    if not isinstance(entries, list) or data.get("format") != FORMAT:
        raise Refused("form", gettext("The file isn’t a list of interests from a site like this."))
    return entries


def bring(subscriber: Subscriber, content: bytes, now: dt.datetime) -> Brought:
    """Follow what the file lists, as far as the limit lets; what is wrong with an entry is said
    with its number, and the others are followed. Raises `Refused` for content that is no such file.
    """
    brought = Brought()
    for number, entry in enumerate(read(content), start=1):
        try:
            spec = InterestSpec.from_json(entry.get("interest"))
            found = follow(subscriber, replace(spec, papers=()), now, **_manner(entry))
        except (BadSpec, Refused) as error:
            brought.refused.append((number, str(error)))
        except (AttributeError, TypeError, ValueError, OverflowError):
            brought.refused.append((number, gettext("This isn’t an interest.")))
        else:
            brought.is_unmatched |= found.is_unmatched
            if found.is_new:
                brought.followed.append(found.following)
            else:
                brought.known += 1
    return brought


def _manner(entry: Mapping[str, Any]) -> dict[str, Any]:
    """How it is followed; what isn't as it should be is as usual."""
    name, rhythm = entry.get("name"), entry.get("rhythm")
    most, maybe = entry.get("most_papers"), entry.get("takes_maybe")
    return {
        "name": name if isinstance(name, str) else "",
        "rhythm": rhythm if rhythm in Following.Rhythm.values else Following.Rhythm.DIGEST,
        "most_papers": most if type(most) is int else Following.MOST,
        "takes_maybe": maybe is True,
    }
