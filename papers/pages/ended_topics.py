"""Where the page and the feed of a topic lead that was merged into another or renamed.

Changes of topics are made by the app above, which has readers to move; it says here which topic
took another's place, so that links and feed readers follow.
"""

from collections.abc import Callable

from django.http import Http404

from papers.models import Topic

SuccessorOf = Callable[[int], int | None]
"""From the key of an ended topic to that of the one that took its place; None where there is none,
or more than one."""

_ask: list[SuccessorOf] = []


def tell_successors(successor_of: SuccessorOf) -> None:
    """Have `successor_of` name successors; the app that changes topics calls this once."""
    _ask[:] = [successor_of]


def offered_or_successor(slug: str) -> tuple[Topic, bool]:
    """The topic with this slug, or the offered one that took its place, and which of the two: the
    second is true for a successor. Raises `Http404` where there is neither.
    """
    topic = Topic.objects.filter(slug=slug).first()
    if topic is not None and topic.is_active:
        return topic, False
    if topic is not None:
        for ask in _ask:
            key = ask(topic.pk)
            successor = Topic.objects.active().filter(pk=key).first() if key is not None else None
            if successor is not None:
                return successor, True
    raise Http404("no such topic")
