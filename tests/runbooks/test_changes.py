"""An edit says what it does to the end, from the plan as it would be and from what past runs took."""

from __future__ import annotations

from runbooks.changes import Changes
from tests.runbooks.conftest import Room
from tests.runbooks.performed import run
from tests.runbooks.plans import auto


def test_a_longer_task_moves_the_end_although_past_runs_were_quicker(room: Room) -> None:
    run(room, room.start(auto("A")))
    again = room.start(auto("A"))
    proposed = Changes(room.service).propose(
        again, by="bo", reason="rehearsals took longer", changes={"A": {"duration": "9h"}}
    )
    assert "moves" in proposed.impact
