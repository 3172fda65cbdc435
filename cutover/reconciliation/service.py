"""Run a comparison, record what it came to, hand out every finding: the only door of reconciliation."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from cutover.core.errors import CutoverError, NotFound, Refused
from cutover.reconciliation import evidence
from cutover.reconciliation import snapshot as snapshots
from cutover.reconciliation.comparison import (
    COMPARISON,
    Answer,
    ComparisonState,
    KeepSnapshot,
    ReconciliationFinished,
    Start,
    comparison_stream,
)
from cutover.reconciliation.contract import Contract, Side
from cutover.reconciliation.findings import Class, Coverage, Outcome, Reading, Verdict, judge
from cutover.reconciliation.match import match
from cutover.reconciliation.snapshot import ENGINE, Snapshot
from cutover.store.desk import Desk


class ReconciliationService:
    """Compares the two sides of each contract; files go below `state_dir`/reconciliation/<contract>.

    `systems` is asked at each reading, because a rehearsal puts its stand-ins there.
    """

    def __init__(
        self,
        desk: Desk,
        contracts: Mapping[str, Contract],
        state_dir: Path,
        systems: Callable[[], Mapping[str, str]],
    ) -> None:
        self.desk = desk
        self.contracts = contracts
        self._state_dir = state_dir
        self._systems = systems

    def run(self, contract_id: str, *, by: str, key: str | None = None, round: int | None = None) -> Outcome:  # noqa: A002
        """Compare now, and record the outcome. What cannot be read is an outcome too: ERROR, with the reason.

        A `key` under which an answer was recorded gives that answer again; a run that failed or died under it
        is made anew. Raises NotFound for an unknown contract, Refused when a later run overtook this one.
        """
        contract = self._contract(contract_id)
        if earlier := self._answered(key):
            return earlier
        stream = comparison_stream(contract_id)
        self.desk.ask(COMPARISON, stream, Start(by=by, round=round))
        state = self._state(contract_id)
        outcome = self._compare(contract, state).model_copy(update={"round": round})
        answered_under = None if outcome.verdict is Verdict.ERROR else key
        self.desk.ask(COMPARISON, stream, Answer(by=by, outcome=outcome), key=answered_under)
        return outcome

    def snapshot(self, contract_id: str, side: Side | str, *, by: str, key: str | None = None) -> Snapshot:
        """Read one side ahead of a run and keep it; the source's, taken at the freeze, is what later runs compare with."""
        contract, side = self._contract(contract_id), Side(side)
        if key is not None and (earlier := self.desk.journal.keyed(key)):
            return self._kept(contract_id, side, earlier[0].stream)
        taken = snapshots.take(
            contract, side, self._frozen(contract_id), self._systems(), self.desk.clock.now()
        )
        self.desk.ask(
            COMPARISON, comparison_stream(contract_id), KeepSnapshot(by=by, snapshot=taken), key=key
        )
        return taken

    def latest(self, contract_id: str) -> Outcome | None:
        """What the last finished run came to; None before the first."""
        self._contract(contract_id)
        return self._state(contract_id).outcome

    def findings(
        self, contract_id: str, klass: Class | str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """The last run's findings, every one of them: class, key, state, copies, context and cells with both values.

        Raises Refused when the last run has none to show because it failed, or when its file is not the one recorded.
        """
        return evidence.read(self._findings_file(contract_id), Class(klass) if klass else None, limit)

    def export(self, contract_id: str, to: Path) -> int:
        """Write all findings of the last run as CSV; returns the lines. Raises Refused as `findings` does."""
        return evidence.export(self._findings_file(contract_id), self._contract(contract_id), to)

    def _compare(self, contract: Contract, state: ComparisonState) -> Outcome:
        try:
            return self._outcome(contract, state)
        except (CutoverError, duckdb.Error, OSError) as error:
            return Outcome(
                contract=contract.id,
                run=state.run,
                verdict=Verdict.ERROR,
                reasons=(str(error),),
                engine=ENGINE,
            )

    def _outcome(self, contract: Contract, state: ComparisonState) -> Outcome:
        work = self._home(contract.id) / "runs" / f"{state.run:04}"
        shutil.rmtree(
            work.parent, ignore_errors=True
        )  # what an earlier run read is not needed: its findings are kept apart
        frozen = state.snapshots.get(Side.SOURCE) if contract.source_frozen else None
        if frozen and (stale := snapshots.doubts(frozen, contract, self._frozen(contract.id))):
            return Outcome(
                contract=contract.id,
                run=state.run,
                verdict=Verdict.INCONCLUSIVE,
                reasons=stale,
                engine=ENGINE,
            )
        clock, systems = self.desk.clock, self._systems()
        source = frozen or snapshots.take(contract, Side.SOURCE, work, systems, clock.now())
        target = snapshots.take(contract, Side.TARGET, work, systems, clock.now())
        source_home = self._frozen(contract.id) if frozen else work
        return self._matched(
            contract, state.run, (source, source_home, frozen is not None), (target, work, False)
        )

    def _matched(
        self,
        contract: Contract,
        run: int,
        source: tuple[Snapshot, Path, bool],
        target: tuple[Snapshot, Path, bool],
    ) -> Outcome:
        file = self._home(contract.id) / "findings" / f"{run:04}.parquet"
        read = {Side.SOURCE: source, Side.TARGET: target}
        with snapshots.engine(target[1]) as engine:
            matching = match(engine, contract, *(home / taken.file for taken, home, _ in read.values()))
            found = evidence.write(
                engine, contract, {side: home / taken.raw for side, (taken, home, _) in read.items()}, file
            )
        coverage = _coverage(contract, matching.excluded, (*source[0].gaps, *target[0].gaps))
        verdict, reasons = judge(
            matching.counts,
            matching.by_state,
            unexplained=found.unexplained,
            books=matching.books,
            coverage=coverage,
            doubts=found.doubts,
        )
        return Outcome(
            contract=contract.id, run=run, verdict=verdict, reasons=reasons, counts=matching.counts, by_state=matching.by_state,
            kinds=found.kinds, unexplained=found.unexplained, conservation=matching.books, coverage=coverage,
            source=_reading(source), target=_reading(target), engine=ENGINE, findings_file=file.name,
            findings_sha256=snapshots.sha256(file), first=found.first,
        )  # fmt: skip

    def _answered(self, key: str | None) -> Outcome | None:
        recorded = self.desk.journal.keyed(key) if key is not None else []
        return next((r.event.outcome for r in recorded if isinstance(r.event, ReconciliationFinished)), None)

    def _findings_file(self, contract_id: str) -> Path:
        outcome = self.latest(contract_id)
        if outcome is None:
            raise Refused(f"{contract_id} has not been reconciled yet")
        if not outcome.findings_file:
            raise Refused(f"the last run of {contract_id} has no findings to show: {outcome}")
        path = self._home(contract_id) / "findings" / outcome.findings_file
        if not path.is_file() or snapshots.sha256(path) != outcome.findings_sha256:
            raise Refused(
                f"the findings of run {outcome.run} are gone or were altered ({path.name}): reconcile again"
            )
        return path

    def _kept(self, contract_id: str, side: Side, stream: str) -> Snapshot:
        if stream != comparison_stream(contract_id):
            raise Refused(f"that key was used for {stream}")
        return self._state(contract_id).snapshots[side]

    def _state(self, contract_id: str) -> ComparisonState:
        return self.desk.state(COMPARISON, comparison_stream(contract_id))

    def _contract(self, contract_id: str) -> Contract:
        if contract_id not in self.contracts:
            raise NotFound("contract", contract_id, self.contracts)
        return self.contracts[contract_id]

    def _home(self, contract_id: str) -> Path:
        return self._state_dir / "reconciliation" / contract_id

    def _frozen(self, contract_id: str) -> Path:
        return self._home(contract_id) / "frozen"


def _coverage(contract: Contract, excluded: Mapping[str, int], gaps: tuple[str, ...]) -> Coverage:
    left_out = tuple(f"{n.side}.{n.column}: {n.reason}" for n in contract.not_compared)
    return Coverage(compared=tuple(contract.columns), not_compared=left_out, excluded=excluded, gaps=gaps)


def _reading(side: tuple[Snapshot, Path, bool]) -> Reading:
    taken, _, frozen = side
    return Reading(
        origin=taken.origin, read_at=taken.read_at, rows=taken.rows, sha256=taken.sha256, frozen=frozen
    )
