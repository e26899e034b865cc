"""What hands messages over, whatever they are and wherever they go."""

from types import TracebackType
from typing import Any, Protocol, Self

from newsletter.mail.outcomes import Outcome


class Transport(Protocol):
    """Hands messages over, one at a time; for one thread, in a `with` statement.

    It connects when it first sends, and keeps its connection.
    """

    def send(self, message: Any, /) -> Outcome:
        """Hand over one message. Trouble is in the outcome, never raised."""

    def close(self) -> None:
        """Close what is open, if anything is. Never raises for the network; sending again opens it
        again.
        """
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
