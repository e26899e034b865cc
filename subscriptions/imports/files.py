"""A file of unknown make as records: its encoding, its separator, its lines, whatever they hold.

Nothing in here trusts the file. A line that is no record costs that line and is reported with its
number; a quote that is never closed swallows one line and not the rest; neither a line nor a
heading without end is read into memory.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from django.db import transaction

from subscriptions.models import ImportPiece, ImportRun

PIECE = 1 << 20
"""Bytes in one row of the database."""

LONGEST_RECORD = 1_000_000
"""Characters; a record of consent may be long, but not so."""

MOST_LINES = 200
"""Lines that one record may have, in cells with line ends."""

MOST_COLUMNS = 1000
"""What a heading may have at most."""

SEPARATORS = ",;\t|"

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_NO_TEXT = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook. Unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save the sheet as CSV",
    b"%PDF": "a PDF. Export the readers as CSV",
    b"\x1f\x8b": "packed with gzip. Unpack it",
}


class UnreadableFile(ValueError):
    """The file as a whole cannot be imported; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `problem` says why there are no cells."""

    line: int
    """The number of its first line, from 1."""
    cells: list[str]
    problem: str = ""


class _Pieces(io.RawIOBase):
    """The file of a run, read from its rows one by one."""

    def __init__(self, run: ImportRun) -> None:
        self._run, self._next, self._rest = run, 0, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """As the base asks for; no more than is left of a piece."""
        if not self._rest:
            row = ImportPiece.objects.filter(run=self._run, number=self._next).first()
            if row is None:
                return 0
            self._next += 1
            self._rest = memoryview(bytes(row.content))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@transaction.atomic
def keep(run: ImportRun, content: Iterable[bytes]) -> None:
    """Save the run with its file, hashed, measured, and with its encoding found out.

    Raises `UnreadableFile` for what is no text at all.
    """
    run.file_size, run.encoding, run.file_hash = 0, "utf-8", ""
    run.save()
    sha, utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    is_utf8, encoding = True, ""
    for number, piece in enumerate(_pieces(content)):
        if number == 0:
            for magic, what in _NO_TEXT.items():
                if piece.startswith(magic):
                    raise UnreadableFile(f"This is not text: it is {what}.")
            encoding = _encoding_of(piece)
        sha.update(piece)
        run.file_size += len(piece)
        if is_utf8 and not encoding:
            try:
                utf8.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
        ImportPiece.objects.create(run=run, number=number, content=piece)
    if not run.file_size:
        raise UnreadableFile("The file is empty.")
    if is_utf8 and not encoding:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    run.encoding = encoding or ("utf-8" if is_utf8 else "cp1252")
    run.file_hash = sha.hexdigest()
    run.save(update_fields=["file_size", "encoding", "file_hash"])


def _pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes in pieces of one size, however they come."""
    rest = bytearray()
    for part in content:
        rest += part
        while len(rest) >= PIECE:
            yield bytes(rest[:PIECE])
            del rest[:PIECE]
    if rest:
        yield bytes(rest)


def _encoding_of(start: bytes) -> str:
    """By its mark, or by its NULs where it is UTF-16 without one; empty where neither says."""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    head = start[:2000]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 4 and not even:
        return "utf-16-le"
    if even > len(head) // 4 and not odd:
        return "utf-16-be"
    return ""


def text_of(run: ImportRun) -> IO[str]:
    """The run's file as text, with its line ends. What is no text of its encoding is U+FFFD."""
    raw = io.BufferedReader(_Pieces(run), PIECE)
    return io.TextIOWrapper(raw, encoding=run.encoding or "utf-8", errors="replace", newline="")


class Records:
    """The records of a text, one after the other; the heading is read at once.

    Raises `UnreadableFile` where there is none.
    """

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._line = 0  # the number of the line read last
        self._pushed: list[tuple[int, str]] = []
        first = self._next_line()
        while first is not None and (not first[1].strip() or first[1].lower().startswith("sep=")):
            first = self._next_line()  # Excel's hint, and what stands empty above the heading
        if first is None:
            raise UnreadableFile("The file has no heading: it is empty.")
        self.separator = max(SEPARATORS, key=first[1].count)
        if first[1].count(self.separator) >= MOST_COLUMNS:
            raise UnreadableFile(f"The heading has more than {MOST_COLUMNS} columns.")
        self._pushed.append(first)
        heading = self._next()
        if heading is None or heading.problem:
            why = heading.problem if heading else "it is empty"
            raise UnreadableFile(f"The heading cannot be read: {why}.")
        self.heading = [cell.strip().strip("\ufeff").strip() for cell in heading.cells]
        self._folded = [cell.casefold() for cell in self.heading]

    def __iter__(self) -> Iterator[Record]:
        """Each record but empty lines; one that is the heading again has that as its problem."""
        while (record := self._next()) is not None:
            cells = record.cells
            if not record.problem:
                if not any(cells):
                    continue
                if len(cells) > len(self.heading) and any(cells[len(self.heading) :]):
                    record = Record(record.line, [], "it has more cells than the heading")
                elif (
                    cells[0].strip().strip("\ufeff").casefold() == self._folded[0]
                    and [cell.strip().casefold() for cell in cells[1:]] == self._folded[1:]
                ):
                    record = Record(record.line, [], HEADING_AGAIN)
            yield record

    def _next_line(self) -> tuple[int, str] | None:
        """The next line with its number; what is longer than a record may be, cut."""
        if self._pushed:
            return self._pushed.pop()
        line = self._text.readline(LONGEST_RECORD + 1)
        if not line:
            return None
        self._line += 1
        if len(line) > LONGEST_RECORD and line[-1] not in "\r\n":
            while (more := self._text.readline(LONGEST_RECORD)) and more[-1] not in "\r\n":
                pass
        return self._line, line

    def _next(self) -> Record | None:
        first = self._next_line()
        if first is None:
            return None
        number, line = first
        if len(line) > LONGEST_RECORD:
            return Record(number, [], f"it is longer than {LONGEST_RECORD} characters")
        if '"' not in line:
            return Record(number, line.rstrip("\r\n").split(self.separator))
        return self._quoted(number, line)

    def _quoted(self, number: int, line: str) -> Record:
        """A record with quotes, which may go over several lines."""
        pulled: list[tuple[int, str]] = []
        length = len(line)

        def lines() -> Iterator[str]:
            nonlocal length
            yield line
            while (more := self._next_line()) is not None:
                pulled.append(more)
                length += len(more[1])
                if length > LONGEST_RECORD or len(pulled) >= MOST_LINES:
                    raise _NeverClosed
                yield more[1]
            raise _NeverClosed

        # So that the rules here decide. It holds for the whole process, which reads other files.
        before = csv.field_size_limit(LONGEST_RECORD + 1)
        try:
            reader = csv.reader(lines(), delimiter=self.separator, skipinitialspace=True)
            cells = next(reader)
        except (_NeverClosed, csv.Error, StopIteration):
            self._pushed.extend(reversed(pulled))
            return Record(number, [], "a quote is opened and never closed")
        finally:
            csv.field_size_limit(before)
        return Record(number, cells)


HEADING_AGAIN = "the heading again"


class _NeverClosed(Exception):
    pass
