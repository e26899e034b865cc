"""What a provider's event says beyond Anymail's vocabulary: whether a bounce is hard or soft.

Anymail brings all providers' events to one vocabulary, in which a full mailbox and a dead address
are both "bounced". The difference decides whether a reader is given up, so it is read here from the
provider's own event. Where provider and receiving server disagree, the milder word counts: several
providers call every 5yz answer a hard bounce, "blocked for spam" included. The rules follow the
providers' documentation of their webhooks; newsletter.mail.bounce_severity has those for status
codes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.bounce_severity import judge, status_in
from newsletter.mail.providers.base import Reading
from newsletter.mail.providers.registry import provider_named

_BY_REASON = {
    # Of a message that the provider did not even try to send.
    RejectReason.INVALID: Bounce.HARD,
    RejectReason.BOUNCED: Bounce.HARD,
    RejectReason.TIMED_OUT: Bounce.SOFT,
    # On the provider's own list for some reason of its own: no mail will arrive until somebody
    # looks into it, so it counts towards a pause.
    RejectReason.BLOCKED: Bounce.SOFT,
}


def read(event: AnymailTrackingEvent, provider: str) -> Reading:
    """What `event` from an Anymail webhook says. Raises nothing, whatever the event holds."""
    raw = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    reading = Reading(str(event.event_type or EventType.UNKNOWN), str(event.reject_reason or ""))
    known = provider_named(provider)
    if known is not None and known.reads is not None:
        reading = known.reads(raw, reading)
    said = (str(event.mta_response or ""), str(event.description or ""))
    if reading.kind == EventType.REJECTED and not reading.severity:
        return replace(reading, severity=_BY_REASON.get(reading.reason, Bounce.BLOCKED))
    if reading.kind == EventType.BOUNCED:
        return replace(reading, severity=_weighed(reading, said))
    return reading


def _weighed(reading: Reading, texts: Sequence[str]) -> Bounce:
    """The provider's word, made milder by the server's."""
    verdicts = [judge(text) for text in texts if text]
    said = next((one.bounce for one in verdicts if one.by_words or status_in(one.code)), None)
    word = reading.severity
    if not word:
        if said is not None:
            return said
        return Bounce.HARD if reading.reason == RejectReason.INVALID else Bounce.SOFT
    if word == Bounce.HARD and said is not None:
        return said
    if word == Bounce.SOFT and said == Bounce.BLOCKED:
        return Bounce.BLOCKED
    return Bounce(word)
