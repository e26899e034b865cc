"""Scaleway."""

from newsletter.mail.providers.base import Keeps, Provider

PROVIDER = Provider(
    "Scaleway",
    Keeps.UNKNOWN,
    "Scaleway accepts additional headers, but doesn't document which it keeps.",
    "https://www.scaleway.com/en/docs/transactional-email/api-cli/send-emails-with-api",
)
