"""Makes our work pool and deployments at the server that the environment names; what is there is brought up to date."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists

from flows.deploy import DEPLOYMENTS, POOL


async def make(programme: str) -> list[str]:
    """Returns the names by which the flows can be started."""
    async with get_client() as client:
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        for one in DEPLOYMENTS:
            flow_id = await client.create_flow_from_name(one.flow)
            await client.create_deployment(
                flow_id=flow_id, name=one.name, work_pool_name=POOL, entrypoint=one.entrypoint, description=one.says,
                parameters={"programme": programme}, enforce_parameter_schema=False,
            )  # fmt: skip
    return [f"{one.flow}/{one.name}" for one in DEPLOYMENTS]


if __name__ == "__main__":
    print(*asyncio.run(make(sys.argv[1])), sep=", ")  # noqa: T201  what the caller reads
