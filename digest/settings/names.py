"""The names of all settings, read off the models, and the one nearest to a slip of the pen."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from digest.settings.models import Settings

PREFIX = "DIGEST_"
CONFIG_VARIABLE = "DIGEST_CONFIG"
DEBUG_VARIABLE = "DIGEST_DEBUG"
OTHER_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        CONFIG_VARIABLE: "Path of the settings file, where --config does not name one.",
        DEBUG_VARIABLE: "1 shows the traceback of an unexpected fault on the screen.",
    }
)
"""Variables that begin like a setting and are none, with what they do."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting.

    `name` is dotted (`smtp.port`), `section` its first part (empty at the top), `key` its last.
    `many` says that it is a list.
    """

    name: str
    section: str
    key: str
    info: FieldInfo
    secret: bool
    many: bool

    @property
    def variable(self) -> str:
        """The environment variable that sets it: `DIGEST_SMTP__PORT`."""
        return PREFIX + self.name.replace(".", "__").upper()

    @property
    def file_variable(self) -> str:
        """The variable that names a file holding it; empty unless it is a secret."""
        return f"{self.variable}_FILE" if self.secret else ""


@cache
def sections() -> Mapping[str, type[BaseModel]]:
    """Section -> model, in the order of the settings file."""
    found = {name: _model(info) for name, info in Settings.model_fields.items()}
    return MappingProxyType({name: model for name, model in found.items() if model})


@cache
def leaves() -> Mapping[str, Leaf]:
    """Dotted name -> setting: those without a section first, as TOML demands, then by section."""
    top = [_leaf("", key, info) for key, info in Settings.model_fields.items()]
    found = [leaf for leaf in top if leaf.key not in sections()]
    for section, model in sections().items():
        found += [_leaf(section, key, info) for key, info in model.model_fields.items()]
    return MappingProxyType({leaf.name: leaf for leaf in found})


def variables() -> Mapping[str, Leaf]:
    """Environment variable -> setting, the `_FILE` variables of the secrets included."""
    plain = {leaf.variable: leaf for leaf in leaves().values()}
    return plain | {leaf.file_variable: leaf for leaf in leaves().values() if leaf.secret}


def value_of(settings: Settings, leaf: Leaf) -> object:
    """The value of one setting."""
    holder = getattr(settings, leaf.section) if leaf.section else settings
    value: object = getattr(holder, leaf.key)
    return value


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like `word` (difflib's ratio, 0.6 or more); empty when none is."""
    by_fold = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else ""


def _model(info: FieldInfo) -> type[BaseModel] | None:
    kind = info.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _leaf(section: str, key: str, info: FieldInfo) -> Leaf:
    return Leaf(
        name=f"{section}.{key}" if section else key,
        section=section,
        key=key,
        info=info,
        secret=_mentions(info.annotation, SecretStr),
        many=get_origin(info.annotation) is list,
    )


def _mentions(annotation: object, kind: type) -> bool:
    return annotation is kind or any(_mentions(part, kind) for part in get_args(annotation))
