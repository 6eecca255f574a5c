"""The Press port: drawings from the cache, else from child processes, one a core."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from digest.domain.concept import Concept
from digest.domain.edition import Image
from digest.errors import OutputError
from digest.ports import Drawn

PATIENCE_S: Final = 30.0
"""Longest wait for one card: a figure may take a second, an import on a cold disk ten."""

_ENGINES: Final = ("numpy", "matplotlib", "mathra", "resvg-py", "pillow", "pyoxipng")


class Studio:
    """One child process; `job` asks it for one drawing and waits at most `PATIENCE_S` seconds."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def job(self, folder: Path, variant: int) -> dict[str, Any]:
        """``{"drawn": ...}`` or ``{"fault": ...}``; a child that hangs or dies is a fault too."""
        process = self._alive()
        assert process.stdin is not None  # noqa: S101 - opened as a pipe
        try:
            process.stdin.write(json.dumps({"folder": str(folder), "variant": variant}) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=PATIENCE_S)
        except queue.Empty:
            self.close()
            return {"fault": f"{folder / 'figure.py'}: no picture within {PATIENCE_S:.0f} s"}
        except BrokenPipeError:
            line = ""
        if not line:
            self.close()
            return {"fault": f"{folder / 'figure.py'}: the process that drew it died"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the child."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _alive(self) -> subprocess.Popen[str]:
        if self._process is None:
            # One thread a child: more only fight over the cores that other children use.
            threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            process = subprocess.Popen(
                [sys.executable, "-m", "digest.catalog.studio"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**os.environ, **threads, "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"},
            )
            self._lines = queue.Queue()
            threading.Thread(target=_pump, args=(process, self._lines), daemon=True).start()
            self._process = process
        return self._process


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None  # noqa: S101 - opened as a pipe
    try:
        for line in process.stdout:
            lines.put(line)
    except ValueError:  # the pipe was closed under us: `close` was called
        return
    lines.put("")


class CachedPress:
    """Draws concepts; every drawing is kept under the hash of its sources and of the engine."""

    def __init__(self, content: Path, cache: Path, *, jobs: int | None = None) -> None:
        self.content = content
        self.cache = cache / "press"
        self.jobs = jobs or max(1, min(4, os.cpu_count() or 1))
        self._engine = _engine_hash()

    def draw(self, wanted: Sequence[tuple[Concept, int]]) -> Sequence[Drawn | str]:
        """The drawing of each (concept, variant), or in its place the fault in words.

        Raises OutputError when the cache folder cannot be written.
        """
        answers: dict[int, dict[str, Any]] = {}
        missing: list[int] = []
        for index, (concept, variant) in enumerate(wanted):
            kept = self._kept(concept, variant)
            if kept is None:
                missing.append(index)
            else:
                answers[index] = kept
        if missing:
            answers |= self._draw_missing([(index, *wanted[index]) for index in missing])
        return [
            answer["fault"] if "fault" in answer else _drawn(concept, variant, answer["drawn"])
            for (concept, variant), answer in (
                (job, answers[index]) for index, job in enumerate(wanted)
            )
        ]

    def kept(self, concept: Concept, variant: int) -> Drawn | None:
        """The drawing if it was made before; nothing is computed."""
        answer = self._kept(concept, variant)
        return None if answer is None else _drawn(concept, variant, answer["drawn"])

    def draw_ahead(
        self, wanted: Iterable[tuple[Concept, int]], proceed: Callable[[], bool]
    ) -> Iterator[tuple[Concept, str]]:
        """Draw what is missing, one after the other, for as long as `proceed` says so.

        One child does it all, and no thread outlives the caller's. Yields each concept that was
        drawn, with the fault in words or nothing. Raises OutputError when the cache folder cannot
        be written.
        """
        studio = Studio()
        try:
            for concept, variant in wanted:
                if not proceed():
                    return
                if self._kept(concept, variant) is not None:
                    continue
                answer = studio.job(self.content / "concepts" / concept.slug, variant)
                if "drawn" in answer:
                    self._keep(concept, variant, answer)
                yield concept, str(answer.get("fault", ""))
        finally:
            studio.close()

    def _draw_missing(self, jobs: Sequence[tuple[int, Concept, int]]) -> dict[int, dict[str, Any]]:
        studios: queue.Queue[Studio] = queue.Queue()
        for _ in range(min(self.jobs, len(jobs))):
            studios.put(Studio())

        def one(job: tuple[int, Concept, int]) -> tuple[int, dict[str, Any]]:
            index, concept, variant = job
            studio = studios.get()
            try:
                answer = studio.job(self.content / "concepts" / concept.slug, variant)
            finally:
                studios.put(studio)
            if "drawn" in answer:
                self._keep(concept, variant, answer)
            return index, answer

        try:
            with ThreadPoolExecutor(studios.qsize()) as pool:
                return dict(pool.map(one, jobs))
        finally:
            while not studios.empty():
                studios.get().close()

    def _path(self, concept: Concept, variant: int) -> Path:
        key = f"{concept.source_hash}/{variant}/{self._engine}"
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return self.cache / f"{concept.slug}-{name}.json"

    def _kept(self, concept: Concept, variant: int) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = json.loads(self._path(concept, variant).read_bytes())
        except (OSError, ValueError):
            return None  # never drawn, or cut short by a full disk: draw it again
        return answer if "drawn" in answer else None

    def _keep(self, concept: Concept, variant: int, answer: Mapping[str, Any]) -> None:
        path = self._path(concept, variant)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
                json.dump(answer, file)
            Path(file.name).replace(path)
        except OSError as error:
            raise OutputError(
                f"{path.parent}: the cache cannot be written: {error.strerror}",
                "free the folder, or set paths.cache to another",
            ) from error


def _drawn(concept: Concept, variant: int, values: Mapping[str, Any]) -> Drawn:
    def image(part: str, alt_name: str) -> Image:
        png = base64.b64decode(values[part]["png"])
        return Image(
            name=f"{part}-{alt_name}",
            sha256=hashlib.sha256(png).hexdigest(),
            png=png,
            width=values[part]["width"],
            height=values[part]["height"],
        )

    texts = {
        name: values[name]
        for name in (
            "formula_text", "formula_speech", "definition", "body", "example", "why", "scope",
            "notation", "caption", "alt", "question", "answer",
        )
    }  # fmt: skip
    return Drawn(
        concept=concept,
        variant=variant,
        figure=image("figure", concept.slug),
        formula=image("formula", concept.slug),
        formula_renderer=values["formula_renderer"],
        **texts,
    )


def _engine_hash() -> str:
    """What a drawing depends on besides its folder: our code for it and the libraries' versions."""
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parent.parent
    for folder in ("figures", "catalog"):
        for path in sorted((package / folder).glob("*.py")):
            digest.update(path.read_bytes())
    for name in _ENGINES:
        try:
            digest.update(f"{name}={version(name)};".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()[:16]
