"""Plain links that pass a paper's page on. Nothing of those sites is loaded before a click."""

from urllib.parse import quote, urlencode

from django.utils.translation import gettext

from papers.cards import Link

TITLE_LENGTH = 200
"""Characters of a title that are passed on, so that a short post still holds the address."""


def share_links(title: str, address: str) -> tuple[Link, ...]:
    """(name, address) for mail and for the sites where papers are talked about."""
    title = " ".join(title.split())
    if len(title) > TITLE_LENGTH:
        title = f"{title[: TITLE_LENGTH - 1].rstrip()}…"
    both = f"{title}\n{address}"
    by_mail = f"mailto:?subject={quote(title, safe='')}&body={quote(both, safe='')}"
    return (
        Link(gettext("Email"), by_mail),
        Link("Bluesky", _at("https://bsky.app/intent/compose", text=both)),
        Link("Hacker News", _at("https://news.ycombinator.com/submitlink", u=address, t=title)),
        Link("LinkedIn", _at("https://www.linkedin.com/sharing/share-offsite/", url=address)),
        Link("Reddit", _at("https://www.reddit.com/submit", url=address, title=title)),
        Link("X", _at("https://x.com/intent/post", text=title, url=address)),
    )


def _at(site: str, **parameters: str) -> str:
    return f"{site}?{urlencode(parameters, quote_via=quote)}"
