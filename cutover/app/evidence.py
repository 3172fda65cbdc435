"""What gates ask of other rooms, answered live: reconciliations, monitors, rehearsals. Not green unless shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cutover.app.flow_evidence import FLOW_SOURCES, STATES, flow_providers
from cutover.app.readiness_file import FILE as READINESS
from cutover.app.readiness_file import load_readiness
from cutover.core.errors import Invalid, NotFound
from cutover.domain.gates import Finding
from cutover.domain.readiness import judged
from cutover.domain.readiness import read_rule as read_readiness
from cutover.reconciliation.findings import Verdict, address
from runbooks.domain.rehearsals import is_rehearsing, read_rule, rehearsed
from runbooks.service import Provider, Reading

if TYPE_CHECKING:
    from cutover.app.bootstrap import World

OWN_SOURCES = ("reconcile", "monitor", "rehearsal", "readiness", "query", "file")
_VERDICTS = {
    Verdict.PASS: Finding.MET,
    Verdict.FAIL: Finding.NOT_MET,
    Verdict.INCONCLUSIVE: Finding.INCONCLUSIVE,
    Verdict.ERROR: Finding.ERROR,
}


def providers(world: World) -> Mapping[str, Provider]:
    """Who answers for each kind of source in this world, by the first word of the source."""
    if world.simulated:
        return dict.fromkeys((*FLOW_SOURCES, *OWN_SOURCES), _assumed)
    own = (_reconcile, _monitor, _rehearsal, _readiness, _query, _file)
    return {
        **flow_providers(world),
        **{kind: partial(answer, world) for kind, answer in zip(OWN_SOURCES, own, strict=True)},
    }


def _assumed(name: str) -> Reading:
    return Reading(Finding.MET, f"assumed: this walk-through runs without its systems ({name})")


def _reconcile(world: World, name: str) -> Reading:
    try:
        outcome = world.reconciliation.latest(name)
    except NotFound as error:
        return Reading(Finding.ERROR, str(error))
    if outcome is None:
        return Reading(Finding.UNKNOWN, "never reconciled")
    where = address(name, outcome.run)
    if fallen := world.reconciliation.fallen(name):
        return Reading(Finding.NOT_MET, f"{outcome}, but {'; '.join(fallen)}", where)
    return Reading(_VERDICTS[outcome.verdict], str(outcome), where)


def _monitor(world: World, name: str) -> Reading:
    try:
        view = world.monitors.state(name)
    except NotFound as error:
        return Reading(Finding.ERROR, str(error))
    return Reading(
        STATES.get(view.status, Finding.NOT_MET),
        f"{view.status}: {view.detail}" if view.detail else str(view.status),
        f"/health#{name}",
    )


def _query(world: World, name: str) -> Reading:
    return world.queries.read(name)


def _readiness(world: World, rule: str) -> Reading:
    """The worst cell of readiness.csv as it stands now; the file is read again whenever it is asked."""
    try:
        seen = judged(
            load_readiness(world.folder.path / READINESS, world.folder.programme.zone), read_readiness(rule)
        )
    except Invalid as error:
        return Reading(Finding.ERROR, str(error).splitlines()[0])
    if seen.counted is None:
        return Reading(Finding.UNKNOWN, seen.detail)
    counted = f"counted {seen.counted:%d %b %Y %H:%M}Z"
    return Reading(
        Finding.MET if seen.is_met else Finding.NOT_MET, f"{seen.detail}; {counted}", seen_at=seen.counted
    )


def _file(world: World, name: str) -> Reading:
    """A file of the programme folder: met while it is there, and known by its hash, so that an exchanged one is news."""
    path = (world.folder.path / name).resolve()
    if not path.is_relative_to(world.folder.path):
        return Reading(Finding.ERROR, f"'{name}' is not in the programme folder")
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return Reading(Finding.NOT_MET, f"there is no file '{name}'")
    except OSError as error:
        return Reading(Finding.ERROR, f"'{name}': {error.strerror}")
    return Reading(Finding.MET, f"{name}, SHA-256 {digest}, written {written:%d %b %Y %H:%M}Z")


def _rehearsal(world: World, rule: str) -> Reading:
    """Was there a complete rehearsal lately? A rehearsal's own gates cannot ask for an earlier one."""
    try:
        within, runbook = read_rule(rule)
    except Invalid as error:
        return Reading(Finding.ERROR, str(error))
    states = [world.runs.state(run_id) for run_id in world.runs.run_ids()]
    if is_rehearsing(states):
        return Reading(Finding.MET, "this is the rehearsal: asked in earnest of the live run")
    seen = rehearsed(states, within, world.clock.now(), runbook)
    return Reading(Finding.MET if seen.is_met else Finding.NOT_MET, seen.detail)
