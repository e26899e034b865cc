"""A reader's library on its way through a worker: handed over, read, proposed, forgotten.

Nothing of it is a row. The file and what was found of it lie in the cache, under a token that only
its reader's page has, and are gone when the reader has chosen, or after `KEPT`. What a worker needs
lies apart, a key for Zotero encrypted, for `UNTAKEN` at most: the worker that deletes it has it,
before the first question, and it's never written to the database or a log.
"""

import base64
import hashlib
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from celery import signature
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext

from papers.libraries import zotero
from papers.libraries.entries import Library
from papers.libraries.formats import MOST_BYTES, UnknownFormat
from papers.libraries.proposals import proposals, terms
from papers.libraries.sandbox import read_apart
from papers.matching.interests.specs import InterestSpec, Kind, spec_of
from papers.sources.base import FetchFailed
from subscriptions.interests.following import Refused
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

KEPT = 3_600
"""Seconds until a library that nobody chose from is forgotten."""

UNTAKEN = 600
"""Seconds until what no worker took is deleted: nobody waits longer."""

MOST_A_DAY = 20
"""Libraries that a reader may bring in within a day."""

SHOWN = 200
"""Entries of each kind that the page lists."""

LIKE = "like"


@dataclass(frozen=True, slots=True)
class Job:
    """Where a library stands. `code` says why it failed; `found` is what the page shows."""

    state: str
    """`waiting`, `done` or `failed`."""
    code: str = ""
    found: dict[str, Any] | None = None


def hand_over_file(subscriber: Subscriber, data: bytes) -> str:
    """Have a worker read a file; the token of the job. Raises `Refused`."""
    if len(data) > MOST_BYTES:
        raise Refused("large", gettext("The file is larger than 20 MB. Export a part of it."))
    return _hand_over(subscriber, {"file": data})


def hand_over_zotero(subscriber: Subscriber, library: str, key: str, names: list[str]) -> str:
    """Have a worker read a Zotero library, or its collections of these names; the job's token.
    Raises `Refused`.
    """
    path = zotero.library_of(library)
    if not path:
        raise Refused(
            "form", gettext("Enter the library’s number, such as “group 12345” or “user 67890”.")
        )
    if key and not zotero.is_key(key):
        raise Refused("form", gettext("A Zotero key has 24 letters and digits."))
    sealed = _box().encrypt(key.encode()).decode() if key else ""
    return _hand_over(subscriber, {"zotero": path, "key": sealed, "names": names[:50]})


def job_of(subscriber: Subscriber, token: str) -> Job | None:
    """The reader's job; None where there is none, or no longer."""
    kept = cache.get(_key(token))
    if not kept or kept["subscriber"] != subscriber.pk:
        return None
    if kept["state"] == "waiting" and cache.get(_key(token, "given")) is None:
        kept = cache.get(_key(token)) or kept  # a worker may have taken it between the two
        if kept["state"] == "waiting":
            return Job("failed", "not-taken")
    if kept["state"] == "reading":
        return Job("waiting")
    return Job(kept["state"], kept.get("code", ""), kept.get("found"))


def forget(token: str) -> None:
    """Delete what was found."""
    cache.delete_many([_key(token), _key(token, "given")])


def read(token: str) -> None:
    """Read what was handed over, in a worker, and keep what the page shows of it."""
    kept, given = cache.get(_key(token)), cache.get(_key(token, "given"))
    if not kept or not given or not cache.delete(_key(token, "given")):
        return  # forgotten, or another worker has it
    kept["state"] = "reading"
    cache.set(_key(token), kept, KEPT)
    try:
        library = read_apart(given["file"]) if "file" in given else _of_zotero(given)
    except UnknownFormat as error:
        kept |= {"state": "failed", "code": error.code}
    except zotero.NotAllowed:
        kept |= {"state": "failed", "code": "not-allowed"}
    except FetchFailed as error:
        logger.warning("a library couldn't be fetched", extra={"reason": str(error)[:200]})
        kept |= {"state": "failed", "code": "not-reached"}
    else:
        kept |= {"state": "done", "found": _found(library)}
    cache.set(_key(token), kept, KEPT)


def chosen(found: dict[str, Any], ticked: Collection[str]) -> list[InterestSpec]:
    """The interests that a reader ticked: numbers of proposals, and `LIKE`."""
    specs = []
    for at, one in enumerate(found["proposals"]):
        if str(at) not in ticked:
            continue
        if one["kind"] == "words":
            specs.append(spec_of(Kind.WORDS.value, phrases=[one["name"]]))
        elif one["kind"] == "author":
            specs.append(spec_of(Kind.AUTHOR.value, name=one["name"], coauthors=one["coauthors"]))
        else:
            specs.append(spec_of(Kind.VENUE.value, name=one["name"]))
    if LIKE in ticked and found["terms"]:
        specs.append(spec_of(Kind.LIKENESS.value, terms=found["terms"]))
    return specs


def _hand_over(subscriber: Subscriber, given: dict[str, Any]) -> str:
    counter = f"libraries-of:{subscriber.pk}"
    cache.add(counter, 0, 86_400)
    try:
        count = cache.incr(counter)
    except ValueError:
        count = 1
    if count > MOST_A_DAY:
        raise Refused("many", gettext("That’s enough for today. Please try again tomorrow."))
    token = secrets.token_urlsafe(16)
    cache.set(_key(token, "given"), given, UNTAKEN)
    cache.set(_key(token), {"state": "waiting", "subscriber": subscriber.pk}, KEPT)
    try:
        task = signature("subscriptions.tasks.read_library", args=(token,))
        task.apply_async(expires=UNTAKEN, retry=False)
    except Exception as error:  # each broker has errors of its own
        forget(token)
        logger.warning("couldn't reach a worker", extra={"reason": str(error)[:200]})
        raise Refused("later", gettext("This doesn’t work right now. Try again later.")) from None
    return token


def _of_zotero(given: dict[str, Any]) -> Library:
    try:
        key = _box().decrypt(given["key"].encode()).decode() if given["key"] else ""
    except InvalidToken:
        raise zotero.NotAllowed("the key can't be read anymore") from None
    keys: tuple[str, ...] = ()
    if given["names"]:
        wanted = {" ".join(name.casefold().split()) for name in given["names"]}
        known = zotero.collections(given["zotero"], key)
        keys = tuple(one.key for one in known if " ".join(one.name.casefold().split()) in wanted)
        if not keys:
            raise UnknownFormat("no-collection")
    return zotero.items(given["zotero"], key, keys)


def _found(library: Library) -> dict[str, Any]:
    return {
        "recognized": len(library.entries),
        "titles": [
            [entry.title, entry.identifier.partition(":")[0]] for entry in library.entries[:SHOWN]
        ],
        "unrecognized": len(library.unrecognized),
        "reasons": [list(pair) for pair in library.unrecognized[:SHOWN]],
        "left_out": library.left_out,
        "skipped": library.skipped,
        "proposals": [
            {
                "kind": one.kind,
                "name": one.name,
                "entries": one.entries,
                "coauthors": list(one.coauthors),
            }
            for one in proposals(library.entries)
        ],
        "terms": [list(pair) for pair in terms(library.entries)],
    }


def _key(token: str, part: str = "job") -> str:
    return f"library:{part}:{hashlib.sha256(token.encode()).hexdigest()}"


def _box() -> Fernet:
    secret = hashlib.sha256(b"zotero:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(secret))
