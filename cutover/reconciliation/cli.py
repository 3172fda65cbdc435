"""`cutover reconcile`: compare, show, export. Exit 1 while the verdict is not PASS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import WHO, AsJson, Contract, Folder, How, Reason
from cutover.cli.offered import people
from cutover.cli.output import answer, table
from cutover.core.clock import show
from cutover.reconciliation.reruns import Recheck, is_due
from cutover.reconciliation.standing import notes
from cutover.store.whole_file import require_place

if TYPE_CHECKING:
    from cutover.reconciliation.causes import Cause
    from cutover.reconciliation.findings import Outcome
    from cutover.reconciliation.service import ReconciliationService

SHOWN = 20
By = Annotated[str, Parameter(env_var=["CUTOVER_BY"], help=WHO, completer=people)]
Round = Annotated[int | None, Parameter(name="--round", help="the round of the gate that asks")]
On = Annotated[
    str, Parameter(name="--engine", help="embedded, postgres, spark or duckdb; default: the contract's")
]
Which = Annotated[int | None, Parameter(name="--run", help="a run by its number; default: the last")]
Klass = Annotated[str | None, Parameter(name="--class", help="missing, extra, changed, duplicate_source ...")]
Repair = Annotated[
    bool, Parameter(name="--repair", negative=(), help="the source's rows of missing and changed keys")
]
Every = Annotated[bool, Parameter(name="--all", negative=(), help="every finding, not the first 20")]


def commands(service: Callable[[Path], ReconciliationService]) -> App:
    """The sub-app; `service` opens a programme folder."""
    app = App(name="reconcile", help="Compare what left with what arrived, record by record.")
    _comparing(app, service)
    _again(app, service)
    _writing(app, service)
    _elsewhere(app, service)
    _settling(app, service)
    return app


def _comparing(app: App, service: Callable[[Path], ReconciliationService]) -> None:
    @app.command
    def run(
        contract: Contract,
        *,
        by: By = "operator",
        gate: Round = None,
        engine: On = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Compare both sides now and record the outcome, here or in the engine that has them both."""
        opened = service(programme)
        outcome = opened.run(contract, by=by, round=gate, engine=engine)
        answer(outcome, as_json=json, text=[*_lines(outcome), *notes(outcome, opened.contracts[contract])])
        return int(not outcome.passed)

    @app.command
    def show(
        contract: Contract,
        *,
        which: Which = None,
        klass: Klass = None,
        every: Every = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """What a run came to and its findings: the first 20, or every one with --all."""
        return _show(service(programme), contract, which, klass, every=every, as_json=json)


def _again(app: App, service: Callable[[Path], ReconciliationService]) -> None:
    @app.command
    def due(
        *,
        run: Annotated[bool, Parameter(negative=(), help="make those that are due, now")] = False,
        by: By = "operator",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Which re-runs (after a day, a week, a month) are made, waiting, due or overdue; exit 1 while one asks to be made."""
        opened = service(programme)
        asking = [name for name in opened.contracts if is_due(opened.rechecks(name))]
        outcomes = [opened.run(name, by=by) for name in asking] if run else []
        found = {name: opened.rechecks(name) for name in opened.contracts}
        lines = [f"{name}: {_rechecked(of, opened.zone)}" for name, of in found.items()]
        answer({"rechecks": found, "outcomes": outcomes}, as_json=json, text=[*(f"{o.contract}: {o}" for o in outcomes), *lines])  # fmt: skip
        return int(any(map(is_due, found.values())) or not all(o.passed for o in outcomes))


def _rechecked(found: Sequence[Recheck], zone: str) -> str:
    told = (f"{one} ({show(one.due_at, zone)})" for one in found)
    return ", ".join(told) or "nothing is due before its first whole run"


def _writing(app: App, service: Callable[[Path], ReconciliationService]) -> None:
    @app.command
    def export(
        contract: Contract,
        file: Annotated[Path, Parameter(help="the file to write")],
        *,
        which: Which = None,
        repair: Repair = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Write every finding of a run to a file (.csv, .json or .parquet), or with --repair the source's rows to load again."""
        require_place(file)
        opened = service(programme)
        lines = (
            opened.repair_extract(contract, file, which) if repair else opened.export(contract, file, which)
        )
        what = "rows to load again" if repair else "findings"
        answer(
            {"file": str(file), "lines": lines}, as_json=json, text=[f"{lines:,} {what} written to {file}"]
        )

    @app.command
    def since(
        contract: Contract,
        earlier: Annotated[int, Parameter(help="the number of the earlier run")],
        *,
        which: Which = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """What is new, gone and still there since an earlier run, by class."""
        found = service(programme).since(contract, earlier, which)
        counted = {"new": found.new, "gone": found.gone, "still": found.still}
        text = [
            f"{word}: " + (", ".join(f"{n:,} {k.replace('_', ' ')}" for k, n in by.items()) or "none")
            for word, by in counted.items()
        ]
        answer(counted, as_json=json, text=text)


def _elsewhere(app: App, service: Callable[[Path], ReconciliationService]) -> None:
    @app.command
    def sql(
        contract: Contract,
        *,
        engine: Annotated[
            str, Parameter(help="postgres, spark, duckdb, databricks, bigquery, snowflake or trino")
        ],
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Print the SQL of a comparison in an engine's words; for the last four it is written and never run."""
        asked = service(programme).sql(contract, engine)
        answer({"engine": engine, "statements": asked}, as_json=json, text=[f"{one};\n" for one in asked])


def _settling(app: App, service: Callable[[Path], ReconciliationService]) -> None:
    @app.command
    def explain(
        contract: Contract,
        *,
        code: Annotated[str, Parameter(help="a code for the cause, of your own choice: late-load")],
        reason: Reason,
        klass: Klass = None,
        by: By = "operator",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say why the findings of the last run, or those of one class, are there: a code for the cause, and a sentence."""
        opened = service(programme)
        named = opened.finding_ids(contract, klass)
        opened.explain(contract, named, code=code, reason=reason, by=by)
        told = {"contract": contract, "findings": len(named)}
        answer(told, as_json=json, text=[f"{len(named):,} findings explained as {code}"])

    @app.command
    def repaired(
        contract: Contract,
        *,
        how: How,
        klass: Klass = None,
        by: By = "operator",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Claim that the findings of the last run, or those of one class, were repaired; the next run verifies it."""
        opened = service(programme)
        named = opened.finding_ids(contract, klass)
        opened.repaired(contract, named, how=how, by=by)
        said = f"{len(named):,} findings said to be repaired: reconcile again to verify"
        answer({"contract": contract, "findings": len(named)}, as_json=json, text=[said])


def _show(
    opened: ReconciliationService,
    contract: Contract,
    run: int | None,
    klass: str | None,
    *,
    every: bool,
    as_json: bool,
) -> int:
    outcome = opened.outcome(contract, run) if opened.latest(contract) else None
    if outcome is None:
        answer(
            {"contract": contract, "outcome": None, "causes": [], "findings": []},
            as_json=as_json,
            text=[f"{contract} has not been reconciled yet"],
        )
        return 1
    found = (
        opened.findings(contract, klass, None if every else SHOWN + 1, outcome.run)
        if outcome.findings_file
        else []
    )
    shown = found if every else found[:SHOWN]
    causes = opened.causes(contract, outcome.run) if outcome.findings_file else []
    text = [*_lines(outcome), *notes(outcome, opened.contracts[contract])]
    told = {"contract": contract, "outcome": outcome, "causes": causes, "findings": shown}
    answer(told, as_json=as_json, text=text)
    if causes and not as_json:
        table("Causes, the most open first", ("cause", "one of them"), ((str(c), _example(c)) for c in causes))  # fmt: skip
    if shown and not as_json:
        table("Findings", ("class", "key", "state", "which", "difference"), map(_row, shown))
    if len(found) > len(shown) and not as_json:
        answer(None, as_json=False, text=["… and more: --all names every one"])
    return int(not outcome.passed)


def _example(cause: Cause) -> str:
    return cause.example + (f": {cause.source!r} -> {cause.target!r}" if cause.column else "")


def _lines(outcome: Outcome) -> Iterable[str]:
    yield f"{outcome.contract}, run {outcome.run}: {outcome}"
    for side, reading in (("source", outcome.source), ("target", outcome.target)):
        if reading:
            yield f"  {side}: {reading.rows:,} rows of {reading.origin}, read {reading.read_at:%a %d %b %H:%M}Z{' at the freeze' if reading.frozen else ''}"
    if outcome.counts:
        yield "  " + ", ".join(f"{n:,} {klass.replace('_', ' ')}" for klass, n in outcome.counts.items() if n)
    if outcome.kinds:
        yield "  differing cells: " + ", ".join(
            f"{n:,} {kind.replace('_', ' ')}" for kind, n in outcome.kinds.items()
        )


def _row(finding: Mapping[str, Any]) -> tuple[str, ...]:
    which = ", ".join(f"{name} {value}" for name, value in finding["context"].items())
    cells = "; ".join(
        f"{c['column']}: {c['source']!r} -> {c['target']!r} ({c['kind']})" for c in finding["cells"]
    )
    return (
        finding["class"],
        " / ".join(str(part) for part in finding["key"].values()),
        finding["state"],
        which,
        finding["detail"] or cells,
    )
