"""Which kinds of action a programme may use: those of the runbooks, those of the other rooms, and what packages offer.

A package offers a kind of its own as an entry point of the group `cutover.action_kinds`: an `Offer`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from cutover.app import rooms
from cutover.core.clock import Pace
from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.domain.modes import Mode
from cutover.domain.programme import Id, Part
from cutover.reconciliation.sides import Side
from runbooks.actions.arguments import BUILT_IN
from runbooks.actions.kinds import ActionKind, Call, Declared, LateKind, Outcome

if TYPE_CHECKING:
    import httpx

    from cutover.app.bootstrap import World
    from runbooks.actions.secrets import Secrets

GROUP = "cutover.action_kinds"


class ModeArguments(Part):
    """Switches a component's mode."""

    component: str
    to: Mode
    reason: str = ""


class SnapshotArguments(Part):
    """Freezes one side of a contract."""

    contract: str
    side: Side


class ReconcileArguments(Part):
    """Compares the two sides of a contract; a finding is no failure of the task: the gate reads the verdict."""

    contract: str


class NotifyArguments(Part):
    """Tells partners, as the run's comms allow: off, only to test addresses, or on."""

    subject: str = Field(min_length=1)
    text: str = Field(min_length=1)
    partners: list[str] | None = Field(default=None, description="default: all")


class IssuePaperArguments(Part):
    """Issues numbered sheets to stations."""

    forms: dict[Id, int] = Field(description="form: sheets for each station")
    stations: list[str] | None = Field(default=None, description="default: all")


class ProbeArguments(Part):
    """Asks a monitor's question now; it is done when the answer is good."""

    check: str
    accept: Literal["ok", "warning"] = Field(default="ok", description="the worst answer that is good enough")


def _repeatable(arguments: Mapping[str, Any]) -> bool:
    """Ours, and keyed: what became of it is found out by performing it again."""
    del arguments
    return True


OF_OTHER_ROOMS: Mapping[str, Declared] = {
    "mode": Declared(ModeArguments, _repeatable),
    "snapshot": Declared(SnapshotArguments, _repeatable),
    "reconcile": Declared(ReconcileArguments, _repeatable),
    "notify": Declared(NotifyArguments, _repeatable),
    "issue_paper": Declared(IssuePaperArguments, _repeatable),
    "probe": Declared(ProbeArguments, _repeatable),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a kind that a package offers is given to work with."""

    systems: Callable[[], Mapping[str, str]]
    client: httpx.AsyncClient
    secrets: Secrets
    pace: Pace
    folder: Path


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of action from outside: what it declares, and how one is made."""

    declared: Declared
    make: Callable[[Surroundings], ActionKind]


@dataclass(frozen=True)
class Missing:
    """A kind whose library is not installed: a plan that uses it checks, and says what to install when it runs."""

    remedy: str

    async def perform(self, call: Call) -> Outcome:
        raise Unavailable(f"{call.task.id}: {self.remedy}", permanent=True)

    async def settle(self, call: Call) -> Outcome | None:
        raise Unavailable(f"{call.task.id}: {self.remedy}", permanent=True)


@cache
def offers() -> Mapping[str, Offer]:
    """Every kind that an installed package offers. Raises Invalid for one that is none, or that takes a name of ours."""
    found: dict[str, Offer] = {}
    for entry in entry_points(group=GROUP):
        offer = entry.load()
        if not isinstance(offer, Offer):
            raise Invalid(Problem(f"'{entry.value}' is no Offer", field=f"{GROUP}: {entry.name}"))
        if entry.name in BUILT_IN or entry.name in OF_OTHER_ROOMS:
            raise Invalid(Problem("the name is one of ours", field=f"{GROUP}: {entry.name}"))
        found[entry.name] = offer
    return found


def declared_kinds() -> Mapping[str, Declared]:
    """Every kind of action by name, with what it declares: what a plan is checked against."""
    return {**BUILT_IN, **OF_OTHER_ROOMS, **{name: offer.declared for name, offer in offers().items()}}


def kinds_of_runbooks(world: World, client: httpx.AsyncClient) -> dict[str, ActionKind]:
    """The kinds that reach out of the programme, and those of installed packages."""
    secrets, pace, folder = world.secrets, world.pace, world.folder.path
    around = Surroundings(world.systems, client, secrets, pace, folder)
    makes: dict[str, Callable[[], ActionKind]] = {
        "http": lambda: rooms.HttpAction(world.systems, client, pace),
        "sql": lambda: rooms.SqlAction(secrets, pace),
        "shell": lambda: rooms.ShellAction(folder, secrets, pace),
        "ssh": lambda: _ssh(folder, secrets, pace),
        "python": lambda: rooms.PythonAction(folder, secrets, pace),
        "job": lambda: rooms.JobAction(world.systems, client, secrets, pace),
        "deployment": lambda: rooms.DeploymentAction(
            world.systems, lambda: _prefect_api(world), client, pace
        ),
        "wait": lambda: rooms.WaitAction(world.runs.read, pace, world.folder.programme.zone),
        "runbook": lambda: rooms.RunbookAction(world.runs, lambda name: world.drive(name, client)),
    }
    return {
        **{name: LateKind(make) for name, make in makes.items()},
        **{name: offer.make(around) for name, offer in offers().items()},
    }


def _prefect_api(world: World) -> str:
    """The Prefect API that the settings name, or the local one of this run."""
    return world.settings.prefect_api_url or os.environ.get("PREFECT_API_URL", "")


def _ssh(folder: Path, secrets: Secrets, pace: Pace) -> ActionKind:
    if find_spec("asyncssh") is None:
        return Missing("asyncssh is not installed: pip install 'cutover-golive[ssh]'")
    kind: ActionKind = import_module("runbooks.actions.ssh").SshAction(folder, secrets, pace)
    return kind
