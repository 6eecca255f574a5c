"""The weights of the ranking: JSON in and out, versioned, each fault named by file and key.

    {"version": 1, "name": "...",
     "heads": {"headline": {"bias": -3.1, "numbers": {...}, "signs": {"host=...": 0.8}}, ...},
     "judged": {"owners": 0.8, ...}}

A head or a judged weight that is not given keeps what the program has of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from digest.domain.scoring import HEADS, VERSION, Head, Judged, Model
from digest.errors import CatalogError, OutputError

_HINT: Final = "make one: digest stories calibrate"


def read_model(path: Path, base: Model = Model()) -> Model:  # noqa: B008 - frozen
    """The weights of a file, over those of `base`. Raises CatalogError naming file and key."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        raise CatalogError(f"{path}: the weights cannot be read: {what}", _HINT) from error
    except ValueError as error:
        raise CatalogError(f"{path}: is no JSON: {error}", _HINT) from error
    if not isinstance(given, dict) or given.get("version") != VERSION:
        raise CatalogError(f"{path}: version: is not {VERSION}, so these are no weights", _HINT)
    heads = _mapping(path, "heads", given.get("heads", {}), HEADS)
    judged = _numbers(path, "judged", given.get("judged", {}))
    known = [field.name for field in fields(Judged)]
    _only(path, "judged", judged, known)
    made = {
        name: _head(path, f"heads.{name}", heads[name]) if name in heads else base.head(name)
        for name in HEADS
    }
    return Model(
        **made, judged=Judged(**(asdict(base.judged) | judged)), name=str(given.get("name", ""))
    )


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON, one key a line, keys in order; dataclasses are understood. Raises OutputError."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=asdict)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}", "choose another with --output"
        ) from error


def write_model(path: Path, model: Model) -> None:
    """Write all weights of a model; reading them gives the same model."""
    write_json(
        path,
        {
            "version": VERSION,
            "name": model.name,
            "heads": {name: asdict(model.head(name)) for name in HEADS},
            "judged": asdict(model.judged),
        },
    )


def _head(path: Path, where: str, given: object) -> Head:
    parts = _mapping(path, where, given, ("bias", "numbers", "signs"))
    bias = _numbers(path, where, {"bias": parts.get("bias", 0.0)})["bias"]
    return Head(
        bias,
        _numbers(path, f"{where}.numbers", parts.get("numbers", {})),
        _numbers(path, f"{where}.signs", parts.get("signs", {})),
    )


def _mapping(path: Path, where: str, given: object, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise CatalogError(f"{path}: {where}: is no object", _HINT)
    _only(path, where, given, known)
    return given


def _only(
    path: Path, where: str, given: Mapping[str, Any], known: tuple[str, ...] | list[str]
) -> None:
    for name in given:
        if name not in known:
            raise CatalogError(f"{path}: {where}.{name}: is not one of {', '.join(known)}", _HINT)


def _numbers(path: Path, where: str, given: object) -> dict[str, float]:
    if not isinstance(given, dict):
        raise CatalogError(f"{path}: {where}: is no object", _HINT)
    for name, value in given.items():
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise CatalogError(f"{path}: {where}.{name}: {value!r} is no finite number", _HINT)
    return {name: float(value) for name, value in given.items()}
