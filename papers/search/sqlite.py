"""Full text on SQLite: an FTS5 table without content of its own, kept right by triggers.

https://www.sqlite.org/fts5.html. The index holds words only ("contentless"), which halves its
size; the texts stand in papers_paper. Triggers, not code, keep it right, so that bulk writes, raw
SQL and another program's writes are indexed too. To take a paper out of such an index FTS5 must be
told what was in it, so both triggers make the indexed text by the same expression.

A rebuilt table (SQLite knows few ways to alter one, so Django makes a new one and renames it)
loses its triggers: `papers.search.index` looks for them after every `migrate`.
"""

from typing import Any

from papers.search.filters import ANYWHERE, Within
from papers.search.hits import INDEXED, MOST_OF_A_KIND, NEWEST, SPELLED_OUT, Hit, Kind
from papers.search.query import LETTERS, Phrase, Query, Term, pairs

TABLE = "papers_fulltext"

_TRIGGERS = tuple(f"{TABLE}_{event}" for event in ("insert", "update", "delete"))

_IN_TITLE = 1_000
"""Added to the score of a phrase in a title; more than BM25 ever gives."""

# BM25 with the weights of title, names and body.
_RANK = f"bm25({TABLE}, 10.0, 4.0, 1.0)"


def _folded(expression: str) -> str:
    """SQL for `expression` with the letters folded that the tokenizer does not fold."""
    for letter, typed in LETTERS:
        for spelling in dict.fromkeys((letter, letter.upper())):
            if len(spelling) == 1:
                expression = f"replace({expression}, '{spelling}', '{typed}')"
    return expression


def _names() -> str:
    """SQL for a name and its initial with its last word, "Yann LeCun , YLeCun": one word to find
    that no one else's first and last names make together.
    """
    before = "rtrim(value, replace(value, ' ', ''))"  # all but the last word
    return f"value || ' , ' || substr(value, 1, 1) || substr(value, length({before}) + 1)"


def _texts(row: str) -> str:
    """SQL for the indexed texts of `row`, which is "old", "new" or the table's name."""
    authors = (
        f"CASE WHEN json_valid({row}.authors) THEN (SELECT group_concat({_names()}, ' , ')"
        f" FROM json_each({row}.authors)) END"
    )
    title = f"{row}.title"
    names = f"coalesce({authors}, '') || ' , ' || {row}.organization || ' , ' || {row}.identifier"
    body = (
        f"CASE WHEN {row}.summary = {row}.abstract THEN {row}.abstract"
        f" ELSE {row}.abstract || ' , ' || {row}.summary END"
    )
    return ", ".join(map(_folded, (title, names, body)))


_COLUMNS = "title, names, body"
_ADD = f"INSERT INTO {TABLE}(rowid, {_COLUMNS}) "
_REMOVE = (
    f"INSERT INTO {TABLE}({TABLE}, rowid, {_COLUMNS}) VALUES('delete', old.id, {_texts('old')});"
)

_CREATE = (
    (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5({_COLUMNS}, content='', "
        "tokenize='porter unicode61 remove_diacritics 2')"
    ),
    (
        f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON papers_paper BEGIN "
        f"{_ADD} VALUES(new.id, {_texts('new')}); END"
    ),
    f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF {', '.join(INDEXED)} ON papers_paper WHEN "
    + " OR ".join(f"old.{name} IS NOT new.{name}" for name in INDEXED)
    + f" BEGIN {_REMOVE} {_ADD} VALUES(new.id, {_texts('new')}); END",
    f"CREATE TRIGGER {TABLE}_delete AFTER DELETE ON papers_paper BEGIN {_REMOVE} END",
)


def install(cursor: Any) -> None:
    """Make the index and its triggers anew, and index every paper."""
    uninstall(cursor)
    for statement in _CREATE:
        cursor.execute(statement)
    cursor.execute(f"{_ADD} SELECT id, {_texts('papers_paper')} FROM papers_paper")
    cursor.execute(f"INSERT INTO {TABLE}({TABLE}) VALUES('optimize')")


def uninstall(cursor: Any) -> None:
    """Remove whatever there is of the index."""
    for trigger in _TRIGGERS:
        cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def is_installed(cursor: Any) -> bool:
    """Whether the index and its triggers are there, and of this version."""
    cursor.execute(
        "SELECT sql FROM sqlite_master WHERE name IN (%s, %s, %s, %s)", (TABLE, *_TRIGGERS)
    )
    return {sql for (sql,) in cursor.fetchall()} == set(_CREATE)


def lookup(cursor: Any, query: Query, within: Within) -> list[Hit]:
    """The papers `within` that `query` finds."""
    every = _all(query.terms)
    sought = [(Kind.TITLE, f"{{title}} : ({every})"), (Kind.WORDS, every)]
    found, phrase = _rank(cursor, sought, query.phrase if len(query.phrase) > 1 else (), within)
    for paper_id in phrase:
        known = found.get(paper_id)
        score = known.score + (_IN_TITLE if known.kind == Kind.TITLE else 0) if known else 0
        found[paper_id] = Hit(paper_id, Kind.PHRASE, score)
    return list(found.values())


def lacking_one(cursor: Any, query: Query, within: Within) -> list[Hit]:
    """The papers `within` that hold all words but one, and those that hold all."""
    found, _ = _rank(cursor, [(Kind.SOME, _fewer(query.terms))], (), within)
    return list(found.values())


def spelled_out(cursor: Any, query: Query, typed: Query, within: Within) -> list[Hit]:
    """The papers, as `papers.search.index.spelled_out` says."""
    narrowed, kept = _narrowed(within)
    # BM25 would count each spelling in all papers first, which takes longer than all the rest.
    cursor.execute(
        f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s {narrowed} "
        f"ORDER BY rowid DESC LIMIT {SPELLED_OUT}",
        (_matching(f"({_all(query.terms)}) NOT ({_all(typed.terms)})", within), *kept),
    )
    return [Hit(paper_id, Kind.ACRONYM, paper_id) for (paper_id,) in cursor.fetchall()]


def newest(cursor: Any, query: Query, within: Within, before: int | None, most: int) -> list[int]:
    """The ids of the `most` newest papers with all words, or of those older than `before`."""
    conditions, given = _narrowed(within)
    cursor.execute(
        f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s AND rowid < %s {conditions} "
        "ORDER BY rowid DESC LIMIT %s",
        (_matching(_all(query.terms), within), _LAST if before is None else before, *given, most),
    )
    return [paper_id for (paper_id,) in cursor.fetchall()]


def beginning(cursor: Any, whole: Phrase, prefix: str, most: int) -> tuple[list[int], list[int]]:
    """The ids of papers, as `papers.search.index.beginning` says."""
    match = " AND ".join([*(_quoted((word,)) for word in whole), f"{_quoted((prefix,))} *"])
    found = []
    for column in ("title", "names"):
        cursor.execute(
            f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s ORDER BY rowid DESC LIMIT %s",
            (f"{{{column}}} : ({match})", most),
        )
        found.append([paper_id for (paper_id,) in cursor.fetchall()])
    return found[0], found[1]


def alike(cursor: Any, title: str) -> list[int]:
    """The ids of papers with a title like `title`, as `papers.search.index.alike` says."""
    found, _ = _rank(cursor, [(Kind.SOME, f"{{title}} : ({_any(pairs(title))})")], (), ANYWHERE)
    return list(found)


_LAST = 2**63 - 1


def _phrase(narrowed: str) -> str:
    """The newest papers that hold a phrase; finding them costs a third of ranking them."""
    return (
        f"SELECT * FROM (SELECT {Kind.PHRASE} AS kind, rowid, 0.0 FROM {TABLE} "
        f"WHERE {TABLE} MATCH %s {narrowed} ORDER BY rowid DESC LIMIT {MOST_OF_A_KIND})"
    )


def _best(narrowed: str, newest: int, most: int) -> str:
    """The best of the newest papers that hold something."""
    return (
        f"SELECT * FROM (SELECT * FROM (SELECT %s AS kind, rowid, {_RANK} AS worse FROM {TABLE} "
        f"WHERE {TABLE} MATCH %s {narrowed} ORDER BY rowid DESC LIMIT {newest}) "
        f"ORDER BY worse LIMIT {most})"
    )


def _narrowed(within: Within) -> tuple[str, tuple[Any, ...]]:
    """The condition that a paper is `within`, apart from its authors."""
    # By "+" the words come first: each id sought on its own would read the words anew each time.
    return (f"AND +rowid IN ({within.sql})", within.given) if within.sql else ("", ())


def _matching(match: str, within: Within) -> str:
    """`match` for papers by the author alone, if one is wanted."""
    if not within.author:
        return match
    return f"({match}) AND ({{names}} : {_quoted(within.author)})"


def _rank(
    cursor: Any,
    sought: list[tuple[Kind, str]],
    phrase: Phrase,
    within: Within,
    newest: int = NEWEST,
    most: int = MOST_OF_A_KIND,
) -> tuple[dict[int, Hit], set[int]]:
    """What each of `sought` finds, a paper by the first that finds it; papers that hold `phrase`.

    One statement.
    """
    narrowed, kept = _narrowed(within)
    parts = [_best(narrowed, newest, most)] * len(sought)
    given: list[Any] = []
    for kind, wanted in sought:
        match = _matching(wanted, within)
        given += (int(kind), match, *kept)
    if phrase:
        parts.append(_phrase(narrowed))
        given += (_matching(_quoted(phrase), within), *kept)
    cursor.execute(" UNION ALL ".join(parts), given)
    rows = cursor.fetchall()
    ranked = sorted(
        (row for row in rows if row[0] != Kind.PHRASE), key=lambda row: (row[0], row[2])
    )
    found: dict[int, Hit] = {}
    for kind, paper_id, worse in ranked:
        found.setdefault(paper_id, Hit(paper_id, Kind(kind), -worse))
    return found, {row[1] for row in rows if row[0] == Kind.PHRASE}


def _any(parts: list[tuple[Term, ...]]) -> str:
    return " OR ".join(f"({_all(part)})" for part in parts)


def _all(terms: tuple[Term, ...]) -> str:
    return " AND ".join(map(_term, terms))


def _fewer(terms: tuple[Term, ...]) -> str:
    """All of two `terms` or more but one that is not exact; "" where all are. Each is named as
    seldom as may be, for a phrase is looked up wherever it is named.
    """
    first, rest = terms[0], terms[1:]
    ways = [] if first.is_exact else [_all(rest)]
    if len(rest) > 1:
        others = _fewer(rest)
        ways += [f"{_term(first)} AND {others}"] if others else []
    elif not rest[0].is_exact:
        ways.append(_term(first))
    return f"({' OR '.join(f'({way})' for way in ways)})" if ways else ""


def _term(term: Term) -> str:
    return f"({' OR '.join(map(_quoted, term.phrases))})"


def _quoted(phrase: Phrase) -> str:
    """A string of FTS5's query syntax; words are letters and digits."""
    return f'"{" ".join(phrase)}"'
