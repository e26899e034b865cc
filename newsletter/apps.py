"""App configuration of `newsletter`."""

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_save


class NewsletterConfig(AppConfig):
    """Registers the app and its system checks."""

    name = "newsletter"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what listens: system checks, the last look at mail, and the Celery app, without
        which a web process would send its tasks to nowhere. Offer readers the channels and
        editors the statistics as a file and what many readers follow, and let webhooks hear of
        consent.
        """
        from newsletter import celery, error_reports, traces  # noqa: F401
        from newsletter.channels import registry
        from newsletter.issues import freezing
        from newsletter.mail import outgoing  # noqa: F401
        from newsletter.operations import checks, second_factor  # noqa: F401
        from newsletter.statistics import exports
        from newsletter.webhooks import recording
        from papers.ingest import issue_days
        from papers.matching import followed
        from subscriptions.interests import popular
        from subscriptions.models import Consent
        from subscriptions.models.consent import many_recorded

        registry.offer()
        exports.offer()
        second_factor.put_on_record()
        post_save.connect(recording.on_consent, sender=Consent, dispatch_uid="webhooks.consent")
        many_recorded.connect(recording.on_consents, dispatch_uid="webhooks.consents")
        issue_days.tell_closed_days(freezing.closed_days)
        followed.tell_followed(popular.popular_phrases)
        if settings.SENTRY_DSN:
            error_reports.start(settings.SENTRY_DSN)
        if settings.TRACES_URL:
            traces.start(settings.TRACES_URL)
