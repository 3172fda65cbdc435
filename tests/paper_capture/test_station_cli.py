"""`cutover paper import` and `link`: the same rules as the page, exit 1 when a row is turned away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from cutover.core.errors import Invalid, NotFound, Refused
from cutover.web.tokens import station_scope
from paper_capture.station_cli import StationDoor, add_station
from tests.paper_capture.pages_world import PROGRAMME, PagesWorld

HEAD = "serial,writer,occurred,written\n"


def call(world: PagesWorld, *words: str) -> Any:
    app = App(name="paper")
    add_station(app, lambda _: StationDoor(world.paper, PROGRAMME, world.tokens, "https://cutover.example/"))
    return app(list(words), result_action="return_value", exit_on_error=False)


def test_where_no_station_is_declared_the_link_is_refused_with_where_to_declare_it(world: PagesWorld) -> None:
    bare = PROGRAMME.model_copy(update={"stations": ()})
    app = App(name="paper")
    add_station(app, lambda _: StationDoor(world.paper, bare, world.tokens, "https://cutover.example/"))
    with pytest.raises(
        Invalid, match=r"declares no station; expected in programme\.yaml, such as `stations:"
    ):
        app(["link", "central"], result_action="return_value", exit_on_error=False)


def test_a_file_is_taken_in_and_what_is_turned_away_is_written_beside_it(
    world: PagesWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    file, rejects = tmp_path / "log.csv", tmp_path / "rejects.csv"
    good = f"{HEAD}{serial},PC Król,2026-10-24 09:00,2026-10-24 10:00\n"
    file.write_text(f"{good}nonsense,,,\n")
    words = ("import", str(file), "--station", "north", "--by", "sam", "--rejects", str(rejects))
    assert call(world, *words) == 1
    assert "is not a serial" in rejects.read_text("utf-8-sig")
    assert call(world, *words, "--good-rows", "--json") == 1
    capsys.readouterr()
    file.write_text(good)
    assert call(world, *words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["again"] == 1


def test_a_link_makes_a_pc_known_until_it_is_revoked(
    world: PagesWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    call(world, "link", "north", "--json")
    address = json.loads(capsys.readouterr().out)["link"]
    assert address.startswith("https://cutover.example/station/north#token=")
    token = address.partition("token=")[2]
    world.tokens.check(token, station_scope("north"))
    call(world, "link", "north", "--revoke")
    with pytest.raises(Refused, match="was revoked"):
        world.tokens.check(token, station_scope("north"))
    with pytest.raises(NotFound, match="did you mean 'north'"):
        call(world, "link", "nort")
