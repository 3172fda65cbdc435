"""What every command answers with --json, from the shapes that the commands declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cutover.json_shapes import ANSWERS, ERROR, schema_of
from from_code.files import kind_of
from from_code.words import cell

_LINK = re.compile(r"\[(\w+)\]\(#\w+\)")


def answers() -> str:
    lines = [
        "# Answers in JSON",
        "",
        (
            "`--json` makes a command print one JSON document on standard output and nothing else there; notes and log lines go "
            "to standard error. `cutover schema answer run status` prints the JSON Schema of one answer, `cutover schema answer` "
            "all of them. The exit code is that of the command without `--json`."
        ),
        "",
        (
            "Moments are UTC (`2026-10-25T01:30:00Z`), lengths of time ISO 8601 (`PT1H30M`), what is unknown `null`, what is "
            "empty `[]` or `{}`. Keys and the words of stages never change with a language or a zone; what is meant for a person "
            "(`detail`, `why`, `reasons`) may be worded anew at any time. A new version may add fields: ignore those you do not "
            "know. No field is taken away, left out or given another type within a major version; a test refuses it."
        ),
        "",
        (
            'What a command cannot do it says in the same place as `{"error": {"slug", "exit", "reasons"}}`: '
            "[errors](errors.md) explains each slug. What was done is answered as the facts that followed "
            "([events](events.md))."
        ),
    ]
    for command in ANSWERS:
        lines += [
            "",
            f"## {command if command == ERROR else f'cutover {command}'}",
            *_answer(schema_of(command)),
        ]
    return "\n".join(lines)


def _answer(schema: Mapping[str, Any]) -> Iterator[str]:
    """The top of an answer as a table; parts inside it are named and stand in its JSON Schema."""
    parts = schema.get("$defs", {})
    whole, several = schema, ""
    if schema.get("type") == "array":
        whole, several = schema["items"], "A list, each entry with:"
    elif isinstance(schema.get("additionalProperties"), Mapping):
        whole, several = schema["additionalProperties"], "By name, each with:"
    whole = parts[whole["$ref"].rpartition("/")[2]] if "$ref" in whole else whole
    yield ""
    if "properties" not in whole:
        yield several.replace("each entry with:", "each a text.").replace(
            "each with:", "each a text or a list of texts."
        )
        return
    says = cell(str(whole.get("description", "")).split("\n\n")[0])
    yield " ".join(part for part in (several, says) if part) or "One object:"
    yield from ("", "| field | kind | always there | meaning |", "|---|---|---|---|")
    for name, spec in whole["properties"].items():
        kind = _LINK.sub(r"\1", kind_of(spec, parts))  # a part stands in the schema, not on this page
        always = "yes" if name in whole.get("required", ()) else ""
        yield f"| `{name}` | {kind} | {always} | {cell(spec.get('description', ''))} |"
