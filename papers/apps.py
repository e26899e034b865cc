"""App configuration of `papers`."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """Registers the app, and which of its rows pages show."""

    name = "papers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have a change of whatever pages show outdate the pages that are kept."""
        from papers import checks, models, stamps  # noqa: F401  # checks register themselves

        stamps.watch(models.Paper, models.Feature, models.Topic, models.Match, models.Pick)
