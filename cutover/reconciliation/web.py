"""Its page: /reconciliation, what each comparison came to, why, and every finding by name. A missing answer is never green."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cutover.core.errors import Invalid, NotFound, Problem, Refused
from cutover.reconciliation.causes import Cause, Wanted
from cutover.reconciliation.comparison import comparison_stream
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Class, Outcome, Reading, Verdict, address
from cutover.reconciliation.reruns import Recheck, Rerun, overdue
from cutover.reconciliation.service import ReconciliationService
from cutover.reconciliation.standing import notes
from cutover.web.acts import Download
from cutover.web.kit import Page, Query
from cutover.web.words import moment

SHOWN = 200  # findings on one page; the exports hold all of them
BESIDE = 4  # runs that stand side by side
MOST_BYTES = 200_000_000  # of an export that a page hands out; the command line has no such limit
EXPORT = "/reconciliation/exports/{contract}/{run}/{file}"
MEDIA = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}
Look = tuple[str, str, str]  # style, sign, word
LOOKS: Mapping[Verdict | None, Look] = {
    Verdict.PASS: ("ok", "✓", "PASS"),
    Verdict.FAIL: ("bad", "✗", "FAIL"),
    Verdict.INCONCLUSIVE: ("odd", "?", "INCONCLUSIVE"),
    Verdict.ERROR: ("bad", "✗", "ERROR"),
    None: ("odd", "?", "not compared yet"),
}
STALE: Look = ("warn", "⌛", "PASS, no longer good")
AGAIN: Mapping[Rerun, Look] = {
    Rerun.MADE: ("ok", "✓", "made"),
    Rerun.WAITING: ("idle", "…", "waiting"),
    Rerun.DUE: ("warn", "!", "due"),
    Rerun.OVERDUE: ("bad", "✗", "overdue"),
}


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One contract and its last answer."""

    title: str
    look: Look
    says: str
    link: str


@dataclass(frozen=True, slots=True)
class AgainLine:
    """One re-run: when, how it stands, and the run that was it."""

    after: str
    at: str
    look: Look
    run: str


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One cause of findings, with an example, and the address of those it has."""

    times: str
    klass: str
    what: str
    example: str
    settled: str
    link: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding, or one differing cell of it with both values as they stand."""

    klass: str
    key: str
    state: str
    which: str
    column: str
    source: str
    target: str
    kind: str


@dataclass(frozen=True, slots=True)
class RunColumn:
    """One run beside the others."""

    run: str
    look: Look
    link: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """Runs side by side, the newest first: what each counted, and what became of the findings of the one before."""

    runs: tuple[RunColumn, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One run in full: what was read, what it came to, why, and its findings by name."""

    title: str
    run: str
    look: Look
    says: str
    read: tuple[str, ...]
    counts: tuple[tuple[str, str, str], ...]  # class, how many, address of those
    causes: tuple[CauseLine, ...]
    chosen: str
    all_link: str
    findings: tuple[FindingLine, ...]
    more: str
    again: tuple[AgainLine, ...]
    beside: Beside
    runs: tuple[tuple[RunColumn, str], ...]
    exports: tuple[tuple[str, str], ...]  # format, address
    journal: str


@dataclass(frozen=True, slots=True)
class ReconciliationPage:
    """What `reconciliation.html` reads."""

    contracts: tuple[ContractLine, ...]
    shown: Shown | None


def reconciliation_page(service: ReconciliationService, zone: str) -> Page:
    """`/reconciliation?contract=&run=&class=&state=&column=&kind=`: without a contract, what each last came to."""

    def build(query: Query) -> ReconciliationPage:
        contracts = tuple(_contract(service, one) for one in service.contracts.values())
        wanted = query.get("contract", "")
        if not wanted and len(contracts) == 1:
            wanted = next(iter(service.contracts))
        return ReconciliationPage(contracts, _shown(service, wanted, query, zone) if wanted else None)

    return Page(
        "/reconciliation", "cutover.reconciliation", "reconciliation.html", ReconciliationPage, build,
        label="Reconciliation",
    )  # fmt: skip


def export_page(service: ReconciliationService) -> Page:
    """Every finding of a run as a file: findings.csv, findings.json or findings.parquet."""
    return Page(
        EXPORT, "cutover.reconciliation", "reconciliation.html", Download, partial(_handed_out, service)
    )


def _handed_out(service: ReconciliationService, query: Query) -> Download:
    contract, run, file = query["contract"], _number(query["run"]), query["file"]
    suffix = Path(file).suffix
    if file not in _files():
        raise NotFound("export", file, _files())
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / file
        service.export(contract, to, run)
        if to.stat().st_size > MOST_BYTES:
            raise Refused(
                f"that is too much for a page: cutover reconcile export {contract} {file} --run {run}"
            )
        return Download(f"{contract}-{run}-{file}", MEDIA[suffix], to.read_bytes())


def _files() -> list[str]:
    return [f"findings{suffix}" for suffix in MEDIA]


def _contract(service: ReconciliationService, contract: Contract) -> ContractLine:
    last = service.latest(contract.id)
    says = str(last) if last else "nothing is known of this migration until it is compared"
    look, fallen = LOOKS[last.verdict if last else None], service.fallen(contract.id)
    late = map(str, overdue(service.rechecks(contract.id)))
    if beside := fallen or tuple(late):
        says += f"; {'; '.join(beside)}"
        look = STALE if fallen else look
    return ContractLine(contract.title, look, says, address(contract.id))


def _shown(service: ReconciliationService, name: str, query: Query, zone: str) -> Shown | None:
    history = service.history(name)
    if not history:
        return None
    outcome, newest = service.outcome(name, _number(query.get("run", ""))), history[-1].run
    wanted = Wanted(*(query.get(part, "") for part in ("class", "state", "column", "kind")))
    has = bool(outcome.findings_file)
    causes = service.causes(name, outcome.run) if has else []
    found = service.findings(name, None, SHOWN + 1, outcome.run, wanted=wanted) if has else []
    rechecks = service.rechecks(name)
    fallen = service.fallen(name) if outcome.run == newest else ()
    return Shown(
        title=service.contracts[name].title,
        run=f"run {outcome.run}" + ("" if outcome.run == newest else ", not the last one"),
        look=STALE if fallen else LOOKS[outcome.verdict],
        says="; ".join((str(outcome), *fallen, *notes(outcome, service.contracts[name]))),
        read=tuple(_read(side, reading, zone) for side, reading in (("source", outcome.source), ("target", outcome.target)) if reading),
        counts=tuple((k.replace("_", " "), f"{n:,}", "" if k == Class.MATCHED else address(name, outcome.run, k)) for k, n in outcome.counts.items() if n),
        causes=tuple(_cause(one, name, outcome.run, wanted) for one in causes),
        chosen=_chosen(wanted),
        all_link=address(name, outcome.run),
        findings=tuple(line for one in found[:SHOWN] for line in _finding(one, wanted)),
        more=f"{SHOWN} of {_total(outcome, causes, wanted):,} are shown" if len(found) > SHOWN else "",
        again=tuple(_again(one, zone) for one in rechecks),
        beside=_beside(service, name, history[-BESIDE:], outcome.run),
        runs=tuple((_column(name, o, outcome.run), str(o)) for o in reversed(history)),
        exports=tuple((Path(f).suffix[1:], EXPORT.format(contract=name, run=outcome.run, file=f)) for f in _files()) if has else (),
        journal=comparison_stream(name),
    )  # fmt: skip


def _number(text: str) -> int | None:
    if text and not text.isdigit():
        raise Invalid(Problem(f"'{text}' is not a run", field="run", expected="a number"))
    return int(text) if text else None


def _total(outcome: Outcome, causes: Sequence[Cause], wanted: Wanted) -> int:
    """How many findings there are of what is wanted; of one cause, how many times it is there."""
    if wanted.state or wanted.column or wanted.kind:
        return sum(one.times for one in causes if one.wanted() == wanted)
    return sum(n for k, n in outcome.counts.items() if k != Class.MATCHED and wanted.klass in ("", k))


def _read(side: str, reading: Reading, zone: str) -> str:
    frozen = ", kept since the freeze" if reading.frozen else ""
    return f"{side}: {reading.rows:,} rows of {reading.origin}, read {moment(reading.read_at, zone)}{frozen}"


def _again(one: Recheck, zone: str) -> AgainLine:
    return AgainLine(
        one.named, moment(one.due_at, zone), AGAIN[one.state], f"run {one.run}" if one.run is not None else ""
    )


def _cause(cause: Cause, name: str, run: int, shown: Wanted) -> CauseLine:
    wanted = cause.wanted()
    asked = {"contract": name, "run": run, "class": wanted.klass, "state": wanted.state, "column": wanted.column, "kind": wanted.kind}  # fmt: skip
    example = cause.example
    if cause.column:
        example += f": {_value(cause.source)} → {_value(cause.target)}"
    by_rule = f"{cause.times:,} by the rule {cause.rule}" if cause.rule else ""
    return CauseLine(
        times=f"{cause.times:,}",
        klass=cause.klass.replace("_", " "),
        what=cause.common,
        example=example,
        settled=by_rule or (f"{cause.settled:,} signed for" if cause.settled else ""),
        link="/reconciliation?"
        + urlencode({part: value for part, value in asked.items() if value})
        + "#findings",
        is_shown=wanted == shown,
    )


def _chosen(wanted: Wanted) -> str:
    parts = (wanted.klass, wanted.state, wanted.column, wanted.kind)
    return ", ".join(part.replace("_", " ") for part in parts if part)


def _column(name: str, outcome: Outcome, shown: int) -> RunColumn:
    return RunColumn(
        f"run {outcome.run}",
        LOOKS[outcome.verdict],
        address(name, outcome.run),
        outcome.run == shown,
    )


def _beside(service: ReconciliationService, name: str, runs: Sequence[Outcome], shown: int) -> Beside:
    """The newest first; what is new, gone and still there is against the run before it that has findings to show."""
    newest = list(reversed(runs))
    counted = [
        ("read of the source", [o.source.rows if o.source else None for o in newest]),
        ("read of the target", [o.target.rows if o.target else None for o in newest]),
        *((str(k).replace("_", " "), [o.counts.get(k) for o in newest]) for k in Class),
        ("changed, not explained", [o.unexplained if o.counts else None for o in newest]),
    ]
    rows = [
        (label, tuple("—" if n is None else f"{n:,}" for n in each)) for label, each in counted if any(each)
    ]
    against = [_since(service, name, newest, i) for i in range(len(newest))]
    for place, label in enumerate(("new", "gone", "still there")):
        rows.append((label, tuple(one[place] for one in against)))
    return Beside(tuple(_column(name, o, shown) for o in newest), tuple(rows))


def _since(
    service: ReconciliationService, name: str, newest: Sequence[Outcome], i: int
) -> tuple[str, str, str]:
    before = next((o.run for o in newest[i + 1 :] if o.findings_file), None)
    if before is None or not newest[i].findings_file:
        return ("—", "—", "—")
    try:
        found = service.since(name, before, newest[i].run)
    except Refused:  # a findings file that is gone or was altered: its own page says so
        return ("?", "?", "?")
    new, gone, still = (f"{sum(by.values()):,}" for by in (found.new, found.gone, found.still))
    return (new, gone, still)


def _finding(found: Mapping[str, Any], wanted: Wanted) -> Iterator[FindingLine]:
    key = " / ".join(_value(part) if part is None else str(part) for part in found["key"].values())
    head = (
        found["class"].replace("_", " "),
        key,
        found["state"] or "",
        ", ".join(f"{name} {_value(value)}" for name, value in found["context"].items()),
    )
    cells = [
        c for c in found["cells"] if wanted.column in ("", c["column"]) and wanted.kind in ("", c["kind"])
    ]
    for cell in cells:
        yield FindingLine(*head, cell["column"], _value(cell["source"]), _value(cell["target"]), _kind(cell))
    if not cells:
        yield FindingLine(*head, "", "", "", found["detail"])


def _kind(cell: Mapping[str, Any]) -> str:
    return str(cell["kind"]).replace("_", " ") + (f", by the rule {cell['rule']}" if cell["rule"] else "")


def _value(value: str | None) -> str:
    """A value as it stands, in quotes, so that blanks are seen; NULL is a word."""
    return "NULL" if value is None else f"‘{value}’"
