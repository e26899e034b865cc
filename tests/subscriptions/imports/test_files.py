"""Any bytes are records, problems with line numbers, or one sentence; never an error of ours."""

import codecs
import io

import pytest

from subscriptions.imports.files import (
    HEADING_AGAIN,
    LONGEST_RECORD,
    MOST_COLUMNS,
    Records,
    UnreadableFile,
    keep,
    text_of,
)
from subscriptions.imports.options import Options
from subscriptions.imports.planning import Planner
from subscriptions.imports.profiles import recognized
from subscriptions.models import ImportRun
from tests.factories import NOW

NO_ADDRESS = "this isn't an email address"


def records(text):
    return Records(io.StringIO(text, newline=""))


def kept(content):
    run = ImportRun(file_name="a.csv", created_at=NOW)
    keep(run, [content[:7], content[7:]])
    return run


@pytest.mark.parametrize(
    ("name", "encode", "encoding"),
    [
        ("UTF-8", lambda t: t.encode(), "utf-8"),
        ("UTF-8 with BOM", lambda t: codecs.BOM_UTF8 + t.encode(), "utf-8-sig"),
        ("UTF-16 with BOM", lambda t: t.encode("utf-16"), "utf-16"),
        ("UTF-16 BE with BOM", lambda t: codecs.BOM_UTF16_BE + t.encode("utf-16-be"), "utf-16"),
        ("UTF-16 LE bare", lambda t: t.encode("utf-16-le"), "utf-16-le"),
        ("UTF-16 BE bare", lambda t: t.encode("utf-16-be"), "utf-16-be"),
        ("Windows-1252", lambda t: t.encode("cp1252"), "cp1252"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_gives_the_same_records(db, name, encode, encoding, ends):
    text = ends.join(("Email;Name", "alice@example.org;Zoë", 'bob@example.org;"B; ""o"" b"', ""))

    run = kept(encode(text))
    found = Records(text_of(run))

    assert run.encoding == encoding
    assert found.heading == ["Email", "Name"]
    assert [one.cells for one in found] == [
        ["alice@example.org", "Zoë"],
        ["bob@example.org", 'B; "o" b'],
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "no heading"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b",".join([b"a"] * (MOST_COLUMNS + 1)), "more than 1000 columns"),
        (b",".join([b"a"] * 100_000), "more than 1000 columns"),
        (b'"email,name\na@example.org,x\n', "cannot be read"),
        (b"x" * (LONGEST_RECORD + 2), "cannot be read"),
    ],
    ids=["nothing", "blank", "zip", "columns", "1e5 columns", "open quote", "one long line"],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(db, content, said):
    with pytest.raises(UnreadableFile, match=said):
        Records(text_of(kept(content)))


def test_what_is_wrong_costs_its_own_line():
    lines = [
        "email,name",
        "alice@example.org,A",
        '"open,quote',
        "bob@example.org,B" + "x" * (LONGEST_RECORD + 5),
        "Email, Name",
        "c@example.org" + ",x" * 100_000,
        "",
        "dave\0@example.org,D",
        'erin@example.org,"two\nlines"',
        "frank@example.org",
        'grace@example.org, "after a space"',
    ]

    found = list(records("\n".join(lines)))

    assert [(one.line, one.problem or one.cells[0]) for one in found] == [
        (2, "alice@example.org"),
        (3, "a quote is opened and never closed"),
        (4, f"it is longer than {LONGEST_RECORD} characters"),
        (5, HEADING_AGAIN),
        (6, "it has more cells than the heading"),
        (8, "dave\0@example.org"),
        (9, "erin@example.org"),
        (11, "frank@example.org"),
        (12, "grace@example.org"),
    ]
    assert found[-1].cells[1] == "after a space"
    assert found[-3].cells[1] == "two\nlines"


def test_an_open_quote_far_from_the_end_does_not_swallow_what_follows():
    text = 'email\n"open\n' + "".join(f"r{n}@example.org\n" for n in range(500))

    found = list(records(text))

    assert len(found) == 501
    assert found[0].problem
    assert found[-1].cells == ["r499@example.org"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Two columns of one name: the first holds.
        ("email,name,email\na@example.org,A,b@example.org\n", [(2, "a@example.org")]),
        # The heading twice, as where files were put one after another.
        ("email,n\nemail,n\na@example.org,A\n", [(2, HEADING_AGAIN), (3, "a@example.org")]),
        (' E-Mail ;"Name "\r\n a@example.org ;A\r\n', [(2, "a@example.org")]),
        (
            "email,n\r\na@example.org,A\nb@example.org,B\rc@example.org,C\r\n",
            [(2, "a@example.org"), (3, "b@example.org"), (4, "c@example.org")],
        ),
        # A formula is an address or is not, and is never worked out.
        (
            'email,n\n=cmd|x@example.org,A\n"=1+1",C\n@SUM(1),D\n',
            [(2, "=cmd|x@example.org"), (3, NO_ADDRESS), (4, NO_ADDRESS)],
        ),
        (
            'email,n\n"a@example.org","say ""hi"", twice"\na"b@example.org,"x"y\n',
            [(2, "a@example.org"), (3, NO_ADDRESS)],
        ),
        ("email\tn\na@example.org\tA\n", [(2, "a@example.org")]),
        ("email|n\na@example.org|A\n", [(2, "a@example.org")]),
        ("email,n\n\u00a0a@example.org\u200b,A\n", [(2, "a@example.org")]),
    ],
)
def test_oddities_of_other_programs_are_read_as_they_were_meant(db, text, expected):
    found = records(text)
    planner = Planner(found.heading, recognized(found.heading), Options(), NOW)
    plans = [planner.plan(record) for record in found]
    assert [(plan.line, plan.problem or plan.email) for plan in plans] == expected
