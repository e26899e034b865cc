"""App configuration of `papers`."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def mend_index(using: str, **kwargs: Any) -> None:
    """Put the index of the papers' words right where a migration broke it."""
    from papers.search import index  # which needs the models

    index.mend(using)


class PapersConfig(AppConfig):
    """Registers the app, and which of its rows pages show."""

    name = "papers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have a change of whatever pages show outdate the pages that are kept, and the index of
        the papers' words looked after whenever tables have changed.
        """
        from papers import models, site
        from papers.models import page_version
        from papers.semantics import checks  # noqa: F401  # checks register themselves
        from papers.summaries import checks as _  # noqa: F401

        page_version.watch(models.Paper, models.Feature, models.Topic, models.Match, models.Pick)
        page_version.watch(models.Thumbnail, models.MachineSummary, models.Site)
        site.listen()
        post_migrate.connect(mend_index, sender=self)
