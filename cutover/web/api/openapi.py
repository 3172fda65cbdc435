"""The description of what programs ask and tell: one OpenAPI 3.1 document, made of the operations that are served."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, RootModel
from pydantic.json_schema import models_json_schema

from cutover.web.api.door import KEY, LONGEST_KEY
from cutover.web.api.operation import JSON, LONGEST_NAME, NAME, TEXT, NoQuery, Operation
from cutover.web.api.problems import MEDIA, ProblemDocument

PATH = "/api/v1/openapi.json"
_REFERENCE = "#/components/schemas/{model}"
_ABOUT = (
    "Every refusal is a problem document (RFC 9457). A write with an `Idempotency-Key` is done once, however often it is "
    "sent within a day. A read has an `ETag`: with `If-None-Match` an unchanged one is answered 304. A list comes in "
    "pages: `next` is the `cursor` of the one after. A token is made for one scope and carries it."
)


class Document(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


def description(operations: Sequence[Operation], version: str) -> Operation:
    """The operation that answers with the description of all of them, itself among them."""
    all_: list[Operation] = list(operations)

    @cache
    def made() -> Document:
        return Document(openapi(all_, version))

    ours = Operation("GET", PATH, "read this description", lambda _: made(), Document)
    all_.append(ours)
    return ours


def openapi(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The document."""
    schemas, components = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.casefold()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "cutover", "version": version, "summary": "What programs ask and tell.", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "made for one scope"}},
            "responses": {"Problem": {"description": "why it was not done", "content": {MEDIA: {"schema": schemas[ProblemDocument, "serialization"]}}}},
        },
    }  # fmt: skip


def _operation(one: Operation, schemas: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.does[:1].upper() + one.does[1:],
        "tags": [one.path.split("/")[3].partition(".")[0]],
        "parameters": [*_in_path(one), *_in_query(one), *_in_header(one)],
        "responses": {**_good(one, schemas), "default": {"$ref": "#/components/responses/Problem"}},
        "security": [{"token": []}] if one.scope else [],
    }
    if one.scope:
        found["description"] = f"Scope of the token: `{one.scope}`."
    if isinstance(one.takes, str):
        found["requestBody"] = {
            "content": {TEXT: {"schema": {"description": f"any text, at most {one.most_bytes:,} bytes"}}}
        }
    elif one.takes is not None:
        content = {JSON: {"schema": schemas[one.takes, "validation"]}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _good(one: Operation, schemas: Any) -> dict[str, Any]:
    content = {JSON: {"schema": schemas[one.answers, "serialization"]}}
    good: dict[str, Any] = {"description": "done", "content": content}
    found: dict[str, Any] = {str(one.status): good}
    if one.method == "GET":
        mark = {"description": "what this shows, as a mark", "schema": {"type": "string"}}
        found = {str(one.status): good | {"headers": {"ETag": mark}}, "304": {"description": "not changed"}}
    if one.method == "PUT":
        found["200"] = good | {"description": "it was done before"}
    return found


def _in_path(one: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string", "pattern": NAME, "minLength": 1, "maxLength": LONGEST_NAME}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in one.names]


def _in_query(one: Operation) -> list[dict[str, Any]]:
    if one.query is NoQuery:
        return []
    schema = one.query.model_json_schema(ref_template=_REFERENCE)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()),
         "description": field.get("description", ""), "schema": _inlined(field, schema.get("$defs", {}))}
        for name, field in schema["properties"].items()
    ]  # fmt: skip


def _in_header(one: Operation) -> list[dict[str, Any]]:
    found = []
    if one.once:
        key = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": KEY}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": key})
    if one.method == "GET":
        found.append({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}})
    if one.guarded:
        found.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    return found


def _inlined(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without references: tools differ in how they read them there."""
    if reference := field.get("$ref"):
        rest = {name: value for name, value in field.items() if name != "$ref"}
        return {**definitions[reference.rpartition("/")[2]], **rest}
    return {name: value for name, value in field.items() if name not in {"title", "description"}}


def _schemas(operations: Sequence[Operation]) -> tuple[Any, dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], Any], None] = {(ProblemDocument, "serialization"): None}
    for one in operations:
        wanted[one.answers, "serialization"] = None
        if isinstance(one.takes, type):
            wanted[one.takes, "validation"] = None
    schemas, definitions = models_json_schema(list(wanted), ref_template=_REFERENCE)
    return schemas, definitions.get("$defs", {})
