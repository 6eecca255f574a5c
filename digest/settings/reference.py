"""The settings in words: their kinds and defaults, the example file, the reference page.

Everything here is read off the models, so that it cannot say something else than they do.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from digest.settings.models import Settings
from digest.settings.names import OTHER_VARIABLES, Leaf, leaves, sections

_EXAMPLE_HEAD = """\
# The settings of digest. Each is commented out and shows its default: take away the # before it
# and change it.
#
# An environment variable wins over this file: DIGEST_SMTP__PORT sets port of [smtp]. Secrets are
# better kept in files that only the program can read: DIGEST_SMTP__PASSWORD_FILE names one.
# `digest config check` tells whether all is well, `digest config show` where each value is from.
"""

_PAGE_HEAD = """\
<!-- Written by scripts/docs from digest/settings/: change that, then run scripts/docs. -->
# Settings

A value is taken from the first of these that has it:

1. an option of the command, where there is one;
2. the environment: `DIGEST_SMTP__PORT` sets `port` of the section `[smtp]`;
3. the settings file: the one that `--config` names, else the one that `DIGEST_CONFIG` names, else
   `digest.toml` in the working folder if it is there;
4. the default.

A secret can be kept in a file: `DIGEST_SMTP__PASSWORD_FILE=/run/secrets/smtp` reads it from there,
without one newline at its end. The file must not be readable or writable by everybody (mode 0600,
0400 or 0440). In the environment, a list is written with commas (`5,15,60`) or as JSON; in a
secret's file, one item per line.

An unknown name, in the file or after `DIGEST_` in the environment, is an error, and so is a value
that does not fit. `digest config check` names all faults at once, with file and line;
`digest config show` prints every value with its origin; `digest config example` prints a settings
file to start from.
"""

_TABLE_HEAD = """\
| Setting | Meaning | Kind | Default | Variable |
| --- | --- | --- | --- | --- |
"""


def kind(leaf: Leaf) -> str:
    """Type, bounds and choices in words: `whole number, 1 to 65535`."""
    return _words(_schema(leaf))


def default(leaf: Leaf) -> str:
    """The default as TOML: `25`, `"UTC"`, `[5, 15]`. An unset path is `""`."""
    return as_toml(leaf.info.get_default(call_default_factory=True, validated_data={}))


def example() -> str:
    """A settings file with every setting commented out, its meaning, kind and default."""
    parts = [_EXAMPLE_HEAD]
    section = ""
    for leaf in leaves().values():
        if leaf.section != section:
            section = leaf.section
            parts.append(f"\n\n# {_summary(section)}\n[{section}]\n")
        about = textwrap.wrap(f"{leaf.info.description} ({kind(leaf)})", 96)
        parts.append("\n" + "".join(f"# {line}\n" for line in about))
        parts.append(f"# {leaf.key} = {default(leaf)}\n")
    return "".join(parts)


def page() -> str:
    """The reference page, in Markdown."""
    parts = [_PAGE_HEAD]
    section: str | None = None
    for leaf in leaves().values():
        if leaf.section != section:
            section = leaf.section
            title, about = (
                (f"[{section}]", _summary(section))
                if section
                else ("At the top of the file", "Before the first section.")
            )
            parts.append(f"\n## {title}\n\n{about}\n\n{_TABLE_HEAD}")
        variable = f"`{leaf.variable}`"
        if leaf.secret:
            variable += f"<br>`{leaf.file_variable}`"
        about = leaf.info.description or ""
        parts.append(_row(f"`{leaf.key}`", about, kind(leaf), f"`{default(leaf)}`", variable))
    parts.append("\n## Other variables\n\n| Variable | Meaning |\n| --- | --- |\n")
    parts += [_row(f"`{name}`", about) for name, about in OTHER_VARIABLES.items()]
    return "".join(parts)


def _summary(section: str) -> str:
    return (sections()[section].__doc__ or "").strip()


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


@cache
def _schemas() -> Mapping[str, Any]:
    schema = Settings.model_json_schema()
    found: dict[str, Any] = {}
    for name, leaf in leaves().items():
        model = sections()[leaf.section].__name__ if leaf.section else ""
        holder = schema["$defs"][model] if model else schema
        found[name] = holder["properties"][leaf.key]
    return found


def _schema(leaf: Leaf) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = _schemas()[leaf.name]
    return schema


def _words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(choice) for choice in schema["enum"])
    if "anyOf" in schema:
        return _words(schema["anyOf"][0]) + ", may be empty"
    if schema["type"] == "array":
        head = "list, not empty, of: " if schema.get("minItems") else "list of: "
        return head + _words(schema["items"])
    names = {"integer": "whole number", "number": "number", "boolean": "true or false"}
    by_format = {"password": "secret text", "path": "path"}
    name = names.get(schema["type"]) or by_format.get(schema.get("format", ""), "text")
    return ", ".join([name, *_bounds(schema)])


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{low:g} to {high:g}" if high < 1_000_000 else f"{int(low):_} to {int(high):_}"  # noqa: PLR2004 - digits that read well without groups
    elif high is not None:
        yield f"more than {schema['exclusiveMinimum']:g}, at most {high:g}"
    if schema.get("minLength"):
        yield "not empty"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"


def as_toml(value: object) -> str:
    """A value as TOML writes it; None, which TOML lacks, as empty text."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, SecretStr):
        return json.dumps(value.get_secret_value())
    if isinstance(value, str | Path):
        # A JSON string is a TOML basic string.
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(part) for part in value) + "]"
    return f"{value:_}" if isinstance(value, int) and value >= 1_000_000 else str(value)  # noqa: PLR2004 - see _bounds
