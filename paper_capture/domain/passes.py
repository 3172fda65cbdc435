"""Do two blind passes say the same, and what holds after a third person has looked at the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from cutover.core.errors import Refused

Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Keying:
    """One pass over one sheet: which, by whom, when, how long it took and what was read."""

    pass_no: int
    keyer: str
    at: datetime
    minutes: float
    values: Mapping[str, Value]


class Discrepancy(BaseModel):
    """A field on which the two passes differ; an empty field and an absent one are the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    field: str
    first: Value
    second: Value


def compare(first: Mapping[str, Value], second: Mapping[str, Value]) -> tuple[Discrepancy, ...]:
    """Every field the passes do not agree on, in the order of the first pass."""
    fields = dict.fromkeys((*first, *second))
    return tuple(
        Discrepancy(field=f, first=first.get(f), second=second.get(f))
        for f in fields
        if not _same(first.get(f), second.get(f))
    )


def why_not_enter(done: Sequence[Keying], pass_no: int, keyer: str, passes: int) -> tuple[str, ...]:
    """Every reason against this pass by this keyer: the policy's number of passes, each by another person."""
    reasons = [] if keyer else ["nobody is named as its keyer"]
    if not 1 <= pass_no <= passes:
        reasons.append(f"pass {pass_no} is not asked for: this form takes {passes}")
    if any(k.pass_no == pass_no for k in done):
        reasons.append(f"pass {pass_no} has been entered already")
    if any(k.keyer == keyer for k in done):
        reasons.append(f"{keyer} keyed this sheet before; the other pass needs another person")
    return tuple(reasons)


def adjudicated(
    found: Sequence[Discrepancy], agreed: Mapping[str, Value], decided: Mapping[str, Value]
) -> dict[str, Value]:
    """The values that hold: what both passes agree on, and the decision on each discrepancy.

    Raises Refused for a discrepancy left undecided and for a field that both passes agree on and the
    decision changes.
    """
    open_fields = {d.field for d in found}
    undecided = [f"{f}: not decided" for f in sorted(open_fields - set(decided))]
    changed = [
        f"{f}: both passes agree on {agreed.get(f)!r}"
        for f, v in decided.items()
        if f not in open_fields and not _same(v, agreed.get(f))
    ]
    if undecided or changed:
        raise Refused(*undecided, *changed)
    return {**agreed, **{f: decided[f] for f in sorted(open_fields)}}


def _same(one: Value, other: Value) -> bool:
    """True and 1 are different answers on a form, though Python calls them equal."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
