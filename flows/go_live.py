"""The blackout window as a Prefect flow: it opens the programme, performs the run, links itself in the journal."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from cutover.app.bootstrap import open_world
from flows.executor import PrefectExecutor
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import LinkFlow
from runbooks.service import PERFORMER
from runbooks.tenure import stand_by


@flow(name="go-live", persist_result=False, retries=0)
async def go_live(programme: str, run_id: str = "", standby: bool = False) -> str:
    """Perform a started run of the programme folder to its end; returns the stage it ended in.

    Call it again after any crash: it goes on from the journal. While another runner holds the run it raises
    Conflict, or with `standby` waits to take over.
    """
    with open_world(Path(programme)) as world:
        name = world.runs.find(run_id)
        if standby:
            await stand_by(world.engine, run_stream(name), world.clock)
        world.runs.ask(name, LinkFlow(by=PERFORMER, flow_run_id=str(flow_run.id)))
        async with world.client() as client:
            state = await world.performer(name, PrefectExecutor(), client).run()
        return str(state.stage)
