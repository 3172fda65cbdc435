"""What gates ask of outcome flows, of the register and of the whole watch, answered live. Not green unless shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cutover.core.errors import NotFound
from cutover.domain.gates import Finding
from monitors.domain.check import Status
from monitors.domain.composite import Verdict
from runbooks.service import Provider, Reading

if TYPE_CHECKING:
    from cutover.app.bootstrap import World

FLOW_SOURCES = ("flow", "register", "hypercare")
_EXITS: Mapping[Verdict, Finding] = {
    Verdict.PASS: Finding.MET,
    Verdict.FAIL: Finding.NOT_MET,
    Verdict.INCONCLUSIVE: Finding.INCONCLUSIVE,
    Verdict.ERROR: Finding.ERROR,
}
STATES: Mapping[Status, Finding] = {Status.OK: Finding.MET, Status.UNKNOWN: Finding.UNKNOWN}


def flow_providers(world: World) -> Mapping[str, Provider]:
    """Who answers for `flow:`, `register:` and `hypercare:` sources of this world."""

    def flow(name: str) -> Reading:
        try:
            view = world.flows.view(name)
        except NotFound as error:
            return Reading(Finding.ERROR, str(error))
        finding = STATES.get(view.standing.status, Finding.NOT_MET)
        if finding is Finding.MET and not view.enough:
            finding = Finding.INCONCLUSIVE  # quiet, but too few days to have shown the agreed fall
        return Reading(finding, f"{view.standing.status}: {view.standing.detail}", f"/health#{name}")

    def register(_name: str) -> Reading:
        gaps = world.register.gaps()
        said = "; ".join(gaps) or "everything expected has a monitor and an owner"
        return Reading(Finding.NOT_MET if gaps else Finding.MET, said, "/health")

    def hypercare(_name: str) -> Reading:
        said = world.hypercare.exit()
        return Reading(_EXITS[said.verdict], str(said), "/health")

    return {"flow": flow, "register": register, "hypercare": hypercare}
