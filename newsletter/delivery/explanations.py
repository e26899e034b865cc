"""Why not? What the ledger says of one issue and one reader, in words for an operator."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from newsletter.digests.choices import paper_ids
from newsletter.issues.freezing import week_to
from newsletter.models import Delivery, Issue, IssuePaper
from papers.models import Feature, Paper, Topic
from subscriptions.models import Feedback, Subscriber


def explain(subscriber: Subscriber, issue: Issue) -> list[str]:
    """What became of `issue` for the reader, in sentences: their own delivery of it, the digest of
    a later issue that carried its papers, or why there is neither.
    """
    own = Delivery.objects.filter(subscriber=subscriber, issue=issue).first()
    said = _of_its_own(own) if own else []
    carrier = _carrier(subscriber, issue)
    if carrier is not None and (own is None or own.state in _BROUGHT_NOTHING):
        state = carrier.get_state_display()
        why = f": {carrier.reason}" if carrier.reason else ""
        said.append(
            f"Its papers were in the digest of {carrier.issue} (delivery {carrier.pk}, "
            f"{state}{why})."
        )
    return said or [_no_delivery(subscriber, issue)]


_BROUGHT_NOTHING = (Delivery.State.FAILED, Delivery.State.EXPIRED, Delivery.State.SKIPPED)


def _of_its_own(own: Delivery) -> list[str]:
    why = f": {own.reason}" if own.reason else ""
    said = [f"Delivery {own.pk} of this issue: {own.get_state_display()}{why}."]
    if own.since is not None:
        said.append(f"It includes issues since {_day(own.since)}.")
    said += [
        f"No new issue when the reader's rhythm asked again: {at:%A, %-d %B %Y, %H:%M} UTC."
        for at in own.asked_in_vain
    ]
    return said


def _carrier(subscriber: Subscriber, issue: Issue) -> Delivery | None:
    """The first delivery of a later issue that draws on this one."""
    if issue.state != Issue.State.RUNNING:
        return None
    later = Delivery.objects.filter(subscriber=subscriber, issue__day__gt=issue.day)
    is_drawn = later.filter(since__lte=issue.day)
    if subscriber.rhythm == Subscriber.Rhythm.WEEKLY:
        last = issue.day + (issue.day - week_to(issue.day))
        is_drawn |= later.filter(issue__day__lte=last)
    return is_drawn.select_related("issue").order_by("issue__day").first()


def _no_delivery(subscriber: Subscriber, issue: Issue) -> str:
    """Why the reader has no delivery that this issue is in, as far as their row says it."""
    day = issue.out_since
    if subscriber.status == Subscriber.Status.SUPPRESSED:
        return "None: the address is suppressed."
    if subscriber.confirmed_at is None:
        return "None: the reader has not confirmed."
    if subscriber.confirmed_at > day and subscriber.welcomed_on != issue.day:
        at = subscriber.confirmed_at
        return f"None: the reader confirmed later, on {_day(at.date())} at {at:%H:%M} UTC."
    if subscriber.left_at is not None and subscriber.status == Subscriber.Status.LEFT:
        return f"None: the reader unsubscribed on {_day(subscriber.left_at.date())}."
    if issue.state == Issue.State.WAITING:
        by = issue.approve_by
        return f"None yet: the issue waits for approval until {by:%H:%M} UTC on {_day(by.date())}."
    if issue.state == Issue.State.DROPPED:
        return f"None: the issue was dropped: {issue.state_reason or 'an editor decided so'}."
    if issue.state == Issue.State.STOPPED:
        return "None: the issue was stopped."
    if subscriber.paused_until is not None and subscriber.paused_until > issue.day:
        why = f", because {subscriber.pause_reason}" if subscriber.pause_reason else ""
        return f"None: the reader is paused until {_day(subscriber.paused_until)}{why}."
    if subscriber.next_digest_at is not None:
        at = subscriber.next_digest_at
        return f"None yet: the reader's next digest is due on {_day(at.date())} at {at:%H:%M} UTC."
    return "None: no digest is due."


def _day(day: dt.date) -> str:
    return f"{day:%A, %-d %B %Y}"


# --- Why not this paper? ------------------------------------------------------------------------

NEWEST = 5
"""Issues with the paper that are explained, the newest first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question on the way of a paper to a reader, and its answer."""

    question: str
    is_passed: bool | None
    """None of a step that says something and decides nothing."""
    said: str
    delivery: int | None = None
    """The delivery that it speaks of, for a link."""


def explain_paper(subscriber: Subscriber, paper: Paper) -> list[Step]:
    """Why the reader got the paper or did not, step by step: was it listed and shown, did it match
    what they follow, had they had it, and what became of the digest of each issue that it was in.
    Twenty queries at most, and the rows of one reader.
    """
    works = list(Paper.objects.works_of([paper.pk]))
    steps = [_may_be_sent(subscriber), _listed(works), _shown(paper)]
    wanted = Q(paper__in=works, correction__paper=None) | Q(correction__paper__in=works)
    places = list(
        IssuePaper.objects.filter(wanted)
        .select_related("issue", "correction")
        .order_by("-issue__day")[:NEWEST]
    )
    if not places:
        steps.append(
            Step("In an issue?", False, "No issue has it. It may come in one that is open.")
        )
        return steps
    follows = set(subscriber.subscriptions.values_list("topic_id", flat=True))
    names = dict(Topic.objects.values_list("pk", "name"))
    steps.append(_matched(subscriber, places[0], follows, names))
    steps.append(_refused(subscriber, works))
    rows = {
        delivery.issue_id: delivery
        for delivery in Delivery.objects.filter(
            subscriber=subscriber, issue__in=[place.issue_id for place in places]
        )
    }
    had = _had(subscriber, works, places)
    for place in places:
        steps.append(_ranked(place))
        own = rows.get(place.issue_id)
        if own is None:
            steps += [
                Step(f"In a digest of {place.issue.day}?", False, said)
                for said in explain(subscriber, place.issue)
            ]
        else:
            steps.append(_in_digest(subscriber, own, place, works, had))
    return steps


def _may_be_sent(subscriber: Subscriber) -> Step:
    said = f"The reader is {subscriber.get_status_display()}"
    if subscriber.paused_until is not None:
        said += f", and paused until {_day(subscriber.paused_until)}"
    return Step("Does the reader get digests?", subscriber.is_mailable, f"{said}.")


def _listed(works: list[int]) -> Step:
    rows = Feature.objects.filter(paper__in=works).select_related("source").order_by("-day")[:5]
    said = "; ".join(f"by {row.source} on {_day(row.day)}" for row in rows)
    return Step("Listed?", bool(said), f"Listed {said}." if said else "No source listed it.")


def _shown(paper: Paper) -> Step:
    if paper.is_fallen:
        return Step("Shown?", False, f"It is {paper.get_status_display()}.")
    if not Paper.objects.unhidden().filter(pk=paper.pk).exists():
        return Step("Shown?", False, "An editor hid it, which holds everywhere.")
    return Step("Shown?", True, "Nobody hid it, and it was not withdrawn.")


def _matched(
    subscriber: Subscriber, place: IssuePaper, follows: set[int], names: dict[int, str]
) -> Step:
    topics = {int(pk) for pk in place.topics_now}
    both = [names.get(pk, "a deleted topic") for pk in topics & follows]
    if both:
        said = f"It matched {' and '.join(sorted(both))}, which the reader follows."
        return Step("Matched?", True, said)
    others = ", ".join(sorted(names.get(pk, "a deleted topic") for pk in topics)) or "no topic"
    said = f"It matched {others}; the reader follows none of that."
    if subscriber.followings.exists():
        return Step("Matched?", None, f"{said} They follow interests, which may have found it.")
    if subscriber.top_papers:
        return Step("Matched?", None, f"{said} They want what trends most besides.")
    return Step("Matched?", False, said)


def _refused(subscriber: Subscriber, works: list[int]) -> Step:
    less = subscriber.feedback.filter(paper__in=works, value=Feedback.Value.LESS)
    if less.exists():
        return Step("Wanted?", False, "The reader asked for less like this paper.")
    if subscriber.muted.exists():
        return Step("Wanted?", None, "The reader muted authors or words, which may cover it.")
    return Step("Wanted?", True, "The reader said nothing against it.")


def _had(
    subscriber: Subscriber, works: list[int], places: list[IssuePaper]
) -> list[tuple[dt.date, int]]:
    """The days of digests that had the work, each with its delivery."""
    first = min(place.issue.day for place in places)
    rows = Delivery.objects.readable().filter(subscriber=subscriber)
    near = rows.filter(Q(issue__day__gte=first) | Q(interests_of__day__gte=first))
    found = near.select_related("issue", "interests_of")[:30]
    wanted = set(works)
    return [(one.drawn_on.day, one.pk) for one in found if wanted & set(paper_ids(one.choices))]


def _ranked(place: IssuePaper) -> Step:
    said = f"It was {place.rank} of the issue of {_day(place.issue.day)}, scored {place.score:.1f}."
    if place.issue.state != Issue.State.RUNNING:
        said += f" That issue is {place.issue.get_state_display()}."
    return Step("Ranked?", None, said)


def _in_digest(
    subscriber: Subscriber,
    own: Delivery,
    place: IssuePaper,
    works: list[int],
    had: list[tuple[dt.date, int]],
) -> Step:
    question = f"In the digest of {place.issue.day}?"
    chosen = list(paper_ids(own.choices))
    if set(works) & set(chosen):
        at = next(at for at, pk in enumerate(chosen, 1) if pk in works)
        is_there = own.state in (Delivery.State.SENT, Delivery.State.FEED)
        said = f"It was number {at} of {len(chosen)}; the delivery is {own.get_state_display()}."
        return Step(question, is_there, said, own.pk)
    state = f"{own.get_state_display()}{f': {own.reason}' if own.reason else ''}"
    if own.is_open:
        return Step(question, None, f"The delivery is {state}; nothing is chosen yet.", own.pk)
    earlier = [(day, pk) for day, pk in had if day < place.issue.day]
    if earlier:
        day, pk = earlier[0]
        return Step(question, False, f"They had it already, in the digest of {_day(day)}.", pk)
    if not chosen:
        return Step(question, False, f"The delivery is {state}.", own.pk)
    said = f"The digest had {len(chosen)} papers that came first"
    if len(chosen) >= subscriber.papers_wanted:
        said += f", and the reader wants {subscriber.papers_wanted} at most: its place was taken"
    return Step(question, False, f"{said}.", own.pk)
