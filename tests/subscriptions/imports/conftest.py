"""Files to import, as bytes in and runs out."""

from collections.abc import Callable
from typing import Any

import pytest

from subscriptions.imports import runs
from subscriptions.imports.options import DECLARATION, Options
from subscriptions.models import ImportReport, ImportRun
from tests.factories import NOW


@pytest.fixture
def bring(db: None) -> Callable[..., ImportRun]:
    """Check a file and import it; as confirmed unless told otherwise."""

    def do(
        content: str | bytes,
        profile: str = "",
        *,
        name: str = "readers.csv",
        declaration: str = DECLARATION,
        **options: Any,
    ) -> ImportRun:
        data = content.encode() if isinstance(content, str) else content
        run = runs.make([data], name, profile, Options(**options), NOW)
        assert not runs.work(lambda: NOW)
        run.refresh_from_db()
        runs.start(run, "alice", NOW, declaration)
        assert not runs.work(lambda: NOW)
        run.refresh_from_db()
        return run

    return do


@pytest.fixture
def report() -> Callable[[ImportRun], dict[int, tuple[str, str]]]:
    """What became of each line."""

    def of(run: ImportRun) -> dict[int, tuple[str, str]]:
        parts = ImportReport.objects.filter(run=run).order_by("position")
        return {line: (what, why) for part in parts for line, what, why in part.lines}

    return of
