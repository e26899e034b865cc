"""What editors do to many papers, topics, matches and pairs at once."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import ProtectedError, QuerySet

from papers.bulk import Job, Kind
from papers.ingest import identity
from papers.matching import ranking
from papers.models import Join, Match, Paper, Pick, Topic


def _decided(verdict: Match.Verdict, words: str, means: str) -> Kind:
    def act(keys: Sequence[int], job: Job) -> int:
        return Match.objects.filter(pk__in=keys).exclude(verdict=verdict).update(verdict=verdict)

    return Kind(
        key=f"papers.match_{verdict or 'free'}",
        model=Match,
        words=words,
        permission="papers.change_match",
        done=f"now {verdict.label}",
        means=means,
        act=act,
        fits=lambda rows: rows.exclude(verdict=verdict),
        chunk=2_000,
    )


PIN = _decided(
    Match.Verdict.PINNED,
    "Pin: send the paper to readers of the topic",
    "Readers of the topics get the papers, whatever matching says.",
)
VETO = _decided(
    Match.Verdict.VETOED,
    "Veto: never send the paper to readers of the topic",
    "Readers of the topics don’t get the papers, whatever matching says.",
)
LEAVE_TO_MATCHING = _decided(
    Match.Verdict.NONE,
    "Let matching decide again",
    "What an editor decided is taken back.",
)


def _forget_edits(keys: Sequence[int], job: Job) -> int:
    return sum(identity.edit(key, None) for key in keys)


def _edited(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.exclude(edited=None)


FORGET_EDITS = Kind(
    key="papers.forget_edits",
    model=Paper,
    words="Discard edits: show what the sources say",
    permission="papers.change_paper",
    done="show again what the sources say",
    means="What editors wrote about these papers is lost.",
    act=_forget_edits,
    fits=_edited,
    chunk=20,
    at_once=50,
)


def _answered(answer: Callable[..., bool]) -> Callable[[Sequence[int], Job], int]:
    def act(keys: Sequence[int], job: Job) -> int:
        editor = get_user_model()._default_manager.filter(pk=job.by or 0).first()
        pairs = Join.objects.filter(pk__in=keys).order_by("pk")
        return sum(answer(pair, editor, job.now) for pair in pairs)

    return act


JOIN = Kind(
    key="papers.join",
    model=Join,
    words="Same work: join them",
    permission="papers.change_join",
    done="joined",
    means="Each pair is shown as one paper.",
    act=_answered(identity.confirm),
    chunk=20,
    at_once=50,
)
KEEP_APART = Kind(
    key="papers.keep_apart",
    model=Join,
    words="Different works: undo the join and keep them apart",
    permission="papers.change_join",
    done="kept apart; each paper has its own facts again",
    means="Each paper of a pair stands alone again.",
    act=_answered(identity.keep_apart),
    chunk=20,
    at_once=50,
)


def deletion(model: type[Any]) -> Kind:
    """Deleting rows of a model that nothing else hangs on."""
    name = str(model._meta.verbose_name_plural)

    def act(keys: Sequence[Any], job: Job) -> int:
        rows = model._base_manager.filter(pk__in=keys)
        there = rows.count()
        try:
            with transaction.atomic():
                rows.delete()
                return int(there)
        except ProtectedError:
            return sum(_delete(row, job) for row in rows)

    return Kind(
        key=f"delete.{model._meta.label_lower}",
        model=model,
        words=f"Delete {name}",
        permission=f"{model._meta.app_label}.delete_{model._meta.model_name}",
        done="deleted",
        means="They are deleted permanently.",
        act=act,
        chunk=500,
    )


def _delete(row: Any, job: Job) -> int:
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError:
        job.problems.append(f"{row._meta.verbose_name} {row.pk} is needed elsewhere.")
        return 0
    return 1


def _activate(keys: Sequence[int], job: Job) -> int:
    topics = list(Topic.objects.filter(pk__in=keys, is_active=False).order_by("pk"))
    Topic.objects.filter(pk__in=[topic.pk for topic in topics]).update(is_active=True)
    for topic in topics:
        topic.is_active = True
        ranking.match_topic(topic, job.now)
    return len(topics)


def _inactive(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(is_active=False)


ACTIVATE = Kind(
    key="papers.activate",
    model=Topic,
    words="Activate: offer to readers and match papers",
    permission="papers.change_topic",
    done="activated",
    means="Readers are offered them, and the papers of the last days are matched.",
    act=_activate,
    fits=_inactive,
    chunk=1,
    at_once=5,
)

DELETE_MATCHES = deletion(Match)
DELETE_PICKS = deletion(Pick)

KINDS = (
    ACTIVATE,
    *(PIN, VETO, LEAVE_TO_MATCHING, FORGET_EDITS, JOIN, KEEP_APART),
    *(DELETE_MATCHES, DELETE_PICKS),
)
