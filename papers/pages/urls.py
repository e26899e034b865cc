"""The addresses of papers, topics, search and feeds."""

from django.urls import path, re_path

from papers.pages import about, feeds, pushing, views

app_name = "papers"

urlpatterns = [
    path("papers/<slug:scheme>/<path:local_id>/", views.paper, name="paper"),
    re_path(
        r"^thumbnails/(?P<paper_id>[1-9][0-9]{0,17})-(?P<digest>[0-9a-f]{8})(?P<small>-small)?\.jpg$",
        views.thumbnail,
        name="thumbnail",
    ),
    path("about/", about.about, name="about"),
    path("topics/", views.topics, name="topics"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("topics/<slug:slug>/feed.atom", feeds.topic_feed, name="topic_feed"),
    path("fields/<slug:field>/", views.field, name="field"),
    path("search/", views.search, name="search"),
    path("search/suggestions/", views.search_suggestions, name="suggestions"),
    path("sources/<slug:slug>/papers", pushing.push, name="push"),
    path("feeds/papers.atom", feeds.papers_feed, name="feed"),
    path("feeds/fields/<slug:field>.atom", feeds.field_feed, name="field_feed"),
]
