"""Loading: explicit values over the environment over digest.toml over the defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from digest.errors import SettingsError
from digest.settings.models import Settings
from digest.settings.names import CONFIG_VARIABLE, leaves, sections
from digest.settings.sources import Given, from_environment, from_toml, read_text

DEFAULT_FILE = Path("digest.toml")
_HINT = "correct this, then run: digest config check"

_WORDS = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "path_type": "must be a path",
    "list_type": "must be a list",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and for each dotted name where its value came from.

    An origin is `default`, `digest.toml:12`, `environment DIGEST_SMTP__PORT`,
    `file /run/secrets/smtp (DIGEST_SMTP__PASSWORD_FILE)` or `given`. `file` is the TOML file.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


def load(
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    explicit: Mapping[str, object] | None = None,
) -> Loaded:
    """Load the settings.

    The file is `config`, else the one that the variable DIGEST_CONFIG names, else ./digest.toml
    if it is there. `explicit` maps dotted names to values that win over everything else.

    Raises SettingsError, once, with a line for each fault found in any source.
    """
    environ = os.environ if environ is None else environ
    faults: list[str] = []
    given: dict[str, Given] = {}
    file = _file(config, environ)
    whole = True
    if file is not None:
        try:
            given |= from_toml(file, read_text(file), faults)
        except ValueError as error:
            faults.append(str(error))
            whole = False
    given |= from_environment(environ, faults)
    for name, value in (explicit or {}).items():
        if name not in leaves():
            faults.append(f"given: {name} is no setting")
            continue
        given[name] = Given(value, "given")
    settings = _validated(given, faults, whole=whole)
    if settings is None or faults:
        raise _error(faults)
    origins = {name: given[name].origin if name in given else "default" for name in leaves()}
    return Loaded(settings, origins, file)


def _file(config: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config is not None:
        file, named_by = config, "--config"
    elif environ.get(CONFIG_VARIABLE):
        file, named_by = Path(environ[CONFIG_VARIABLE]), CONFIG_VARIABLE
    else:
        # lexists: a dangling link is a fault to report, not a missing file.
        return DEFAULT_FILE if os.path.lexists(DEFAULT_FILE) else None
    if not file.exists():
        raise SettingsError(
            f"{file}: there is no such file, though {named_by} names it",
            f"write one (digest config example > {file}) or leave {named_by} out",
        )
    return file


def _validated(given: Mapping[str, Given], faults: list[str], *, whole: bool) -> Settings | None:
    """The settings, or None with the faults added.

    Values that their source could not read are None and left out: they have their fault already.
    Where a source is missing (not `whole`), rules that tie settings together are not applied.
    """
    tree: dict[str, object] = {}
    for name, part in given.items():
        if part.value is None:
            continue
        section, _, key = name.rpartition(".")
        holder = tree.setdefault(section, {}) if section else tree
        assert isinstance(holder, dict)  # noqa: S101 - sections and settings share no name
        holder[key] = part.value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            about_section = len(detail["loc"]) == 1 and detail["loc"][0] in sections()
            if about_section and not (whole and not faults):
                continue
            faults.append(_words(detail, given))
        return None


def _words(detail: ErrorDetails, given: Mapping[str, Given]) -> str:
    loc = [part for part in detail["loc"] if isinstance(part, str)]
    name = ".".join(loc[:2]) if loc[0] in sections() else loc[0]
    message = _WORDS.get(detail["type"], "") or re.sub(
        r"^(?:Value error, |(?:Input|String|List|Value) should (?=be|have))",
        lambda match: "" if match[0].startswith("Value error") else "must ",
        detail["msg"],
    )
    leaf = leaves().get(name)
    value = detail["input"]
    if leaf and not leaf.secret and isinstance(value, str | int | float):
        shown = repr(value)
        message += f"; it is {shown if len(shown) <= 60 else shown[:57] + '...'}"  # noqa: PLR2004 - a line's worth
    origin = given[name].origin if name in given else "settings"
    return f"{origin}: {name} {message}"


def _error(faults: list[str]) -> SettingsError:
    if len(faults) == 1:
        return SettingsError(faults[0], _HINT)
    lines = "".join(f"\n  {fault}" for fault in faults)
    return SettingsError(f"{len(faults)} faults in the settings:{lines}", _HINT)
