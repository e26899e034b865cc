"""The addresses of papers, topics, search and feeds."""

from django.urls import path

from papers import feeds, views

app_name = "papers"

urlpatterns = [
    path("papers/<slug:scheme>/<path:local_id>/", views.paper, name="paper"),
    path("topics/", views.topics, name="topics"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("topics/<slug:slug>/feed.atom", feeds.topic_feed, name="topic_feed"),
    path("search/", views.search, name="search"),
    path("feeds/papers.atom", feeds.papers_feed, name="feed"),
]
