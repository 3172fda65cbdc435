"""Do the two sides agree: PASS, FAIL, INCONCLUSIVE or ERROR, from exact counts and nothing else.

No sample, no percentage, no threshold. A count that cannot be trusted gives INCONCLUSIVE, a side that could
not be read gives ERROR, and neither is ever a PASS. Knows no SQL, no file and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlencode

from pydantic import Field

from cutover.domain.programme import Part


class Verdict(StrEnum):
    PASS = "PASS"  # noqa: S105  (not a secret)
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class Class(StrEnum):
    """What became of a key; the duplicate classes stand beside the others, one finding per key and side."""

    MATCHED = "matched"
    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    DUPLICATE_SOURCE = "duplicate_source"
    DUPLICATE_TARGET = "duplicate_target"
    NULL_KEY = "null_key"
    ORPHAN = "orphan"


FATAL = (
    Class.MISSING,
    Class.EXTRA,
    Class.DUPLICATE_SOURCE,
    Class.DUPLICATE_TARGET,
    Class.NULL_KEY,
    Class.ORPHAN,
)


class Equation(Part):
    """Every row read of one side is accounted for once. `alone`: missing on the source side, extra on the target side."""

    rows: int
    matched: int
    changed: int
    alone: int
    excluded: int
    null_key: int
    surplus: int = Field(description="second and further copies of a key")

    @property
    def holds(self) -> bool:
        return (
            self.rows
            == self.matched + self.changed + self.alone + self.excluded + self.null_key + self.surplus
        )


class Conservation(Part):
    """Both equations, whose matched rows were counted on each side by itself and must be the same."""

    source: Equation
    target: Equation

    @property
    def holds(self) -> bool:
        paired = self.source.matched == self.target.matched and self.source.changed == self.target.changed
        return paired and self.source.holds and self.target.holds


class Coverage(Part):
    """What was compared. `gaps` is everything that was not and should have been; PASS needs none."""

    compared: tuple[str, ...]
    not_compared: tuple[str, ...] = Field(
        default=(), description="side.column: reason, as the contract declares it"
    )
    excluded: Mapping[str, int] = Field(default={}, description="rows by side and exclusion")
    gaps: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.gaps


class Reading(Part):
    """One side as it was read: from where, when, how many rows, and the hash of what was kept of it."""

    origin: str
    read_at: datetime
    rows: int
    sha256: str
    frozen: bool = False


class Outcome(Part):
    """The answer of one run. Counts are findings by class, and by state value and class; `kinds` counts differing cells."""

    contract: str
    run: int
    round: int | None = None
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    counts: Mapping[str, int] = Field(default={})
    by_state: Mapping[str, Mapping[str, int]] = Field(default={})
    kinds: Mapping[str, int] = Field(default={})
    accepted: Mapping[str, int] = Field(
        default={}, description="findings by class that the contract lists as signed for"
    )
    unexplained: int = 0
    conservation: Conservation | None = None
    coverage: Coverage | None = None
    source: Reading | None = None
    target: Reading | None = None
    engine: str = ""
    findings_file: str = ""
    findings_sha256: str = ""
    contract_sha256: str = Field(default="", description="of all of the contract that decides the verdict")
    first: Mapping[str, tuple[str, ...]] = Field(default={}, description="the first few keys of each class")

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS

    def count(self, klass: Class) -> int:
        return self.counts.get(klass, 0)

    def __str__(self) -> str:
        """One line for a gate or a notice."""
        if self.verdict is Verdict.PASS and self.source and self.target:
            return f"PASS: {self._agreeing()} ({self.source.rows:,} read from the source, {self.target.rows:,} from the target)"
        return f"{self.verdict}: {'; '.join(self.reasons)}"

    def _agreeing(self) -> str:
        """'all 9 records agree'; what agrees only by a rule, a signature or an exclusion is said beside them, never counted among them."""
        changed, signed = self.count(Class.CHANGED), sum(self.accepted.values())
        excluded = sum(self.coverage.excluded.values()) if self.coverage else 0
        but = {
            "agree by a declared rule or tolerance": changed - self.accepted.get(Class.CHANGED, 0),
            "findings signed for": signed,
            "rows excluded": excluded,
        }
        beside = [f"{n:,} {what}" for what, n in but.items() if n]
        plain = f"{'' if beside else 'all '}{self.count(Class.MATCHED):,} records agree"
        return "; ".join([plain, *beside])


def judge(
    counts: Mapping[str, int],
    by_state: Mapping[str, Mapping[str, int]],
    *,
    unexplained: int,
    books: Conservation,
    coverage: Coverage,
    doubts: Sequence[str] = (),
    accepted: Mapping[str, int] = MappingProxyType({}),
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, with every reason it is not PASS. Doubt about the counts comes before what they say."""
    doubts = [*doubts, *_imbalances(books)]
    found = [
        _so_many(counts, by_state, klass)
        + (f", {accepted[klass]:,} of them signed for" if accepted.get(klass) else "")
        for klass in FATAL
        if counts.get(klass, 0) > accepted.get(klass, 0)
    ]
    if unexplained:
        found.append(f"{unexplained:,} changed and not explained by a declared rule")
    if doubts:
        return Verdict.INCONCLUSIVE, (*doubts, *found)
    if found:
        return Verdict.FAIL, (*found, *coverage.gaps)
    if books.source.rows == books.source.excluded:
        what = "every row of the source is excluded" if books.source.rows else "the source holds no rows"
        return Verdict.INCONCLUSIVE, (f"{what}: nothing was proven",)
    if not coverage.complete:
        return Verdict.INCONCLUSIVE, coverage.gaps
    return Verdict.PASS, ()


def _imbalances(books: Conservation) -> list[str]:
    sides = (("source", books.source), ("target", books.target))
    doubts = [
        f"conservation does not hold on the {name}: {side.rows:,} rows read, not all accounted for"
        for name, side in sides
        if not side.holds
    ]
    if not doubts and not books.holds:
        doubts.append(
            f"the sides count different pairs: {books.source.matched:,} and {books.target.matched:,} matched"
        )
    return doubts


def _so_many(counts: Mapping[str, int], by_state: Mapping[str, Mapping[str, int]], klass: Class) -> str:
    """'604 missing (604 under_review)'."""
    parts = sorted(
        ((n[klass], value) for value, n in by_state.items() if value and n.get(klass)),
        key=lambda p: (-p[0], p[1]),
    )
    named = ", ".join(f"{n:,} {value}" for n, value in parts[:3]) + (", …" if len(parts) > 3 else "")  # noqa: PLR2004
    return f"{counts[klass]:,} {klass.replace('_', ' ')}" + (f" ({named})" if named else "")


def address(contract: str, run: int | None = None, klass: str = "") -> str:
    """Where the page shows a run of a contract."""
    asked = {"contract": contract, "run": run, "class": klass}
    return "/reconciliation?" + urlencode({name: value for name, value in asked.items() if value})
