"""The plan of the seventy-two hours gone through in this process: the real performer and gates, systems that are played."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cutover.app.actions import ModeAction
from cutover.app.bootstrap import World, build_world
from cutover.core.event import Recorded
from cutover.domain.gates import Finding
from cutover.store.clock_file import ScaledPace
from runbooks.actions import ActionKind, Actions, Call, Outcome
from runbooks.domain.execution import run_stream
from runbooks.domain.run_state import RunState
from runbooks.performer import Performer
from runbooks.players import OwnHands, Players
from runbooks.service import Reading
from runbooks.steps import InlineExecutor

EXAMPLE = Path(__file__).parents[2] / "examples" / "seventy_two_hours"
SLOW = {"LOD-03": 1.8}  # the load of the crimes takes 1.8 times its plan
WINDOW = timedelta(hours=52)  # so tight that the slow load does not fit into it


@dataclass(frozen=True)
class Played:
    """An action of a played system: it takes its planned time, or longer and then says so an hour after it began."""

    pace: ScaledPace

    async def perform(self, call: Call) -> Outcome:
        began, factor = self.pace.now(), SLOW.get(call.task.id, 1.0)
        if factor > 1:
            await self.pace.sleep_until(began + timedelta(hours=1))
            await call.progress(began + call.task.expected * factor, f"at this rate {factor} times the plan")
        await self.pace.sleep_until(began + call.task.expected * factor)
        return Outcome(ok=True, evidence="played")

    async def settle(self, call: Call) -> Outcome | None:
        del call
        return None


@dataclass(frozen=True)
class GoneThrough:
    """The run as it ended, and as it was at any moment before."""

    world: World
    run_id: str

    @property
    def facts(self) -> list[Recorded]:
        return list(self.world.journal.read(run_stream(self.run_id)))

    def when(self, kind: str, task: str = "") -> datetime:
        """When something first happened (to a task)."""
        found = (
            f.at for f in self.facts if f.event.kind() == kind and task in ("", getattr(f.event, "task", ""))
        )
        return next(found)

    def at(self, moment: datetime) -> RunState:
        return self.world.runs.state_at(self.run_id, moment)


def go_through(folder: Path) -> GoneThrough:
    """From the opening to the last task, with every person played and each moment stepped to."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("state"))
    (folder / "state").mkdir()
    opens = build_world(folder).folder.programme.opens
    pace = ScaledPace(folder / "state" / "clock.json", opens, float("inf"))
    world = build_world(folder, pace=pace)
    run_id = world.runs.start(world.folder.runbook(""), by="rosa", opens=opens, closes=opens + WINDOW)
    world.runs.providers = dict.fromkeys(
        ("monitor", "rehearsal"), lambda _name: Reading(Finding.MET, "played")
    )
    world.runs.providers["reconcile"] = lambda _contract: _crimes(world, run_id)
    asyncio.run(_perform(world, run_id, pace))
    return GoneThrough(world, run_id)


def _crimes(world: World, run_id: str) -> Reading:
    """604 crimes are missing until they have been loaded by the repair of the gate."""
    if world.runs.state(run_id).tasks["FIX-04"].is_over:
        return Reading(Finding.MET, "none missing, none extra")
    return Reading(Finding.NOT_MET, "604 missing, all of one status")


async def _perform(world: World, run_id: str, pace: ScaledPace) -> None:
    kinds = {task.action.kind for task in world.folder.runbook("").tasks if task.action}
    played: dict[str, ActionKind] = {
        **dict.fromkeys(kinds, Played(pace)),
        "mode": ModeAction(world.desk, world.folder.programme),
    }
    names = {"systems": world.systems(), "opens": "-", "closes": "-", "programme": "-"}
    performer = Performer(world.runs, run_id, Actions(played, lambda: names), InlineExecutor(), pace)
    players = asyncio.create_task(Players(world.runs, run_id, pace, OwnHands(world.runs, run_id)).play())
    await performer.run()
    await players
