"""Full text on SQLite: an FTS5 table without content of its own, kept right by triggers.

https://www.sqlite.org/fts5.html. The index holds words only ("contentless"), which halves its
size; the texts stand in papers_paper. Triggers, not code, keep it right, so that bulk writes, raw
SQL and another program's writes are indexed too. To take a paper out of such an index FTS5 must be
told what was in it, so both triggers make the indexed text by the same expression.

A rebuilt table (SQLite knows few ways to alter one, so Django makes a new one and renames it)
loses its triggers: `papers.search.index` looks for them after every `migrate`.
"""

from typing import Any

from papers.search.hits import INDEXED, MOST_OF_A_KIND, NEWEST, Hit, Kind
from papers.search.query import LETTERS, Query, fewer, pairs

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


def _texts(row: str) -> str:
    """SQL for the indexed texts of `row`, which is "old", "new" or the table's name."""
    authors = (
        f"CASE WHEN json_valid({row}.authors) THEN (SELECT group_concat(value, ' , ')"
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


def lookup(cursor: Any, query: Query, enough: int) -> list[Hit]:
    """The papers that `query` finds; with all words but one where others are not `enough`."""
    every = _all(query.words)
    phrase = _newest(cursor, _quoted(" ".join(query.phrase))) if len(query.phrase) > 1 else []
    found: dict[int, Hit] = {}
    _rank(cursor, f"{{title}} : ({every})", Kind.TITLE, found)
    if len(found.keys() | phrase) < MOST_OF_A_KIND:  # else what follows would not be shown
        _rank(cursor, every, Kind.WORDS, found)
    if len(found.keys() | phrase) < enough and len(query.words) > 1:
        _rank(cursor, _any(fewer(query.words)), Kind.SOME, found)
    for paper_id in phrase:
        known = found.get(paper_id)
        score = known.score + (_IN_TITLE if known.kind == Kind.TITLE else 0) if known else 0
        found[paper_id] = Hit(paper_id, Kind.PHRASE, score)
    return list(found.values())


def alike(cursor: Any, title: str) -> list[int]:
    """The ids of papers with a title like `title`, as `papers.search.index.alike` says."""
    found: dict[int, Hit] = {}
    _rank(cursor, f"{{title}} : ({_any(pairs(title))})", Kind.SOME, found)
    return list(found)


def _newest(cursor: Any, match: str) -> list[int]:
    """The ids of the newest papers that `match` finds, which costs a third of ranking them."""
    cursor.execute(
        f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s ORDER BY rowid DESC LIMIT %s",
        (match, MOST_OF_A_KIND),
    )
    return [paper_id for (paper_id,) in cursor.fetchall()]


def _rank(cursor: Any, match: str, kind: Kind, found: dict[int, Hit]) -> None:
    """Add the best of the newest papers that `match` finds, and that were not found before."""
    cursor.execute(
        f"SELECT rowid, {_RANK} FROM {TABLE} WHERE {TABLE} MATCH %s AND rowid >= coalesce("
        f"(SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s ORDER BY rowid DESC LIMIT 1 OFFSET %s),"
        "0) ORDER BY 2 LIMIT %s",
        (match, match, NEWEST - 1, MOST_OF_A_KIND),
    )
    for paper_id, rank in cursor.fetchall():
        found.setdefault(paper_id, Hit(paper_id, kind, -rank))


def _any(parts: list[tuple[str, ...]]) -> str:
    return " OR ".join(f"({_all(part)})" for part in parts)


def _all(words: tuple[str, ...]) -> str:
    return " AND ".join(map(_quoted, words))


def _quoted(words: str) -> str:
    """A string of FTS5's query syntax; `words` are letters, digits and spaces."""
    return f'"{words}"'
