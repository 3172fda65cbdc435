"""A runbook before any run, all of it at once: when each task happens with the teams there are, and how surely.

Paper, pictures and the plan page show the same answer, so it is worked out in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from runbooks.domain.capacity.crew import crew
from runbooks.domain.capacity.levelling import dispatch
from runbooks.domain.forecasting.backout_time import Turning
from runbooks.domain.forecasting.bands import Band, bands
from runbooks.domain.forecasting.fitting import fitted, past_durations
from runbooks.domain.forecasting.forecast import Forecast, look_ahead
from runbooks.domain.forecasting.situation import Situation

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.cli_words import Folder
    from runbooks.domain.plan import Runbook, Task
    from runbooks.domain.run_state import RunState
    from runbooks.options import Runs
    from runbooks.service import RunService

SAMPLES = 4_000
SEED = 1
CRITICAL = 0.5  # of the samples: from here on a task is shown as critical

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Planned:
    """When each task is planned (UTC; a repair has no time), where its end may lie, and when all of it ends."""

    runbook: Runbook
    programme: Programme
    times: Mapping[str, Stretch]
    bands: Mapping[str, Band]
    seen: Forecast

    def is_critical(self, task: str) -> bool:
        """Whether it decides the end in half of the samples or more."""
        return self.seen.criticality.get(task, 0.0) >= CRITICAL

    @property
    def finish(self) -> datetime:
        return max((end for _, end in self.times.values()), default=self.programme.opens)

    @property
    def way_back(self) -> timedelta:
        """How long it takes; none when nothing says how one would turn back."""
        back = self.seen.backout
        return back.length if back else timedelta(0)

    @property
    def latest_backout(self) -> datetime | None:
        back = self.seen.backout
        return back.latest if back and back.length else None

    @property
    def title_of(self) -> Mapping[str, str]:
        return {task.id: task.title for task in self.runbook.tasks}


def planned(
    book: Runbook, programme: Programme, back: Sequence[Task] = (), past: Sequence[RunState] = ()
) -> Planned:
    """Lay a runbook out. `back` is its backout plan, `past` its runs. Raises Invalid for a plan nobody can do."""
    situation = unbegun(book, programme, past)
    net = situation.network()
    laid = dispatch(net, crew(net, book.tasks, programme))
    turning = Turning(programme.closes, programme.window.backout, tuple(back))
    opens = programme.opens
    times = {
        name: (opens + timedelta(microseconds=laid.starts[i]), opens + timedelta(microseconds=laid.ends[i]))
        for i, name in enumerate(net.ids)
    }
    seen = look_ahead(situation, seed=SEED, samples=SAMPLES, turning=turning)
    return Planned(book, programme, times, bands(situation, seed=SEED), seen)


def planned_in(place: Folder, name: str, runs: Runs | None = None) -> Planned:
    """A runbook of a programme folder, with the way back it names and what its past runs taught."""
    book = place.runbook(name)
    back = place.runbooks.get(book.backout)
    return planned(
        book, place.programme, back.tasks if back else (), past_of(book, service_of(place.path, runs))
    )


def unbegun(book: Runbook, programme: Programme, past: Sequence[RunState]) -> Situation:
    """A runbook before any run, its durations weighed against its `past` ones."""
    return Situation(
        book.tasks, programme.opens, programme=programme, distribution=book.distribution,
        fits=fitted(book.tasks, past_durations(past)),
    )  # fmt: skip


def service_of(folder: Path, runs: Runs | None) -> RunService | None:
    """The door to a folder's runs; None where there was never one: looking ahead makes no database."""
    return runs(folder) if runs and (folder / "state" / "cutover.db").exists() else None


def past_of(book: Runbook, service: RunService | None) -> list[RunState]:
    """Every run of a runbook there was."""
    return [service.state(run) for run in service.run_ids(book.id)] if service else []
