"""Whether a PASS of some days ago still says anything: of the contract as it is now, by signatures that still hold.

A verdict answers one contract. Where the contract was changed since, a signature that the PASS leant on is over, a re-run
is overdue, or a newer run was begun and never answered, what was found then is no evidence now: it is compared again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date

from cutover.core.clock import show
from cutover.reconciliation.comparison import ComparisonState, Stage
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Outcome
from cutover.reconciliation.reruns import Recheck, overdue

_SAYS_NOTHING = frozenset({"title", "entity", "owner", "again", "engine", "context"})  # of the verdict


def digest(contract: Contract) -> str:
    """All of a contract that decides the verdict: places, columns, and what is left out, allowed or signed for."""
    what = contract.model_dump(mode="json", by_alias=True, exclude=set(_SAYS_NOTHING))
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def fallen(
    outcome: Outcome | None,
    contract: Contract,
    state: ComparisonState,
    rechecks: Sequence[Recheck],
    today: date,
    *,
    zone: str,
) -> tuple[str, ...]:
    """Why a PASS is no longer one; nothing where it stands, and for what is no PASS."""
    if outcome is None or not outcome.passed:
        return ()
    asked = outcome.contract_sha256  # '' in what was recorded before it was kept
    changed = bool(asked) and asked != digest(contract)
    begun = state.stage is Stage.RUNNING and state.run > outcome.run
    return (
        *((f"run {state.run} was begun after it and has not answered",) if begun else ()),
        *(("the contract was changed since: reconcile again",) if changed else ()),
        *expired(contract, today),
        *_no_longer_accepted(outcome, contract, today),
        *(f"{late} since {show(late.due_at, zone)}" for late in overdue(rechecks)),
    )


def notes(outcome: Outcome, contract: Contract) -> tuple[str, ...]:
    """What a reader of an outcome must know beside it: that the source is not as it was at the freeze."""
    if contract.source_frozen and outcome.source and not outcome.source.frozen:
        said = (
            "the contract says source_frozen and no snapshot was taken at the freeze (kind: snapshot in the plan): "
            "the source is as it was at this run, and a loss or change in it before that is not seen"
        )
        return (said,)
    return ()


def expired(contract: Contract, today: date) -> tuple[str, ...]:
    """The exclusions whose day is over."""
    return tuple(
        f"exclusion '{e.name}' signed by {e.signed_by} expired on {e.expires:%d %b %Y}"
        for e in contract.exclusions
        if e.expires and e.expires < today
    )


def _no_longer_accepted(outcome: Outcome, contract: Contract, today: date) -> tuple[str, ...]:
    return tuple(
        f"findings ({a.klass}) signed for by {a.signed_by} were accepted until {a.expires:%d %b %Y}"
        for a in contract.accepted
        if a.expires < today and outcome.accepted.get(a.klass)
    )
