"""Traces name requests and tasks, and nothing that belongs to a reader."""

import json
import secrets

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

from newsletter import tasks, traces
from subscriptions import links
from tests.factories import make_subscriber

pytest.importorskip("opentelemetry.instrumentation.django", reason="needs OpenTelemetry")

from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
    InMemorySpanExporter,
)

pytestmark = pytest.mark.django_db

SECRET = secrets.token_urlsafe(40)


def fail(request: HttpRequest, rest: str) -> HttpResponse:
    raise ValueError(f"no alice@example.org at /x/{SECRET}/?q=alice")


urlpatterns = [path("fails/<str:rest>/", fail)]


@pytest.fixture
def spans():
    """What leaves, as one text for each span."""
    exporter = InMemorySpanExporter()
    provider = traces.record(SimpleSpanProcessor(traces.scrubbing(exporter)))

    def found():
        return [json.loads(span.to_json()) for span in exporter.get_finished_spans()]

    yield found
    DjangoInstrumentor().uninstrument()
    CeleryInstrumentor().uninstrument()
    provider.shutdown()


def test_a_request_is_named_by_its_route_and_holds_nothing_of_the_reader(spans):
    reader = make_subscriber("alice@example.org")
    page = links.preferences_path(reader.pk, reader.link_version)
    answer = Client().get(
        page,
        {"email": "alice@example.org", "token": SECRET},
        secure=True,
        REMOTE_ADDR="203.0.113.7",
        headers={"user-agent": "Mozilla/5.0", "cookie": "a=b"},
    )
    assert answer.status_code == 200
    (span,) = spans()
    told = json.dumps(span)
    assert span["attributes"]["http.status_code"] == 200
    assert "preferences" in span["name"]
    token = page.split("/")[2]
    for secret in ("alice", "@", "?", token, SECRET, "203.0.113.7", "Mozilla", "a=b"):
        assert secret not in told, secret


def test_an_exception_tells_its_kind_and_no_reader(spans):
    with override_settings(ROOT_URLCONF=__name__):
        Client(raise_request_exception=False).get(f"/fails/{SECRET}/?q=alice", secure=True)
    told = json.dumps(spans())
    assert "ValueError" in told
    for secret in ("alice", SECRET, "q="):
        assert secret not in told, secret


def test_a_task_is_one_span_with_its_name(spans):
    tasks.heed.apply()
    (span,) = spans()
    assert span["name"].endswith("newsletter.tasks.heed")
    assert span["resource"]["attributes"]["service.name"] == "broadsheet"
    assert set(span["resource"]["attributes"]) == {"service.name", "service.version"}


def test_without_the_packages_the_start_says_which(monkeypatch):
    monkeypatch.setitem(
        __import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None
    )
    with pytest.raises(ImproperlyConfigured, match="the extra named traces"):
        traces.start("http://127.0.0.1:4318/v1/traces")
