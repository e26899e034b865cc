"""Traces for OpenTelemetry, where TRACES_URL names a collector; without what belongs to readers.

Requests and tasks are recorded by the instrumentation of Django and Celery. Every span passes
through here last: of a request only the method, the path and the answer are kept, never a query
string, an address of a person, a client's address or a signed token, and the words of an exception
are cleaned like a log line.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from newsletter import VERSION
from newsletter.logs import without_secrets

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

_KEPT = frozenset(
    (
        *("http.method", "http.request.method", "http.route", "http.status_code"),
        *("http.response.status_code", "http.target", "url.path", "http.scheme", "url.scheme"),
        *("celery.action", "celery.state", "celery.hostname", "celery.retry.reason"),
        *("messaging.message.id", "messaging.message_id", "messaging.destination"),
        *("messaging.destination.name", "messaging.operation", "messaging.system"),
        *("exception.type", "exception.message", "exception.escaped", "error.type"),
    )
)
"""Attributes that may leave. Whatever else an instrumentation adds in its next release does not."""


def start(url: str) -> None:
    """Trace requests and tasks from now on. Raises `ImproperlyConfigured` where that cannot be."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ImproperlyConfigured(
            "TRACES_URL is set, but OpenTelemetry isn't installed. Install the extra named traces."
        ) from None
    record(BatchSpanProcessor(scrubbing(OTLPSpanExporter(endpoint=url))))


def record(processor: Any) -> Any:
    """Hand every span of this process to `processor`; the provider that does so."""
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    about = {"service.name": "broadsheet", "service.version": VERSION}
    provider = TracerProvider(resource=Resource(about))  # nothing of this machine or its processes
    provider.add_span_processor(processor)
    DjangoInstrumentor().instrument(tracer_provider=provider)
    CeleryInstrumentor().instrument(tracer_provider=provider)  # type: ignore[no-untyped-call]
    return provider


def scrubbing(exporter: "SpanExporter") -> "SpanExporter":
    """An exporter that hands spans on without what belongs to readers."""
    from opentelemetry.sdk.trace.export import SpanExporter

    class Scrubbing(SpanExporter):
        def export(self, spans: "Sequence[ReadableSpan]") -> Any:
            return exporter.export([scrubbed(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Scrubbing()


def scrubbed(span: "ReadableSpan") -> "ReadableSpan":
    """The span without what belongs to readers."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    return ReadableSpan(
        name=_clean(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes),
        events=[Event(one.name, _kept(one.attributes), one.timestamp) for one in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: _clean(value) for key, value in (attributes or {}).items() if key in _KEPT}


def _clean(value: Any) -> Any:
    return without_secrets(value.partition("?")[0]) if isinstance(value, str) else value
