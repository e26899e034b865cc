"""What to search for, and where to look next when a search finds nothing."""

import datetime as dt

from papers.models import Feature, Match, Paper, Topic, in_order
from papers.text.words import stems

MOST = 8
"""Topics, or searches, that are suggested."""

LOOKED_AT = 300
"""Papers, and matches, whose keywords are looked at for a search to suggest."""


def topics_for(text: str) -> list[Topic]:
    """`MOST` active topics: first those whose name or keywords share most words with `text`."""
    asked = set(stems(text))

    def shared(topic: Topic) -> int:
        keywords = " ".join(map(str, topic.keywords))
        return len(asked & set(stems(f"{topic.name} {topic.label} {keywords}")))

    return sorted(in_order(Topic.objects.active()), key=lambda topic: -shared(topic))[:MOST]


def searches(up_to: dt.date) -> list[str]:
    """At most `MOST` phrases that papers of the last day with papers hold, the most trending
    papers' first: keywords of topics that were found there, so that each finds something.
    """
    days = Feature.objects.shown().filter(day__lte=up_to).order_by("-day")
    last = days.values_list("day", flat=True).first()
    if last is None:
        return []
    papers = Paper.objects.shown().filter(pk__in=Feature.objects.listed_on([last])).by_trend()
    shown = list(papers.values_list("pk", flat=True)[:LOOKED_AT])
    matches = Match.objects.sendable().filter(paper__in=shown)
    evidence = matches.order_by("-paper__trending_score", "-score", "pk").values_list(
        "evidence", flat=True
    )
    phrases: dict[str, str] = {}
    for reasons in evidence[:LOOKED_AT]:
        for reason in reasons:
            if reason["kind"] == "keyword":
                phrases.setdefault(reason["detail"].casefold(), reason["detail"])
                break  # one for each match, or a single paper would fill the list
    return list(phrases.values())[:MOST]
