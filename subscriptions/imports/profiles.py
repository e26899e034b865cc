"""What other programs' exports look like, as data: which heading means what, which word of a state
means what, and how each program is known.

Headings and words are one vocabulary for all profiles. So a file that says "unsubscribed" in a way
that any profile knows is understood so, even where the wrong profile was chosen: no choice of an
operator's makes email go to somebody who left.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Said(StrEnum):
    """What a line says of a reader."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNKNOWN = "unknown"


NEVER = (Said.UNSUBSCRIBED, Said.BOUNCED, Said.COMPLAINED)
"""What leads to the suppression list."""

#: What a column may be for, with its headings in lower case, the one that says most first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "email": (
        "email",
        "email address",
        "email_address",
        "e-mail",
        "e-mail address",
        "subscriber email",
        "mail",
        "e-mail-adresse",
    ),
    "state": ("status", "state", "subscriber_type", "subscription status", "subscriber status"),
    "given_at": (
        "confirm_time",
        "confirmed_at",
        "confirmed at",
        "optin_time",
        "opt-in time",
        "subscribed at",
        "subscribed_at",
        "subscription date",
        "date subscribed",
        "created_at",
        "created at",
        "creation_date",
        "added_time",
        "date created",
        "date added",
    ),
    "topics": ("tags", "labels", "topics", "attributes", "metadata"),
}

#: Columns in which anything at all says that no email may go there, and which state that is.
TIMES_OF_NO: dict[str, Said] = {
    "unsub_time": Said.UNSUBSCRIBED,
    "unsubscribed_at": Said.UNSUBSCRIBED,
    "unsubscribed at": Said.UNSUBSCRIBED,
    "unsubscription_date": Said.UNSUBSCRIBED,
    "date unsubscribed": Said.UNSUBSCRIBED,
    "left_at": Said.UNSUBSCRIBED,
    "deleted_at": Said.UNSUBSCRIBED,
    "deleted at": Said.UNSUBSCRIBED,
    "clean_time": Said.BOUNCED,
    "cleaned_at": Said.BOUNCED,
    "bounced_at": Said.BOUNCED,
    "complained_at": Said.COMPLAINED,
}

#: Of these the heading alone says it, of every line: they are in files of such readers only.
WHOLE_FILES_OF_NO = ("unsub_time", "clean_time")

#: Columns of yes or no: what "yes" says and what "no" says. An empty cell says nothing we know.
FLAGS: dict[str, tuple[Said, Said]] = {
    "email_blacklisted": (Said.UNSUBSCRIBED, Said.CONFIRMED),
    "email_disabled": (Said.UNSUBSCRIBED, Said.CONFIRMED),
    "blocklisted": (Said.UNSUBSCRIBED, Said.CONFIRMED),
    "blacklisted": (Said.UNSUBSCRIBED, Said.CONFIRMED),
    "unsubscribed": (Said.UNSUBSCRIBED, Said.CONFIRMED),
    "suppressed": (Said.UNSUBSCRIBED, Said.CONFIRMED),
    "subscribed_to_emails": (Said.CONFIRMED, Said.UNSUBSCRIBED),
    "subscribed": (Said.CONFIRMED, Said.UNSUBSCRIBED),
}

YES = frozenset(("yes", "true", "1", "y", "t", "on", "ja"))
NO = frozenset(("no", "false", "0", "n", "f", "off", "nein"))

#: Words of a state, of all programs. What is not here is unknown, and gets no email.
WORDS: dict[str, Said] = (
    dict.fromkeys(
        ("active", "subscribed", "confirmed", "enabled", "regular", "premium", "gifted"),
        Said.CONFIRMED,
    )
    | dict.fromkeys(("free", "paid", "trialed", "comped", "churned"), Said.CONFIRMED)
    | dict.fromkeys(
        ("pending", "unconfirmed", "unactivated", "inactive (unconfirmed)", "not confirmed"),
        Said.PENDING,
    )
    | dict.fromkeys(
        (
            "unsubscribed",
            "inactive",
            "cancelled",  # what Kit writes
            "canceled",
            "left",
            "removed",
            "deleted",
            "disabled",
            "blocklisted",
            "blocked",
            "blacklisted",
            "suppressed",
            "junk",
        ),
        Said.UNSUBSCRIBED,
    )
    | dict.fromkeys(("cleaned", "bounced", "unreachable", "undeliverable", "invalid"), Said.BOUNCED)
    | dict.fromkeys(("complained", "complaint", "spam", "abuse"), Said.COMPLAINED)
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One program's export."""

    key: str
    label: str
    known_by: tuple[frozenset[str], ...] = ()
    """Headings, in lower case, any of these sets of which says that the file is such an export."""
    day_first: bool = False
    """Dates are DD-MM-YYYY where they are not ISO 8601."""
    needs_state: tuple[str, ...] = ()
    """Columns that say whether a reader may be emailed: without any of them the file is refused,
    since nobody could tell."""
    caution: str = ""
    """What the operator must know, and declares to have looked after."""
    columns: dict[str, str] = field(default_factory=dict)
    """Where this program's headings mean something else than in `COLUMNS`."""


PROFILES: dict[str, Profile] = {
    one.key: one
    for one in (
        Profile(
            "mailchimp",
            "Mailchimp",
            (frozenset({"email address", "optin_time", "leid"}),),
            needs_state=("last_changed", "unsub_time", "clean_time"),
            caution="Mailchimp exports subscribed, unsubscribed and cleaned contacts as separate "
            "files. Import the unsubscribed and cleaned ones first.",
        ),
        Profile(
            "substack",
            "Substack",
            (frozenset({"email", "email_disabled", "expiry"}),),
            needs_state=("email_disabled",),
        ),
        Profile(
            "ghost",
            "Ghost",
            (frozenset({"email", "subscribed_to_emails"}),),
            needs_state=("subscribed_to_emails",),
        ),
        Profile(
            "beehiiv",
            "beehiiv",
            (
                frozenset({"email", "status", "tier", "unsubscribed_at"}),
                frozenset({"email", "status", "tier", "created_at", "stripe_customer_id"}),
            ),
            needs_state=("status",),
        ),
        Profile(
            "listmonk",
            "listmonk",
            (frozenset({"uuid", "email", "attributes", "status"}),),
            needs_state=("status",),
            caution="listmonk’s export does not say who unsubscribed from a list. Take those "
            "readers out of the file, or have everyone asked by the letter.",
        ),
        Profile(
            "kit",
            "Kit (ConvertKit)",
            (
                frozenset({"first_name", "email", "created_at", "status"}),
                frozenset({"first_name", "email_address", "created_at", "state"}),
            ),
            needs_state=("status", "state"),
        ),
        Profile(
            "brevo",
            "Brevo",
            (frozenset({"email", "email_blacklisted"}),),
            day_first=True,
            needs_state=("email_blacklisted",),
        ),
        Profile(
            "buttondown",
            "Buttondown",
            (frozenset({"email_address", "subscriber_type"}), frozenset({"email", "type", "tags"})),
            columns={"type": "state"},
        ),
        Profile(
            "broadsheet",
            "Broadsheet",
            (frozenset({"email", "email_typed", "rhythm", "top_papers", "consents"}),),
            needs_state=("status",),
        ),
        Profile("other", "Another program"),
    )
}


def recognized(heading: list[str]) -> Profile:
    """The profile of a file with this heading; "other" where none is known by it."""
    names = {name.casefold() for name in heading}
    # Whoever asks for more columns knows more: Broadsheet before Ghost.
    found = [
        (len(known), one) for one in PROFILES.values() for known in one.known_by if known <= names
    ]
    return max(found, key=lambda each: each[0])[1] if found else PROFILES["other"]
