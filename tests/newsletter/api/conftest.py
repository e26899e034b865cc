"""A program with a token, and rows for it to see."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from newsletter.api.tokens import make_token
from tests.factories import NOW


class Program:
    """What another program does with its token, or without one."""

    def __init__(self, token: str = "") -> None:
        self._client = Client()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else raw,
            "application/json",
            headers=self._headers | (headers or {}),
        )

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, headers=headers)


@pytest.fixture
def program() -> Callable[..., Program]:
    """A program whose token has these scopes."""

    def make(*scopes: str) -> Program:
        return Program(make_token("Shop", scopes, "alice", NOW)[1])

    return make


@pytest.fixture(autouse=True)
def now_and_no_limits_of_before():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield
