"""App configuration of `subscriptions`."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """Registers the app under its plain name."""

    name = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"
