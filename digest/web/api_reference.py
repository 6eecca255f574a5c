"""docs/reference/api.md, written from the document that the API serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from digest.domain.access import SCOPE_WORDS
from digest.web.api import PREFIX, document
from digest.web.api_spec import PROBLEMS

_HEAD: Final = """\
<!-- Written by scripts/docs from digest/web/api_operations.py: change that, run scripts/docs. -->
# The API

Below `{prefix}` on the site's own address. The same as an OpenAPI {version} document, which
programs can be made from, is served at `{prefix}/openapi.json`; requests are checked by the
declarations that it is written from.

Every request bears a token: `Authorization: Bearer dgt_…`
([how to make one](../howto/operator.md)). Bodies and answers are JSON, dates such as `2026-11-23`,
moments in UTC. Lists give `items` and `next`; `next` goes into the field that the list names for
the page that follows, and is null at the end.

## Scopes

| Scope | A token that has it may |
| --- | --- |
{scopes}
"""


def page() -> str:
    """The page in Markdown."""
    said = document("digest", "https://digest.example.org")
    schemas: Mapping[str, Any] = said["components"]["schemas"]
    scopes = "\n".join(f"| `{scope}` | {words} |" for scope, words in SCOPE_WORDS.items())
    parts = [_HEAD.format(prefix=PREFIX, version=said["openapi"], scopes=scopes)]
    for path, verbs in said["paths"].items():
        for verb, operation in verbs.items():
            parts += _operation(verb.upper(), path, operation)
    parts.append(
        "\n## What goes wrong\n\nProblem details (RFC 9457, `application/problem+json`):\n"
    )
    parts.append("`title`, `status`, `detail`, and `faults`, a list of `where` and `why`.\n\n")
    parts.append("| Status | Meaning |\n| --- | --- |\n")
    parts += [f"| {status} | {words} |\n" for status, words in PROBLEMS.items()]
    parts.append("\n## Objects\n")
    for name, schema in sorted(schemas.items()):
        parts += _object(name, schema)
    return "".join(parts)


def _operation(verb: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {operation['summary']}\n\n`{verb} {path}`\n\n{operation['description']}\n"
    rows = [
        f"- `{p['name']}` ({_kind(p['schema'])}){_bounds(p['schema'])}"
        f"{': ' + p['description'] if p.get('description') else ''}\n"
        for p in operation.get("parameters", ())
        if p["in"] == "query"
    ]
    if rows:
        yield "\nFields of the query:\n\n" + "".join(rows)
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield f"\nBody: {_kind(schema)}.\n"
    given = []
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if content:
            given.append(f"{status} {_kind(content['schema'])}")
        elif "content" not in answer:
            given.append(f"{status} and nothing")
    problems = [s for s, a in operation["responses"].items() if "problem" in str(a)]
    yield f"\nAnswers: {', '.join(given)}; problems {', '.join(problems)}.\n"


def _object(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### {name}\n"
    words = " ".join(str(schema.get("description", "")).split())
    if words:
        yield f"\n{words}\n"
    if "enum" in schema:
        yield "\nOne of " + ", ".join(f"`{value}`" for value in schema["enum"] if value) + ".\n"
        return
    required = set(schema.get("required", ()))
    yield "\n"
    for field, part in schema.get("properties", {}).items():
        needed = ", required" if field in required else ""
        said = f": {part['description']}" if part.get("description") else ""
        yield f"- `{field}` ({_kind(part)}{needed}){_bounds(part)}{said}\n"


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type", "anything"))


def _bounds(schema: Mapping[str, Any]) -> str:
    """The least and the most, and what is taken where nothing is given."""
    inner = next((p for p in schema.get("anyOf", ()) if p.get("type") != "null"), schema)
    found = []
    if "minimum" in inner:
        found.append(f"{inner['minimum']} to {inner['maximum']}")
    if "maxLength" in inner:
        found.append(f"{inner['maxLength']} characters at most")
    default = schema.get("default")
    if isinstance(default, bool | int | str) and default != "":
        found.append(f"default {str(default).lower()}")
    return f" {', '.join(found)}" if found else ""
