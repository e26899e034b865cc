"""Everything together: the settings, a message, DNS."""

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db import DatabaseError

from newsletter.delivery.composing import compose_for
from newsletter.digests.rendering import DigestPress
from newsletter.digests.selection import Reader, Shelf
from newsletter.issues.places import Place, Reason
from newsletter.mail.message import Mail
from newsletter.mail.providers import registry as providers
from newsletter.models import Issue
from newsletter.operations.deliverability import (
    authentication,
    body_rules,
    dns_records,
    header_rules,
    settings_rules,
)
from newsletter.operations.deliverability.authentication import Records
from newsletter.operations.deliverability.dns_records import Resolver
from newsletter.operations.deliverability.findings import Finding
from newsletter.operations.deliverability.message import Message
from newsletter.operations.previews import EXAMPLE
from papers import site
from papers.cards import brief, card_of
from papers.models import Paper, Topic
from papers.sources.sample import Sample

TOPIC = 1
"""The topic of the sample's papers, where there is no issue yet."""


def built(now: dt.datetime) -> Message:
    """A digest as it would leave for an example of a reader: rendered, built and, where a key is
    set, signed by what sends; of the newest issue, or of the sample papers where there is none.
    """
    mail = _of_newest_issue() or _of_sample(now)
    whole = mail.as_bytes()
    if not providers.is_anymail(settings.EMAIL_BACKEND):
        if settings.DKIM_KEY:
            from newsletter.mail import dkim_signer  # its library takes 50 ms to import

            whole = dkim_signer.sign_whole(whole)
        whole = f"Return-Path: <{mail.envelope_from}>\r\n".encode() + whole
    return Message.parse(whole)


def _of_newest_issue() -> Mail | None:
    try:
        issue = Issue.objects.order_by("-day").first()
        if issue is None:
            return None
        topics = frozenset(Topic.objects.active().values_list("pk", flat=True))
        reader = Reader(id=0, email=EXAMPLE, link_version=0, topics=topics)
        return compose_for(issue, reader)[0]
    except DatabaseError:  # not migrated yet, or away: the sample needs no database
        return None


def _of_sample(now: dt.datetime) -> Mail:
    day = now.date() - dt.timedelta(days=now.isoweekday())  # a Sunday; the sample has weekdays
    sample = Sample()
    places = []
    for number, record in enumerate(sample.fetch(day + dt.timedelta(days=1)).records, 1):
        paper = Paper(
            identifier=record.identifier,
            title=record.title,
            abstract=record.abstract,
            authors=[author.name for author in record.authors],
            organization=record.organization,
            code_url=record.code_url,
            upvotes=record.upvotes,
            comments=record.comments,
            stars=record.stars,
        )
        why = {TOPIC: Reason(3.0, "an example")}
        places.append(Place(number, number, number, 100.0 - number, card_of(paper, brief), why))
    issue = Issue(day=now.date(), frozen_at=now)
    reader = Reader(id=0, email=EXAMPLE, link_version=0, topics=frozenset({TOPIC}))
    press = DigestPress(issue, places, {TOPIC: "Examples"})
    return press.render(reader, Shelf(places).select(reader), None)


def review(message: Message, resolver: Resolver | None, *, has_arrived: bool) -> list[Finding]:
    """All findings about `message`. Without a resolver DNS is left out. The settings are looked at
    for a message of our own building only.
    """
    findings: list[Finding] = []
    if not has_arrived:
        findings += settings_rules.check()
    findings += header_rules.check(message)
    findings += body_rules.check(message, postal_address=site.current().postal_address)
    findings += authentication.check(
        message,
        resolver.txt if resolver else None if has_arrived else _our_own_record(),
        has_arrived=has_arrived,
        will_be_signed=_who_signs(),
    )
    if resolver is not None:
        findings += of_domain(message.from_domain, resolver, message)
    return findings


def _our_own_record() -> Records | None:
    """In place of DNS: what it ought to say of the key that is set."""
    if not settings.DKIM_KEY:
        return None
    from newsletter.mail import dkim_keys

    return lambda name: [dkim_keys.read(settings.DKIM_KEY).record]


def of_domain(domain: str, resolver: Resolver, message: Message | None = None) -> Sequence[Finding]:
    """What DNS says of a sender's domain, and of the keys that `message`, or the settings, name."""
    keys = []
    return_domain = ""
    if message is not None:
        keys = [(tags["s"], tags["d"]) for tags in authentication.signatures(message)]
        path = message.one("Return-Path").strip("<>")
        return_domain = path.rpartition("@")[2].lower()
    elif settings.DKIM_KEY:
        keys = [(settings.DKIM_SELECTOR, settings.DKIM_DOMAIN)]
    return list(dns_records.check(resolver, domain, keys, return_domain))


def _who_signs() -> str:
    provider = providers.provider_of(settings.EMAIL_BACKEND)
    return provider.name if provider else "the mail server"
