"""Signed links: what a reader may do without a password or a login.

A link holds a purpose, the subscriber's id and link version, and a MAC over all three, so that it
serves one purpose for one subscriber, and raising the version voids every earlier link. Links to
preferences and unsubscribe in old emails keep working otherwise; a confirmation runs out.

The MAC is HMAC-SHA256 cut to 128 bits under a key of its own per purpose, derived from SECRET_KEY
(earlier keys in SECRET_KEY_FALLBACKS are honored when reading). It costs about two microseconds,
since every digest holds several of these; see `subscriptions.macs`.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from django.conf import settings
from django.urls import reverse

from subscriptions.macs import mac_under

CONFIRM_WITHIN = dt.timedelta(days=7)
"""How long a confirmation link works."""

VOID = 0
"""The link version of nobody. Links of a preview are made with it, so that whoever sees a reader's
mail without being the reader can do nothing with it."""

_BODY = struct.Struct(">QIQ")
_MAC_BYTES = 16
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    """What a link lets its holder do."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    END_DAILY = "end daily"
    """End the daily emails of interests, and leave."""
    KEEP = "keep"
    """Agree again to what one gets."""
    FEEDBACK = "feedback"
    """Rate papers and save them for later."""
    DIGEST = "digest"
    """Read one digest on the web."""
    FEED = "feed"
    """Read every digest in a feed reader."""
    MOVE_FROM = "move from"
    """Agree, in the old inbox, to a change of address."""
    MOVE_TO = "move to"
    """Agree, in the new inbox, to a change of address."""
    TRACKING = "tracking"
    """Says whose digest a picture or a link was in, and lets nobody do anything."""
    READING_LIST = "reading list"
    """See, change and take along the papers that were saved for later."""
    READING_LIST_FEED = "reading list feed"
    """Read the papers that were saved for later in a feed reader."""
    COMMUNITY = "community"
    """Upvote, and have a device remembered."""
    REMEMBERED = "remembered"
    """Be recognized by a cookie; no link has this purpose."""


class BadLink(ValueError):
    """The link is not one of ours, was changed, no longer works, or has run out."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid link says. `extra` is the delivery's id in a DIGEST or TRACKING link, the Unix
    time of signing in a CONFIRM link and a REMEMBERED cookie, the change's id in MOVE_FROM and
    MOVE_TO, 1 in a FEEDBACK link that others may come to see, and the feed's own version in
    READING_LIST_FEED; 0 otherwise.
    """

    subscriber_id: int
    version: int
    extra: int


@lru_cache(maxsize=64)
def _key(purpose: str, secret: str) -> bytes:
    return hashlib.sha256(f"broadsheet.links.{purpose}\0{secret}".encode()).digest()


def token(purpose: Purpose, subscriber_id: int, version: int, extra: int = 0) -> str:
    """A URL-safe token of 48 characters for `purpose` and this subscriber alone."""
    return _signed(purpose, settings.SECRET_KEY)(subscriber_id, version, extra)


@lru_cache(maxsize=64)
def _signed(purpose: str, secret: str) -> Callable[[int, int, int], str]:
    """The function that makes the tokens of one purpose."""
    mac, pack = mac_under(_key(purpose, secret)), _BODY.pack

    def sign(subscriber_id: int, version: int, extra: int) -> str:
        body = pack(subscriber_id, version, extra)
        whole = binascii.b2a_base64(body + mac(body)[:_MAC_BYTES], newline=False)
        return whole.translate(_URL_SAFE).decode()

    return sign


def signer(purpose: Purpose) -> Callable[[int, int, int], str]:
    """`token` for one purpose, for those who make very many: a function of the subscriber's id,
    the version and `extra`.
    """
    return _signed(purpose, settings.SECRET_KEY)


def read(purpose: Purpose, text: str, now: dt.datetime | None = None) -> Claims:
    """The claims of a token made for `purpose`; `now` is needed for CONFIRM, which runs out.

    Raises `BadLink`. Whether the version still holds is the caller's to compare.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError, ValueError):
        raise BadLink("not a link of ours") from None
    # One spelling of each token: base64 itself takes padding and a second alphabet, too.
    if len(raw) != _BODY.size + _MAC_BYTES or base64.urlsafe_b64encode(raw).decode() != text:
        raise BadLink("not a link of ours")
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        expected = mac_under(_key(purpose, secret))(body)[:_MAC_BYTES]
        if hmac.compare_digest(mac, expected):
            break
    else:
        raise BadLink("not a link of ours")
    claims = Claims(*_BODY.unpack(body))
    if purpose is Purpose.CONFIRM:
        if now is None:
            raise TypeError("reading a confirmation link needs the current time")
        if not 0 <= now.timestamp() - claims.extra + 300 <= CONFIRM_WITHIN.total_seconds() + 300:
            raise BadLink("this link has expired")
    return claims


def confirm_path(subscriber_id: int, version: int, now: dt.datetime) -> str:
    """The path of the page whose button confirms; works for `CONFIRM_WITHIN`."""
    signed = token(Purpose.CONFIRM, subscriber_id, version, int(now.timestamp()))
    return reverse("subscriptions:confirm", args=[signed])


def preferences_path(subscriber_id: int, version: int) -> str:
    """The path of the subscriber's preferences."""
    signed = token(Purpose.PREFERENCES, subscriber_id, version)
    return reverse("subscriptions:preferences", args=[signed])


def unsubscribe_path(subscriber_id: int, version: int) -> str:
    """The path that shows a button on GET and unsubscribes on POST (RFC 8058)."""
    signed = token(Purpose.UNSUBSCRIBE, subscriber_id, version)
    return reverse("subscriptions:unsubscribe", args=[signed])


def end_daily_path(subscriber_id: int, version: int) -> str:
    """The path that ends the daily emails of interests, as `unsubscribe_path` ends all."""
    signed = token(Purpose.END_DAILY, subscriber_id, version)
    return reverse("subscriptions:end-daily", args=[signed])


def keep_path(subscriber_id: int, version: int) -> str:
    """The path that shows a button on GET, by which a reader agrees again to what they get."""
    signed = token(Purpose.KEEP, subscriber_id, version)
    return reverse("subscriptions:keep", args=[signed])


def feedback_path(
    subscriber_id: int, version: int, paper_id: int, value: str, *, is_shared: bool = False
) -> str:
    """The path of "more like this" (`value` "more") or "less like this" ("less").

    `is_shared`: it stands where others may come to see it, in a feed or on a page that readers
    pass on. Then its page leads to nothing else that is the reader's.
    """
    signed = token(Purpose.FEEDBACK, subscriber_id, version, int(is_shared))
    return reverse("subscriptions:feedback", args=[signed, paper_id, value])


def save_path(subscriber_id: int, version: int, paper_id: int, *, is_shared: bool = False) -> str:
    """The path of the button that saves a paper for later; `is_shared` as in `feedback_path`."""
    signed = token(Purpose.FEEDBACK, subscriber_id, version, int(is_shared))
    return reverse("subscriptions:signed-save", args=[signed, paper_id])


def mute_path(subscriber_id: int, version: int, paper_id: int) -> str:
    """The path of the page that mutes an author or words of a paper."""
    signed = token(Purpose.FEEDBACK, subscriber_id, version)
    return reverse("subscriptions:mute", args=[signed, paper_id])


def reading_list_path(subscriber_id: int, version: int) -> str:
    """The path of the papers that the subscriber saved for later."""
    signed = token(Purpose.READING_LIST, subscriber_id, version)
    return reverse("subscriptions:reading-list", args=[signed])


def reading_list_feed_path(subscriber_id: int, version: int, feed_version: int) -> str:
    """The path of the feed of them; the feed's address can be renewed by itself."""
    signed = token(Purpose.READING_LIST_FEED, subscriber_id, version, feed_version)
    return reverse("subscriptions:reading-list-feed", args=[signed])


def feed_path(subscriber_id: int, version: int) -> str:
    """The path of the subscriber's private feed."""
    return reverse("newsletter:feed", args=[token(Purpose.FEED, subscriber_id, version)])


def move_path(purpose: Purpose, subscriber_id: int, version: int, change_id: int) -> str:
    """The path of the page where one end, MOVE_FROM or MOVE_TO, agrees to a change of address."""
    name = "move-from" if purpose is Purpose.MOVE_FROM else "move-to"
    signed = token(purpose, subscriber_id, version, change_id)
    return reverse(f"subscriptions:{name}", args=[signed])


def remember_path(subscriber_id: int, version: int) -> str:
    """The path of the button "remember me on this device"."""
    signed = token(Purpose.COMMUNITY, subscriber_id, version)
    return reverse("subscriptions:remember", args=[signed])


def upvote_path(subscriber_id: int, version: int, paper_id: int) -> str:
    """The path of the button that upvotes a paper."""
    signed = token(Purpose.COMMUNITY, subscriber_id, version)
    return reverse("subscriptions:signed-upvote", args=[signed, paper_id])


def absolute(path: str) -> str:
    """The address of `path` on this site."""
    return f"{settings.SITE_URL}{path}"
