"""App configuration of `newsletter`."""

from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    """Registers the app and its system checks."""

    name = "newsletter"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what listens: system checks, the last look at mail, and the Celery app, without
        which a web process would send its tasks to nowhere. Offer readers the channels.
        """
        from newsletter import celery  # noqa: F401
        from newsletter.channels import registry
        from newsletter.mail import outgoing  # noqa: F401
        from newsletter.operations import checks  # noqa: F401

        registry.offer()
