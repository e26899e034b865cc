"""What editors do to many readers, submissions and suppressions at once."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from papers.bulk import Job, Kind
from papers.in_bulk import deletion
from papers.waking import wake
from subscriptions.models import Notice, Submission, Subscriber, Suppression
from subscriptions.notices.due import ask_all
from subscriptions.readers import leaving, personal_data, submissions

Status = Subscriber.Status


def _send_now() -> bool:
    return wake("newsletter.tasks.drain")


# --- Readers --------------------------------------------------------------------------------

GETTING_LINKS = (Status.ACTIVE, Status.LEFT)
"""Those who may be sent the link to their preferences."""


def _getting_links(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(status__in=GETTING_LINKS)


def _send_links(keys: Sequence[int], job: Job) -> int:
    chosen = _getting_links(Subscriber.objects.filter(pk__in=keys))
    readers = list(chosen.order_by("pk").values_list("pk", flat=True))
    ask_all(Notice.Kind.PREFERENCES, readers, job.now)
    return len(readers)


SEND_LINKS = Kind(
    key="subscriptions.send_links",
    model=Subscriber,
    words="Send their preferences link",
    permission="subscriptions.change_subscriber",
    done="will get an email with their link",
    means="Each gets an email with the link to their preferences. Only active readers and those "
    "who unsubscribed are written to.",
    act=_send_links,
    fits=_getting_links,
    after=_send_now,
)


def _staying(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(status__in=(Status.LEFT, Status.SUPPRESSED))


def _unsubscribe(keys: Sequence[int], job: Job) -> int:
    return Subscriber.objects.filter(pk__in=keys).leave(job.now, leaving.BY_EDITOR)


UNSUBSCRIBE = Kind(
    key="subscriptions.unsubscribe",
    model=Subscriber,
    words="Unsubscribe",
    permission="subscriptions.change_subscriber",
    done="unsubscribed",
    means="They get no digests anymore, and the record of their consent says that an editor did it "
    "on request. Only they can subscribe again.",
    act=_unsubscribe,
    fits=_staying,
)


def _unsuppressed(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(status=Status.SUPPRESSED)


def _suppress(keys: Sequence[int], job: Job) -> int:
    chosen = _unsuppressed(Subscriber.objects.filter(pk__in=keys)).order_by("pk")
    emails = list(chosen.values_list("email", flat=True))
    reasons = dict.fromkeys(emails, Suppression.Reason.REQUEST)
    Suppression.objects.add_addresses(reasons, job.now)
    return len(emails)


SUPPRESS = Kind(
    key="subscriptions.suppress",
    model=Subscriber,
    words="Suppress: never email again",
    permission="subscriptions.change_subscriber",
    done="suppressed",
    means="Their addresses are never emailed again, even if they subscribe again or come with a "
    "file.",
    act=_suppress,
    fits=_unsuppressed,
)


def _erase(keys: Sequence[int], job: Job) -> int:
    done = 0
    for reader in Subscriber.objects.filter(pk__in=keys).order_by("pk"):
        personal_data.erase(reader)
        done += 1
    return done


ERASE = Kind(
    key="subscriptions.erase",
    model=Subscriber,
    words="Delete them with all their data",
    permission="subscriptions.delete_subscriber",
    done="deleted",
    means="All that is held about them is deleted permanently, except that a suppressed address "
    "stays suppressed.",
    act=_erase,
    chunk=20,
    at_once=10,
    asks=True,
)


# --- Submissions ----------------------------------------------------------------------------


def _undecided(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(state__in=(Submission.State.WAITING, Submission.State.DECLINED))


def _accept(keys: Sequence[int], job: Job) -> int:
    done = submissions.accept_all(keys, job.now)
    job.problems += [str(submissions.WithoutFacts(one)) for one in done.lost]
    return done.changed


def _match_now() -> bool:
    return wake("papers.tasks.rank", None)


ACCEPT = Kind(
    key="subscriptions.accept",
    model=Submission,
    words="Accept: list the paper",
    permission="subscriptions.change_submission",
    done="accepted",
    means="The papers are listed on the next day that is open, and matched with topics.",
    act=_accept,
    fits=_undecided,
    after=_match_now,
    unreached="Couldn't reach a worker; topics will be matched with the next fetch.",
    chunk=100,
)


def _waiting(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(state=Submission.State.WAITING)


def _decline(keys: Sequence[int], job: Job) -> int:
    return submissions.decline_all(keys, job.reason, job.now)


DECLINE = Kind(
    key="subscriptions.decline",
    model=Submission,
    words="Decline, with the reason given",
    permission="subscriptions.change_submission",
    done="declined",
    means="The readers who submitted the papers see the reason.",
    act=_decline,
    fits=_waiting,
    needs_reason=True,
)

DELETE_SUBMISSIONS = deletion(Submission)
DELETE_SUPPRESSIONS = deletion(Suppression)

KINDS = (
    *(SEND_LINKS, UNSUBSCRIBE, SUPPRESS, ERASE, ACCEPT, DECLINE),
    *(DELETE_SUBMISSIONS, DELETE_SUPPRESSIONS),
)
