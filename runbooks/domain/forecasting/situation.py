"""What a forecast looks at: a plan, what has happened of it, who there is, and how its doubts are drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cutover.domain.programme import Programme
from runbooks.domain.forecasting.sampling import Correlation, Doubt, doubt
from runbooks.domain.plan import Distribution, Estimate, Task
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Actuals, Network, network


@dataclass(frozen=True, slots=True)
class Situation:
    """A plan at a moment. Without a `programme` every team is large enough and there are no calendars.

    `fits` are estimates from past runs, used instead of the plan's own; `projected` is where running tasks are
    heading by their own pace.
    """

    tasks: Sequence[Task]
    opens: datetime
    actuals: Actuals = field(default_factory=dict)
    now: datetime | None = None
    active_repairs: Collection[str] = ()
    projected: Mapping[str, datetime] = field(default_factory=dict)
    programme: Programme | None = None
    distribution: Distribution = Distribution.PERT
    correlation: Correlation = Correlation()  # noqa: RUF009  frozen
    fits: Mapping[str, Estimate] = field(default_factory=dict)

    def network(self) -> Network:
        """Raises Invalid for a faulty plan."""
        return network(
            self.tasks, self.opens, actuals=self.actuals, now=self.now, active_repairs=self.active_repairs,
            projected=self.projected, calendars=calendars_of(self.programme, self.opens) if self.programme else {},
        )  # fmt: skip

    def doubt(self, net: Network, teams: Sequence[str] = ()) -> Doubt:
        """What is not known of the lengths; `teams` (default: the plan's) share their luck."""
        together = teams or sorted({task.team for task in self.tasks} - {""})
        return doubt(
            net, self.tasks, distribution=self.distribution, correlation=self.correlation, fits=self.fits,
            teams=together,
        )  # fmt: skip
