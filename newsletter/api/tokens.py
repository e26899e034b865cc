"""Tokens: made, found by what a program shows, and counted.

A token is shown once, when it is made. The database keeps its SHA-256 alone: it is 256 random bits,
so a slow hash would protect nothing that a fast one does not.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from newsletter.api.problems import Problem
from newsletter.models import ApiToken
from subscriptions.readers import limits

PREFIX = "bsk_"
"""How a token begins, so that whoever finds one knows what it is."""

LENGTH = len(PREFIX) + 43
"""Characters of a token. Anything else is refused without a look into the database."""

USED_EVERY = dt.timedelta(minutes=1)
"""How often the last use is written."""

MOST_FAILURES = 3_000
"""Requests with what could be a token, but is none, that one network may make in an hour."""


def make_token(
    name: str,
    scopes: Iterable[str],
    by: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new row and the token, which is nowhere but in the answer. Raises `ValidationError` where
    a scope is unknown or there is none.
    """
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        hint=text[:8],
        token_hash=_hash(text),
        scopes=sorted(set(scopes)),
        created_at=now,
        created_by=by,
        expires_at=expires_at,
    )
    row.full_clean()
    row.save()
    return row, text


def find(text: str, now: dt.datetime) -> ApiToken | None:
    """The valid token that `text` is; its use is noted. One statement, or two once a minute."""
    row = ApiToken.objects.valid(now).filter(token_hash=_hash(text)).first()
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at <= now - USED_EVERY:
        unused = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
        ApiToken.objects.filter(unused, pk=row.pk).update(last_used_at=now)
    return row


class Token(HttpBearer):
    """A valid token with a scope, within its limit: 401, 403 or 429 otherwise."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiToken:
        """The token; raises `Problem`."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, text.strip() if scheme.lower() == "bearer" else "")

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """The token; raises `Problem`."""
        now = timezone.now()
        could_be_one = token.startswith(PREFIX) and len(token) == LENGTH
        row = find(token, now) if could_be_one else None
        if row is None:
            if could_be_one:
                visitor = _network(request)
                wait = limits.seconds_until_allowed("api-refused", visitor, MOST_FAILURES, now)
                if wait:
                    raise too_often(wait)
            said = "Send a valid token: Authorization: Bearer bsk_…"
            raise Problem(401, said, {"WWW-Authenticate": "Bearer"})
        if wait := limits.seconds_until_allowed("api", str(row.pk), settings.LIMIT_API, now):
            raise too_often(wait)
        if not row.allows(self.scope):
            raise Problem(403, f"The token has no scope {self.scope}.")
        return row


def too_often(seconds: int) -> Problem:
    """What answers where a limit is reached."""
    return Problem(
        429, f"Too many requests; go on in {seconds} seconds.", {"Retry-After": str(seconds)}
    )


def _network(request: HttpRequest) -> str:
    """The hash of the visitor's network."""
    network = limits.network(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )
    return hashlib.sha256(network.encode()).hexdigest()[:32]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
