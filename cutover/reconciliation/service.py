"""Run a comparison, record what it came to, hand out every finding: the only door of reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from cutover.core.errors import CutoverError, NotFound, Refused
from cutover.core.reach import HOUSE, Reach
from cutover.reconciliation import (
    crossing,
    elsewhere,
    evidence,
    later,
    references,
    sources,
    standing,
    warehouses,
)
from cutover.reconciliation import snapshot as snapshots
from cutover.reconciliation.causes import Cause, Wanted
from cutover.reconciliation.comparison import (
    COMPARISON,
    Answer,
    ComparisonState,
    KeepSnapshot,
    Overtaken,
    ReconciliationFailed,
    ReconciliationFinished,
    ReconciliationStarted,
    SnapshotTaken,
    Start,
    comparison_stream,
)
from cutover.reconciliation.contract import EMBEDDED, Contract
from cutover.reconciliation.findings import Class, Outcome, Reading, Verdict, judge
from cutover.reconciliation.later import Since
from cutover.reconciliation.lives import (
    FINDING,
    ExplainFindings,
    FindingLives,
    JudgeFindings,
    RepairFindings,
    findings_stream,
)
from cutover.reconciliation.match import Matching, Read, match
from cutover.reconciliation.reruns import Recheck, Whole, rechecks
from cutover.reconciliation.resuming import alone, resumable
from cutover.reconciliation.sides import Side, Snapshot
from cutover.reconciliation.snapshot import ENGINE
from cutover.store.desk import Desk


@dataclass(frozen=True, slots=True)
class _Read:
    """A snapshot and the folder it lies in."""

    taken: Snapshot
    home: Path
    frozen: bool = False

    def found(self) -> Read:
        return Read(self.taken, self.home / self.taken.file, self.home / self.taken.raw)

    def reading(self) -> Reading:
        t = self.taken
        return Reading(origin=t.origin, read_at=t.read_at, rows=t.rows, sha256=t.sha256, frozen=self.frozen)


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
        *,
        told: Callable[[str], None] = lambda _: None,
        begins: datetime | None = None,
        zone: str = "UTC",
        reach: Reach = HOUSE,
    ) -> None:
        self._begins = begins  # a run before it is a trial, and no first one
        self.zone = zone
        self.told = told  # hears how far the reading is
        self.desk, self.contracts = desk, contracts
        self._state_dir, self._systems, self._reach = state_dir, systems, reach

    def run(
        self,
        contract_id: str,
        *,
        by: str,
        key: str | None = None,
        round: int | None = None,  # noqa: A002
        engine: str = "",
    ) -> Outcome:
        """Compare now, and record the outcome. What cannot be read is an outcome too: ERROR, with the reason.

        A `key` under which an answer was recorded gives that answer again; a run that failed or died under it
        is made anew. `engine`: another than the contract's. Raises NotFound for an unknown contract, Refused when a
        later run overtook this one, Invalid for an engine that the contract cannot be compared in.
        """
        contract = self._contract(contract_id)
        contract = contract.on(engine) if engine else contract
        if earlier := self._answered(key):
            return earlier
        stream = comparison_stream(contract_id)
        [started] = self.desk.ask(COMPARISON, stream, Start(by=by, round=round))
        assert isinstance(started.event, ReconciliationStarted)
        outcome = self._compare(contract, started.event)
        answered_under = None if outcome.verdict is Verdict.ERROR else key
        self.desk.ask(COMPARISON, stream, Answer(by=by, outcome=outcome), key=answered_under)
        if outcome.verdict in (Verdict.PASS, Verdict.FAIL):
            self._verify(outcome, by)
        return self._answered(answered_under) or outcome

    def snapshot(self, contract_id: str, side: Side | str, *, by: str, key: str | None = None) -> Snapshot:
        """Read one side ahead of a run and keep it; the source's, taken at the freeze, is what later runs compare with."""
        contract, side = self._contract(contract_id), Side(side)
        if key is not None and (earlier := self.desk.journal.keyed(key)):
            return self._kept(contract_id, side, earlier[0].stream)
        folder = self._frozen(contract_id)
        with alone(folder), snapshots.engine(folder) as engine:
            if broken := crossing.faults(engine, contract):
                raise Refused(*broken)
            taken = self._take(engine, crossing.crossed(engine, contract), side, folder, self.told)
        kept = KeepSnapshot(by=by, snapshot=taken)
        self.desk.ask(COMPARISON, comparison_stream(contract_id), kept, key=key)
        snapshots.forget_parts(folder, side)
        return taken

    def latest(self, contract_id: str) -> Outcome | None:
        """What the last finished run came to; None before the first."""
        self._contract(contract_id)
        return self._state(contract_id).outcome

    def history(self, contract_id: str) -> list[Outcome]:
        """What every run came to, failures too, oldest first."""
        self._contract(contract_id)
        facts = self.desk.journal.read(comparison_stream(contract_id))
        ends = (ReconciliationFinished, ReconciliationFailed)
        return [fact.event.outcome for fact in facts if isinstance(fact.event, ends)]

    def rechecks(self, contract_id: str) -> tuple[Recheck, ...]:
        """The re-runs that the contract asks for: made, waiting, due or overdue now; none before its first whole run."""
        contract, begins, whole = self._contract(contract_id), self._begins, []
        for fact in self.desk.journal.read(comparison_stream(contract_id)):
            match fact.event:
                case SnapshotTaken(snapshot=taken) if contract.source_frozen and taken.side is Side.SOURCE:
                    begins = max(fact.at, begins) if begins else fact.at
                case ReconciliationFinished(outcome=o) if o.verdict in (Verdict.PASS, Verdict.FAIL):
                    whole.append(Whole(o.run, fact.at))
        return rechecks(contract.again, whole, begins, self.desk.clock.now())

    def outcome(self, contract_id: str, run: int | None = None) -> Outcome:
        """What a run came to; the last one when none is named. Raises NotFound, or Refused before the first."""
        history = self.history(self._contract(contract_id).id)
        if not history:
            raise Refused(f"{contract_id} has not been reconciled yet")
        found = next((o for o in history if o.run == run), None) if run is not None else history[-1]
        if found is None:
            raise NotFound("run", str(run), [str(o.run) for o in history])
        return found

    def fallen(self, contract_id: str) -> tuple[str, ...]:
        """Why the last PASS says nothing any more; nothing where it stands, and where there is none."""
        contract, last = self._contract(contract_id), self.latest(contract_id)
        state, today = self._state(contract_id), self.desk.clock.now().date()
        return standing.fallen(last, contract, state, self.rechecks(contract_id), today, zone=self.zone)

    def findings(
        self,
        contract_id: str,
        klass: Class | str | None = None,
        limit: int | None = None,
        run: int | None = None,
        skip: int = 0,
        *,
        wanted: Wanted = evidence.ANY,
    ) -> list[dict[str, Any]]:
        """The findings of a run (default: the last) but the first `skip`, most open cause first: class, key, state, copies, context, cells with both values.

        Raises Refused when that run has none to show because it failed, or when its file is not the one recorded.
        """
        wanted = replace(wanted, klass=klass or wanted.klass)
        evidence.require_class(wanted.klass)
        return evidence.read(self._findings_file(contract_id, run), wanted, limit, skip)

    def finding_ids(self, contract_id: str, klass: Class | str | None = None) -> list[str]:
        """What the findings of the last run are known by, and nothing else of them. Raises Refused as `findings` does."""
        evidence.require_class(klass or "")
        return evidence.ids(self._findings_file(contract_id), klass or "")

    def causes(self, contract_id: str, run: int | None = None) -> list[Cause]:
        """What a run's findings come from, the most open cause first. Raises Refused as `findings` does."""
        return evidence.causes(self._findings_file(contract_id, run))

    def export(self, contract_id: str, to: Path, run: int | None = None) -> int:
        """Write all findings of a run (default: the last) as CSV; returns the lines. Raises Refused as `findings` does."""
        return evidence.export(self._findings_file(contract_id, run), self._contract(contract_id), to)

    def explain(self, contract_id: str, findings: Iterable[str], *, code: str, reason: str, by: str) -> None:
        """Say why these findings of the last run are there. Raises Refused for one that the last run does not have."""
        self._touch(contract_id, ExplainFindings(by=by, findings=tuple(findings), code=code, reason=reason))

    def repaired(self, contract_id: str, findings: Iterable[str], *, how: str, by: str) -> None:
        """Claim that these findings of the last run were repaired; a later run verifies it or opens them again."""
        self._touch(contract_id, RepairFindings(by=by, findings=tuple(findings), how=how))

    def lives(self, contract_id: str) -> FindingLives:
        """The findings that somebody or some run did something about."""
        self._contract(contract_id)
        return self.desk.state(FINDING, findings_stream(contract_id))

    def since(self, contract_id: str, earlier: int, run: int | None = None) -> Since:
        """What is new, gone and still there in a run (default: the last) against an earlier one."""
        before, after = self._findings_file(contract_id, earlier), self._findings_file(contract_id, run)
        with snapshots.engine(self._home(contract_id) / "looking") as engine:
            return later.since(engine, before, after)

    def repair_extract(self, contract_id: str, to: Path, run: int | None = None) -> int:
        """Write the source's own rows of missing and changed keys (CSV or Parquet) for a reload; returns the rows."""
        contract, findings = self._contract(contract_id), self._findings_file(contract_id, run)
        frozen, home = self._frozen_source(contract), self._home(contract_id)
        with TemporaryDirectory(dir=home) as held, snapshots.engine(work := Path(held)) as engine:
            if frozen:
                raw = self._frozen(contract_id) / frozen.raw, frozen.mark
            else:
                contract = elsewhere.within_reach(contract, self._systems(), work)
                raw = sources.brought(contract, Side.SOURCE, work, self._systems(), self._reach)
            return later.repair(engine, crossing.crossed(engine, contract), findings, raw, to)

    def sql(self, contract_id: str, engine: str) -> list[str]:
        """The statements that compare both sides in an engine, in its words; nothing is run."""
        return elsewhere.emitted(self._contract(contract_id), engine)

    def _touch(self, contract_id: str, command: ExplainFindings | RepairFindings) -> None:
        known = evidence.among(self._findings_file(contract_id), command.findings)
        if strange := sorted({*command.findings} - known):
            raise Refused(*(f"{one} is not a finding of the last run of {contract_id}" for one in strange))
        self.desk.ask(FINDING, findings_stream(contract_id), command)

    def _verify(self, outcome: Outcome, by: str) -> None:
        """Tell the findings that somebody touched what this run says of them."""
        stream = findings_stream(outcome.contract)
        if touched := self.desk.state(FINDING, stream).lives:
            still = evidence.among(self._findings_file(outcome.contract, outcome.run), touched)
            self.desk.ask(FINDING, stream, JudgeFindings(by=by, run=outcome.run, still=tuple(sorted(still))))

    def _compare(self, contract: Contract, started: ReconciliationStarted) -> Outcome:
        try:
            outcome = self._outcome(contract, started.run)
        except Overtaken:  # no outcome: the newer run has its own
            raise
        except (CutoverError, duckdb.Error, OSError) as error:
            outcome = _no_answer(contract, started.run, Verdict.ERROR, str(error))
        asked = {"round": started.round, "contract_sha256": standing.digest(contract)}
        return outcome.model_copy(update=asked)

    def _outcome(self, contract: Contract, run: int) -> Outcome:
        frozen = self._frozen_source(contract)
        if not frozen and (same := sources.one_place(contract, self._systems())):
            return _no_answer(contract, run, Verdict.INCONCLUSIVE, same)
        if contract.engine != EMBEDDED:
            return self._elsewhere(contract, run)

        def told(what: str) -> None:  # a run that was overtaken need not read on
            self.told(what)
            self._state(contract.id).require_newest(run)

        with resumable(self._home(contract.id) / "runs", run) as work, snapshots.engine(work) as engine:
            if broken := crossing.faults(engine, contract):
                return _no_answer(contract, run, Verdict.INCONCLUSIVE, *broken)
            contract = crossing.crossed(engine, contract)
            if frozen and (stale := snapshots.doubts(frozen, contract, self._frozen(contract.id))):
                return _no_answer(contract, run, Verdict.INCONCLUSIVE, *stale)
            if frozen:
                source = _Read(frozen, self._frozen(contract.id), frozen=True)
            else:
                source = _Read(self._take(engine, contract, Side.SOURCE, work, told), work)
            target = _Read(self._take(engine, contract, Side.TARGET, work, told), work)
            self._state(contract.id).require_newest(run)
            return self._matched(engine, contract, run, source, target)

    def _take(
        self,
        engine: duckdb.DuckDBPyConnection,
        contract: Contract,
        side: Side,
        folder: Path,
        told: Callable[[str], None],
    ) -> Snapshot:
        now, there = self.desk.clock.now(), self._systems()
        return snapshots.take(engine, contract, side, folder, systems=there, reach=self._reach, now=now, told=told)  # fmt: skip

    def _matched(
        self, engine: duckdb.DuckDBPyConnection, contract: Contract, run: int, source: _Read, target: _Read
    ) -> Outcome:
        read = {Side.SOURCE: source.found(), Side.TARGET: target.found()}
        matching = match(engine, contract, read[Side.SOURCE], read[Side.TARGET])
        references.look(engine, contract, self.contracts, read, work=target.home, systems=self._systems(), reach=self._reach)  # fmt: skip
        return self._judged(engine, contract, matching, (source, target), run=run)

    def _elsewhere(self, contract: Contract, run: int) -> Outcome:
        """Compare in the engine that has both sides; what it does not find to agree is judged here."""
        places = elsewhere.places(contract, self.contracts)
        with resumable(self._home(contract.id) / "runs", run) as work, snapshots.engine(work) as engine:
            with warehouses.opened(contract.engine, places, self._systems(), work) as warehouse:
                now = self.desk.clock.now()
                found = elsewhere.compare(engine, warehouse, contract, self.contracts, work=work, now=now)
            source, target = (_Read(found.taken[side], work) for side in Side)
            return self._judged(engine, contract, found.matching, (source, target), run=run)

    def _judged(
        self,
        engine: duckdb.DuckDBPyConnection,
        contract: Contract,
        matching: Matching,
        sides: tuple[_Read, _Read],
        *,
        run: int,
    ) -> Outcome:
        source, target = sides
        file = self._home(contract.id) / "findings" / f"{run:04}.parquet"
        today = self.desk.clock.now().date()
        found = evidence.write(engine, contract, file, today, matching.slices)
        counts = {**matching.counts, Class.ORPHAN.value: sum(found.orphans.values())}
        by_state = evidence.with_orphans(matching.by_state, found.orphans)
        gaps = (*source.taken.gaps, *target.taken.gaps, *standing.expired(contract, today))
        coverage = evidence.coverage(contract, matching.excluded, gaps)
        verdict, reasons = judge(
            counts,
            by_state,
            unexplained=found.unexplained,
            books=matching.books,
            coverage=coverage,
            doubts=(*matching.doubts, *found.doubts),
            accepted=found.accepted,
        )
        return Outcome(
            contract=contract.id, run=run, verdict=verdict, reasons=reasons, counts=counts, by_state=by_state, accepted=found.accepted,
            kinds=found.kinds, unexplained=found.unexplained, conservation=matching.books, coverage=coverage,
            source=source.reading(), target=target.reading(), engine=target.taken.engine, findings_file=file.name,
            findings_sha256=snapshots.sha256(file), first=found.first,
        )  # fmt: skip

    def _answered(self, key: str | None) -> Outcome | None:
        recorded = self.desk.journal.keyed(key) if key is not None else []
        return next((r.event.outcome for r in recorded if isinstance(r.event, ReconciliationFinished)), None)

    def _findings_file(self, contract_id: str, run: int | None = None) -> Path:
        outcome = self.outcome(contract_id, run)
        if not outcome.findings_file:
            raise Refused(f"run {outcome.run} of {contract_id} has no findings to show: {outcome}")
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

    def _frozen_source(self, contract: Contract) -> Snapshot | None:
        return self._state(contract.id).snapshots.get(Side.SOURCE) if contract.source_frozen else None

    def _frozen(self, contract_id: str) -> Path:
        return self._home(contract_id) / "frozen"


def _no_answer(contract: Contract, run: int, verdict: Verdict, *reasons: str) -> Outcome:
    return Outcome(contract=contract.id, run=run, verdict=verdict, reasons=reasons, engine=ENGINE)
