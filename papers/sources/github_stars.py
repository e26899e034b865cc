"""GitHub: stars of the repositories that papers name as their code.

Only with a token. `POST /graphql` takes a hundred repositories in one request, each under an alias
(https://docs.github.com/graphql); an unknown or private one is null at its place and named among
the errors. Stars belong to the whole repository, which may be older than the paper: what each round
adds is observed, and the growth between two rounds is what tells of the paper.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from papers.models import Paper
from papers.sources import http
from papers.sources.base import FetchFailed, Sighting
from papers.sources.last_answer import wait
from papers.sources.loose import as_dict
from papers.sources.observing import ObservingSettings, ObservingSource
from papers.sources.settings import setting

MOST_ASKED = 100
"""Repositories in one request."""

PAUSE = 1.0
"""Seconds between two requests."""

AHEAD = dt.timedelta(days=7)
"""Papers may be listed on an issue day that is still to come."""

REFUSED = 401
BUSY = 403
"""GitHub's answer to whoever asks too often."""

_REPOSITORY = re.compile(
    r"https?://(?:www\.)?github\.com/(?P<owner>[A-Za-z0-9-]{1,39})/(?P<name>[A-Za-z0-9._-]{1,100})"
    r"(?:[/?#].*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class GitHubSettings(ObservingSettings):
    """With which token, and for how long."""

    token: str = setting(
        "",
        "A token of GitHub that may read public repositories and nothing else. Without one nothing "
        "is asked.",
        label="Token",
        most=255,
    )
    days: int = setting(
        14,
        "The repositories of papers listed in so many days are asked for.",
        label="Days",
        least=1,
        most=60,
    )
    every_minutes: int = setting(
        180, "Minutes between two rounds.", label="Asked every", least=30, most=24 * 60
    )


class GitHubStars(ObservingSource[GitHubSettings]):
    """Observes stars."""

    kind = "github"
    label = "GitHub: stars of the code of papers listed by others"
    Settings = GitHubSettings

    def sightings(self) -> Iterator[Sighting]:
        """The stars of each paper's repository. The newest papers come first."""
        if not self.settings.token:
            raise FetchFailed(f"{self.name} is only asked with a token; its settings have none.")
        named = self._repositories()
        repositories = list(named)
        with http.client("application/json") as client:
            for at in range(0, len(repositories), MOST_ASKED):
                if at:
                    wait(PAUSE)
                self.spend()
                batch = repositories[at : at + MOST_ASKED]
                stars = self._ask(client, batch)
                self.left_out["repositories that GitHub does not show"] += len(batch) - len(stars)
                for repository, count in stars.items():
                    for identifier in named[repository]:
                        yield Sighting(identifier, stars=count)

    def _repositories(self) -> dict[tuple[str, str], list[str]]:
        """The papers' identifiers by owner and name of their repository."""
        today = self.now.date()
        first = today - dt.timedelta(days=self.settings.days)
        recent = Paper.objects.listed_between(first, today + AHEAD)
        rows = recent.exclude(code_url="").order_by("-pk").values_list("identifier", "code_url")
        found: dict[tuple[str, str], list[str]] = {}
        for identifier, url in rows:
            if repository := repository_in(url):
                found.setdefault(repository, []).append(identifier)
        return found

    def _ask(
        self, client: httpx.Client, batch: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], int]:
        parts = [
            f"r{at}: repository(owner: {json.dumps(owner)}, name: {json.dumps(name)}, "
            "followRenames: true) { stargazerCount }"
            for at, (owner, name) in enumerate(batch)
        ]
        try:
            data = http.ask(
                client,
                self.name,
                f"{settings.GITHUB_API_URL}/graphql",
                {},
                http.json_object,
                for_what=f"{len(batch)} repositories",
                json={"query": "{ " + " ".join(parts) + " }"},
                headers={"Authorization": f"Bearer {self.settings.token}"},
            )
        except http.Refused as error:
            if error.status == REFUSED:
                raise FetchFailed(f"{self.name} rejects our token.") from error
            if error.status == BUSY:
                raise http.Busy(f"{self.name} asked us to wait.") from error
            raise
        _check(self.name, data)
        found = as_dict(data.get("data"))
        return {
            repository: count
            for at, repository in enumerate(batch)
            if (count := _stars(found.get(f"r{at}"))) is not None
        }


def repository_in(url: str) -> tuple[str, str] | None:
    """Owner and name, in lower case, of the repository that a link leads to; None for none."""
    found = _REPOSITORY.fullmatch(url.strip())
    if found is None:
        return None
    name = found["name"].removesuffix(".git").lower()
    return (found["owner"].lower(), name) if name.strip(".") else None


def _check(name: str, data: Mapping[str, Any]) -> None:
    """Raise `FetchFailed` for an answer that says no more than why there is none."""
    if isinstance(data.get("data"), dict):
        return
    errors = data.get("errors")
    first = as_dict(errors[0]) if isinstance(errors, list) and errors else {}
    if first.get("type") == "RATE_LIMITED":
        raise http.Busy(f"{name} asked us to wait.")
    raise FetchFailed(f"{name} answers: {str(first.get('message') or 'nothing')[:200]}")


def _stars(repository: Any) -> int | None:
    count = as_dict(repository).get("stargazerCount")
    is_count = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 10**8
    return count if is_count else None
