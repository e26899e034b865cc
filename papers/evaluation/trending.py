"""Does the trending score foresee what trends? The comparison with a site's own recorded order.

For every recorded day the papers known by then are ranked by each formula, from what had been
observed by then; what counts is where the site's own trending order shows them on the following
days. A paper gains, on average over those days, from nearly 1 for the first place down to 0 where
it is not listed.

All formulas get the same observations. Two more rows are no formulas of counts: today's order
itself, and our score when it also knows each paper's place in the orders up to today's, as a site
does that stores them; they show how much of tomorrow's order is today's.

`papers.evaluation.mixed_day` asks the other question: is the score fair between fields?
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean

from papers.evaluation.recordings import Seen
from papers.evaluation.topics import average_precision, discounted_gain
from papers.evaluation.trending_baselines import hacker_news, reddit, researchhub
from papers.matching.ranking import WINDOW
from papers.matching.standings import score_of
from papers.matching.trending import Attention, ListPlace
from papers.matching.yardsticks import Known, measure

DEPTH = 50
"""Ranks that count towards the NDCG: as many as the recorded order has."""


@dataclass(frozen=True)
class Day:
    """One day: the papers known at its end, what they gain after, and the order it showed."""

    day: date
    now: datetime
    known: Sequence[Seen]
    gains: Mapping[str, float]
    orders: Mapping[date, Sequence[str]]
    """The orders recorded up to this day."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well one formula ranks, as means over days."""

    ndcg: float
    average_precision: float
    precision_at_10: float


Formula = Callable[[Day], list[float]]
"""Scores of a day's known papers, in their order."""


def days_of(
    seen: Sequence[Seen], orders: Mapping[date, Sequence[str]], horizon: int = 3
) -> list[Day]:
    """Return the days that can be judged: with a recorded order in the ``horizon`` days after."""
    days = []
    for day in sorted(orders):
        following = [orders[at] for at in orders if day < at <= day + timedelta(days=horizon)]
        now = datetime.combine(day + timedelta(days=1), time(), UTC)
        known = [paper for paper in seen if paper.observed_at < now]
        gains: dict[str, float] = {}
        for order in following:
            for rank, paper in enumerate(order):
                gained = (len(order) - rank) / len(order) / len(following)
                gains[paper] = gains.get(paper, 0.0) + gained
        if any(paper.paper in gains for paper in known):
            past = {at: order for at, order in orders.items() if at <= day}
            days.append(Day(day, now, known, gains, past))
    return days


def compare(days: Sequence[Day]) -> dict[str, Quality]:
    """Return how well each formula ranks ``days``; no days give an empty mapping."""
    if not days:
        return {}
    return {name: _quality(formula, days) for name, formula in FORMULAS.items()}


def halves(days: Sequence[Day]) -> tuple[Sequence[Day], Sequence[Day]]:
    """Return the days that the constants may be chosen on, and the later ones kept apart."""
    middle = len(days) // 2
    return days[:middle], days[middle:]


def _quality(formula: Formula, days: Iterable[Day]) -> Quality:
    ndcg, precision, first_ten = [], [], []
    for day in days:
        scores = formula(day)
        order = sorted(range(len(scores)), key=lambda at: -scores[at])
        gains = [day.gains.get(day.known[at].paper, 0.0) for at in order]
        ndcg.append(discounted_gain(gains, DEPTH))
        precision.append(average_precision([gain > 0 for gain in gains]))
        first_ten.append(fmean(gain > 0 for gain in gains[:10]))
    return Quality(fmean(ndcg), fmean(precision), fmean(first_ten))


def _ours(day: Day) -> list[float]:
    return _scores([Known([_attention(paper)], paper.featured_at) for paper in day.known], day)


def _ours_with_places(day: Day) -> list[float]:
    places: dict[str, list[ListPlace]] = {}
    for at, order in day.orders.items():
        seen_at = datetime.combine(at + timedelta(days=1), time(), UTC)
        for position, paper in enumerate(order, 1):
            places.setdefault(paper, []).append(ListPlace("order", seen_at, position, len(order)))
    known = [
        Known([_attention(paper)], paper.featured_at, places=places.get(paper.paper, ()))
        for paper in day.known
    ]
    return _scores(known, day)


def _scores(known: Sequence[Known], day: Day) -> list[float]:
    """The papers' scores, with yardsticks measured on those of the last weeks, as on a site."""
    recent = [one for one in known if day.now - one.featured_at <= WINDOW]
    by = measure(recent or known, day.now)
    return [score_of(one, day.now, by) for one in known]


def _order_itself(day: Day) -> list[float]:
    ranks = {paper: rank for rank, paper in enumerate(day.orders[max(day.orders)])}
    return [-float(ranks.get(paper.paper, len(ranks))) for paper in day.known]


def _attention(paper: Seen) -> Attention:
    return Attention(paper.observed_at, "daily papers", paper.upvotes, paper.comments)


def _hours(paper: Seen, day: Day) -> float:
    return (day.now - paper.featured_at) / timedelta(hours=1)


FORMULAS: dict[str, Formula] = {
    "ours": _ours,
    "Hacker News": lambda day: [hacker_news(p.upvotes, _hours(p, day)) for p in day.known],
    "Reddit": lambda day: [reddit(p.upvotes, p.featured_at) for p in day.known],
    "ResearchHub": lambda day: [
        researchhub(p.upvotes, p.comments, _hours(p, day)) for p in day.known
    ],
    "most upvotes": lambda day: [float(p.upvotes) for p in day.known],
    "newest": lambda day: [p.featured_at.timestamp() for p in day.known],
    "ours, knowing today's order": _ours_with_places,
    "today's order itself": _order_itself,
}
"""What is compared; the last two know today's order, the others only the observations."""
