"""Two views of a text in one vector: latent semantic analysis, and an encoder where there is one.

    v = [√(1 - s)·LSA, √s·encoder],  s = `SHARE`

so that the cosine of two vectors is the mean, by `SHARE`, of the cosines in either view, and
whoever compares vectors need not know of it.

An encoder's vector is first reduced to its parts along the main axes of the background's, which is
what LSA does to counts of words. A hundred numbers then say what four hundred did, and cosines are
of one size: of the pairs of 1,303 recorded papers one in a hundred is closer than 0.61 by LSA and
than 0.62 combined, one in a thousand than 0.73 either way. So whatever was tuned on LSA's cosines
(`newsletter.digests.taste`) holds for combined ones. What may be *sent* is decided by LSA alone, as
without an encoder (`papers.matching.sendable`).
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from papers.semantics.encoder import TextEncoder
from papers.semantics.lsa import SAMPLE, Floats, ModelFormatError, SemanticModel, unit

SHARE = 0.3
"""How much of a cosine is the encoder's. Neighbours are as good up to 0.7, but with more of it
cosines grow past what others were tuned on."""

AXES = 100
"""Numbers that are kept of an encoder's vector: as many as LSA has."""


@dataclass(frozen=True, eq=False)
class EncoderView:
    """How papers look to an encoder; D is the length of its vectors, E the number of axes."""

    encoder: str  # its digest
    measured_on: int  # papers
    axes: Floats  # [D, E]
    mean: Floats  # [E], of the background's unit vectors on these axes
    covariance: Floats  # [E, E], of the same

    @property
    def is_settled(self) -> bool:
        """Whether it was measured on a whole sample, and so serves later models as well."""
        return self.measured_on >= SAMPLE

    def of(self, vectors: Floats) -> Floats:
        """Return an encoder's vectors, [n, D], as unit vectors in this view, [n, E]."""
        return unit(vectors @ self.axes)

    def z_scores(self, papers: Floats, directions: Floats) -> Floats:
        """Return how close papers are to directions, [papers, directions], as z-scores.

        Both are unit vectors in this view; mean and deviation are the background's, see
        `SemanticModel.background`.
        """
        variance = np.sum((directions @ self.covariance) * directions, axis=1)
        z: Floats = (papers @ directions.T - directions @ self.mean) / np.sqrt(
            np.maximum(variance, 1e-6)
        )
        return z

    def to_bytes(self) -> bytes:
        """Return the view as a numpy archive without pickles."""
        file = io.BytesIO()
        np.savez(
            file,
            encoder=np.array(self.encoder),
            measured_on=np.array(self.measured_on),
            axes=self.axes,
            mean=self.mean,
            covariance=self.covariance,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "EncoderView":
        """Read what `to_bytes` wrote; raises `ModelFormatError` for anything else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                return cls(
                    encoder=str(archive["encoder"]),
                    measured_on=int(archive["measured_on"]),
                    axes=archive["axes"],
                    mean=archive["mean"],
                    covariance=archive["covariance"],
                )
        except Exception as error:
            raise ModelFormatError(f"not a view of an encoder: {error}") from error


@dataclass(frozen=True, eq=False)
class CombinedModel(SemanticModel):
    """A semantic model whose vectors have an encoder's part; matching and sending know both."""

    view: EncoderView
    encoder: TextEncoder | None
    """None where this process has not got the one that was measured."""

    @property
    def dimensions(self) -> int:
        """Return K + E, the length of the vectors that `embed` makes."""
        return super().dimensions + len(self.view.mean)

    def embed(self, texts: Iterable[str]) -> Floats:
        """Return one float32 unit vector a text, of LSA alone where there is no encoder here.

        The cosine of such a one with a whole vector still orders papers as LSA does.
        """
        texts = list(texts)
        return self.combined(super().embed(texts), self.encode(texts))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the encoder's part alone, [texts, E], unit vectors; zeros without the encoder."""
        if self.encoder is None or not texts:
            return np.zeros((len(texts), len(self.view.mean)), np.float32)
        return self.view.of(self.encoder.embed(texts))

    def combined(self, lsa: Floats, encoded: Floats) -> Floats:
        """Put the two parts of some texts together, unit vectors both."""
        return unit(np.hstack([np.sqrt(1 - SHARE) * lsa, np.sqrt(SHARE) * encoded]))

    def encoded_part(self, vectors: Floats) -> Floats:
        """Return what `encode` returned of the texts that `embed` made ``vectors`` of."""
        return unit(vectors[:, super().dimensions :])


def combine(
    model: SemanticModel, encoder: TextEncoder | None, view: EncoderView | None = None
) -> CombinedModel:
    """Combine a model with an encoder, measuring it on the sample where there is no ``view``."""
    if view is None:
        if encoder is None:
            raise ValueError("without an encoder nothing can be measured")
        view = measure(encoder, model.sample)
    own = {field.name: getattr(model, field.name) for field in fields(SemanticModel)}
    return CombinedModel(**own, view=view, encoder=encoder)


def measure(encoder: TextEncoder, texts: Sequence[str]) -> EncoderView:
    """Find an encoder's view of papers: at least two ``texts``, as `text_of` makes them."""
    vectors = encoder.embed(texts)
    _, _, rows = np.linalg.svd(vectors, full_matrices=False)
    axes = np.ascontiguousarray(rows[:AXES].T)
    seen = unit(vectors @ axes)
    size = axes.shape[1]
    return EncoderView(
        encoder=encoder.digest,
        measured_on=len(texts),
        axes=axes,
        mean=seen.mean(axis=0),
        covariance=np.cov(seen, rowvar=False).reshape(size, size).astype(np.float32),
    )
