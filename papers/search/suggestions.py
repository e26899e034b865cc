"""Where to look next when a search finds nothing: topics, the nearest in words first."""

from papers.models import Topic, in_order
from papers.text.words import stems

MOST = 8
"""Topics that are suggested."""


def topics_for(text: str) -> list[Topic]:
    """`MOST` active topics: first those whose name or keywords share most words with `text`."""
    asked = set(stems(text))

    def shared(topic: Topic) -> int:
        keywords = " ".join(map(str, topic.keywords))
        return len(asked & set(stems(f"{topic.name} {topic.label} {keywords}")))

    return sorted(in_order(Topic.objects.active()), key=lambda topic: -shared(topic))[:MOST]
