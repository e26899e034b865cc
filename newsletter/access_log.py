"""Gunicorn's own logs, without the signed tokens that stand in readers' addresses.

Gunicorn formats what it logs itself, past Django's settings: errors always, and requests where an
operator turns the access log on (`--access-logfile -`). The server is started with
`--logger-class newsletter.access_log.Logger`, as newsletter/web.py says.
"""

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from newsletter.logs import redact


class _Redacting(logging.Formatter):
    """Another formatter's lines, without signed tokens."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The line, its traceback included."""
        return redact(self._inner.format(record))


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn has no types
    """Writes what gunicorn's logger writes, redacted."""

    def setup(self, cfg: Any) -> None:
        """Put the redaction behind every formatter that the configuration asks for."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(_Redacting(handler.formatter or logging.Formatter()))
