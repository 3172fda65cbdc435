"""The public Python API of the whole: write and open a programme, begin a run, perform it, rehearse it, read what happened.

What belongs to one room is named by that room: `runbooks`, `monitors`, `paper_capture`, `contingency`,
`cutover.reconciliation`, and the Prefect flows by `flows`.
"""

from cutover.app.bootstrap import World, as_current, build_world, open_world
from cutover.app.programme_folder import write_programme
from cutover.domain.gates import Criterion, Verdict
from cutover.domain.programme import Component, Person, Programme, Station, Team, Window
from cutover.performing import Inline, InPrefect, begin, typist
from cutover.range.ending import Identity, identities
from cutover.range.rehearsal import Rehearsal
from cutover.showing import perform
from runbooks.domain.run_events import RunSetup, RunType

__all__ = [
    "Component", "Criterion", "Identity", "InPrefect", "Inline", "Person", "Programme",
    "Rehearsal", "RunSetup", "RunType", "Station", "Team", "Verdict", "Window", "World", "as_current", "begin",
    "build_world", "identities", "open_world", "perform", "typist", "write_programme",
]  # fmt: skip
