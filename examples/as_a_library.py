"""The seventy-two hours as a library user writes them: begin a run, rehearse it against the range, ask what happened.

python examples/as_a_library.py [PROGRAMME FOLDER]
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from contingency import PlayStage
from cutover.api import Identity, Inline, Rehearsal, RunSetup, RunType, World, begin, build_world, typist
from cutover.reconciliation import Class
from cutover.testing import assert_views_rebuild

EXAMPLE = Path(__file__).parent / "seventy_two_hours"


async def tell(world: World) -> None:
    """Follow the journal while the rehearsal goes on: everything that happens is a fact in it."""
    position = 0
    while True:
        for fact in world.journal.tail(
            position, kinds=["GateWentGo", "GateWentNoGo", "PlayEnacted", "RunCompleted"]
        ):
            position = fact.position
            print(f"{fact.at:%d %b %H:%M}Z  {fact.event.kind()}  {fact.stream}")
        await asyncio.sleep(0.5)


def main(folder: Path) -> bool:
    setup = RunSetup(scenario=True, prefect=False, speed=0)
    run_id = begin(folder, "", by="programme-manager", run_type=RunType.REHEARSAL, setup=setup)

    held: list[Identity] = []
    rehearsal = Rehearsal(folder, run_id, Inline(), typist, speed=setup.speed)
    asyncio.run(rehearsal.play(watch=tell, ended=held.extend))

    world = build_world(folder)
    first, *_, last = world.reconciliation.history("crimes")
    account, plays = world.paper.account(), world.contingency.plays([PlayStage.STOOD_DOWN])
    print(f"missing at first {first.count(Class.MISSING)}, at last {last.count(Class.MISSING)}")
    print(f"{account.converted} forms brought back, {account.merged} merged, {len(plays)} play stood down")
    for identity in held:
        print("held  " if identity.holds else "BROKEN", identity.title, "-", identity.detail)
    assert_views_rebuild(world)
    return all(identity.holds for identity in held)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "seventy_two_hours"
    if not chosen.exists():
        shutil.copytree(EXAMPLE, chosen, ignore=shutil.ignore_patterns("state"))
    sys.exit(0 if main(chosen) else 1)
