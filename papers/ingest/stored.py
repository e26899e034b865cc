"""Papers that were stored before records were kept, taken up into what finds works of many names.

They have no record, so nothing finds them by their titles until a source tells of them again, which
for old ones is never. Taking one up keeps what its row says as a record, gives it its name, and
looks for papers that are the same work. Nothing that readers see changes but for joins.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db.models import Exists, OuterRef

from papers.ingest import identity
from papers.ingest.facts import facts_of_row, title_key
from papers.ingest.identity import MOST_CLAIMANTS, Claim, Verdict
from papers.ingest.records import BATCH, take_up
from papers.models import Join, Paper, PaperName, PaperQuerySet, SourceRecord

Progress = Callable[[int, int], None]
"""Called with the number of papers that were taken up and the number there are."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two papers that are to be looked at, and what the rules say of them."""

    one: Paper
    other: Paper
    verdict: Verdict

    @property
    def is_joined(self) -> bool:
        """Whether they become one; else an editor is asked."""
        return self.verdict.state == Join.State.JOINED


def waiting() -> PaperQuerySet:
    """The papers of which no record is kept."""
    kept = SourceRecord.objects.filter(paper=OuterRef("pk"), about="")
    return Paper.objects.filter(~Exists(kept)).order_by("pk")


def take_up_all(progress: Progress | None = None) -> int:
    """Take up all that wait, a batch in a transaction; how many pairs were joined or are questions
    now. May be cut short, repeated, and run by two at once.
    """
    total, done, changed, last = waiting().count(), 0, 0, 0
    while ids := list(waiting().filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        changed += take_up(ids)
        done, last = done + len(ids), ids[-1]
        if progress:
            progress(min(done, total), total)
    return changed


def pairs() -> list[Pair]:
    """What `take_up_all` would join or ask an editor, without doing so. Reads all papers that wait,
    and of the others those of the same titles.
    """
    facts: dict[int, list[dict[str, Any]]] = defaultdict(list)
    papers: dict[int, Paper] = {}
    by_key: dict[str, set[int]] = defaultdict(set)
    claims: dict[tuple[int, int], set[Claim]] = defaultdict(set)
    for paper in waiting().iterator(chunk_size=BATCH):
        papers[paper.pk] = paper
        facts[paper.pk] = [facts_of_row(paper)]
        if key := title_key(paper.title, facts[paper.pk][0].get("authors", ())):
            by_key[key].add(paper.pk)
    mine = frozenset(papers)
    for keys in _parted(list(by_key)):
        rows = SourceRecord.objects.filter(title_key__in=keys, about="", paper__isnull=False)
        for key, paper_id in rows.values_list("title_key", "paper_id"):
            by_key[key].add(paper_id or 0)
    for alike in by_key.values():
        if 1 < len(alike) <= MOST_CLAIMANTS:
            for first, second in combinations(sorted(alike), 2):
                claims[first, second].add(Claim.TITLE)
    own = {paper.identifier: paper.pk for paper in papers.values()}
    for names in _parted(list(own)):
        named = PaperName.objects.filter(identifier__in=names).exclude(kind=PaperName.OWN)
        for name, paper_id in named.values_list("identifier", "paper_id"):
            if paper_id != own[name]:
                first, second = sorted((paper_id, own[name]))
                claims[first, second].add(Claim.DIRECT)
    others = list({pk for pair in claims for pk in pair} - mine)
    for ids in _parted(others):
        papers |= Paper.objects.in_bulk(ids)
        said = SourceRecord.objects.filter(paper__in=ids, about="")
        for paper_id, one in said.values_list("paper_id", "facts"):
            facts[paper_id or 0].append(one)
    found = []
    for (first, second), reasons in sorted(claims.items()):
        one, other = (
            identity.work_of(pk, papers[pk].identifier, facts[pk]) for pk in (first, second)
        )
        verdict = identity.judge(one, other, reasons)
        if verdict is not None:
            found.append(Pair(papers[first], papers[second], verdict))
    return found


def _parted(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]
