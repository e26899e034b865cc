"""Fitting the semantic model: when it is due, on which papers, and how it comes into use.

A model is fitted on a rolling background, the newest `BACKGROUND` papers, and then stays as it is,
so that a score means the same from one day to the next. It comes into use once every paper has its
vector by it, all at once for all machines; until then the one before serves. A machine that dies
while fitting leaves a row behind that is not ready, and after a while another one tries.
"""

import datetime as dt
import logging
from collections.abc import Callable

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from papers.models import FittedModel, Paper, PaperVector
from papers.semantics import current
from papers.semantics.combined import CombinedModel, EncoderView, combine
from papers.semantics.encoder import configured
from papers.semantics.lsa import SemanticModel, fit, text_of

logger = logging.getLogger(__name__)

BACKGROUND = 50_000
"""Papers a model is fitted on, the newest there are: some years of daily lists."""

FEWEST = 20
"""Papers below which nothing is fitted."""

EVERY = dt.timedelta(days=7)
"""How long a model serves while new papers come in."""

GROWTH = 2.0
"""A model is renewed sooner once this many times its papers are stored: a young site grows fast."""

GIVEN_UP = dt.timedelta(hours=1)
"""After this time a fit that is not ready is taken for dead; with an encoder after more, see
`_given_up`."""

ENCODING = dt.timedelta(milliseconds=250)
"""What an encoder may take for a paper on a busy core; it should take an eighth of that."""

KEPT = 2
"""Ready models that are kept: the one in use, and the one that running workers may still hold."""

BATCH = 500

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how far it is, and how far it will go."""

Teach = Callable[[int, SemanticModel, Progress], object]


def is_due(now: dt.datetime) -> bool:
    """Whether a model should be fitted: none yet, or of another encoder; papers doubled; or a week
    old, and news."""
    papers = Paper.objects.count()
    if (
        papers < FEWEST
        or FittedModel.objects.filter(
            ready_at=None, started_at__gt=now - _given_up(), started_at__lte=now
        ).exists()
    ):
        return False
    last = FittedModel.objects.ready().values("fitted_on", "started_at", "encoder").first()
    encoder = configured()
    if last is None or last["encoder"] != (encoder.digest if encoder else ""):
        return True
    if papers >= GROWTH * last["fitted_on"] and last["fitted_on"] < BACKGROUND / GROWTH:
        return True
    newest = Paper.objects.aggregate(at=Max("created_at"))["at"]
    return bool(now - last["started_at"] >= EVERY and newest > last["started_at"])


def fit_if_due(now: dt.datetime, teach: Teach | None = None) -> FittedModel | None:
    """Fit a model if one `is_due`; None where not, or where another machine is at it."""
    return fit_now(now, teach=teach) if is_due(now) else None


def fit_now(
    now: dt.datetime, progress: Progress | None = None, teach: Teach | None = None
) -> FittedModel | None:
    """Fit a model on the newest papers, embed all papers with it, and bring it into use.

    ``teach`` is called before that with the number of the model's row and the model, so that what
    others learn with a model comes into use with it (`papers.matching.learned.learn_with`).

    None where there are too few papers (`FEWEST`), or where a model of this hour is already made
    or being made: one hour has one model. With 100,000 papers stored it takes about a minute of one
    core and 0.9 GB (`tests.benchmarks.bench_fitting`).
    """
    report = progress or (lambda what, done, total: None)
    version = f"{now.astimezone(dt.UTC):%Y-%m-%dT%H}"
    row, created = FittedModel.objects.get_or_create(
        version=version, defaults={"started_at": now, "data": b""}
    )
    if not created:
        return None
    try:
        report("reading papers", 0, 1)
        newest = Paper.objects.order_by("-pk").values_list("title", "abstract", "summary")
        texts = [
            text_of(title, abstract or summary)
            for title, abstract, summary in newest[:BACKGROUND].iterator(chunk_size=2_000)
        ]
        if len(texts) < FEWEST:
            row.delete()
            return None
        report("fitting", 0, 1)
        model = fit(texts, version=version)
        report("measuring the encoder", 0, 1)
        model, earlier = _combined(model)
    except BaseException as error:
        row.delete()  # so that the next try need not wait for it
        if isinstance(error, ValueError):
            logger.error("no model could be fitted", extra={"why": str(error)})
            return None
        raise
    row.data, row.fitted_on, row.dimensions = model.to_bytes(), len(texts), model.dimensions
    if isinstance(model, CombinedModel):
        row.encoder, row.view = model.view.encoder, model.view.to_bytes()
    row.save(update_fields=["data", "fitted_on", "dimensions", "encoder", "view"])
    del texts
    _embed_all(current.InUse(row.pk, model, earlier), report)
    if teach is not None:
        teach(row.pk, model, report)
    row.ready_at = timezone.now()
    row.save(update_fields=["ready_at"])
    _forget_old(now)
    logger.info("model fitted", extra={"version": version, "papers": row.fitted_on})
    return row


def _given_up() -> dt.timedelta:
    """After what time a fit that is not ready is taken for dead."""
    return GIVEN_UP + Paper.objects.count() * ENCODING * bool(settings.ENCODER)


def _combined(model: SemanticModel) -> tuple[SemanticModel, tuple[int, ...]]:
    """The model with the encoder that is set, if any, and the numbers of those that share its view.

    A view that was measured on enough papers stays, so that of all papers only the new ones need
    be encoded; what a fit that was interrupted has encoded counts, too.
    """
    encoder = configured()
    if encoder is None:
        return model, ()
    before = FittedModel.objects.filter(encoder=encoder.digest).order_by("-pk")
    if stored := before.values_list("view", flat=True).first():
        view = EncoderView.from_bytes(bytes(stored))
        if view.is_settled:
            alike = before.filter(view=bytes(stored)).values_list("pk", flat=True)
            return combine(model, encoder, view), tuple(alike)
    return combine(model, encoder), ()


def _embed_all(using: current.InUse, report: Progress) -> None:
    """Store every paper's vector, the oldest first."""
    papers = Paper.objects.order_by("pk").only("title", "abstract", "summary")
    total, done, last = papers.count(), 0, 0
    while batch := list(papers.filter(pk__gt=last)[:BATCH]):
        current.store_vectors(batch, using)
        done, last = done + len(batch), batch[-1].pk
        report("embedding", done, max(total, done))


def _forget_old(now: dt.datetime) -> None:
    """Drop models that nobody uses any more, and fits that died."""
    kept = list(FittedModel.objects.ready().values_list("pk", flat=True)[:KEPT])
    alive = FittedModel.objects.filter(ready_at=None, started_at__gt=now - _given_up())
    gone = FittedModel.objects.exclude(pk__in=kept).exclude(pk__in=alive.values("pk"))
    ids = list(gone.values_list("pk", flat=True))
    PaperVector.objects.filter(fitted__in=ids).delete()  # one statement: nothing hangs on them
    FittedModel.objects.filter(pk__in=ids).delete()
