"""What the Daily Papers answer, for the tests of everything that reads them."""

import datetime as dt
from typing import Any

DAY = dt.date(2026, 5, 8)
PATH = "/api/daily_papers"


def item(number: int = 1, paper: dict[str, Any] | None = None, **kwargs) -> dict[str, Any]:
    """One item in the shape of the service, with as many facts as it ever has."""
    return {
        "paper": {
            "id": f"2605.{number:05}",
            "authors": [
                {"name": "Alice Adams", "hidden": False},
                {"name": "Bob Brown", "hidden": True},
                {"name": "Charlie Clark"},
            ],
            "publishedAt": "2026-05-07T00:00:00.000Z",
            "submittedOnDailyAt": "2026-05-08T10:01:31.399Z",
            "submittedOnDailyBy": {"fullname": "Dora Dill", "name": "dora"},
            "title": f"Paper number {number}",
            "summary": "We study something.",
            "ai_summary": "In short.",
            "ai_keywords": ["KV cache", "attention"],
            "upvotes": 7,
            "githubRepo": "https://github.com/a/b",
            "githubStars": 12,
            "projectPage": "https://a.example.org",
            "organization": {"name": "acme", "fullname": "Acme Research"},
        }
        | (paper or {}),
        "publishedAt": "2026-05-06T20:00:00.000Z",
        "title": f"Paper number {number}",
        "summary": "We study something.",
        "thumbnail": "https://cdn.example.org/t.png",
        "numComments": 3,
        **kwargs,
    }
