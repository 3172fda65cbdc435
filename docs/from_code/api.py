"""What programs ask and tell, from the operations as they are served."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from cutover.web.api.openapi import PATH
from cutover.web.api.operation import Operation
from cutover.web.api.problems import STATUS
from from_code.permissions import served
from from_code.words import cell, code

_ABOUT = """\
# What programs ask and tell

One OpenAPI 3.1 document describes all of it: `GET {path}` where it is served, `cutover api describe` without a server.

- **Who.** A program sends `Authorization: Bearer <token>`. A token is made for one scope, `cutover api token read:runs`, and opens nothing else; `--revoke` ends all that were made for it.
- **Refusals** are problem documents (RFC 9457, `application/problem+json`). `error` is [the slug of the error](errors.md), `reasons` are for people, a line each, `faults` say which field is wrong and what would do. Statuses are {statuses}.
- **Once.** A POST below that says so takes `Idempotency-Key`, at most 255 characters. The same key with the same body is answered as the first time, with `Idempotency-Replayed: true`; with another body it is 422, and 409 while the first is being done. Answers are kept for a day. A refusal is not kept: mended, it may be sent again under its key.
- **Changes.** A read has an `ETag`. With it as `If-None-Match` an unchanged one is answered 304 without a body. Where `If-Match` counts, a write on what has changed since it was read is 412 and changes nothing. The mark is of what is shown and not of its bytes, so it is weak and is compared as it stands for both.
- **Lists** come in pages of `limit`, 100 unless you say, 500 at most. `next` is the `cursor` of the next page, null at the end. Items that come and go meanwhile move none of the others.
- Moments are UTC, ISO 8601. New fields may appear in answers; none is taken away within `/api/v1`.
"""


def api() -> str:
    operations = sorted(served().operations, key=lambda one: (one.path, one.method))
    lines = [
        _ABOUT.format(path=PATH, statuses=", ".join(str(one) for one in sorted(set(STATUS.values())))),
        "## Addresses",
        "",
    ]
    lines += ["| to | address | scope of the token | takes |", "|---|---|---|---|"]
    lines += [
        f"| {cell(one.does)} | {code(f'{one.method} {one.path}')} | {code(one.scope) if one.scope else 'anybody'} | {_takes(one)} |"
        for one in operations
    ]
    return "\n".join(
        [*lines, "", "## What they take and answer", *(line for one in operations for line in _of(one))]
    )


def _takes(one: Operation) -> str:
    found = ["`Idempotency-Key`"] if one.once else []
    found += ["`If-Match`"] if one.guarded else []
    found += [code(field.alias or name) for name, field in one.query.model_fields.items()]
    return ", ".join(found)


def _of(one: Operation) -> list[str]:
    lines = ["", f"### {one.method} {one.path}", "", f"To {one.does}."]
    if isinstance(one.takes, type):
        lines += ["", "Takes:", "", *_fields(one.takes)]
    return [*lines, "", f"Answers {one.status}:", "", *_fields(one.answers)]


def _fields(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema(mode="serialization")
    if "properties" not in schema:
        return ["The OpenAPI document."]
    definitions = schema.get("$defs", {})
    if "next" not in schema["properties"]:
        return _table(schema, definitions)
    item = schema["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
    return ["`next`, and `items` with these fields each:", "", *_table(definitions[item], definitions)]


def _table(schema: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    rows = [
        f"| {code(name)} | {cell(_type(field, definitions))} | {cell(str(field.get('description', '')))} |"
        for name, field in schema["properties"].items()
    ]
    return ["| field | type | |", "|---|---|---|", *rows]


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A type in words: a moment, a list of …, one of its words."""
    if "$ref" in field:
        return _type(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in field:
        return " or ".join(_type(way, definitions) for way in field["anyOf"])
    if "enum" in field:
        return " / ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    return str(field.get("format", field.get("type", "anything")))
