"""App configuration of `subscriptions`."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """Registers the app under its plain name."""

    name = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let pages of papers know which topic took another's place."""
        from papers.pages import ended_topics
        from subscriptions.readers import topic_changes

        ended_topics.tell_successors(topic_changes.successor_of)
