"""What topics learned, in the database: made with a semantic model, and used with it.

A model comes into use together with what topics learned on its papers. A topic that is new or was
changed since goes by the rule alone until `learn_changed` has looked at the stored papers again.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from django.db import transaction

from papers.matching.classifier import Classifier
from papers.matching.learning import Learned, digest, learn
from papers.matching.texts import PaperText, TopicSpec
from papers.models import LearnedTopic, Match, Paper, Topic
from papers.semantics.current import InUse
from papers.semantics.fitting import BACKGROUND
from papers.semantics.lsa import FEWEST_TO_VOUCH, SemanticModel

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_read: dict[int, Learned] = {}  # by the number of the row
_of: InUse | None = None  # the model that they belong to, as this process holds it


def in_use(topics: Iterable[Topic], using: InUse | None) -> dict[int, Learned]:
    """What these topics learned with the model in use, by topic id; those without are left out.

    One small query; what is new since the last call is read with one more.
    """
    global _of
    if using is None:
        return {}
    ids = {topic.pk for topic in topics}
    rows = LearnedTopic.objects.filter(fitted=using.pk, topic__in=ids)
    numbers = dict(rows.values_list("pk", "topic_id"))
    with _lock:
        if _of is not using:
            _read.clear()
            _of = using
        missing = numbers.keys() - _read.keys()
        if missing:
            for row in LearnedTopic.objects.filter(pk__in=missing):
                _read[row.pk] = _as_learned(row)
        return {topic: _read[pk] for pk, topic in numbers.items() if pk in _read}


def learn_with(
    fitted: int, model: SemanticModel, report: Callable[[str, int, int], None] | None = None
) -> int:
    """Teach all active topics the model's papers, and store it with the model; how many learned."""
    return _learn(list(Topic.objects.active()), fitted, model, report)


def learn_changed(using: InUse | None) -> int:
    """Teach topics that are new or were changed since the model in use was fitted; how many."""
    if using is None or using.model.fitted_on < FEWEST_TO_VOUCH:
        return 0
    known = dict(LearnedTopic.objects.filter(fitted=using.pk).values_list("topic_id", "spec"))
    changed = [
        topic
        for topic in Topic.objects.active()
        if known.get(topic.pk) != digest(spec_of_topic(topic))
    ]
    return _learn(changed, using.pk, using.model) if changed else 0


def spec_of_topic(topic: Topic) -> TopicSpec:
    """What matching reads of a topic."""
    return TopicSpec(
        id=topic.pk or 0,
        name=topic.name,
        description=topic.description,
        keywords=tuple(topic.keywords),
        categories=tuple(topic.categories),
    )


def newest_papers() -> list[PaperText]:
    """What matching reads of the newest papers, as many as a model is fitted on."""
    rows = Paper.objects.order_by("-pk").values_list(
        "pk", "title", "abstract", "summary", "categories"
    )
    return [
        PaperText(pk, title, abstract or summary, tuple(categories))
        for pk, title, abstract, summary, categories in rows[:BACKGROUND].iterator(chunk_size=2_000)
    ]


def _learn(
    topics: Sequence[Topic],
    fitted: int,
    model: SemanticModel,
    report: Callable[[str, int, int], None] | None = None,
) -> int:
    if not topics or model.fitted_on < FEWEST_TO_VOUCH:
        return 0
    places = {topic.pk: at for at, topic in enumerate(topics)}
    verdicts: dict[int, dict[int | str, bool]] = {}
    said = Match.objects.filter(topic__in=places).exclude(verdict=Match.Verdict.NONE)
    for topic, paper, verdict in said.values_list("topic_id", "paper_id", "verdict"):
        verdicts.setdefault(places[topic], {})[paper] = verdict == Match.Verdict.PINNED
    specs = [spec_of_topic(topic) for topic in topics]
    found = learn(newest_papers(), specs, model, verdicts, report)
    rows = [
        LearnedTopic(
            topic_id=topic.pk,
            fitted_id=fitted,
            spec=learned.spec,
            sent=learned.sent,
            classifier=learned.classifier.to_bytes() if learned.classifier else None,
        )
        for topic, learned in zip(topics, found, strict=True)
    ]
    # Rows are replaced rather than changed: whoever keeps them in memory knows them by number.
    with transaction.atomic():
        LearnedTopic.objects.filter(fitted=fitted, topic__in=places).delete()
        LearnedTopic.objects.bulk_create(rows, ignore_conflicts=True)
    logger.info("topics learned", extra={"topics": len(rows)})
    return len(rows)


def _as_learned(row: LearnedTopic) -> Learned:
    """What a row says; one that this version cannot read says nothing, and is learned anew."""
    try:
        data = row.classifier
        classifier = Classifier.from_bytes(bytes(data)) if data is not None else None
    except ValueError as error:
        logger.error("what a topic learned cannot be read", extra={"why": str(error)})
        return Learned("", row.sent, None, row.pk)
    return Learned(row.spec, row.sent, classifier, row.pk)
