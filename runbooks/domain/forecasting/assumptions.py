"""On what a forecast rests, in sentences: distribution, what has no estimate, what goes together, who is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runbooks.domain.forecasting.sampling import ASSUMED_HIGH, ASSUMED_LOW, Correlation
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.forecasting.staffing import Staffing
from runbooks.domain.plan import Distribution, Estimate, Task, TaskType
from runbooks.domain.timing.network import Network

SHAPES = {
    Distribution.PERT: "beta-PERT between their optimistic and pessimistic values",
    Distribution.TRIANGULAR: "triangular between their optimistic and pessimistic values",
}


def assumptions(situation: Situation, net: Network, crew: Staffing | None) -> tuple[str, ...]:
    """Every sentence that somebody who decides by the forecast should have read."""
    open_ = {name for name, over in zip(net.ids, net.ended, strict=True) if over is None}
    tasks = [t for t in situation.tasks if t.id in open_]
    lines = (
        *_lengths(tasks, situation.distribution, situation.fits),
        *_together(situation.correlation),
        *_teams(crew),
    )
    return tuple(line.format(f"of {len(open_)} open tasks") for line in lines)


def _lengths(tasks: Sequence[Task], shape: Distribution, fits: Mapping[str, Estimate]) -> Iterator[str]:
    fitted = sum(t.id in fits for t in tasks)
    left = [t for t in tasks if t.id not in fits and t.estimate is None]
    guessed = sum(bool(t.duration) for t in left)
    unknown = sum(t.duration is None and t.type is not TaskType.MILESTONE for t in left)
    yield f"durations are {SHAPES[shape]}"
    if fitted:
        yield f"{fitted} {{}} are fitted from past runs, the fewer the nearer to the plan's own estimate"
    if guessed:
        yield f"{guessed} {{}} have a duration and no estimate: taken as {ASSUMED_LOW} to {ASSUMED_HIGH} times it"
    if unknown:
        yield f"{unknown} {{}} have no duration: taken as no time at all"


def _together(correlation: Correlation) -> Iterator[str]:
    if correlation.programme or correlation.team:
        yield (
            f"tasks run slow together: {correlation.programme:.0%} of a task's variation is the whole programme's, "
            f"{correlation.team:.0%} its team's"
        )
    else:
        yield "durations vary one by one: the late end is understated"


def _teams(crew: Staffing | None) -> Iterator[str]:
    if crew is None:
        yield "every team is taken to be large enough: the end may be later"
        return
    yield "teams and named people do what they can at once, in the order of one levelled plan"
    if crew.unlisted:
        yield f"not listed in the programme, so taken to be large enough: {', '.join(crew.unlisted)}"
    if any(starts is not None for starts in crew.starts):
        yield "a task begins only while its shift is there; what overruns a shift is finished"
