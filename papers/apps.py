"""App configuration of `papers`."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """Registers the app under its plain name."""

    name = "papers"
    default_auto_field = "django.db.models.BigAutoField"
