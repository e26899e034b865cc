"""What a channel is: how a digest gets to its reader.

There are two sorts. Some channels are `HandedOver` to somebody else, such as a mail server: each
message then passes through the worker's journal, and a crash may leave one in doubt. For others,
`Recorded` ones, the row in the ledger is all there is to it, and nothing can be in doubt.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django_stubs_ext import StrOrPromise

from newsletter.mail.transports.base import Transport

if TYPE_CHECKING:  # every process registers the channels, and few make digests
    from newsletter.digests.rendering import DigestPress
    from newsletter.digests.selection import Choice, Reader


class Channel(ABC):
    """One way to a reader."""

    name: ClassVar[str]
    """What the ledger records, at most 20 characters. It never changes."""
    wish: ClassVar[str]
    """What `Subscriber.receives_by` says of readers who want this channel. It never changes."""
    label: ClassVar[StrOrPromise]
    """What the preferences call it."""
    is_mail: ClassVar[bool] = False
    """Whether its messages are mails: they count against the mail backend's rates and for the
    shares of bounces and complaints, and what an answer says of an address counts."""


class Recorded(Channel):
    """A channel whose readers come for their digests and find them in the ledger."""


class HandedOver(Channel):
    """A channel that hands messages to somebody who answers."""

    @abstractmethod
    def compose(
        self, press: "DigestPress", reader: "Reader", choices: "Sequence[Choice]", delivery_id: int
    ) -> Any:
        """The message that `open()` can send. Raises `RenderingFailed` or `UnsendableMail` where
        there can be none; the delivery has then failed.
        """

    @abstractmethod
    def open(self) -> Transport:
        """What hands this channel's messages over, for one thread. Opens no connection yet."""
