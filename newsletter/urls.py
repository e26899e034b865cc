"""Every address this site answers: the apps', the admin's and those for providers' events."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("newsletter.site_urls")),
    path("", include("papers.urls")),
    path("", include("subscriptions.urls")),
    path("admin/", admin.site.urls),
    path("webhooks/", include("newsletter.webhooks")),
]
