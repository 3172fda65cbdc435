"""Apply one transition table; refuse the rest.

Every thing with a life (run, task, gate, component mode, monitor, alarm, play, sheet, backlog item) is a
`Machine`: `decide(state, command, now)` grants a command as events or refuses it, `evolve(state, fact)`
folds one fact. What it may do next lies in a `Table`: (stage, event kind) -> stage. Whatever the table does
not list is refused, never ignored. The tables are proven in the tests (total, reachable, terminal means
terminal) and drawn in the docs from the same literals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.refusal_words import cannot

S = TypeVar("S")
StageT = TypeVar("StageT", bound=StrEnum)


@dataclass(frozen=True)
class Table(Generic[StageT]):
    """The legal moves of one machine: where each event kind leads from each stage."""

    name: str
    theory: str
    stages: type[StageT]
    start: StageT
    terminal: frozenset[StageT]
    moves: Mapping[tuple[StageT, type[Event]], StageT]

    def next(self, stage: StageT, event: type[Event]) -> StageT:
        """The stage that `event` leads to. Raises Refused in words: the thing, its stage, what cannot follow and what can."""
        try:
            return self.moves[stage, event]
        except KeyError:
            possible = (kind.kind() for at, kind in self.moves if at == stage)
            raise Refused(cannot(self.name, str(stage), event.kind(), possible)) from None

    def allows(self, stage: StageT, event: type[Event]) -> bool:
        return (stage, event) in self.moves

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram: one arrow from stage to stage, whatever moves along it."""
        arrows: dict[tuple[StrEnum, StrEnum], list[str]] = {}
        for (at, kind), to in self.moves.items():
            arrows.setdefault((at, to), []).append(kind.kind())
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        lines += [f"    {at} --> {to}: {'<br/>'.join(kinds)}" for (at, to), kinds in arrows.items()]
        lines += [f"    {stage} --> [*]" for stage in sorted(self.terminal)]
        return "\n".join(lines)

    def faults(self) -> list[str]:
        """What is wrong with the table itself: unreachable stages, exits from terminals, dead ends."""
        reached = {self.start}
        while grown := {to for (at, _), to in self.moves.items() if at in reached} - reached:
            reached |= grown
        exits = {at for (at, _) in self.moves}
        return [
            *(f"{stage} is unreachable" for stage in self.stages if stage not in reached),
            *(f"{stage} is terminal but has exits" for stage in self.terminal if stage in exits),
            *(f"{stage} is a dead end" for stage in self.stages if stage not in exits | self.terminal),
        ]


@dataclass(frozen=True)
class Machine(Generic[S]):
    """One kind of thing with a life: its first state and its two pure functions."""

    name: str
    start: S
    decide: Callable[[S, Any, datetime], Sequence[Event]]
    evolve: Callable[[S, Fact], S]
    evolve_all: Callable[[S, Iterable[Fact]], S] | None = (
        None  # the same for a long past, where that is quicker
    )

    def fold(self, facts: Iterable[Fact], state: S | None = None) -> S:
        """The state after `facts`, from the start or from `state`."""
        at = self.start if state is None else state
        if self.evolve_all is not None:
            return self.evolve_all(at, facts)
        for fact in facts:
            at = self.evolve(at, fact)
        return at

    def apply(self, state: S, command: Command, now: datetime) -> tuple[S, list[Fact]]:
        """Decide and fold in one step, without a journal: for tests, rehearsals and what-ifs."""
        facts = [Fact(event, now, command.by) for event in self.decide(state, command, now)]
        return self.fold(facts, state), facts
