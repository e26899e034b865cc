"""Structured logs: one event a line, as JSON for machines or aligned for people.

The address of a reader's page is the key to it, and addresses turn up in many places: in what
Django says of a page not found, in tracebacks, in an access log. So whatever is written goes
through `redact` last, as a whole line.
"""

import logging
import re
import sys
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


# A signed token has 48 characters; a shorter piece of one opens nothing.
_TOKEN = re.compile(r"(/|%2F)[\w-]{40,}", re.ASCII | re.IGNORECASE)


def redact(line: str) -> str:
    """`line` with every part of a path that could be a signed token shown as "[token]"."""
    return _TOKEN.sub(r"\1[token]", line)


def without_secrets(value: str) -> str:
    """`value` without tokens, addresses of people and query strings: for what leaves the house."""
    value = _QUERY.sub(r"\1?[query]", redact(value))
    return _ADDRESS.sub("[address]", _BARE_TOKEN.sub("[token]", value))


_QUERY = re.compile(r"((?:https?://|/)[^\s?\"'<>]*)\?[^\s\"'<>]+")
_BARE_TOKEN = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{40,}", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>\"'(),:;=/\[\]]+@[^\s@<>\"'(),:;/\[\]]+")


def _console() -> structlog.dev.ConsoleRenderer:
    """Colors and drawn tracebacks for a terminal, plain text for a file."""
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )


class BriefRefusals(logging.Filter):
    """What was refused or not found is a line without a traceback: it is what the one who asked did
    wrong, everyone may ask for it as often as they like, and a traceback takes twenty times as long
    to write as the answer.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; takes the traceback out of answers below 500."""
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True


class RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """What structlog makes of a record, without signed tokens."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, its traceback included."""
        return redact(super().format(record))


def formatter(style: str) -> logging.Formatter:
    """A formatter for the standard library's handlers; `style` is json or console.

    What is passed as `extra` becomes fields of the line.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if style == "json" else _console()
    )
    tail: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        tail.append(structlog.processors.format_exc_info)
    return RedactingFormatter(foreign_pre_chain=_SHARED, processors=[*tail, renderer])
