"""Every address this site answers: the apps', the admin's, the API's, and for providers' events."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("newsletter.pages.urls")),
    path("", include("papers.pages.urls")),
    path("", include("subscriptions.pages.urls")),
    path("account/", include("newsletter.pages.accounts")),
    path("admin/", admin.site.urls),
    path("api/", include("newsletter.api.urls")),
    path("webhooks/", include("newsletter.pages.webhooks")),
]
