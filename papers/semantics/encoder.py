"""An optional sentence encoder: a small transformer that is run here, from files that are here.

Latent semantic analysis knows words by the company they keep in this site's own papers. An encoder
trained on a billion sentences also knows words that this site has hardly seen. It costs two
packages (the extra `semantic` in pyproject.toml), a file of some 20 to 100 MB, and some hundredths
of a second a text, so it is for those who ask for it by the setting `ENCODER`. Nothing is ever
downloaded: the files lie in a directory, or came with an installed package.

Any encoder will do that sentence-transformers would pool by the mean, exported to ONNX: all-MiniLM,
GTE, E5. What it makes of a text is combined with the model's own vectors, see
`papers.semantics.combined`.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from django.conf import settings

from papers.semantics.lsa import Floats, unit

logger = logging.getLogger(__name__)

LONGEST = 256
"""Tokens of a text that are read, the title's first: most abstracts have no more."""

INPUTS = {"input_ids", "attention_mask", "token_type_ids"}

HOW_TO_INSTALL = "pip install onnxruntime tokenizers"


class EncoderError(ValueError):
    """Raised for a place without an encoder, and for files that are none; says what to do."""


class TextEncoder(Protocol):
    """What the semantic model asks of an encoder."""

    @property
    def digest(self) -> str:
        """A name that another encoder never has."""

    def embed(self, texts: Iterable[str]) -> Floats:
        """Return one unit vector a text, always the same for the same text."""


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """The two files an encoder is made of."""

    model: Path
    tokenizer: Path


class Encoder:
    """An encoder on onnxruntime. Cheap to make: its files are read when they are first needed.

    Each text is encoded by itself, on the calling thread. On a processor that is as fast as
    batches, whose texts must be padded to the longest, and what a text gets does not depend on
    others. Safe to use from several threads.
    """

    def __init__(self, files: EncoderFiles) -> None:
        """Take note of the files."""
        self.files = files
        self._lock = threading.Lock()

    @cached_property
    def digest(self) -> str:
        """Of both files and of how they are used here."""
        digest = hashlib.blake2b(f"mean of {LONGEST}".encode(), digest_size=8)
        for path in (self.files.model, self.files.tokenizer):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        return digest.hexdigest()

    def embed(self, texts: Iterable[str]) -> Floats:
        """Return one float32 unit vector a text: the mean of its tokens' vectors, [texts, D].

        Raises `EncoderError` where the files hold no encoder.
        """
        with self._lock:
            session, tokenizer, wanted = self._parts
        vectors = [_encode(session, tokenizer, wanted, text) for text in texts]
        return unit(np.stack(vectors)) if vectors else np.zeros((0, 0), np.float32)

    @cached_property
    def _parts(self) -> tuple[Any, Any, list[str]]:
        """The session, the tokenizer, and the names of the session's inputs."""
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        # One thread: others work beside us, and a process that forks must not own a pool of them.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                self.files.model, options, providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_file(str(self.files.tokenizer))
            tokenizer.no_padding()
            tokenizer.enable_truncation(LONGEST)
            wanted = [given.name for given in session.get_inputs()]
            if not {"input_ids"} <= set(wanted) <= INPUTS:
                raise ValueError(f"its inputs are {', '.join(wanted)}")
            if len(tried := _encode(session, tokenizer, wanted, "paper " * LONGEST)) < 2:
                raise ValueError(f"its output has {len(tried)} dimensions")
        except Exception as error:  # onnxruntime and tokenizers raise classes of their own
            raise EncoderError(
                f"{self.files.model} and {self.files.tokenizer} are no sentence encoder ({error}). "
                "It takes an ONNX export of a model for sentences and the tokenizer.json that "
                "belongs to it."
            ) from error
        return session, tokenizer, wanted


def configured() -> Encoder | None:
    """Return the encoder of the setting `ENCODER`, always the same object; None where it is empty.

    None, too, where its files cannot be used, after an error in the log: everything works without.
    """
    where: str = settings.ENCODER
    return _usable(where) if where else None


@lru_cache(maxsize=1)
def _usable(where: str) -> Encoder | None:
    try:
        return load(where)
    except EncoderError as error:
        logger.error("the encoder cannot be used", extra={"why": str(error)})
        return None


def load(where: str) -> Encoder:
    """Return the encoder that lies at `where`, ready for use; raises `EncoderError` as `find`."""
    encoder = Encoder(find(where))
    encoder.embed([])
    return encoder


def find(where: str) -> EncoderFiles:
    """Find an encoder's files in `where`, the setting `ENCODER`; they are not read yet.

    A place is a directory or `package:NAME`, an installed package. Of several, separated by commas,
    each file comes from the first that has it. Raises `EncoderError` with a sentence that says what
    is missing and what to do.
    """
    missing = [name for name in ("onnxruntime", "tokenizers") if find_spec(name) is None]
    if missing:
        raise EncoderError(
            f"An encoder needs {' and '.join(missing)}, which this Python has not got. "
            f"Run {HOW_TO_INSTALL}, or do without an encoder: everything works without."
        )
    places = [place.strip() for place in where.split(",") if place.strip()]
    found = [_files_of(place) for place in places]
    chosen = {}
    for name in ("model.onnx", "tokenizer.json"):
        chosen[name] = next((path for files in found if (path := files.get(name))), None)
        if chosen[name] is None:
            raise EncoderError(
                f"There is no {name} in {where!r}, which must be a directory or package:NAME "
                "with the files model.onnx (or onnx/model.onnx) and tokenizer.json."
            )
    model, tokenizer = chosen.values()
    assert model is not None
    assert tokenizer is not None
    return EncoderFiles(model, tokenizer)


def _files_of(place: str) -> dict[str, Path]:
    """Return the files of a place by name, of several with one name the topmost."""
    if place.startswith("package:"):
        name = place.removeprefix("package:").strip()
        try:
            listed = distribution(name).files or []
        except (PackageNotFoundError, ValueError):
            raise EncoderError(
                f"The package {name!r} is not installed. Install it in the environment that "
                "Broadsheet runs in, or mend the name."
            ) from None
        paths = [Path(str(path.locate())) for path in listed]
    else:
        directory = Path(place).expanduser()
        if not directory.is_dir():
            raise EncoderError(f"{place!r} is neither a directory nor package:NAME.")
        paths = [directory / "model.onnx", directory / "onnx/model.onnx"]
        paths.append(directory / "tokenizer.json")
    ordered = sorted(paths, key=lambda path: -len(path.parts))
    return {path.name: path for path in ordered if path.is_file()}


def _encode(session: Any, tokenizer: Any, wanted: list[str], text: str) -> Floats:
    """Return the mean of the vectors of a text's tokens, or what the model itself made of them."""
    # Surrogates, which half an emoji leaves behind, are no text to the tokenizer.
    encoding = tokenizer.encode(text.encode(errors="replace").decode())
    given = {
        "input_ids": encoding.ids,
        "attention_mask": encoding.attention_mask,
        "token_type_ids": encoding.type_ids,
    }
    output = session.run(None, {name: np.array([given[name]], np.int64) for name in wanted})[0]
    if output.ndim == 3:
        output = output.sum(axis=1) / max(1, len(encoding.ids))
    vector: Floats = output[0]
    return vector
