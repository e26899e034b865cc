"""Scaleway."""

from newsletter.mail.providers.base import Keeps, Provider

PROVIDER = Provider(
    "Scaleway",
    Keeps.UNKNOWN,
    "Scaleway takes additional headers, but does not say which it keeps.",
    "https://www.scaleway.com/en/docs/transactional-email/api-cli/send-emails-with-api",
)
