"""A digest or a letter as an example reader would get it: previews in the admin, and tests that
editors send to themselves. Also of an issue that is not frozen yet, which is frozen for the example
in a transaction that is taken back.

Nothing in one acts for anybody: its links carry a version that no reader has. A test is a row like
every email; it counts against the rates and nowhere else.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import Any, Self

from django.db import transaction

from newsletter.delivery.composing import Edition, edition_of, previewed, wording_for
from newsletter.digests.selection import Choice, Reader
from newsletter.issues.freezing import build_issue
from newsletter.letters.rendering import LetterPress
from newsletter.mail.message import Mail
from newsletter.mail.message_ids import notice_message_id
from newsletter.mail.return_paths import notice_return_path
from newsletter.models import Issue, Letter
from papers.models import Topic
from subscriptions import links
from subscriptions.models import Notice
from subscriptions.notices.letters import NotDue

ADDRESS = "reader@example.org"


class NothingToShow(LookupError):
    """There is no such email; the text says why."""


@dataclass(frozen=True, slots=True)
class Example:
    """Which email, and as whom. One of `issue`, `day` and `letter` is set."""

    issue: int | None = None
    day: dt.date | None = None
    """Of an issue that is not frozen yet."""
    letter: int | None = None
    language: str = "en"
    topics: tuple[int, ...] = ()
    """Ids of those that the reader follows; none means all."""
    is_weekly: bool = False
    text_only: bool = False

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        """What `as_dict` made."""
        day = kept.get("day")
        more = {"day": dt.date.fromisoformat(day) if day else None}
        return cls(**(kept | more | {"topics": tuple(kept.get("topics", ()))}))

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return {
            "issue": self.issue,
            "day": self.day.isoformat() if self.day else None,
            "letter": self.letter,
            "language": self.language,
            "topics": list(self.topics),
            "is_weekly": self.is_weekly,
            "text_only": self.text_only,
        }


def compose(example: Example, now: dt.datetime) -> tuple[Mail, list[Choice]]:
    """The email, and of a digest its papers. Raises `NothingToShow`."""
    reader = Reader(
        id=0,
        email=ADDRESS,
        link_version=links.VOID,
        topics=frozenset(example.topics or _all_topics()),
        language=example.language,
        is_weekly=example.is_weekly,
        text_only=example.text_only,
    )
    if example.letter is not None:
        letter = Letter.objects.filter(pk=example.letter).first()
        if letter is None or not letter.languages:
            raise NothingToShow("The letter has no subject or no text in any language yet.")
        return LetterPress(letter, example.language).render(reader, None), []
    if example.day is not None:
        return _of_coming(example.day, reader, now)
    issue = Issue.objects.filter(pk=example.issue or 0).first()
    if issue is None:
        raise NothingToShow("This issue does not exist anymore.")
    with previewed.of(issue, wording_for(issue, reader)) as edition:
        return _of_edition(edition, reader)


def _all_topics() -> Collection[int]:
    return Topic.objects.active().values_list("pk", flat=True)


def _of_edition(edition: Edition, reader: Reader) -> tuple[Mail, list[Choice]]:
    # The example had nothing, said nothing and follows nothing but topics.
    choices = edition.stock.shelf.select(reader, (), None)
    if not choices:
        raise NothingToShow("It has no paper of these topics, so no email is sent.")
    return edition.press.render(reader, choices, None), choices


def _of_coming(day: dt.date, reader: Reader, now: dt.datetime) -> tuple[Mail, list[Choice]]:
    """As the issue would be if it were frozen now."""
    if Issue.objects.filter(day=day).exists():
        raise NothingToShow("The issue of this day is frozen by now.")
    with transaction.atomic():
        try:
            issue = build_issue(day, now)
            if issue is None:
                raise NothingToShow("No source has listed a paper of this day yet.")
            return _of_edition(edition_of(issue, wording_for(issue, reader)), reader)
        finally:
            transaction.set_rollback(True)


def ask_for_test(example: Example, user: Any, now: dt.datetime) -> Notice:
    """Make a test due to the person's own address, which must be there."""
    return Notice.objects.create(
        kind=Notice.Kind.TEST,
        user=user,
        about=example.as_dict(),
        due_at=now,
        not_before=now,
        deadline=now + Notice.WITHIN,
    )


def mail_of_test(notice: Notice, now: dt.datetime) -> Mail:
    """The test as it goes out. Raises `NotDue`."""
    user = notice.user
    if user is None or not user.email:
        raise NotDue("whoever asked for it has no address")
    try:
        mail, _ = compose(Example.of(notice.about or {}), now)
    except NothingToShow as error:
        raise NotDue(str(error)) from None
    return replace(
        mail,
        notice_id=notice.pk,
        message_id=notice_message_id(notice.pk),
        envelope_from=notice_return_path(notice.pk, user.email, parseaddr(mail.from_header)[1]),
        to_addr=user.email,
        subject=f"[Test] {mail.subject}",
        tags=("test",),
    )


def tests_of(user: Any, since: dt.datetime) -> int:
    """How many tests the person asked for since then."""
    return Notice.objects.filter(kind=Notice.Kind.TEST, user=user, due_at__gte=since).count()
