"""Any email of the service as a reader would get it, without sending it: made by what sends."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from newsletter.delivery import notices
from newsletter.delivery.composing import compose_for
from newsletter.digests.interests import Followed, FollowedPapers, in_words
from newsletter.digests.matched import Matched
from newsletter.digests.readers import readers_of
from newsletter.digests.selection import Reader
from newsletter.mail.message import Mail
from newsletter.models import Issue
from papers.matching.interests.specs import Kind
from papers.models import Topic
from subscriptions import links
from subscriptions.models import Subscriber
from subscriptions.notices import letters

DIGESTS = ("digest", "daily", "weekly", "by_topic", "welcome", "interests")
"""Digests: as the reader gets them, or daily, weekly, grouped by topic, as a new reader's first;
and the daily email of what a weekly reader follows.
"""

EXAMPLE_PAPERS = 3
"""Of one author, in the example of a daily email of interests."""

NAMES = (*DIGESTS, *(kind.value for kind in letters.KINDS))
"""Every email that can be previewed."""

EXAMPLE = "reader@example.org"


class NoPreview(LookupError):
    """There is nothing to show; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class MailPreview:
    """One mail: its subject, its two forms (`html` is empty where there is none), all of it."""

    name: str
    subject: str
    html: str
    text: str
    message: bytes
    """The whole message (RFC 5322), as a file `*.eml` holds it."""

    def write(self, directory: Path) -> list[Path]:
        """Write NAME.html, NAME.txt and NAME.eml to `directory`; the files written."""
        directory.mkdir(parents=True, exist_ok=True)
        contents = {"html": self.html.encode(), "txt": self.text.encode(), "eml": self.message}
        written = []
        for ending, content in contents.items():
            path = directory / f"{self.name}.{ending}"
            path.unlink(missing_ok=True)
            if content:
                path.write_bytes(content)
                written.append(path)
        return written


def preview(
    name: str,
    now: dt.datetime,
    *,
    subscriber_id: int | None = None,
    day: dt.date | None = None,
    text_only: bool = False,
    language: str = "",
) -> MailPreview:
    """The email `name`, one of `NAMES`, for a subscriber or for an example of a reader; in the
    reader's language unless another is given.

    A digest is that of the issue of `day`, or of the newest one. The example follows every topic.
    No signed link in it works, in a subscriber's mail as well. `text_only` shows what who wants no
    HTML gets. Raises `NoPreview`.
    """
    if name in DIGESTS:
        reader = _reader(subscriber_id)
        reader = reader._replace(language=language or reader.language)
        return _digest(name, reader, day, text_only=text_only)
    if subscriber_id is None:
        subscriber = Subscriber(pk=0, email=EXAMPLE, top_papers=True)
    else:
        subscriber = _subscriber(subscriber_id)
    subscriber.link_version = links.VOID
    subscriber.text_only |= text_only
    subscriber.language = language or subscriber.language
    letter = letters.make_letter(letters.Kind(name), subscriber, now)
    return _of_mail(name, notices.mail_of(letter, None))


def _subscriber(subscriber_id: int) -> Subscriber:
    found = Subscriber.objects.filter(pk=subscriber_id).first()
    if found is None:
        raise NoPreview(f"There is no subscriber {subscriber_id}.")
    return found


def _reader(subscriber_id: int | None) -> Reader:
    if subscriber_id is None:
        topics = frozenset(Topic.objects.active().values_list("pk", flat=True))
        return Reader(id=0, email=EXAMPLE, link_version=links.VOID, topics=topics)
    _subscriber(subscriber_id)
    readers, refused = readers_of([subscriber_id])
    if subscriber_id in refused:
        raise NoPreview(
            f"Subscriber {subscriber_id} wouldn't get this email: {refused[subscriber_id]}."
        )
    return readers[subscriber_id]._replace(link_version=links.VOID)


def _digest(name: str, reader: Reader, day: dt.date | None, *, text_only: bool) -> MailPreview:
    issues = Issue.objects.filter(day=day) if day else Issue.objects.order_by("-day")
    issue = issues.first()
    if issue is None:
        which = f"of {day} " if day else ""
        raise NoPreview(f"There's no issue {which}yet. Make one first: manage.py build_issue")
    reader = reader._replace(text_only=reader.text_only or text_only)
    match name:
        case "daily" | "weekly":
            reader = reader._replace(is_weekly=name == "weekly", welcomed_on=None)
        case "by_topic":
            reader = reader._replace(grouped=True)
        case "welcome":
            reader = reader._replace(welcomed_on=issue.day)
    if name == "interests":
        reader = reader._replace(is_weekly=True, welcomed_on=None)
        followed = _example(issue) if reader.id == 0 else None
        mail, _ = compose_for(issue, reader, is_of_interests=True, followed=followed)
    else:
        mail, _ = compose_for(issue, reader)
    if mail is None and name == "interests":
        raise NoPreview(
            f"Nothing in the issue of {issue.day} is what this reader follows every day, so no "
            "email is sent."
        )
    if mail is None:
        raise NoPreview(
            f"The issue of {issue.day} has nothing new on this reader's topics, so no email "
            "is sent."
        )
    return _of_mail(name, mail)


def _example(issue: Issue) -> Followed:
    """The first papers of an issue, for one who follows an author of theirs."""
    papers = [place.paper for place in issue.places.select_related("paper")[:EXAMPLE_PAPERS]]
    names = [str(name) for paper in papers for name in paper.authors[:1]]
    reason = in_words(Kind.AUTHOR.value, names[0] if names else "Alice Adams", "en")
    works = {paper.merged_into_id or paper.pk: 1.0 for paper in papers}
    matched = Matched.of(works)
    one = FollowedPapers(0, Kind.AUTHOR.value, reason, len(works), matched, {}, is_daily=True)
    return Followed((one,))


def _of_mail(name: str, mail: Mail) -> MailPreview:
    return MailPreview(
        name=name,
        subject=mail.subject,
        html="".join(fragment.text for fragment in mail.html),
        text="".join(fragment.text for fragment in mail.text),
        message=mail.as_bytes(),
    )
