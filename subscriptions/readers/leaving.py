"""How readers leave: the words that are put on record, and what statistics make of them."""

from enum import StrEnum

ONE_CLICK = "one-click unsubscribe (RFC 8058)"
BY_EMAIL = "unsubscribed by email (RFC 2369)"
AT_PROVIDER = "unsubscribed at the mail provider"
COMPLAINT = "reported an email as unwanted"
BY_EDITOR = "an editor, on request"


class Way(StrEnum):
    """How a reader left."""

    BUTTON = "button"
    ONE_CLICK = "one_click"
    BY_EMAIL = "by_email"
    AT_PROVIDER = "at_provider"
    COMPLAINT = "complaint"
    BY_EDITOR = "by_editor"


WAYS: dict[str, Way] = {
    ONE_CLICK: Way.ONE_CLICK,
    BY_EMAIL: Way.BY_EMAIL,
    AT_PROVIDER: Way.AT_PROVIDER,
    COMPLAINT: Way.COMPLAINT,
    BY_EDITOR: Way.BY_EDITOR,
}
"""The way, by the wording on record. Any other wording is that of a button, in some language."""

WAY_LABELS: dict[str, str] = {
    Way.BUTTON: "the button on our page",
    Way.ONE_CLICK: "their mailbox’s button",
    Way.BY_EMAIL: "an email to us",
    Way.AT_PROVIDER: "at the mail provider",
    Way.COMPLAINT: "a complaint",
    Way.BY_EDITOR: "an editor, on request",
}


def way_of(wording: str) -> Way:
    """How a reader left whose record says this."""
    if wording.endswith("(RFC 2369)"):  # older records have other words in front
        return Way.BY_EMAIL
    return WAYS.get(wording, Way.BUTTON)
