"""The semantic model in use and the papers' vectors: read from the database, kept in the process.

Whoever matches, recommends or searches by meaning asks here. There is one model in use at a time,
the newest of `FittedModel` that is ready (`papers.semantics.fitting` makes it so), and each process
holds it as one object until the next is ready. While none is, everything here answers with nothing,
and callers do without.
"""

import hashlib
import logging
import math
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from papers.models import FittedModel, Paper, PaperVector
from papers.semantics.combined import CombinedModel, EncoderView, combine
from papers.semantics.encoder import configured
from papers.semantics.lsa import Floats, ModelFormatError, SemanticModel, text_of, unit

logger = logging.getLogger(__name__)

MOST_IN_MEMORY = 200_000
"""Vectors that `nearest` looks through, newest first: 80 MB at 100 dimensions, 160 MB with an
encoder's."""

OVERLAP = 2_000
"""Rows read again when new ones are looked for: of two that were written at the same time, the
one with the lower number may have become visible later."""

STORED = np.dtype("<f2")


@dataclass(frozen=True, slots=True)
class InUse:
    """The model in use and the number of its row."""

    pk: int
    model: SemanticModel
    earlier: tuple[int, ...] = ()
    """Other models with the same view of the same encoder, whose vectors have its part."""


@dataclass(slots=True)
class _Vectors:
    """The vectors of one model's papers, as far as this process has read them."""

    pk: int
    dimensions: int
    last: int = 0  # the highest PaperVector number seen
    rows: dict[int, int] = field(default_factory=dict)  # paper id -> row of `matrix`
    ids: list[int] = field(default_factory=list)
    matrix: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    used: int = 0


_lock = threading.Lock()
_in_use: InUse | None = None
_unusable: int | None = None
_vectors: _Vectors | None = None


def number_in_use() -> int | None:
    """The number of the row of the model in use, to ask `vectors_of` for; None while none is."""
    return _first(*_statement_for_the_model(connection.vendor))


def _first(statement: str, given: tuple[Any, ...]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        row = cursor.fetchone()
    return row[0] if row else None


# These are asked in every search. Putting them together takes longer than answering them.


@cache
def _statement_for_the_model(vendor: str) -> tuple[str, tuple[Any, ...]]:
    ready = FittedModel.objects.ready().values_list("pk")[:1]
    return ready.query.sql_with_params()


@cache
def _statement_for_its_last_vector(vendor: str, fitted: int) -> tuple[str, tuple[Any, ...]]:
    newest = PaperVector.objects.filter(fitted=fitted).order_by("-pk").values_list("pk")[:1]
    return newest.query.sql_with_params()


def in_use() -> InUse | None:
    """The model in use; None while there is none. One small query, and a large one when it is new.

    A stored model that this version cannot read counts as none, until another is fitted.
    """
    global _in_use, _unusable
    pk = number_in_use()
    if pk is None:
        return None
    with _lock:
        if _in_use is not None and _in_use.pk == pk:
            return _in_use
        if _unusable == pk:
            return None
        row = FittedModel.objects.filter(pk=pk).values_list("data", "view").first()
        try:
            _in_use = InUse(pk, _read(*(bytes(part or b"") for part in row or (b"", b""))))
        except ModelFormatError as error:
            _unusable = pk
            logger.error("the fitted model cannot be read", extra={"why": str(error)})
            return None
        return _in_use


def _read(data: bytes, view: bytes) -> SemanticModel:
    """The model of a row, with the encoder that it was fitted with if it is here."""
    model = SemanticModel.from_bytes(data)
    if not view:
        return model
    measured, encoder = EncoderView.from_bytes(view), configured()
    # With another encoder than the one that was measured, another model is due.
    is_same = encoder is not None and encoder.digest == measured.encoder
    return combine(model, encoder if is_same else None, measured)


def current_model() -> SemanticModel | None:
    """The semantic model in use, always the same object until the next one; None while none is."""
    found = in_use()
    return found.model if found else None


def text_of_stored(paper: Paper) -> str:
    """What is embedded of a paper."""
    return text_of(paper.title, paper.abstract or paper.summary)


def store_vectors(papers: Sequence[Paper], using: InUse) -> int:
    """Give each of `papers` its vector; how many had none, or one of an older text.

    Safe to repeat, and on two machines at once.
    """
    texts = {paper.pk: text_of_stored(paper) for paper in papers}
    whole = {pk: _hash(text, using.model) for pk, text in texts.items()}
    hashes = whole
    if isinstance(using.model, CombinedModel) and using.model.encoder is None:
        hashes = {pk: _hash(text) for pk, text in texts.items()}
    stored = PaperVector.objects.filter(fitted=using.pk, paper__in=texts)
    known = dict(stored.values_list("paper_id", "text_hash"))
    wanted = sorted(pk for pk in texts if known.get(pk) not in (hashes[pk], whole[pk]))
    if not wanted:
        return 0
    embedded = _embed({pk: texts[pk] for pk in wanted}, hashes, using).astype(STORED)
    with transaction.atomic():
        PaperVector.objects.filter(fitted=using.pk, paper__in=wanted).delete()
        PaperVector.objects.bulk_create(
            [
                PaperVector(
                    paper_id=pk, fitted_id=using.pk, text_hash=hashes[pk], vector=row.tobytes()
                )
                for pk, row in zip(wanted, embedded, strict=True)
            ],
            ignore_conflicts=True,  # another machine may have been faster
        )
    return len(wanted)


def _embed(texts: dict[int, str], hashes: dict[int, str], using: InUse) -> Floats:
    """The vectors of papers' texts, in their order; the encoder's part from `using.earlier`."""
    model = using.model
    if not isinstance(model, CombinedModel) or not using.earlier:
        return model.embed(texts.values())
    rows = PaperVector.objects.filter(fitted__in=using.earlier, paper__in=texts)
    size = len(model.view.mean)
    known = {
        pk: np.frombuffer(bytes(stored), STORED)[-size:].astype(np.float32)
        for pk, hashed, stored in rows.values_list("paper_id", "text_hash", "vector")
        if hashed == hashes[pk]
    }
    new = [pk for pk in texts if pk not in known]
    known |= zip(new, model.encode([texts[pk] for pk in new]), strict=True)
    lsa = model.embed_counts(model.counts(texts.values()))
    return model.combined(lsa, unit(np.stack([known[pk] for pk in texts])))


def encoded(papers: Sequence[Paper], using: InUse) -> Floats | None:
    """The encoder's part of the papers' vectors, in their order; None where there is no encoder.

    What is not stored yet is stored first: an encoder takes its time.
    """
    model = using.model
    if not isinstance(model, CombinedModel) or model.encoder is None or not papers:
        return None
    store_vectors(papers, using)
    found = vectors_of([paper.pk for paper in papers], using.pk)
    nothing = np.zeros(model.dimensions, np.float32)  # of a paper that was deleted just now
    return model.encoded_part(np.stack([found.get(paper.pk, nothing) for paper in papers]))


def vectors_of(paper_ids: Collection[int], fitted: int) -> dict[int, Floats]:
    """The unit vectors of these papers by the model with the number `fitted`, by paper id.

    Papers without one are left out. One query.
    """
    if not paper_ids:
        return {}
    rows = PaperVector.objects.filter(fitted=fitted, paper__in=paper_ids)
    return {
        pk: np.frombuffer(bytes(stored), STORED).astype(np.float32)
        for pk, stored in rows.values_list("paper_id", "vector")
    }


def vector_of(paper: Paper, using: InUse) -> Floats:
    """A paper's unit vector, stored or not yet.

    Embedding costs less than asking the database for the stored vector, but an encoder's more.
    """
    stored = vectors_of([paper.pk], using.pk) if isinstance(using.model, CombinedModel) else {}
    if paper.pk in stored:
        return stored[paper.pk]
    vector: Floats = using.model.embed([text_of_stored(paper)])[0]
    return vector


def nearest(
    vector: Floats,
    limit: int,
    *,
    least: float = -math.inf,
    leave_out: Collection[int] = (),
    using: InUse | None = None,
) -> list[tuple[int, float]]:
    """The ids of the `limit` papers closest to a unit `vector` of the model, and their cosines.

    Closest first, papers with a cosine below `least` and those of `leave_out` skipped. Looks
    through the newest `MOST_IN_MEMORY` papers, in memory; what was stored since the last call is
    read first. A paper that was deleted since may still be among them. Empty without a model, and
    for a vector of zeros.
    """
    using = using or in_use()
    if using is None or limit < 1 or not np.any(vector):
        return []
    with _lock:
        vectors = _refreshed(using)
        ids, matrix = vectors.ids, vectors.matrix[: vectors.used]
    return _closest(vector, ids, matrix, limit, leave_out, least)


def nearest_to(paper: Paper, limit: int, using: InUse) -> list[tuple[int, float]]:
    """As `nearest`, of a paper itself, which is not among them.

    Its vector is the one held in memory; a paper that has none yet is embedded.
    """
    with _lock:
        vectors = _refreshed(using)
        ids, matrix, row = vectors.ids, vectors.matrix[: vectors.used], vectors.rows.get(paper.pk)
    vector = using.model.embed([text_of_stored(paper)])[0] if row is None else matrix[row]
    return _closest(vector, ids, matrix, limit, (paper.pk,)) if np.any(vector) else []


def _closest(
    vector: Floats,
    ids: list[int],
    matrix: Floats,
    limit: int,
    leave_out: Collection[int],
    least: float = -math.inf,
) -> list[tuple[int, float]]:
    """The `limit` of `ids` whose rows of `matrix` are closest to `vector`, and their cosines."""
    cosines = matrix @ vector.astype(np.float32)
    skipped = set(leave_out)
    at = np.flatnonzero(cosines >= least)  # few, and far sooner found than sorted
    wanted = limit + len(skipped)
    if wanted < len(at):
        at = at[np.argpartition(-cosines[at], wanted - 1)[:wanted]]
    at = at[np.argsort(-cosines[at], kind="stable")]
    found = [(ids[row], float(cosines[row])) for row in at.tolist() if ids[row] not in skipped]
    return found[:limit]


def clear() -> None:
    """Drop what this process holds, as when the database is another one now."""
    global _in_use, _unusable, _vectors
    with _lock:
        _in_use = _unusable = _vectors = None


def _refreshed(using: InUse) -> _Vectors:
    """What this process holds of the model's vectors, with what was stored since."""
    global _vectors
    if _vectors is None or _vectors.pk != using.pk:
        _vectors = _Vectors(using.pk, using.model.dimensions)
        rows = PaperVector.objects.filter(fitted=using.pk).order_by("-pk")[:MOST_IN_MEMORY]
    else:
        last = _first(*_statement_for_its_last_vector(connection.vendor, using.pk)) or 0
        if last <= _vectors.last:
            return _vectors
        after = _vectors.last - OVERLAP
        rows = PaperVector.objects.filter(fitted=using.pk, pk__gt=after).order_by("-pk")
    _take_in(_vectors, rows.values_list("pk", "paper_id", "vector"))
    return _vectors


def _take_in(vectors: _Vectors, rows: Iterable[tuple[int, int, bytes | memoryview]]) -> None:
    """Add rows, the newest first; of a paper's vectors the newest stays."""
    found: dict[int, bytes] = {}
    last = vectors.last
    for pk, paper_id, vector in rows:
        last = max(last, pk)
        found.setdefault(paper_id, bytes(vector))
    fresh = [paper_id for paper_id in found if paper_id not in vectors.rows]
    missing = vectors.used + len(fresh) - len(vectors.matrix)
    if missing > 0:
        room = max(missing, len(vectors.matrix) // 2, 1_000)
        grown: npt.NDArray[np.float32] = np.zeros((room, vectors.dimensions), np.float32)
        # A new array: whoever is reading the old one goes on reading it.
        vectors.matrix = np.vstack([vectors.matrix.reshape(-1, vectors.dimensions), grown])
    vectors.ids = [*vectors.ids, *fresh]
    for paper_id in fresh:
        vectors.rows[paper_id] = vectors.used
        vectors.used += 1
    if found:
        at = [vectors.rows[paper_id] for paper_id in found]
        stored = np.frombuffer(b"".join(found.values()), STORED)
        vectors.matrix[at] = stored.reshape(len(at), vectors.dimensions)
    vectors.last = last


def _hash(text: str, model: SemanticModel | None = None) -> str:
    """A hash of a text and of the encoder that `model` would have read it with, if any."""
    encoder = model.view.encoder if isinstance(model, CombinedModel) else ""
    both = text.encode(errors="replace") + encoder.encode()
    return hashlib.blake2b(both, digest_size=8).hexdigest()
