"""The settings that bulk email depends on."""

from collections.abc import Iterator

from django.conf import settings

from newsletter.mail.providers import registry as providers
from newsletter.operations import readiness
from newsletter.operations.deliverability.domains import are_aligned
from newsletter.operations.deliverability.findings import (
    GMAIL,
    Finding,
    error,
    good,
    note,
    rfc,
    warning,
)


def check() -> Iterator[Finding]:
    """Every finding about the settings."""
    if names := readiness.missing():
        yield error(
            "settings",
            f"Not set: {', '.join(names)}.",
            "Workers don't start in production without them",
            "Set the environment variables with these names; the postal address may also be set in "
            "the admin.",
        )
    else:
        yield good("settings", "Sender, postal address, list id and unsubscribe address are set.")
    if not settings.HTTPS:
        yield error(
            "https",
            "SITE_URL isn't https.",
            f"{rfc(8058, '3.1')}: one-click unsubscribe needs an https address",
            "Serve the site over https and set SITE_URL accordingly.",
        )
    if not are_aligned(settings.SITE_HOST or "", settings.MAIL_DOMAIN):
        yield warning(
            "own-links",
            f"The site is at {settings.SITE_HOST}, the sender at {settings.MAIL_DOMAIN}.",
            f"{GMAIL}: links and sender should belong together",
            "Let SITE_URL and FROM_EMAIL share a domain.",
        )
    if not readiness.reaches_readers():
        yield note("backend", "With the current mail backend, emails reach nobody.")
    yield from _provider()


def _provider() -> Iterator[Finding]:
    provider = providers.provider_of(settings.EMAIL_BACKEND)
    if objection := readiness.provider_objection():
        yield error(
            "provider",
            f"{objection[0].upper()}{objection[1:]}",
            rfc(8058),
            "Check a delivered email with --eml FILE. If both headers are ours, set "
            "UNSUBSCRIBE_HEADERS_SEEN=true.",
        )
    elif provider is not None:
        yield good("provider", f"{provider.name} carries the unsubscribe headers. {provider.why}")
    if providers.is_anymail(settings.EMAIL_BACKEND) and not readiness.has_webhook_secret():
        yield error(
            "webhook",
            "Anyone could report bounces and complaints: the webhook has no secret.",
            "Anymail, Securing webhooks: https://anymail.dev/en/stable/tips/securing_webhooks/",
            'Put "WEBHOOK_SECRET": "some-user:some-password" into ANYMAIL.',
        )
    if settings.DKIM_KEY and not are_aligned(settings.DKIM_DOMAIN, settings.MAIL_DOMAIN):
        yield error(
            "dkim-alignment",
            f"DKIM_DOMAIN is {settings.DKIM_DOMAIN}, but the sender is at {settings.MAIL_DOMAIN}.",
            rfc(7489, "3.1.1"),
            "Remove DKIM_DOMAIN.",
        )
