"""Structured logs: one event a line, as JSON for machines or aligned for people."""

import logging
import sys
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


def _console() -> structlog.dev.ConsoleRenderer:
    """Colours and drawn tracebacks for a terminal, plain text for a file."""
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )


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
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED, processors=[*tail, renderer]
    )
