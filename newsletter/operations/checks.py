"""System checks: what an operator should fix before mail goes out.

They run with `manage.py check --deploy`. The worst of them also keep a worker from starting, see
`newsletter.operations.readiness`.
"""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from newsletter.mail.providers import registry as providers
from newsletter.mail.providers.base import Keeps
from newsletter.mail.transports import backend
from newsletter.operations import readiness
from newsletter.operations.deliverability.domains import are_aligned


@register(Tags.security, deploy=True)
def check_sender(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Bulk email needs a real sender and a postal address; links in it should be HTTPS."""
    found: list[CheckMessage] = []
    if names := readiness.missing():
        found.append(
            Error(
                f"Nothing is sent to readers until these are set: {', '.join(names)}.",
                hint="Set the environment variables with these names. The postal address may also "
                "be set in the admin, under Site and newsletter.",
                id="newsletter.E001",
            )
        )
    if settings.MAIL_DOMAIN in {"localhost", "127.0.0.1"} or settings.MAIL_DOMAIN.endswith(
        ".local"
    ):
        found.append(
            Error(
                f"FROM_EMAIL is at {settings.MAIL_DOMAIN}, which mailbox providers don't accept.",
                hint="Set the environment variable FROM_EMAIL to an address of your domain.",
                id="newsletter.E002",
            )
        )
    if not settings.HTTPS:
        found.append(
            Warning(
                "SITE_URL isn't https, so links in emails would be plain http.",
                hint="Serve the site over HTTPS and set SITE_URL accordingly.",
                id="newsletter.W001",
            )
        )
    elif not settings.TRUSTED_PROXIES:
        found.append(
            Warning(
                "SITE_URL is https, but TRUSTED_PROXIES is 0: all visitors seem to come from "
                "the proxy (or from nowhere, behind a Unix socket), so they share one limit on "
                "subscribing and one on wrong passwords.",
                hint="Set TRUSTED_PROXIES to the number of proxies in front. If there are none, "
                "silence this check (newsletter.W005).",
                id="newsletter.W005",
            )
        )
    if not settings.TRUSTED_PROXIES and "unix:" in os.environ.get("GUNICORN_CMD_ARGS", ""):
        found.append(
            Warning(
                "gunicorn listens on a Unix socket, but TRUSTED_PROXIES is 0: visitors' "
                "addresses can't be read, so they all share one limit.",
                hint="Set TRUSTED_PROXIES to the number of proxies in front.",
                id="newsletter.W009",
            )
        )
    if settings.EMAIL_BACKEND == backend.MAILBOX:
        found.append(
            Warning(
                "Emails go to the local mailbox, so readers don't get them.",
                hint="Set EMAIL_URL for SMTP, or EMAIL_BACKEND and ANYMAIL for a provider.",
                id="newsletter.W002",
            )
        )
    return found


@register(Tags.compatibility)
def check_thumbnails(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A value that an earlier version had should be taken out before the next refuses it."""
    if settings.EMAIL_THUMBNAILS != "plates":
        return []
    return [
        Warning(
            "EMAIL_THUMBNAILS is plates, but drawings were removed. It now means own, and the "
            "next release won't accept it.",
            hint="Set EMAIL_THUMBNAILS to own, or to none for emails without pictures.",
            id="newsletter.W010",
        )
    ]


@register(Tags.security, deploy=True)
def check_provider(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A provider must carry the unsubscribe headers, and its reports must not be forged."""
    found: list[CheckMessage] = []
    if objection := readiness.provider_objection():
        found.append(
            Error(
                f"{objection[0].upper()}{objection[1:]}",
                hint="Send yourself an email, save it, and check it with manage.py "
                "check_deliverability --eml FILE. If both headers are ours, set "
                "UNSUBSCRIBE_HEADERS_SEEN=true.",
                id="newsletter.E003",
            )
        )
    if providers.is_anymail(settings.EMAIL_BACKEND) and not readiness.has_webhook_secret():
        found.append(
            Error(
                "Anyone could report bounces and complaints: the webhook has no secret.",
                hint='Put "WEBHOOK_SECRET": "some-user:some-password" into ANYMAIL.',
                id="newsletter.E004",
            )
        )
    provider = providers.provider_of(settings.EMAIL_BACKEND)
    if provider is not None and provider.caution:
        found.append(
            Warning(
                provider.caution,
                hint="Send yourself a test digest first, and again after every upgrade, or use "
                "another provider.",
                id="newsletter.W007",
            )
        )
    if provider is not None and provider.message_id is not Keeps.YES:
        found.append(
            Warning(
                f"{provider.name} may replace a digest's Message-ID with its own.",
                hint="You don't need to do anything: deliveries are also recognized by their "
                "metadata. You can silence this check (newsletter.W003).",
                id="newsletter.W003",
            )
        )
    return found


@register(Tags.security, deploy=True)
def check_signing(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A DKIM signature helps only where its domain is the sender's, and where we make it."""
    found: list[CheckMessage] = []
    if not settings.DKIM_KEY:
        return found
    if not are_aligned(settings.DKIM_DOMAIN, settings.MAIL_DOMAIN):
        found.append(
            Error(
                f"DKIM_DOMAIN is {settings.DKIM_DOMAIN}, which isn't related to the sender's "
                f"{settings.MAIL_DOMAIN}, so DMARC ignores the signature.",
                hint="Remove DKIM_DOMAIN, or set it to the domain of FROM_EMAIL.",
                id="newsletter.E005",
            )
        )
    if providers.is_anymail(settings.EMAIL_BACKEND):
        found.append(
            Warning(
                "DKIM_KEY is set, but your mail provider signs emails, so the key isn't used.",
                hint="Remove DKIM_KEY, and publish the DNS records your provider asks for.",
                id="newsletter.W004",
            )
        )
    return found


@register(Tags.security, deploy=True)
def check_alerts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Somebody must hear when nothing goes out, and not through what does not go out."""
    if settings.ALERT_WEBHOOK_URL or (settings.ALERT_EMAIL and settings.ADMINS):
        return []
    return [
        Warning(
            "Nobody is alerted of troubles: neither a webhook nor a mail server for alerts is set.",
            hint="Set ALERT_WEBHOOK_URL, or ALERT_EMAIL_URL and ADMINS. If something else "
            "watches the site, such as your metrics, silence this check (newsletter.W008).",
            id="newsletter.W008",
        )
    ]
