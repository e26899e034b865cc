"""The record of what programs changed."""

import datetime as dt
from typing import Any

import structlog
from django.http import HttpRequest

from newsletter.models import ApiToken, ApiWrite


def token_of(request: HttpRequest) -> ApiToken:
    """The token of a request that was let in."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # where ninja puts it
    return token


def record(
    request: HttpRequest,
    now: dt.datetime,
    action: str,
    target: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Put a change on record, within its transaction. Of what was there and is there still, only
    what differs is kept; nothing where nothing does. No address may be among the values.
    """
    if before is not None and after is not None:
        names = [name for name in after if before.get(name) != after[name]]
        if not names:
            return
        before = {name: before.get(name) for name in names}
        after = {name: after[name] for name in names}
    token = token_of(request)
    ApiWrite.objects.create(
        token=token,
        made_by=token.created_by,
        at=now,
        action=action,
        target=target,
        before=before,
        after=after,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:36],
    )
