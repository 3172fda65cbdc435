"""Its page: /reconciliation, what each comparison came to and every finding by name. A missing answer is never green."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutover.core.errors import Invalid, Problem
from cutover.reconciliation.comparison import comparison_stream
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Class, Outcome, Reading, Verdict, address
from cutover.reconciliation.service import ReconciliationService
from cutover.web.kit import Page, Query
from cutover.web.words import moment

SHOWN = 200  # findings on one page; the export holds all of them
Look = tuple[str, str, str]  # style, sign, word
LOOKS: Mapping[Verdict | None, Look] = {
    Verdict.PASS: ("ok", "✓", "PASS"),
    Verdict.FAIL: ("bad", "✗", "FAIL"),
    Verdict.INCONCLUSIVE: ("odd", "?", "INCONCLUSIVE"),
    Verdict.ERROR: ("bad", "✗", "ERROR"),
    None: ("odd", "?", "not compared yet"),
}


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One contract and its last answer."""

    title: str
    look: Look
    says: str
    link: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of a contract: what it came to, and the address of its findings."""

    run: str
    look: Look
    says: str
    link: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class FindingLine:
    klass: str
    key: str
    state: str
    which: str
    difference: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One run in full: what was read, what it came to, and its findings by name."""

    title: str
    run: str
    look: Look
    says: str
    read: tuple[str, ...]
    counts: tuple[tuple[str, str, str], ...]  # class, how many, address of those
    findings: tuple[FindingLine, ...]
    more: str
    runs: tuple[RunLine, ...]
    export: str
    journal: str


@dataclass(frozen=True, slots=True)
class ReconciliationPage:
    """What `reconciliation.html` reads."""

    contracts: tuple[ContractLine, ...]
    shown: Shown | None


def reconciliation_page(service: ReconciliationService, zone: str) -> Page:
    """`/reconciliation?contract=&run=&class=`: without a contract, what each last came to."""

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


def _contract(service: ReconciliationService, contract: Contract) -> ContractLine:
    last = service.latest(contract.id)
    says = str(last) if last else "nothing is known of this migration until it is compared"
    return ContractLine(contract.title, LOOKS[last.verdict if last else None], says, address(contract.id))


def _shown(service: ReconciliationService, name: str, query: Query, zone: str) -> Shown | None:
    history = service.history(name)
    if not history:
        return None
    outcome = service.outcome(name, _number(query.get("run", "")))
    klass = query.get("class", "")
    found = service.findings(name, klass or None, SHOWN + 1, outcome.run) if outcome.findings_file else []
    total = outcome.counts.get(klass, 0) if klass else _total(outcome)
    return Shown(
        title=service.contracts[name].title,
        run=f"run {outcome.run}" + ("" if outcome is history[-1] or outcome.run == history[-1].run else ", not the last one"),
        look=LOOKS[outcome.verdict],
        says=str(outcome),
        read=tuple(_read(side, reading, zone) for side, reading in (("source", outcome.source), ("target", outcome.target)) if reading),
        counts=tuple((k.replace("_", " "), f"{n:,}", "" if k == Class.MATCHED else address(name, outcome.run, k)) for k, n in outcome.counts.items() if n),
        findings=tuple(_finding(one) for one in found[:SHOWN]),
        more=f"{SHOWN} of {total:,} are shown" if len(found) > SHOWN else "",
        runs=tuple(
            RunLine(f"run {o.run}", LOOKS[o.verdict], str(o), address(name, o.run), o.run == outcome.run)
            for o in reversed(history)
        ),
        export=f"cutover reconcile export {name} findings.csv --run {outcome.run}",
        journal=comparison_stream(name),
    )  # fmt: skip


def _number(text: str) -> int | None:
    if text and not text.isdigit():
        raise Invalid(Problem(f"'{text}' is not a run", field="run", expected="a number"))
    return int(text) if text else None


def _total(outcome: Outcome) -> int:
    return sum(n for klass, n in outcome.counts.items() if klass != Class.MATCHED)


def _read(side: str, reading: Reading, zone: str) -> str:
    frozen = ", kept since the freeze" if reading.frozen else ""
    return f"{side}: {reading.rows:,} rows of {reading.origin}, read {moment(reading.read_at, zone)}{frozen}"


def _finding(found: Mapping[str, Any]) -> FindingLine:
    cells = "; ".join(
        f"{c['column']}: {c['source']!r} became {c['target']!r} ({c['kind']})" for c in found["cells"]
    )
    return FindingLine(
        klass=found["class"].replace("_", " "),
        key=" / ".join(str(part) for part in found["key"].values()),
        state=found["state"] or "",
        which=", ".join(f"{name} {value}" for name, value in found["context"].items()),
        difference=found["detail"] or cells,
    )
