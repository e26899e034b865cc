"""A browser that speaks HTTPS, tasks that run at once, an empty cache, and a clock that stands."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

import newsletter.tasks  # noqa: F401  # what pages wake by name runs here
from newsletter.celery import app
from papers.models import Topic
from tests.factories import NOW, make_topic


class Browser(Client):
    """Django's test client over HTTPS, whose forms are checked as the site does."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"enforce_csrf_checks": True} | kwargs))

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        """Any request, over HTTPS."""
        return super().generic(*args, **(kwargs | {"secure": True}))

    def press(self, page: str, data: Any = None, *, to: str = "", **kwargs: Any) -> Any:
        """Open `page`, then send off its form (to another address with `to`)."""
        self.get(page)
        origin = {"origin": "https://testserver"}
        return self.post(to or page, data or {}, headers=origin, **kwargs)


@pytest.fixture
def browser() -> Browser:
    """A browser without cookies."""
    return Browser()


@pytest.fixture(autouse=True)
def _tasks_run_at_once() -> Iterator[None]:
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture(autouse=True)
def _own_cache(settings: Any) -> Iterator[None]:
    """In memory, so that emptying it empties nobody else's."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "subscriptions"}}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands at `NOW` until the test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def topics(db: None) -> list[Topic]:
    """Three topics, and no others."""
    Topic.objects.all().delete()
    return [
        make_topic("Agents", slug="agents", group="Doing", position=1),
        make_topic("Robots", slug="robots", group="Doing", position=2),
        make_topic("Vision", slug="vision", group="Seeing", position=3),
    ]
