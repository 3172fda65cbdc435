"""Stations that send all they have at the same moment, some twice: nothing is lost, nothing is recorded twice, in order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import httpx
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from paper_capture.forms import load_forms
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.test_web_station import V1
from tests.paper_capture.world import SCENARIO

FORMS = 12


def test_what_stations_send_at_once_and_again_is_recorded_once_and_in_their_order(
    make_desk: MakeDesk, any_engine: Engine, clock: FixedClock, tmp_path: Path
) -> None:
    paper = PaperService(make_desk(EVENTS, [PaperProjection()], on=any_engine), load_forms(SCENARIO))
    world = PagesWorld(paper, clock, tmp_path)
    fleet = {s: paper.issue(station=s, form_type="crime", count=FORMS, by="asha") for s in ("north", "south")}
    tokens = {station: world.token(station) for station in fleet}
    app = world.app()

    async def sends(station: str) -> list[int]:
        transport, answers = httpx.ASGITransport(app), []
        headers = {"Authorization": f"Bearer {tokens[station]}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://s", headers=headers) as client:
            for serial in fleet[station]:
                key = f"{serial}.used"
                body = {**V1, "serial": serial, "key": key, "times": {}}
                path = f"/api/v1/stations/{station}/moves/{key}"
                answers.append((await client.put(path, json=body)).status_code)
        return answers

    async def all_of_them() -> list[list[int]]:
        return await asyncio.gather(*(sends(station) for station in (*fleet, *fleet)))

    found = asyncio.run(all_of_them())
    assert {code for codes in found for code in codes} <= {200, 201}
    order = defaultdict(list)
    place = {serial: station for station, serials in fleet.items() for serial in serials}
    for fact in paper.desk.journal.all():
        if fact.event.kind() == "SheetUsed":
            serial = fact.stream.partition(":")[2]
            order[place[serial]].append(serial)
    assert dict(order) == fleet
