"""System checks: what an operator should mend before mail goes out."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_sender(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Bulk mail needs a real sender and a postal address; links in it should be HTTPS."""
    found: list[CheckMessage] = []
    if not settings.POSTAL_ADDRESS:
        found.append(
            Error(
                "POSTAL_ADDRESS is not set, and bulk mail must name its sender's postal address.",
                hint="Set the environment variable POSTAL_ADDRESS.",
                id="newsletter.E001",
            )
        )
    if settings.MAIL_DOMAIN in {"localhost", "127.0.0.1"} or settings.MAIL_DOMAIN.endswith(
        ".local"
    ):
        found.append(
            Error(
                f"FROM_EMAIL is at {settings.MAIL_DOMAIN}, which no mailbox provider accepts.",
                hint="Set the environment variable FROM_EMAIL to an address of your domain.",
                id="newsletter.E002",
            )
        )
    if not settings.HTTPS:
        found.append(
            Warning(
                "SITE_URL is not https, so the links in every mail would be plain.",
                hint="Serve the site over HTTPS and set SITE_URL accordingly.",
                id="newsletter.W001",
            )
        )
    if settings.EMAIL_BACKEND == "newsletter.mailbox.MailboxBackend":
        found.append(
            Warning(
                "Mail goes to the local mailbox and reaches nobody.",
                hint="Set EMAIL_URL for SMTP, or EMAIL_BACKEND and ANYMAIL for a provider.",
                id="newsletter.W002",
            )
        )
    return found
