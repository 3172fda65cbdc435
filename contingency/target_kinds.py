"""From the declaration of a target to the adapter that speaks to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from contingency.domain.mapping import mapped
from contingency.folder_target import FileTarget
from contingency.own_target import OwnTarget
from contingency.rooms import Outgoing, Target
from contingency.sql_target import SqlTarget
from contingency.target_file import GROUP, TargetDeclaration
from contingency.targets import HttpTarget, Paths, our_body
from cutover.core.errors import Invalid, Problem
from cutover.core.reach import HOUSE, Reach


def make_target(
    declared: TargetDeclaration,
    folder: Path,
    systems: Mapping[str, str],
    secret: Callable[[str], str],
    reach: Reach = HOUSE,
) -> Target:
    """The adapter. Raises Invalid for what cannot be opened."""

    def body(record: Outgoing) -> dict[str, Any]:
        return target_record(declared, record)

    if declared.kind == "http":
        paths = Paths(declared.create, declared.by_serial, declared.held, declared.reference)
        return HttpTarget(
            systems.get(declared.system, ""), attempts=declared.attempts, patience=declared.patience.total_seconds(),
            paths=paths, body=body, reach=reach,
        )  # fmt: skip
    if declared.kind == "sql":
        return SqlTarget(secret(declared.url), declared.table, declared.key_column, body)
    if declared.kind == "files":
        return FileTarget(folder / declared.folder, body)
    return OwnTarget(declared.kind, lambda: own(declared, folder, secret))


def own(declared: TargetDeclaration, folder: Path, secret: Callable[[str], str]) -> Target:
    """The adapter that somebody else has installed. Raises Invalid where it is not there, there twice, or does not load."""
    found = tuple(entry_points(group=GROUP, name=declared.kind))
    if len(found) != 1:
        where = ", ".join(sorted(f"{one.value}" for one in found)) or "nothing"
        raise Invalid(
            Problem(
                f"{where} is installed as the target '{declared.kind}'",
                field="target.kind",
                expected=f"one entry point of that name in the group {GROUP}",
            )
        )
    try:
        made: Target = found[0].load()(declared, folder, secret)
    except Exception as error:
        raise Invalid(
            Problem(
                f"the target '{declared.kind}' ({found[0].value}) does not start: {type(error).__name__}: {error}",
                field="target.kind",
            )
        ) from error
    return made


def target_record(declared: TargetDeclaration, record: Outgoing) -> dict[str, Any]:
    """The record as the target wants it. Raises Invalid, with every problem."""
    if not declared.mappings:
        return our_body(record)
    how = next((one for one in declared.mappings if one.form == record.form_type), None)
    if how is None:
        raise Invalid(Problem(f"no mapping is declared for the form '{record.form_type}'"))
    person = {f"person.{name}": value for name, value in record.person.items()}
    of_sheet = {name: getattr(record, name) for name in ("serial", "form_type", "occurred_at", "entered_by")}
    return mapped(how, {**record.values, **of_sheet, **person}, declared.required)
