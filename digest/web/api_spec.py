"""Operations of the API as declarations: what checks a request is what the document is made of.

An `Operation` names its models once. `openapi()` writes the OpenAPI 3.1 document from them, and
`api.py` parses requests and packs answers with the same ones, so neither can say something else.
Errors are problem details (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

from digest.domain.access import SCOPE_WORDS, Scope

PROBLEM_TYPE: Final = "application/problem+json"
OPENAPI: Final = "3.1.0"


class Model(BaseModel):
    """A body, a query or an answer: strict about names, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldFault(Model):
    """What is wrong with one field: its place (`body.hour`, `query.limit`), and why."""

    where: str
    why: str


class Problem(Model):
    """Problem details (RFC 9457). `faults` names the fields, where it is about fields."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    faults: list[FieldFault] = []


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb on one path. `answers` are those that are no problem: status -> model, or None.

    `problems` are the statuses of its own besides those that any operation may have.
    `handler(call)` returns status and model. `path` takes `{id}` (a whole number) and `{date}`.
    """

    id: str
    method: str
    path: str
    summary: str
    scope: Scope
    answers: Mapping[int, type[Model] | None]
    handler: Callable[[Any], tuple[int, Model | None]]
    query: type[Model] | None = None
    body: type[Model] | None = None
    problems: Sequence[int] = ()
    words: str = ""
    also: Mapping[str, Scope] = field(default_factory=dict)
    """Fields of the body that ask for one more scope when they are true."""


PROBLEMS: Final = {
    400: "The request cannot be read: no JSON, no whole number, another media type.",
    401: "No token, or one that does not hold.",
    403: "The token has not the scope.",
    404: "There is no such thing.",
    409: "It cannot be done as things stand.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "Fields are missing, unknown or out of bounds; `faults` names them.",
    429: "Too many requests; `Retry-After` says how many seconds to wait.",
    503: "Busy, or the database cannot be used: try again.",
}

_PARAMETERS: Final = {
    "id": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "date": {"type": "string", "format": "date"},
}


def openapi(
    operations: Sequence[Operation], *, title: str, version: str, server: str
) -> dict[str, Any]:
    """The document (OpenAPI 3.1.0, whose schemas are JSON Schema 2020-12)."""
    inward = {m for o in operations for m in (o.body,) if m is not None}
    outward = {m for o in operations for m in o.answers.values() if m is not None} | {Problem}
    wanted = [(m, "validation") for m in inward] + [(m, "serialization") for m in outward]
    refs, definitions = models_json_schema(
        sorted(wanted, key=lambda pair: pair[0].__name__),  # type: ignore[arg-type]
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": title,
            "version": version,
            "description": "Subscribers, editions, deliveries and counts of a digest. Tokens are "
            "made with `digest token add`; each has scopes:\n\n"
            + "\n".join(f"- `{scope}`: {words}" for scope, words in SCOPE_WORDS.items()),
        },
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": definitions.get("$defs", {}),
        },
    }


def _operation(operation: Operation, refs: Mapping[Any, Any]) -> dict[str, Any]:
    more = "".join(
        f" `{name}` asks for the scope `{scope}` instead." for name, scope in operation.also.items()
    )
    made: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"{operation.words} Scope: `{operation.scope}`.{more}".strip(),
        "tags": [operation.path.split("/")[1]],
        "responses": {},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in _PARAMETERS.items()
        if f"{{{name}}}" in operation.path
    ]
    if operation.query is not None:
        parameters += _query(operation.query)
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        schema = refs[operation.body, "validation"]
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    for status, model in sorted(operation.answers.items()):
        made["responses"][str(status)] = _answer(model, refs)
    for status in problems_of(operation):
        made["responses"][str(status)] = {
            "description": PROBLEMS[status],
            "content": {PROBLEM_TYPE: {"schema": refs[Problem, "serialization"]}},
        }
    return made


def problems_of(operation: Operation) -> list[int]:
    """The statuses with which an operation may refuse."""
    always = {401, 403, 429, 503}
    if operation.query is not None:
        always.add(422)
    if operation.body is not None:
        always |= {400, 413, 415, 422}
    if "{" in operation.path:
        always.add(404)
    return sorted(always | set(operation.problems))


def _answer(model: type[Model] | None, refs: Mapping[Any, Any]) -> dict[str, Any]:
    if model is None:
        return {"description": "Done; there is nothing to say."}
    words = (model.__doc__ or model.__name__).split("\n\n")[0]
    schema = refs[model, "serialization"]
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _query(model: type[Model]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    found = []
    for name, part in schema["properties"].items():
        inner = dict(part)
        described = inner.pop("description", "")
        inner.pop("title", None)
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "description": described,
                "schema": _inlined(inner, definitions),
            }
        )
    return found


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """A schema without references: parameters have no place for definitions."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}
