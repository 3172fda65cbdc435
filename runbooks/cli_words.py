"""What the commands on a plan ask for: which runbook, of which programme folder, how its dates are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

from cyclopts import Parameter

from runbooks.formats.cells import DateOrder

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.domain.plan import Fault, Runbook

Order = Annotated[
    DateOrder | None, Parameter(help="how 03/04/2026 is meant: DMY or MDY; asked for when needed")
]
Name = Annotated[str, Parameter(help="a runbook of the programme; default: the only one")]


class Folder(Protocol):
    """What these commands need of a programme folder."""

    @property
    def path(self) -> Path: ...
    @property
    def programme(self) -> Programme: ...
    @property
    def runbooks(self) -> Mapping[str, Runbook]: ...
    def runbook(self, name: str = "") -> Runbook: ...
    def action_faults(self, book: Runbook) -> Iterator[Fault]: ...


Open = Callable[[Path], Folder]
