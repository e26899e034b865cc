"""All channels. A new one is a folder beside this module, and a line in `CHANNELS`."""

from newsletter.channels.base import Channel
from newsletter.channels.email import EmailChannel
from newsletter.channels.feed import FeedChannel
from subscriptions import ways

CHANNELS: tuple[Channel, ...] = (EmailChannel(), FeedChannel())
"""In the order in which readers are offered them."""


def is_mail(name: str | None) -> bool:
    """Whether the channel that the ledger calls so sends emails."""
    return any(channel.is_mail for channel in CHANNELS if channel.name == name)


def wished(receives_by: str) -> Channel:
    """The channel that a reader wants who receives by this way. Raises `LookupError` where there
    is none: nobody is to get mail who asked for something else.
    """
    for channel in CHANNELS:
        if channel.wish == receives_by:
            return channel
    raise LookupError(f"there is no channel for readers who receive by {receives_by!r}")


def wishes_without_mail() -> list[str]:
    """What readers wish whose digests no rate of the mail backend holds back."""
    return [channel.wish for channel in CHANNELS if not channel.is_mail]


def offer() -> None:
    """Let readers choose among the channels."""
    for channel in CHANNELS:
        ways.offer(ways.Way(channel.wish, channel.label, is_mail=channel.is_mail))
