"""Which facts the journal can hold, which errors there are, and how each machine moves."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cutover.app.facts as wiring
from cutover.cli.border import CRASHED, EXITS, INTERRUPTED
from cutover.core.errors import CutoverError
from cutover.core.event import Event
from cutover.core.machine import Table
from cutover.web.kit import STATUS
from from_code.words import anchor, cell, doc, own_words

ROOT = Path(__file__).parents[2]
ROOMS = ("cutover", "runbooks", "monitors", "paper_capture", "contingency")


def events() -> str:
    lines = [
        "# Events",
        "",
        (
            "Everything the journal can hold. Each fact also carries on its envelope: `position`, `stream`, `seq`, `at` (when it "
            "happened), `recorded_at` (when we learnt of it), `actor`, `cause`, `idempotency_key`, `prev_hash`, `hash`. "
            "A stored fact is read for ever: a changed body raises the version."
        ),
    ]
    for family in wiring.families():
        module = sys.modules[family[0].__module__]
        lines += [
            "",
            f"## {module.__name__}",
            "",
            cell(doc(module).split("\n\n")[0].replace("\n", " ")),
            "",
            "| event | v | fields | what it says |",
            "|---|---|---|---|",
        ]
        lines += [_event(kind) for kind in family]
    return "\n".join(lines)


def _event(kind: type[Event]) -> str:
    fields = ", ".join(f"`{name}`" for name in kind.model_fields)
    return f'| <a id="{kind.kind().lower()}"></a>`{kind.kind()}` | {kind.version} | {fields} | {cell(own_words(kind))} |'


def errors() -> str:
    lines = [
        "# Errors and exit codes",
        "",
        (
            "An error is told on standard error, one line for each thing to mend: `slug: file:line: field: what; expected …; did "
            "you mean …?`. The slugs are stable."
        ),
        "",
        "| exit | means |",
        "|---|---|",
        "| 0 | done, and where there was a question the answer is yes |",
        "| 1 | the answer is no: a gate not met, findings, a difference, a rule that refuses |",
        "| 2 | bad input: a word, a file or a name to mend |",
        "| 3 | something we depend on does not answer |",
        f"| {CRASHED} | a defect of the software; its trace is in the log |",
        f"| {INTERRUPTED} | interrupted; `cutover run resume` goes on |",
    ]
    for kind in slugs():
        exits = next((code for known, code in EXITS.items() if issubclass(kind, known)), 1)
        status = next((code for known, code in STATUS.items() if issubclass(kind, known)), 400)
        lines += [
            "",
            f'<a id="{kind.slug}"></a>',
            "",
            f"## {kind.slug}",
            "",
            f"`{kind.__name__}`, exit {exits}, HTTP {status}. {_without_exit(own_words(kind))}",
        ]
    return "\n".join(lines)


def _without_exit(text: str) -> str:
    """The exit code stands beside it."""
    return re.sub(r"Exit \d+(\.|; ?)\s*", "", text).strip()


def slugs() -> list[type[CutoverError]]:
    """One class for each slug, the one that declares it."""
    found = {CutoverError.slug: CutoverError}
    pending = list(CutoverError.__subclasses__())
    while pending:
        kind = pending.pop(0)
        found.setdefault(kind.slug, kind)
        pending += kind.__subclasses__()
    return list(found.values())


def state_machines() -> str:
    lines = [
        "# State machines",
        "",
        (
            "Drawn from the tables that the code applies. A move that is not drawn is refused, with the moves that are possible "
            "in the message. The tests prove each table: every stage reachable, no exit from a last stage, no dead end."
        ),
        "",
        "| machine | stages | decided in |",
        "|---|---|---|",
        *(
            f"| [{table.name}](#{anchor(table.name)}) | {len(table.stages.__members__)} | `{module}` |"
            for module, table in tables()
        ),
    ]
    for module, table in tables():
        last = ", ".join(f"`{stage}`" for stage in sorted(table.terminal)) or "none"
        lines += [
            "",
            f"## {table.name}",
            "",
            f"{table.theory[:1].upper()}{table.theory[1:]}.",
            "",
            "```mermaid",
            table.mermaid(),
            "```",
            "",
            f"Last stages: {last}. Commands and guards: `{module}`.",
        ]
    return "\n".join(lines)


def tables() -> list[tuple[str, Table[Any]]]:
    """Every transition table of the rooms, with the module that holds it, in order of the rooms."""
    found: dict[int, tuple[str, Table[Any]]] = {}
    for name in _modules_with_machines():
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Table):
                found.setdefault(id(value), (name, value))
    return list(found.values())


def _modules_with_machines() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "core.machine import" in path.read_text(encoding="utf-8"):
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)
