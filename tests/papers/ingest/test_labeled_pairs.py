"""How many duplicates the rules leave and how many joins are wrong, on pairs of real records.

`tests/data/labeled_pairs.jsonl` holds a pair a line: its label, and of both records an identifier,
the title, the authors' family names, the year and the kind. The labels were given before the rules
were run on them. They are facts of three public collections:

- DBLP and the ACM's library on the same conferences and journals, with a mapping made by hand:
  every second pair of it, and for each record of DBLP the most alike of the ACM's that is another
  work. What was printed in proceedings and then, longer, in a journal counts as two works.
- Pairs of the catalog Fatcat (CC0), labeled by its makers: preprints and articles, reprints, parts
  of a series, reviews of one book, columns of one heading.

Nobody's abstract is among them, so a claim has titles and authors alone to bear it out. Run with
`-s` to see the numbers.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from papers.ingest.facts import folded_title, solid, title_key
from papers.ingest.identity import Claim, Work, judge, work_of
from papers.models import Join

PATH = Path(__file__).parent.parent.parent / "data" / "labeled_pairs.jsonl"

Pair = tuple[str, list[Any], list[Any]]


def pairs(label: str) -> Iterator[Pair]:
    for line in PATH.read_text(encoding="utf-8").splitlines():
        said, one, other = json.loads(line)
        if said == label:
            yield said, one, other


def authors(record: list[Any]) -> list[dict[str, str]]:
    return [{"name": family, "family": family} for family in record[2]]


def as_work(number: int, record: list[Any]) -> Work:
    identifier, title, _, year, kind = record
    facts = {"title": title, "authors": authors(record), "kind": kind}
    if year:
        facts["published_on"] = f"{year}-01-01"
    return work_of(number, identifier, [facts])


def state(pair: Pair, *, is_claimed: bool) -> str:
    """What becomes of the pair: a state of a join, or nothing."""
    _, one, other = pair
    claims = {Claim.DIRECT} if is_claimed else set()
    keys = [title_key(record[1], authors(record)) for record in (one, other)]
    if keys[0] == keys[1] != "":
        claims.add(Claim.TITLE)
    verdict = judge(as_work(1, one), as_work(2, other), claims) if claims else None
    return verdict.state if verdict else ""


def is_equal(pair: Pair) -> bool:
    """Whether the titles are equal but for case, accents, punctuation and spaces."""
    return solid(folded_title(pair[1][1])) == solid(folded_title(pair[2][1]))


def is_telling(pair: Pair) -> bool:
    return is_equal(pair) and len(folded_title(pair[1][1]).split()) >= 5


def count(
    label: str, is_meant: Callable[[Pair], bool], *, is_claimed: bool
) -> tuple[list[Pair], list[Pair], int]:
    """Of the pairs that are meant: those that are joined, those that are not, and how many are
    questions."""
    meant = [pair for pair in pairs(label) if is_meant(pair)]
    states = [state(pair, is_claimed=is_claimed) for pair in meant]
    joined = [pair for pair, at in zip(meant, states, strict=True) if at == Join.State.JOINED]
    apart = [pair for pair, at in zip(meant, states, strict=True) if at != Join.State.JOINED]
    return joined, apart, states.count(Join.State.QUESTION)


def test_no_two_works_are_joined_by_their_titles():
    wrong, apart, questions = count("different", lambda pair: True, is_claimed=False)
    print(f"by title: {len(wrong)} wrong joins in {len(wrong) + len(apart)}, {questions} questions")
    assert len(wrong) + len(apart) >= 500
    assert not wrong


def test_no_two_works_are_joined_because_an_author_named_the_wrong_one():
    """Each pair as if one named the other, though their titles differ."""
    wrong, apart, questions = count("different", lambda pair: not is_equal(pair), is_claimed=True)
    total = len(wrong) + len(apart)
    print(f"by a wrong claim: {len(wrong)} wrong joins in {total}, {questions} questions")
    for pair in wrong:
        print("   ", pair[1][1], "|", pair[2][1])
    assert total >= 500
    assert not wrong


def test_of_pairs_with_one_title_and_a_claim_hardly_one_is_left():
    joined, left, _ = count("same", is_equal, is_claimed=True)
    print(f"one title and a claim: {len(left)} of {len(joined) + len(left)} left")
    for pair in left:
        print("   ", pair[1], pair[2])
    assert len(left) <= (len(joined) + len(left)) // 200


def test_of_pairs_with_one_telling_title_hardly_one_is_left():
    joined, left, questions = count("same", is_telling, is_claimed=False)
    total = len(joined) + len(left)
    print(f"one telling title: {len(left)} of {total} left, {questions} of them questions")
    for pair in left:
        print("   ", pair[1], pair[2])
    assert len(left) <= total // 150


def test_what_no_rule_may_join_is_known():
    """Titles that differ, and short ones, without an abstract: too little to join by."""
    joined, left, questions = count("same", lambda pair: True, is_claimed=True)
    total = len(joined) + len(left)
    print(f"all with a claim: {len(left)} of {total} left, {questions} of them questions")
    assert questions == len(left)  # an editor is asked about each
    assert len(left) <= total // 15
    joined, left, _ = count("same", lambda pair: True, is_claimed=False)
    print(f"all without a claim: {len(left)} of {len(joined) + len(left)} left")
