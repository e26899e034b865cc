"""Recorded answers of services, played back by a local server with the headers they came with."""

import json
from pathlib import Path
from typing import Any

from werkzeug import Response

KEPT = ("content-type", "etag", "last-modified", "retry-after")


def answer(path: Path, **changes: Any) -> Response:
    """The recorded answer in a file, with the status and the headers beside it."""
    about: dict[str, Any] = {}
    meta = path.with_name(path.name + ".meta")
    if meta.is_file():
        about = json.loads(meta.read_text())
    headers = {
        name: value
        for name, value in (about.get("headers") or {}).items()
        if isinstance(value, str) and (name.lower() in KEPT or name.lower().startswith("x-"))
    }
    headers.setdefault("content-type", "application/json")
    return Response(
        changes.get("body", path.read_bytes()),
        changes.get("status", about.get("status", 200)),
        headers=headers | changes.get("headers", {}),
    )
