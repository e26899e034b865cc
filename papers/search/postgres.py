"""Full text on PostgreSQL: a table of text search vectors, kept right by triggers.

https://www.postgresql.org/docs/current/textsearch.html. The vectors stand in tables of their own,
because papers_paper is rewritten all the time as counts come in; those of the titles stand in a
narrow one besides, of which a search for common words reads few pages. Words are stemmed as English
by a configuration of our own that drops none: "attention is all you need" is a phrase of five
words. Diacritics are folded by a function of our own, since not everyone may install `unaccent`.

A common word is found in most papers, and PostgreSQL then reads the table from its newest row on
until there are enough; so rows are kept whole where they are read, uncompressed up to 8 kB.
"""

import hashlib
from typing import Any

from papers.search.filters import Within
from papers.search.hits import INDEXED, MOST_OF_A_KIND, NEWEST, SPELLED_OUT, Hit, Kind
from papers.search.query import LETTERS, Phrase, Query, Term, fewer, pairs

TABLE = "papers_fulltext"
TITLES = "papers_fulltext_titles"

_ENGLISH = "papers_english"

COMPLETED = 3_000
"""Papers with a word that is being typed, the newest, whose titles and names are looked at."""

_LONGEST = 50_000
"""Characters of a text that are indexed: a vector may not be longer than 1 MB."""

# Titles have the weight A, names B and all else D. From D to A, as ts_rank wants them.
_WEIGHTS = "'{0.1, 0.1, 0.4, 1.0}'"

# Where the server's locale is C, it takes every sign beyond ASCII for a letter.
_SIGNS = (
    r"\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u2000-\u206f\u2190-\u2bff\u3000-\u303f\uff00-\uff0f"
)


def _folding(text: str) -> str:
    """SQL that does to `text` what `papers.search.query.folded` does to a query."""
    unmarked = rf"regexp_replace(normalize({text}, NFD), '[\u0300-\u036f]+', '', 'g')"
    folded = f"regexp_replace(normalize({unmarked}, NFC), '[{_SIGNS}]+', ' ', 'g')"
    for letter, typed in LETTERS:
        for spelling in dict.fromkeys((letter, letter.upper())):
            if len(spelling) == 1:
                folded = f"replace({folded}, '{spelling}', '{typed}')"
    signs = "".join(c for c in map(chr, range(33, 127)) if not c.isalnum()).replace("'", "''")
    # Most texts are ASCII, which needs little of that.
    plain = rf"CASE WHEN {text} ~ '[^\x01-\x7f]' THEN {folded} ELSE {text} END"
    return f"translate(lower({plain}), '{signs}', repeat(' ', 32))"


_AUTHORS = (
    "CASE jsonb_typeof(paper.authors) WHEN 'array' THEN "
    # Each name, and its initial with its last word as one: "Yann LeCun , YLeCun".
    r"(SELECT string_agg(concat_ws(' , ', name, left(name, 1) || substring(name from '\S+$')),"
    " ' , ')"
    " FROM jsonb_array_elements_text(paper.authors) AS name) END"
)
_NAMES = f"concat_ws(' , ', {_AUTHORS}, paper.organization, paper.identifier)"
_BODY = "concat_ws(' , ', paper.abstract, nullif(paper.summary, paper.abstract))"

_CREATE = (
    f"CREATE TEXT SEARCH DICTIONARY {_ENGLISH} (TEMPLATE = snowball, LANGUAGE = english)",
    f"CREATE TEXT SEARCH CONFIGURATION {_ENGLISH} (COPY = simple)",
    (
        f"ALTER TEXT SEARCH CONFIGURATION {_ENGLISH} ALTER MAPPING FOR "
        f"asciiword, asciihword, hword_asciipart, word, hword, hword_part WITH {_ENGLISH}"
    ),
    (
        f"CREATE TABLE {TABLE} (paper_id bigint PRIMARY KEY, words tsvector NOT NULL) "
        "WITH (toast_tuple_target = 8160)"
    ),
    f"ALTER TABLE {TABLE} ALTER words SET STORAGE EXTERNAL",
    f"CREATE TABLE {TITLES} (paper_id bigint PRIMARY KEY, title tsvector NOT NULL)",
    (
        f"CREATE FUNCTION {TABLE}_vector(text) RETURNS tsvector LANGUAGE sql IMMUTABLE "
        f"PARALLEL SAFE SET search_path FROM CURRENT AS $$ "
        f"SELECT to_tsvector('{_ENGLISH}', {_folding('cut')}) "
        f"FROM (SELECT left($1, {_LONGEST}) AS cut) AS texts $$"
    ),
    f"""CREATE FUNCTION {TABLE}_put(paper papers_paper) RETURNS void LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
    DECLARE found tsvector := {TABLE}_vector(paper.title);
    BEGIN
        INSERT INTO {TITLES} VALUES (paper.id, found)
        ON CONFLICT (paper_id) DO UPDATE SET title = excluded.title;
        INSERT INTO {TABLE} VALUES (
            paper.id,
            setweight(found, 'A') || setweight({TABLE}_vector({_NAMES}), 'B')
            || {TABLE}_vector({_BODY}))
        ON CONFLICT (paper_id) DO UPDATE SET words = excluded.words;
    END $$""",
    f"""CREATE FUNCTION {TABLE}_keep() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            TRUNCATE {TABLE}, {TITLES};
        ELSIF TG_OP = 'DELETE' THEN
            DELETE FROM {TABLE} WHERE paper_id = old.id;
            DELETE FROM {TITLES} WHERE paper_id = old.id;
        ELSE
            PERFORM {TABLE}_put(new);
        END IF;
        RETURN NULL;
    END $$""",
    (
        f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON papers_paper "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_keep()"
    ),
    f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF {', '.join(INDEXED)} ON papers_paper "
    "FOR EACH ROW WHEN ("
    + " OR ".join(f"old.{name} IS DISTINCT FROM new.{name}" for name in INDEXED)
    + f") EXECUTE FUNCTION {TABLE}_keep()",
    (
        f"CREATE TRIGGER {TABLE}_delete AFTER DELETE ON papers_paper "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_keep()"
    ),
    (
        f"CREATE TRIGGER {TABLE}_truncate AFTER TRUNCATE ON papers_paper "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_keep()"
    ),
)
_INDEX = tuple(
    # Every search reads the list of pending entries through, so it is kept short (1 MB instead of
    # 4); storing without any takes five times as long.
    f"CREATE INDEX {table}_{column} ON {table} USING gin ({column}) "
    "WITH (gin_pending_list_limit = 1024)"
    for table, column in ((TABLE, "words"), (TITLES, "title"))
)
_VERSION = hashlib.blake2b("".join(_CREATE + _INDEX).encode(), digest_size=8).hexdigest()
_DROP = (
    *(
        f"DROP TRIGGER IF EXISTS {TABLE}_{event} ON papers_paper"
        for event in ("insert", "update", "delete", "truncate")
    ),
    f"DROP FUNCTION IF EXISTS {TABLE}_keep()",
    f"DROP FUNCTION IF EXISTS {TABLE}_put(papers_paper)",
    f"DROP FUNCTION IF EXISTS {TABLE}_vector(text)",
    f"DROP TABLE IF EXISTS {TABLE}, {TITLES}",
    f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {_ENGLISH}",
    f"DROP TEXT SEARCH DICTIONARY IF EXISTS {_ENGLISH}",
)


def install(cursor: Any) -> None:
    """Make the index and its triggers anew, and index every paper: 1 minute for 100,000 papers."""
    uninstall(cursor)
    for statement in _CREATE:
        cursor.execute(statement)
    cursor.execute(f"SELECT count({TABLE}_put(papers_paper)) FROM papers_paper")
    for statement in _INDEX:
        cursor.execute(statement)
    cursor.execute(f"ANALYZE {TABLE}, {TITLES}")
    cursor.execute(f"COMMENT ON TABLE {TABLE} IS '{_VERSION}'")


def uninstall(cursor: Any) -> None:
    """Remove whatever there is of the index."""
    for statement in _DROP:
        cursor.execute(statement)


def is_installed(cursor: Any) -> bool:
    """Whether the index is there, and of this version. Triggers stay with their table."""
    cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", (TABLE,))
    return bool(cursor.fetchone()[0] == _VERSION)


def lookup(cursor: Any, query: Query, within: Within) -> list[Hit]:
    """The papers `within` that `query` finds."""
    kinds = {"in_title": Kind.TITLE, "anywhere": Kind.WORDS}
    return _rank(cursor, _LOOKUP, {"sought": _all(query.terms), **_phrase(query), **kinds}, within)


def lacking_one(cursor: Any, query: Query, within: Within) -> list[Hit]:
    """The papers `within` that hold all words but one, and those that hold all."""
    kinds = {"in_title": Kind.SOME, "anywhere": Kind.SOME}
    sought = _any(fewer(query.terms))
    return _rank(cursor, _LOOKUP, {"sought": sought, **_phrase(query), **kinds}, within)


def spelled_out(cursor: Any, query: Query, typed: Query, within: Within) -> list[Hit]:
    """The papers, as `papers.search.index.spelled_out` says."""
    sought = f"({_all(query.terms)}) & !({_all(typed.terms)})"
    return _rank(cursor, _SPELLED_OUT, {"sought": sought}, within)


def newest(cursor: Any, query: Query, within: Within, before: int | None, most: int) -> list[int]:
    """The ids of the `most` newest papers with all words, or of those older than `before`."""
    narrowed, given = _narrowed(within)
    cursor.execute(
        f"SELECT paper_id FROM {TABLE} WHERE words @@ to_tsquery('{_ENGLISH}', %(sought)s) "
        f"AND (%(before)s::bigint IS NULL OR paper_id < %(before)s) {narrowed} "
        "ORDER BY paper_id DESC LIMIT %(most)s",
        {"sought": _all(query.terms), "before": before, "most": most} | given,
    )
    return [paper_id for (paper_id,) in cursor.fetchall()]


def beginning(cursor: Any, whole: Phrase, prefix: str, most: int) -> tuple[list[int], list[int]]:
    """The ids of papers, as `papers.search.index.beginning` says."""
    found = []
    for weight in "AB":  # titles, names
        # The index knows no weights: of words that are common elsewhere it finds all papers.
        anywhere = [f"'{word}'" for word in whole] + [f"'{prefix}':*"]
        sought = [f"'{word}':{weight}" for word in whole] + [f"'{prefix}':*{weight}"]
        cursor.execute(
            f"SELECT paper_id FROM (SELECT paper_id, words FROM {TABLE} "
            f"WHERE words @@ to_tsquery('{_ENGLISH}', %s) "
            f"ORDER BY paper_id DESC LIMIT {COMPLETED}) AS newest "
            f"WHERE words @@ to_tsquery('{_ENGLISH}', %s) ORDER BY paper_id DESC LIMIT %s",
            (" & ".join(anywhere), " & ".join(sought), most),
        )
        found.append([paper_id for (paper_id,) in cursor.fetchall()])
    return found[0], found[1]


def alike(cursor: Any, title: str) -> list[int]:
    """The ids of papers with a title like `title`, as `papers.search.index.alike` says."""
    cursor.execute(_ALIKE, {"sought": _any(pairs(title))})
    return [paper_id for (paper_id,) in cursor.fetchall()]


_TITLES = f"""
    (SELECT paper_id, title FROM {TITLES}
     WHERE title @@ to_tsquery('{_ENGLISH}', %(sought)s) /* narrowed */
     ORDER BY paper_id DESC LIMIT {NEWEST})
"""
_ALIKE = f"""
    SELECT paper_id FROM {_TITLES} AS found
    ORDER BY ts_rank(title, to_tsquery('{_ENGLISH}', %(sought)s), 1) DESC, paper_id DESC
    LIMIT {MOST_OF_A_KIND}
"""
_LOOKUP = f"""
    WITH found AS (
        SELECT paper_id, %(in_title)s AS kind FROM {_TITLES} AS titles
        UNION ALL
        (SELECT paper_id, %(anywhere)s FROM {TABLE}
         WHERE words @@ to_tsquery('{_ENGLISH}', %(sought)s) /* narrowed */
         ORDER BY paper_id DESC LIMIT {NEWEST})
    ), best AS (
        SELECT paper_id, min(kind) AS kind FROM found GROUP BY paper_id
    )
    SELECT paper_id,
        CASE WHEN words @@ to_tsquery('{_ENGLISH}', %(phrase)s) THEN {Kind.PHRASE} ELSE kind END
            AS kind,
        ts_rank({_WEIGHTS}, words, to_tsquery('{_ENGLISH}', %(sought)s), 1) AS score
    FROM {TABLE} JOIN best USING (paper_id)
    ORDER BY 2, score DESC, paper_id DESC LIMIT {MOST_OF_A_KIND}
"""

# To rank them takes reading all their words.
_SPELLED_OUT = f"""
    SELECT paper_id, {Kind.ACRONYM}, paper_id FROM {TABLE}
    WHERE words @@ to_tsquery('{_ENGLISH}', %(sought)s) /* narrowed */
    ORDER BY paper_id DESC LIMIT {SPELLED_OUT}
"""


def _narrowed(within: Within) -> tuple[str, dict[str, Any]]:
    """The condition that a paper is `within`, and its values."""
    narrowed, given = "", {}
    if within.sql:
        sql = within.sql
        for number, value in enumerate(within.given):
            given[f"kept{number}"] = value
            sql = sql.replace("%s", f"%(kept{number})s", 1)
        narrowed += f" AND paper_id IN ({sql})"
    if within.author:
        # B is the weight of names.
        given["author"] = " <-> ".join(f"'{word}':B" for word in within.author)
        narrowed += (
            f" AND paper_id IN (SELECT paper_id FROM {TABLE} "
            f"WHERE words @@ to_tsquery('{_ENGLISH}', %(author)s))"
        )
    return narrowed, given


def _phrase(query: Query) -> dict[str, str]:
    return {"phrase": _quoted(query.phrase) if len(query.phrase) > 1 else ""}


def _rank(cursor: Any, statement: str, given: dict[str, Any], within: Within) -> list[Hit]:
    """The best of the newest papers that the statement finds, each with how it was found."""
    narrowed, kept = _narrowed(within)
    cursor.execute(statement.replace("/* narrowed */", narrowed), given | kept)
    return [Hit(paper_id, Kind(kind), score) for paper_id, kind, score in cursor.fetchall()]


def _any(parts: list[tuple[Term, ...]]) -> str:
    return " | ".join(f"({_all(part)})" for part in parts)


def _all(terms: tuple[Term, ...]) -> str:
    return " & ".join(f"({' | '.join(map(_quoted, term.phrases))})" for term in terms)


def _quoted(phrase: Phrase) -> str:
    """Words of PostgreSQL's query syntax that stand together; they are letters and digits."""
    return "(" + " <-> ".join(f"'{word}'" for word in phrase) + ")"
