"""What a station told twice is seen by a supervisor, is a breach until decided, and the decision reaches register and PC."""

from __future__ import annotations

import pytest

from cutover.core.errors import Refused
from paper_capture.conflict_tables import conflict_rows
from paper_capture.conflicts import PaperConflicts
from paper_capture.domain.conflicts import CONFLICT, conflict_stream
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.test_web_station import ask, put


def told_twice(world: PagesWorld) -> tuple[str, str]:
    """A sheet, and the token of the station that told of it twice."""
    serial = world.paper.issue(station="north", form_type="crime", count=1, by="asha")[0]
    token = world.token("north")
    assert put(world, serial, token).status_code == 201
    other = put(world, serial, token, writer="PC <b>Other</b>", by="PC 99", grade="standard")
    assert other.status_code == 409
    return serial, token


def broken(world: PagesWorld) -> list[str]:
    return [i.detail for i in world.paper.account().identities if i.id == "TOLD" and not i.holds]


def test_a_conflict_is_a_breach_that_names_sheet_station_and_teller_until_somebody_has_decided(
    world: PagesWorld,
) -> None:
    serial, token = told_twice(world)
    assert (
        put(world, serial, token, writer="PC <b>Other</b>", by="PC 99", grade="standard").status_code == 409
    )
    (said,) = broken(world)
    assert f"{serial} (north): used was told otherwise by PC 99" in said
    door = PaperConflicts(world.paper)
    assert conflict_rows(world.paper.desk.journal.engine) == door.all()
    assert len(door.conflict(f"{serial}.used").told) == 1
    door.settle(f"{serial}.used", chosen=0, reason="the paper says Król", by="viktor")
    assert broken(world) == []
    assert world.paper.sheet(serial).writer == "PC Król"


def test_a_later_telling_that_is_chosen_corrects_the_sheet_and_the_pc_is_told(world: PagesWorld) -> None:
    serial, token = told_twice(world)
    PaperConflicts(world.paper).settle(f"{serial}.used", chosen=1, reason="as the paper says", by="viktor")
    row = world.paper.sheet(serial)
    assert (row.writer, str(row.grade)) == ("PC <b>Other</b>", "standard")
    assert world.paper.state(serial)[1].writer == row.writer
    assert (
        "viktor decided"
        in ask(world, "GET", "/api/v1/stations/north", token).json()["settled"][f"{serial}.used"]
    )
    again = put(world, serial, token, writer="PC <b>Other</b>", grade="standard")
    assert (again.status_code, again.json()["again"]) == (200, True)
    first = put(world, serial, token)
    assert (first.status_code, "a later telling holds" in first.json()["settled"]) == (200, True)
    assert put(world, serial, token, writer="PC Third").status_code == 409


def test_a_decision_that_cannot_be_leaves_both_as_they_were(world: PagesWorld) -> None:
    serial, _ = told_twice(world)
    with pytest.raises(Refused):
        PaperConflicts(world.paper).settle(f"{serial}.used", chosen=2, reason="", by="viktor")
    assert world.paper.desk.state(CONFLICT, conflict_stream(f"{serial}.used")).is_open
    assert world.paper.sheet(serial).writer == "PC Król"


def test_only_a_supervisor_sees_both_tellings_and_decides(world: PagesWorld) -> None:
    serial, _ = told_twice(world)
    app = world.app()
    for person in ("asha", "farid", "sam", "nils"):
        assert "PC Król" not in world.enter(app, person).get("/stations/conflicts").text, person
    viktor = world.enter(app, "viktor")
    page = viktor.get("/stations/conflicts").text
    assert "PC Król" in page
    assert "PC &lt;b&gt;Other&lt;/b&gt;" in page
    assert "told twice, undecided" in viktor.get("/stations").text
    path = f"/stations/conflicts/{serial}.used/settle"
    assert "decided without a reason" in viktor.post(path, chosen="1", reason="").text
    assert "as the paper says" in viktor.post(path, chosen="1", reason="as the paper says").text
    assert world.paper.sheet(serial).writer == "PC <b>Other</b>"
    assert "takes the role supervisor" in world.enter(app, "nils").post(path, chosen="1", reason="x").text
