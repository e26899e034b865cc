"""Is trending fair between fields? A day of many papers, of which few have votes.

The day is put together from records: `VOTED` papers with the votes of a recorded day, and papers
without any of several fields. Each field that holds `SMALLEST` of the papers or more should have
between half and twice its share of the first `FIRST`; and a paper with more votes than 95 % of its
field reach should stand before every paper that nobody counted.

What the fields' papers are judged by is what a new site knows: their source, their category, and
whether earlier papers of their authors had votes. Nothing is fitted or matched.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

from papers.evaluation.recordings import PaperRecord, Seen
from papers.fields import BIOLOGY, COMPUTER_SCIENCE, OTHER, PHYSICS, field_of
from papers.matching import priors
from papers.matching.standings import score_of
from papers.matching.trending import Attention, Prior
from papers.matching.yardsticks import Known, measure

VOTED = 40
UNCOUNTED = {COMPUTER_SCIENCE: 600, PHYSICS: 300, BIOLOGY: 100, OTHER: 30}
"""By field; the last are journals' papers, whose ISSN tells no field."""

FIRST = 50
SMALLEST = 0.05
ABOVE = 0.95


@dataclass(frozen=True, slots=True)
class Fairness:
    """What came of the mixed days."""

    days: int
    papers: int
    shares: Mapping[str, float]
    """Of the papers, by field; the fields of `SMALLEST` or more."""
    first: Mapping[str, tuple[float, float, float]]
    """Of the first `FIRST`: the lowest, the mean and the highest of the days."""
    noticed: int
    """Papers with more votes than 95 % of their field."""
    behind: int
    """Those of them that stand behind an uncounted paper."""
    repeated: int
    """Papers of a day that are another's record under another name: the records were too few."""

    @property
    def is_fair(self) -> bool:
        """Whether both rules held on every day."""
        return not self.behind and all(
            self.shares[name] / 2 <= low and high <= 2 * self.shares[name]
            for name, (low, _, high) in self.first.items()
        )


def fairness(seen: Sequence[Seen], records: Sequence[PaperRecord], seed: int = 1) -> Fairness:
    """Return how fair the score is on days with the votes of each recorded day that has enough."""
    by_day: dict[datetime, list[Seen]] = {}
    for one in seen:
        by_day.setdefault(one.featured_at, []).append(one)
    known = {record.paper: record for record in records}
    counts: dict[str, list[int]] = {}
    noticed = behind = days = repeated = total = 0
    of_papers: Counter[str] = Counter()
    starts = sorted(by_day)
    for before, start in pairwise(starts):
        voted = (by_day[start] + by_day[before])[:VOTED]
        if len(voted) < VOTED:
            continue
        rng = random.Random(f"{seed} {start}")  # noqa: S311 - the same day each time
        earlier = priors.records(
            known[one.paper].authors
            for day in starts
            if day < before
            for one in by_day[day]
            if one.upvotes and one.paper in known
        )
        fields, papers, repeats = _day(voted, records, known, earlier, start, rng)
        ranked = _ranked(papers, start + timedelta(days=1))
        days, repeated, total = days + 1, repeats, len(papers)
        of_papers = Counter(fields)
        first = Counter(fields[at] for at in ranked[:FIRST])
        for name in of_papers:
            counts.setdefault(name, []).append(first[name])
        more, worse = _noticed(fields, papers, ranked)
        noticed, behind = noticed + more, behind + worse
    shares = {name: n / total for name, n in of_papers.items() if n >= SMALLEST * total}
    return Fairness(
        days=days,
        papers=total,
        shares=shares,
        first={
            name: (
                min(counts[name]) / FIRST,
                sum(counts[name]) / len(counts[name]) / FIRST,
                max(counts[name]) / FIRST,
            )
            for name in shares
        },
        noticed=noticed,
        behind=behind,
        repeated=repeated,
    )


def _day(
    voted: Sequence[Seen],
    records: Sequence[PaperRecord],
    known: Mapping[str, PaperRecord],
    earlier: Mapping[str, int],
    start: datetime,
    rng: random.Random,
) -> tuple[list[str], list[Known], int]:
    """The fields of a day's papers, what is known of them, and how many records were repeated."""
    is_voted = {one.paper for one in voted}
    of_field: dict[str, list[PaperRecord]] = {name: [] for name in UNCOUNTED}
    for record in records:
        name = field_of(record.categories)
        if name in of_field and record.paper not in is_voted:
            of_field[name].append(record)
    rows: list[tuple[str, str, Sequence[str], str, Seen | None]] = []
    for one in voted:
        mine = known.get(one.paper)
        name = field_of(mine.categories) if mine else OTHER
        # Where no category was recorded it is what nearly all of that community's papers are.
        name = COMPUTER_SCIENCE if name == OTHER else name
        rows.append((one.paper, name, mine.authors if mine else (), "community", one))
    repeats = 0
    for name, wanted in UNCOUNTED.items():
        found = rng.sample(of_field[name], min(wanted, len(of_field[name])))
        for at in range(wanted if found else 0):
            record = found[at % len(found)]
            repeats += at >= len(found)
            source = "journals" if name == OTHER else "arxiv"
            again = f"{record.paper}#{at // len(found)}"
            rows.append((again, name, record.authors, source, None))
    now = start + timedelta(days=1)
    rates = priors.rates(((source,), seen is not None) for _, _, _, source, seen in rows)
    papers = [
        Known(
            # Some were counted months later; here they count as if it had been at the day's end.
            [Attention(now, "daily papers", one.upvotes, one.comments)] if one else [],
            start,
            prior=Prior(
                source=rates[source],
                authors=priors.record(authors, earlier),
                tie=priors.tie(paper),
            ),
            of_field=name,
        )
        for paper, name, authors, source, one in rows
    ]
    return [row[1] for row in rows], papers, repeats


def _ranked(papers: Sequence[Known], now: datetime) -> list[int]:
    """The places of the papers, best first."""
    by = measure(papers, now)
    scores = [score_of(one, now, by) for one in papers]
    return sorted(range(len(papers)), key=lambda at: -scores[at])


def _noticed(
    fields: Sequence[str], papers: Sequence[Known], ranked: Sequence[int]
) -> tuple[int, int]:
    """How many papers have more votes than 95 % of their field, and how many of those stand behind
    one that nobody counted.
    """
    votes = [one.attention[0].upvotes or 0 if one.attention else 0 for one in papers]
    bars = {}
    for name in set(fields):
        mine = sorted(count for count, of in zip(votes, fields, strict=True) if of == name)
        bars[name] = mine[ceil(ABOVE * len(mine)) - 1]
    place = {at: rank for rank, at in enumerate(ranked)}
    best_uncounted = min(place[at] for at, one in enumerate(papers) if not one.attention)
    above = [at for at, count in enumerate(votes) if count > bars[fields[at]]]
    return len(above), sum(place[at] > best_uncounted for at in above)
