"""The shape of every kind of fact as lines, so that a change of one shows in a diff: `Kind v1 field.inner type [needed]`.

python -m tests.recorded.shapes           writes down what is new; a shape that stands there is never taken back
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cutover.app.facts import catalogue

FILE = Path(__file__).with_name("shapes.txt")


def shapes() -> list[str]:
    """A line for each field of each kind, in the version that is written today."""
    kinds = catalogue().kinds
    return sorted(
        line
        for kind, event in kinds.items()
        for line in _lines(f"{kind} v{event.version}", event.model_json_schema())
    )


def _lines(head: str, schema: Mapping[str, Any]) -> Iterator[str]:
    definitions = schema.get("$defs", {})
    yield head
    for path, kind, needed in fields(schema, definitions, "", ()):
        yield f"{head} {path} {kind}{' needed' if needed else ''}"


def fields(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str, bool]]:
    """Path, type and whether it must be there; a definition inside itself is followed once."""
    for name, field in schema.get("properties", {}).items():
        here, needed = f"{path}.{name}" if path else name, name in schema.get("required", ())
        yield here, _type(field, definitions), needed
        for place, inner, seen in _inside(field, definitions, here, above):
            yield from fields(inner, definitions, place, seen)


def _inside(
    field: Mapping[str, Any], definitions: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
    if "properties" in field:
        yield path, field, above
    if reference := field.get("$ref"):
        name = reference.rpartition("/")[2]
        if name not in above:
            yield path, definitions[name], (*above, name)
    for choice in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _inside(choice, definitions, path, above)
    if isinstance(items := field.get("items"), dict):
        yield from _inside(items, definitions, f"{path}[]", above)
    if isinstance(values := field.get("additionalProperties"), dict):
        yield from _inside(values, definitions, f"{path}{{}}", above)


def _type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What JSON holds there: one word, or several in order."""
    if reference := field.get("$ref"):
        return _type(definitions[reference.rpartition("/")[2]], definitions)
    choices = [*field.get("anyOf", ()), *field.get("oneOf", ())]
    kinds = {_type(choice, definitions) for choice in choices} or {str(field.get("type", "any"))}
    return "|".join(sorted({word for kind in kinds for word in kind.split("|")}))


def taken_back(written: set[str], now: set[str]) -> list[str]:
    """What a journal may hold and the present code would refuse: a field that is gone or narrower, one that became needed."""
    field = {" ".join(line.split()[:3]): line for line in now}
    versions = {" ".join(line.split()[:2]) for line in now}
    faults = []
    for line in sorted(written - now):
        head = " ".join(line.split()[:2])
        if head in versions and len(line.split()) > 2 and (why := _why(line, field)):
            faults.append(why)
    needed = {" ".join(line.split()[:3]) for line in written}
    known = {" ".join(line.split()[:2]) for line in written}
    new = (line for line in now - written if line.endswith(" needed") and " ".join(line.split()[:2]) in known)
    faults += [
        f"{line}: became needed"
        for line in sorted(new)
        if " ".join(line.split()[:3]) not in needed and _parent_was(line, needed)
    ]
    return faults


def _why(line: str, field: Mapping[str, str]) -> str:
    name, kind = " ".join(line.split()[:3]), line.split()[3]
    if name not in field:
        return f"{line}: is gone"
    now = field[name].split()
    if now[3] != "any" and not set(kind.split("|")) <= set(now[3].split("|")) | (
        {"integer"} if "number" in now[3] else set()
    ):
        return f"{line}: is {now[3]} now"
    return f"{line}: became needed" if now[-1] == "needed" and not line.endswith(" needed") else ""


def _parent_was(line: str, needed: set[str]) -> bool:
    """Whether what the field is part of was written before: a needed field of a new part breaks nothing."""
    kind, version, path = line.split()[:3]
    parent = path.rpartition(".")[0].removesuffix("[]").removesuffix("{}")
    return not parent or f"{kind} {version} {parent}" in needed


def main() -> int:
    written = set(FILE.read_text(encoding="utf-8").splitlines()) if FILE.exists() else set()
    now = set(shapes())
    if faults := taken_back(written, now):
        sys.stderr.write(
            "\n".join(
                [*faults, "raise the version of the kind and write its `upcast`; then call this again", ""]
            )
        )
        return 1
    FILE.write_text("\n".join(sorted(written | now)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
