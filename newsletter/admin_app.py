"""Django's admin, loaded when it is used.

Its modules, with the theme's and all that they import, are a fifth of what a process has to load,
and a worker that sends digests needs none of them.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin import checks as admin_checks
from django.contrib.admin.apps import SimpleAdminConfig
from django.core import checks


class LazyAdminConfig(SimpleAdminConfig):
    """The admin without what registers itself there, until it is asked for or checked."""

    default = False

    def ready(self) -> None:
        """Register the admin's system checks."""
        checks.register(admin_checks.check_dependencies, checks.Tags.admin)
        checks.register(_check, checks.Tags.admin)


def _check(
    app_configs: Sequence[AppConfig] | None = None, **more: Any
) -> Sequence[checks.CheckMessage]:
    """Django's check of all that is registered, which has to be there for it."""
    admin.autodiscover()
    found: Sequence[checks.CheckMessage] = admin_checks.check_admin_app(app_configs, **more)
    return found
