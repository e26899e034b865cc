"""Filling in the admin's form of a topic."""

from django.urls import reverse

from papers.models import Topic


def change_of(topic: Topic) -> str:
    return reverse("admin:papers_topic_change", args=[topic.pk])


def preview_of(topic: Topic) -> str:
    return reverse("admin:papers_topic_preview", args=[topic.pk])


def filled(topic: Topic, **changes) -> dict[str, str]:
    """The topic's form as a browser sends it."""
    form = {
        "name": topic.name,
        "slug": topic.slug,
        "group": topic.group,
        "description": topic.description,
        "keywords": "\r\n".join(topic.keywords),
        "categories": "\r\n".join(topic.categories),
        "position": str(topic.position),
        "is_active": "on",
    } | changes
    return {name: value for name, value in form.items() if value is not None}
