"""Papers that turn out to be what readers follow days after they were listed: offered once more.

A service learns what a paper cites when digests of its day have long gone out. What was found late
waits for each follower's next email, as a paper does that had no room, and is offered there once;
whoever had the paper for another reason doesn't get it again.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from newsletter.digests import interests
from newsletter.digests.history import issues_sharing, papers_had
from newsletter.digests.interests import Left
from newsletter.models import IssuePaper
from papers.models import Paper
from subscriptions.models import Following, InterestMatch

AT_ONCE = 500
"""Matches that are put before their readers in one transaction."""

READERS = 5_000
"""Followers that are looked at at once."""

NO_DELIVERY = 0
"""In place of the delivery that had no room for a paper: none had it to offer."""


def offer() -> int:
    """Have every late match wait for the next email of who follows it; how many matches.

    Doing it twice, or on two machines at once, leaves each paper waiting once.
    """
    done = 0
    while found := _offer_some():
        done += found
        if found < AT_ONCE:
            break
    return done


@transaction.atomic
def _offer_some() -> int:
    late = list(InterestMatch.objects.late()[:AT_ONCE])
    if not late:
        return 0
    of_paper: dict[tuple[dt.date, int], list[InterestMatch]] = defaultdict(list)
    for one in late:
        of_paper[one.day, one.paper_id].append(one)
    places = IssuePaper.objects.filter(
        issue__day__in={one.day for one in late}, paper__in={one.paper_id for one in late}
    ).order_by()
    for place, day, paper in places.values_list("pk", "issue__day", "paper_id"):
        if (day, paper) in of_paper:
            _wait(place, day, paper, of_paper[day, paper])
    InterestMatch.objects.filter(pk__in=[one.pk for one in late]).update(is_late=False)
    return len(late)


def _wait(place: int, day: dt.date, paper: int, matches: Sequence[InterestMatch]) -> None:
    """Have this place wait for all who follow what the paper matches and have not had it."""
    works = Paper.objects.works_of([paper])
    sharing = issues_sharing([paper])
    for one in matches:
        followings = Following.objects.running().filter(interest=one.interest_id)
        if not one.is_certain:
            followings = followings.filter(takes_maybe=True)
        position = 0
        while mine := dict(
            followings.filter(pk__gt=position)
            .order_by("pk")
            .values_list("pk", "subscriber_id")[:READERS]
        ):
            position = max(mine)
            readers = list(mine.values())
            had = papers_had(readers, sharing, works=works, daily=readers)
            interests.record(
                [
                    Left(NO_DELIVERY, reader, day, ((following, place),))
                    for following, reader in mine.items()
                    if works.get(paper, paper) not in had.get(reader, ())
                ],
                {},
            )
