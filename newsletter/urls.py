"""Every address this site answers: the apps', the admin's, the API's, and for providers' events.

The admin's and the API's modules are imported when one of their addresses is asked for, or at once
by a process that serves the web (`newsletter.wsgi`): a worker, which only makes links to readers'
pages, starts sooner and smaller without them.
"""

from typing import Any

from django.urls import URLResolver, include, path
from django.urls.resolvers import RoutePattern
from django.utils.translation import get_language


class _Later(URLResolver):
    """The addresses of a module that is named, and imported when they are needed: for a path below
    it, or for a name in its namespace.

    The resolver above populates all below it as soon as any link is made, and of those with a
    namespace it takes no more than that.
    """

    def __init__(self, route: str, module: str, namespace: str) -> None:
        super().__init__(RoutePattern(route), module, app_name=namespace, namespace=namespace)

    def _populate(self) -> None:
        """Nothing, for the resolver above."""

    def _populate_now(self) -> None:
        if get_language() not in self._reverse_dict:
            super()._populate()

    @property
    def reverse_dict(self) -> Any:
        self._populate_now()
        return super().reverse_dict

    @property
    def namespace_dict(self) -> Any:
        self._populate_now()
        return super().namespace_dict

    @property
    def app_dict(self) -> Any:
        self._populate_now()
        return super().app_dict


urlpatterns = [
    path("", include("newsletter.pages.urls")),
    path("", include("papers.pages.urls")),
    path("", include("subscriptions.pages.urls")),
    path("account/", include("newsletter.pages.accounts")),
    _Later("admin/", "newsletter.admin_urls", "admin"),
    _Later("api/", "newsletter.api.urls", "api"),
    path("webhooks/", include("newsletter.pages.webhooks")),
]
