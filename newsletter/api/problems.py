"""Errors, all in one shape: problem details (RFC 9457), as application/problem+json."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"

MEANINGS = {
    401: "There is no valid token: it is missing, unknown, expired or revoked.",
    403: "The token lacks the scope that the operation takes.",
    404: "There is nothing there that other programs may see.",
    405: "The address does not take this method.",
    409: "What is stored is at odds with the request: a name is taken, a topic does not exist, or "
    "an address is suppressed.",
    413: "The request is too large.",
    422: "The request is not as the schema says.",
    429: "Too many requests in an hour; Retry-After says when to go on.",
}
"""What each status means, for the description of the API."""

SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Always about:blank: the status tells the kind."},
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer", "description": "The status, as in the response."},
        "detail": {"type": "string", "description": "What is wrong, in a sentence."},
        "errors": {
            "type": "array",
            "description": "With 422: each fault, and where it is.",
            "items": {
                "type": "object",
                "required": ["where", "message"],
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
"""The shape, in JSON Schema."""


class Problem(Exception):
    """An error to answer with."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors

    def response(self) -> HttpResponse:
        """The answer."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [{"where": where, "message": why} for where, why in self.errors]
        return HttpResponse(
            json.dumps(body), status=self.status, content_type=CONTENT_TYPE, headers=self.headers
        )


def not_found(what: str) -> Problem:
    """A 404 about `what`, such as "paper"."""
    return Problem(404, f"There is no such {what}.")
