"""Which files a programme has and what may stand in them, from the models that read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from cutover.app.schemas import SCHEMAS
from cutover.range.cast import Cast
from cutover.range.faults import FaultPlan
from from_code.words import anchor, cell, code

WHERE: Mapping[str, tuple[str, str]] = {
    "programme": ("programme.yaml", "what is replaced, by whom, where, and the window"),
    "runbook": ("runbooks/*.yaml", "the plan: tasks, their order, gates, actions, undoing"),
    "monitor": ("monitors/*.yaml", "the checks: what is asked, how often, how soon it is believed"),
    "form": ("forms/*.yaml", "one paper form each: its questions, its risk, its clocks"),
    "contingency": ("contingency/*.yaml", "triggers, plays, triage and statutory clocks"),
    "contract": ("reconciliation/*.yaml", "what must agree with what, record by record"),
    "query": ("queries/*.yaml", "questions to databases, asked for the criteria of gates"),
    "cast": ("cast.yaml", "rehearsal: who plays, how much paper is written"),
    "faults": ("faults.yaml", "rehearsal: what goes wrong, and when"),
}
FILES: Mapping[str, type[BaseModel]] = {**SCHEMAS, "cast": Cast, "faults": FaultPlan}


def files() -> str:
    lines = [
        "# Files of a programme",
        "",
        (
            "A programme is a folder. Whatever the software writes goes to its `state/`, everything else is yours. Every file is "
            "UTF-8 YAML; a word that is not listed here is an error that names file, line, field and the nearest valid name. "
            "`cutover check` reads all of them, `cutover schema KIND` prints a JSON Schema for an editor."
        ),
        "",
        (
            "Durations are written `45m`, `1.5h`, `2h 30m`, `1:30`, `3d`; a bare number is minutes. Times without an offset are "
            "wall times of the programme's zone; one that the clock change repeats or skips is refused with both candidates."
        ),
        "",
        "| file | what it holds |",
        "|---|---|",
        *(f"| [`{path}`](#{anchor(path)}) | {what} |" for path, what in WHERE.values()),
    ]
    for kind, model in FILES.items():
        lines += ["", f'<a id="{anchor(WHERE[kind][0])}"></a>', "", f"## {WHERE[kind][0]}"]
        lines += _schema(model)
    return "\n".join(lines)


def _schema(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema(by_alias=True)
    parts = {model.__name__: schema} | schema.get("$defs", {})
    lines: list[str] = []
    for name, part in parts.items():
        if "properties" not in part:
            continue
        says = _without_raises(part.get("description", ""))
        lines += [
            "",
            f"### {name}",
            "",
            *([cell(says), ""] if says else []),
            "| field | kind | default | meaning |",
            "|---|---|---|---|",
        ]
        needed = part.get("required", [])
        lines += [
            _property(field, spec, parts, needed=field in needed)
            for field, spec in part["properties"].items()
        ]
    return lines


def _property(name: str, spec: Mapping[str, Any], parts: Mapping[str, Any], *, needed: bool) -> str:
    default = "needed" if needed else code(spec.get("default"))
    return f"| `{name}` | {kind_of(spec, parts)} | {default} | {cell(spec.get('description', ''))} |"


def kind_of(spec: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """What may stand there, in words."""
    if "$ref" in spec:
        name = spec["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if "properties" in parts[name] else kind_of(parts[name], parts)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in spec:
            return " or ".join(kind_of(one, parts) for one in spec[several] if one.get("type") != "null")
    if "const" in spec:
        return f"`{spec['const']}`"
    if "enum" in spec:
        return ", ".join(f"`{one}`" for one in spec["enum"])
    return _plain_kind(spec, parts)


def _plain_kind(spec: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    kind = spec.get("type", "any")
    if kind == "array":
        items = spec.get("items") or {}
        return f"list of {kind_of(items, parts)}" if items else "list"
    if kind == "object":
        values = spec.get("additionalProperties")
        return f"name: {kind_of(values, parts)}" if isinstance(values, Mapping) else "mapping"
    named = {"date-time": "time", "duration": "duration"}.get(spec.get("format", ""))
    bounds = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    limits = [f"{words} {spec[bound]:g}" for bound, words in bounds.items() if bound in spec]
    plain = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}
    return ", ".join([named or plain.get(kind, kind), *limits])


def _without_raises(text: str) -> str:
    """The first paragraph without what concerns only a caller in Python."""
    sentences = re.split(r"(?<=\.) (?=[A-Z])", " ".join(text.split("\n\n", maxsplit=1)[0].split()))
    return " ".join(one for one in sentences if not one.startswith("Raises "))
