"""What gates ask of other rooms, answered live: reconciliation verdicts and monitor states. Not green unless shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cutover.core.errors import NotFound
from cutover.domain.gates import Finding
from cutover.reconciliation.findings import Verdict, address
from monitors.domain.check import Status
from runbooks.service import Provider, Reading

if TYPE_CHECKING:
    from cutover.app.bootstrap import World

_VERDICTS = {
    Verdict.PASS: Finding.MET,
    Verdict.FAIL: Finding.NOT_MET,
    Verdict.INCONCLUSIVE: Finding.INCONCLUSIVE,
    Verdict.ERROR: Finding.ERROR,
}
_STATES = {Status.OK: Finding.MET, Status.UNKNOWN: Finding.UNKNOWN}


def providers(world: World) -> Mapping[str, Provider]:
    """Who answers for `reconcile:` and `monitor:` sources of this world."""

    def reconcile(name: str) -> Reading:
        try:
            outcome = world.reconciliation.latest(name)
        except NotFound as error:
            return Reading(Finding.ERROR, str(error))
        if outcome is None:
            return Reading(Finding.UNKNOWN, "never reconciled")
        return Reading(_VERDICTS[outcome.verdict], str(outcome), address(name, outcome.run))

    def monitor(name: str) -> Reading:
        try:
            view = world.monitors.state(name)
        except NotFound as error:
            return Reading(Finding.ERROR, str(error))
        return Reading(
            _STATES.get(view.status, Finding.NOT_MET),
            f"{view.status}: {view.detail}" if view.detail else str(view.status),
            f"/health#{name}",
        )

    def assumed(name: str) -> Reading:
        return Reading(Finding.MET, f"assumed: this walk-through runs without its systems ({name})")

    if world.simulated:
        return {"reconcile": assumed, "monitor": assumed, "readiness": assumed}
    return {"reconcile": reconcile, "monitor": monitor}
