"""What probes and flows say together: green probes above a red flow are the gravest class, not a contradiction.

And the verdict that a hypercare exit asks for. Quiet charts prove nothing until the data could have shown the
agreed fall, and readings that all failed are an error, never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitors.domain.check import Reason, Status


class Class(StrEnum):
    """How one component stands, gravest first."""

    SILENT_FAILURE = "silent failure"  # every probe is well and the work does not flow
    OUTAGE = "outage"  # a probe says so, whatever flows
    BLIND = "blind"  # something is not known: nothing may be concluded
    DEGRADED = "degraded"
    WELL = "well"


GRAVEST_FIRST = tuple(Class)
_SAID = 2  # signs told in full of one component; all of them are on the page


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing watched: a probe, a flow, an ageing rule or a ledger. `enough`: its data could show what was agreed."""

    id: str
    title: str
    component: str
    status: Status
    reason: Reason | None = None
    detail: str = ""
    is_outcome: bool = False
    enough: bool = True


@dataclass(frozen=True, slots=True)
class Composite:
    """One component: its class, and the sentence that says why."""

    component: str
    of: Class
    says: str
    signs: tuple[str, ...]


class Verdict(StrEnum):
    """What a gate reads of the whole watch."""

    PASS = "PASS"  # noqa: S105  a verdict
    FAIL = "FAIL"
    ERROR = "ERROR"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Exit:
    """May hypercare end: the verdict, and every reason for it that is not a pass."""

    verdict: Verdict
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.verdict}: {'; '.join(self.reasons)}" if self.reasons else str(self.verdict)


def composites(signs: Iterable[Sign]) -> list[Composite]:
    """Every component that is watched, gravest first."""
    by: dict[str, list[Sign]] = {}
    for sign in signs:
        by.setdefault(sign.component, []).append(sign)
    found = [composite(name, parts) for name, parts in by.items()]
    return sorted(found, key=lambda c: (GRAVEST_FIRST.index(c.of), c.component))


def composite(component: str, signs: Sequence[Sign]) -> Composite:
    """One component from everything that watches it."""
    probes = [s for s in signs if not s.is_outcome]
    outcomes = [s for s in signs if s.is_outcome]
    red_probes, red_outcomes = _critical(probes), _critical(outcomes)
    blind = [s for s in signs if s.status is Status.UNKNOWN and s.reason is not Reason.NOT_DUE]
    slow = [s for s in signs if s.status is Status.WARNING]
    probes_well = bool(probes) and all(p.status is Status.OK for p in probes)
    if red_outcomes and probes_well:
        green = "its probe is" if len(probes) == 1 else f"all {len(probes)} probes are"
        what = ", ".join(s.title for s in red_outcomes)
        says = f"{green} green, and the work does not flow: {what}"
        return Composite(component, Class.SILENT_FAILURE, says, tuple(s.id for s in red_outcomes))
    if red_probes or red_outcomes:
        return _of(component, Class.OUTAGE, [*red_probes, *red_outcomes])
    if blind:
        return _of(component, Class.BLIND, blind)
    if slow:
        return _of(component, Class.DEGRADED, slow)
    return Composite(component, Class.WELL, f"{len(signs)} watched, none amiss", ())


def exit_verdict(signs: Sequence[Sign], gaps: Sequence[str] = ()) -> Exit:
    """May hypercare end. `gaps` are expected flows and consumers that nobody watches: each fails the gate."""
    if not signs:
        return Exit(Verdict.ERROR, ("nothing is watched",))
    failing = [
        f"{s.title}: {s.detail or s.status}" for s in signs if s.status in (Status.CRITICAL, Status.WARNING)
    ]
    if failing or gaps:
        return Exit(Verdict.FAIL, (*failing, *gaps))
    erred = [f"{s.title}: {s.detail}" for s in signs if s.reason is Reason.ERROR]
    if erred:
        return Exit(Verdict.ERROR, tuple(erred))
    open_ = [f"{s.title}: {_words(s)}" for s in signs if s.status is Status.UNKNOWN]
    open_ += [
        f"{s.title}: too few days to have shown the agreed fall"
        for s in signs
        if s.status is Status.OK and not s.enough
    ]  # fmt: skip
    return Exit(Verdict.INCONCLUSIVE if open_ else Verdict.PASS, tuple(open_))


def _critical(signs: Iterable[Sign]) -> list[Sign]:
    return [s for s in signs if s.status is Status.CRITICAL]


def _words(sign: Sign) -> str:
    """What it says; of one that fell silent, what it said last is no news of now."""
    if sign.reason is Reason.STALE:
        return f"silent, and said last: {sign.detail}" if sign.detail else "silent"
    return str(sign.detail or sign.reason or sign.status)


def _of(component: str, of: Class, signs: Sequence[Sign]) -> Composite:
    says = "; ".join(f"{s.title}: {_words(s)}" for s in signs[:_SAID])
    more = f"; and {len(signs) - _SAID} more" if len(signs) > _SAID else ""
    return Composite(component, of, says + more, tuple(s.id for s in signs))
