"""What programs read of reconciliation: the answer of each contract's last run, and its findings by key.

A finding's values stay here: they are people's. A program learns which record and which columns, and asks the systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from cutover.core.errors import Invalid, Problem
from cutover.reconciliation.findings import Class, Outcome, Verdict
from cutover.reconciliation.service import ReconciliationService
from cutover.web.api.operation import Answer, Call, Operation
from cutover.web.api.paging import Listed, Paging, later, page

READ = "read:reconciliation"
RUN = "{run}/{place:09d}"


class ContractSeen(BaseModel):
    """One contract and its last run; before the first there is no verdict, and that is not a pass."""

    contract: str
    title: str
    run: int | None
    verdict: Verdict | None
    reasons: list[str]
    counts: dict[str, int] = Field(description="findings by class")
    unexplained: int
    findings_sha256: str


class FindingSeen(BaseModel):
    """One record that is not as it should be."""

    finding_class: Class = Field(serialization_alias="class")
    key: dict[str, Any]
    state: str
    columns: list[str] = Field(description="those that differ")
    detail: str


class FindingsAsked(Paging):
    finding_class: Class | None = Field(
        default=None, alias="class", description="only findings of this class"
    )


@dataclass(frozen=True, slots=True)
class ReconciliationApi:
    """What it answers."""

    service: ReconciliationService

    def operations(self) -> Sequence[Operation]:
        path = "/api/v1/reconciliation"
        return (
            Operation("GET", path, "list the contracts with their last answer", self._all, Listed[ContractSeen], READ, query=Paging),
            Operation(
                "GET", f"{path}/{{contract}}/findings", "list the findings of a contract's last run", self._findings,
                Listed[FindingSeen], READ, query=FindingsAsked,
            ),
        )  # fmt: skip

    def _all(self, call: Call) -> BaseModel | Answer:
        found = later(self.service.contracts, call.query, str)
        return page(found, call.query, str, self._seen)

    def _seen(self, name: str) -> ContractSeen:
        last, contract = self.service.latest(name), self.service.contracts[name]
        return _contract(name, contract.title, last)

    def _findings(self, call: Call) -> BaseModel | Answer:
        """A run's findings never change: a cursor says which run and how far."""
        name, asked = call.path["contract"], call.query
        run, skip = _place(asked) if asked.cursor else (self.service.outcome(name).run, 0)
        found = self.service.findings(name, asked.finding_class, asked.limit + 1, run, skip)
        placed = list(enumerate(found, skip + 1))
        return page(
            placed, asked, lambda one: RUN.format(run=run, place=one[0]), lambda one: _finding(one[1])
        )


def _place(asked: Paging) -> tuple[int, int]:
    run, _, place = asked.after.partition("/")
    if not (run.isdecimal() and place.isdecimal() and len(asked.after) <= len(RUN) + 9):
        raise Invalid(Problem("this cursor is of another list", field="cursor"))
    return int(run), int(place)


def _contract(name: str, title: str, last: Outcome | None) -> ContractSeen:
    return ContractSeen(
        contract=name,
        title=title,
        run=last.run if last else None,
        verdict=last.verdict if last else None,
        reasons=list(last.reasons) if last else [],
        counts=dict(last.counts) if last else {},
        unexplained=last.unexplained if last else 0,
        findings_sha256=last.findings_sha256 if last else "",
    )


def _finding(row: dict[str, Any]) -> FindingSeen:
    return FindingSeen(
        finding_class=row["class"],
        key=row["key"],
        state=str(row["state"] or ""),
        columns=[cell["column"] for cell in row["cells"]],
        detail=str(row["detail"] or ""),
    )
