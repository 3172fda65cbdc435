"""Who is named at the console is one of the programme's people: one rule for every command that names a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from cutover.app.programme_folder import FILE, ProgrammeFolder
from cutover.core.errors import NotFound

OPTIONS = ("by", "witness", "decided_by")
SIGNERS = "signed_by"  # several people; where it is one text it is the name and rank of somebody outside
ALSO_PARTNERS = frozenset(
    {("report", "bulletin", "acknowledge")}
)  # a partner says itself that it has a notice


def check_named(command: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Raises NotFound for a name that nobody of the programme bears. One that declares no people takes any.

    `given` is what was said, as the command's parameters: a default is nobody's word, and is not looked at.
    """
    said = dict(_flat(given))
    signers = said.get(SIGNERS)
    named = [said[option] for option in OPTIONS if said.get(option)]
    named += signers if isinstance(signers, tuple) else ()
    folder = Path(said.get("programme", ""))
    if not named or not (folder / FILE).exists():
        return
    programme = ProgrammeFolder(folder.resolve()).programme
    known = [person.id for person in programme.people]
    if known and command in ALSO_PARTNERS:
        known += [partner.id for partner in programme.partners]
    for name in named:
        if known and name not in known:
            raise NotFound("person of the programme", name, known)


def _flat(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Options that several commands share come as one value of their own."""
    for name, value in given.items():
        if is_dataclass(value):
            yield from ((part.name, getattr(value, part.name)) for part in fields(value))
        else:
            yield name, value
