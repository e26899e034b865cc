"""Metrics for Prometheus: the status as gauges, read from the database when they are asked for.

Workers and web processes keep no counts of their own, so nothing is lost with a process and nothing
has to be added up over machines: any web process answers for the whole. Between two readings lie at
least `KEPT` seconds, however many ask.
"""

import threading
import time
from collections.abc import Iterable

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from newsletter.operations.watching.status import Part, Status, status
from newsletter.operations.watching.troubles import findings

KEPT = 15.0
"""Seconds for which a reading is given out again."""


class StatusCollector(Collector):
    """The status of the whole service, as gauges. No label holds an address or a link."""

    def __init__(self, facts: Status) -> None:
        self._facts = facts

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Every gauge."""
        yield from self._parts()
        yield from self._sources()
        yield from self._sending()
        yield _gauge(
            "pending_migrations", ("Migrations that haven't run."), self._facts.pending_migrations
        )
        for name, attribute in (("free", "free"), ("total", "total")):
            family = _family(f"journal_disk_{name}_bytes", f"The journal's disk, {name}.", "where")
            for disk in self._facts.disks:
                family.add_metric([disk.where], getattr(disk, attribute))
            yield family
        troubles = _family("trouble", "1 for each current trouble.", "trouble")
        for one in findings(self._facts):
            troubles.add_metric([one.key], 1)
        yield troubles

    def _parts(self) -> Iterable[GaugeMetricFamily]:
        facts = self._facts
        version = _family("info", "1; the version of the web process that answers.", "version")
        version.add_metric([facts.version], 1)
        yield version
        up = _family("up", "Whether beat or a worker was seen recently.", "part", "name")
        seen = _family("seen_timestamp_seconds", "When it was last seen.", "part", "name")
        beats = [facts.beat] if facts.beat else []
        parts: list[tuple[str, list[Part]]] = [("beat", beats), ("worker", facts.workers)]
        for kind, found in parts:
            for part in found:
                up.add_metric([kind, part.name], int(part.is_alive))
                seen.add_metric([kind, part.name], part.seen_at.timestamp())
        yield from (up, seen)
        tick = facts.tick_at.timestamp() if facts.tick_at else 0
        yield _gauge("tick_timestamp_seconds", "When a worker last ran the tick.", tick)

    def _sources(self) -> Iterable[GaugeMetricFamily]:
        answered = _family("source_answer_timestamp_seconds", "When it last answered.", "source")
        failing = _family("source_failing", "Whether the last fetch failed.", "source")
        for source in self._facts.sources:
            at = source.answered_at.timestamp() if source.answered_at else 0
            answered.add_metric([source.slug], at)
            failing.add_metric([source.slug], int(bool(source.error)))
        yield from (answered, failing)

    def _sending(self) -> Iterable[GaugeMetricFamily]:
        facts, send = self._facts, self._facts.send
        yield _gauge("issue_ready", "Whether today's issue is there.", int(facts.issue.is_there))
        states = _family("digests", "Digests of today's issue, by state.", "state")
        for name in ("sent", "skipped", "waiting", "failed", "expired", "in_doubt"):
            states.add_metric([name], getattr(send, name))
        yield states
        yield _gauge("digests_late", "How many of the waiting digests are late.", send.late)
        yield _gauge(
            "sent_per_minute", ("Digests sent per minute, over five minutes."), send.per_minute
        )
        yield _gauge("lost_before", "Lost digests of the previous issue.", facts.lost_before)
        refusing = int(facts.backend.is_refusing)
        yield _gauge("mail_backend_refusing", "Whether the last batch was rejected.", refusing)
        yield _gauge(
            "queue_age_seconds",
            ("How long the oldest email of any kind has waited."),
            facts.queue_age,
        )


def _family(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"broadsheet_{name}", meaning, labels=labels)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"broadsheet_{name}", meaning, value=value)


class Reading:
    """What Prometheus gets, kept for `KEPT` seconds; one thread reads while the others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = b""
        self._until = 0.0

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        with self._lock:
            if time.monotonic() >= self._until:
                registry = CollectorRegistry()
                registry.register(StatusCollector(status(timezone.now(), counts_anew=False)))
                self._text = generate_latest(registry)
                self._until = time.monotonic() + KEPT
            return self._text

    def clear(self) -> None:
        """Read anew the next time."""
        self._until = 0.0


reading = Reading()
