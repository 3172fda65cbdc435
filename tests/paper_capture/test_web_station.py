"""The station's API and files: one station a token, problems in words, one version of a move for ever."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx

from paper_capture.web_station import COOKIE, FILES
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.world import used

V1 = {  # as every page served so far sends it: this literal is never changed
    "v": 1, "key": "", "serial": "", "move": "used", "by": "PC 412", "saved_at": "2026-10-24T11:00:00.000Z",
    "sent_at": "2026-10-24T11:30:00.000Z", "writer": "PC Król", "occurred_at": "2026-10-24T10:00:00+01:00",
    "written_at": "2026-10-24T11:00:00+01:00", "grade": "high", "times": {"reported_at": "2026-10-24T10:30:00+01:00"},
}  # fmt: skip


def ask(world: PagesWorld, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
    async def one() -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(world.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://board") as client:
            return await client.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)

    return asyncio.run(one())


def put(world: PagesWorld, serial: str, token: str, station: str = "north", **changes: Any) -> httpx.Response:
    key = f"{serial}.used"
    body = {**V1, "serial": serial, "key": key, **changes}
    return ask(world, "PUT", f"/api/v1/stations/{station}/moves/{key}", token, json=body)


def test_version_1_of_a_move_is_taken_and_answered_the_same_again(world: PagesWorld) -> None:
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    token = world.token("north")
    assert [put(world, serial, token).status_code for _ in range(2)] == [201, 200]
    other = put(world, serial, token, writer="PC <b>Other</b>")
    assert (other.status_code, other.json()["there"]["writer"]) == (409, "PC Król")
    assert world.paper.sheet(serial).values["reported_at"] == "2026-10-24T10:30:00+01:00"


def test_a_token_sees_and_writes_its_own_station_alone(world: PagesWorld) -> None:
    serial = world.paper.issue(station="south", form_type="crime", count=1, by="asha")[0]
    token = world.token("north")
    assert put(world, serial, token).status_code == 422
    assert put(world, serial, token, "south").status_code == 403
    assert ask(world, "GET", "/api/v1/stations/south", token).status_code == 403
    assert serial not in ask(world, "GET", "/api/v1/stations/north", token).text
    world.clock.advance(timedelta(minutes=1))
    world.tokens.revoke("station:north")
    assert ask(world, "GET", "/api/v1/stations/north", token).status_code == 401


def test_a_link_that_is_revoked_ends_with_the_very_next_request_of_a_server_that_knew_it(
    world: PagesWorld,
) -> None:
    token, app = world.token("north"), world.app()
    asked = [f"/api/v1/stations/{station}" for station in ("north", "north")]

    async def both() -> list[int]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://board", headers=headers) as client:
            before = await client.get(asked[0])
            world.clock.advance(timedelta(minutes=1))
            world.tokens.revoke("station:north")
            return [before.status_code, (await client.get(asked[1])).status_code]

    assert asyncio.run(both()) == [200, 401]


def test_what_a_station_is_told_names_nobody(world: PagesWorld) -> None:
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    world.paper.log_used([used(serial)], by="sam")
    seen = ask(world, "GET", "/api/v1/stations/north", world.token("north"))
    assert seen.json()["sheets"][0]["stage"] == "used"
    assert "Łukasz" not in seen.text
    assert seen.json()["counts"]["used"] == 1


def test_a_pc_is_enrolled_by_a_cookie_that_no_script_reads_and_other_sites_send_nothing(
    world: PagesWorld,
) -> None:
    path = "/api/v1/stations/north/enrolment"
    token = world.token("north")
    done = ask(world, "POST", path, json={"token": token})
    cookie = done.headers["set-cookie"]
    assert all(
        word in cookie for word in (COOKIE, "HttpOnly", "SameSite=strict", "Path=/api/v1/stations/north")
    )
    assert ask(world, "POST", path, json={"token": world.token("south")}).status_code == 403
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    key = f"{serial}.used"
    headers = {"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "cross-site"}
    address = f"/api/v1/stations/north/moves/{key}"
    foreign = ask(world, "PUT", address, json={**V1, "serial": serial, "key": key}, headers=headers)
    assert "another site" in foreign.json()["detail"]


def test_people_write_for_their_own_station_and_supervisors_for_any(world: PagesWorld) -> None:
    app = world.app()
    for person, station, status in (
        ("sam", "north", 200), ("sam", "south", 403), ("viktor", "south", 200), ("asha", "north", 403),
        ("farid", "north", 403), ("viktor", "nowhere", 403),
    ):  # fmt: skip
        browser = world.enter(app, person)
        assert browser.get(f"/api/v1/stations/{station}").status_code == status, (person, station)


def test_a_pc_that_is_known_no_more_still_lets_a_person_sign_in(world: PagesWorld) -> None:
    token = world.token("north")
    world.clock.advance(timedelta(minutes=1))
    world.tokens.revoke("station:north")
    browser = world.enter(world.app(), "sam")
    browser.cookies.set(COOKIE, token)
    assert browser.get("/api/v1/stations/north").status_code == 200
    nobody = ask(world, "GET", "/api/v1/stations/north")
    assert (nobody.status_code, "open the station's link" in nobody.json()["detail"]) == (401, True)


def test_a_body_that_is_no_move_is_told_where_it_is_wrong(world: PagesWorld) -> None:
    token = world.token("north")
    for changes, said in (({"writer": "a\0b"}, "control character"), ({"move": "eaten"}, "move"), ({"written_at": "yesterday"}, "written_at"), ({"extra": 1}, "extra")):  # fmt: skip
        answer = put(world, "CR000000187", token, **changes)
        assert (answer.status_code, said in answer.json()["detail"]) == (422, True)
        assert answer.headers["content-type"] == "application/problem+json"
    big = put(world, "CR000000187", token, reason="x" * 30_000)
    assert "larger than" in big.json()["detail"]


def test_the_page_holds_nothing_and_the_worker_keeps_every_file_it_needs(world: PagesWorld) -> None:
    page = ask(world, "GET", "/station/north")
    assert "North" not in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    worker = ask(world, "GET", "/station-app/sw.js")
    assert worker.headers["service-worker-allowed"] == "/station/"
    named = json.loads(worker.text.split("FILES = ")[1].split(";")[0].replace("'", '"'))
    assert {f"/station-app/{p.name}" for p in FILES.iterdir() if p.name != "sw.js"} <= set(named)
    assert all(ask(world, "GET", path).status_code == 200 for path in named)
    assert "North Quay" in ask(world, "GET", "/station-app/manifest.webmanifest?station=north").text
    assert ask(world, "GET", "/station-app/../web_station.py").status_code == 404


def test_no_file_of_the_page_asks_another_host_or_writes_markup() -> None:
    for path in FILES.iterdir():
        text = path.read_text()
        assert "http://" not in text, path.name
        assert "https://" not in text, path.name
        assert "innerHTML" not in text, path.name
