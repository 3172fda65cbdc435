"""`cutover runbook`: the commands on a plan put together; when each task happens, when it will end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.output import answer, table
from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem
from runbooks.cli_words import AsJson, Here, Name, Open
from runbooks.domain.forecast import SAMPLES, Forecast, forecast, latest_backout_start
from runbooks.domain.network import Schedule, schedule
from runbooks.exchange_cli import add_exchange
from runbooks.lint_cli import add_lint

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.domain.plan import Runbook


def plan_commands(folder: Open) -> App:
    """The `runbook` commands on a programme folder."""
    app = App(name="runbook", help="Import, lint, plan and forecast a runbook.")
    add_exchange(app, folder)
    add_lint(app, folder)
    _add_plan(app, folder)
    _add_forecast(app, folder)
    return app


def _add_plan(app: App, folder: Open) -> None:
    @app.command
    def plan(name: Name = "", *, programme: Here = Path(), json: AsJson = False) -> None:
        """When each task happens if all goes to plan, its float, and the critical path."""
        place = folder(programme)
        book = place.runbook(name)
        timing = schedule(book.tasks, place.programme.opens)
        if json:
            answer(_plan(book, timing, place.programme), as_json=True)
        else:
            _show_plan(book, timing, place.programme)


def _plan(book: Runbook, timing: Schedule, programme: Programme) -> dict[str, object]:
    return {
        "runbook": book.id,
        "opens": timing.opens,
        "finish": timing.finish,
        "closes": programme.closes,
        "critical_path": timing.critical_path,
        "tasks": list(timing.slots.values()),
    }


def _show_plan(book: Runbook, timing: Schedule, programme: Programme) -> None:
    tasks = book.by_id()
    rows = (
        (
            "*" if slot.critical else "",
            slot.task,
            tasks[slot.task].title,
            tasks[slot.task].owner or tasks[slot.task].team,
            show(slot.early_start, programme.zone),
            show(slot.early_finish, programme.zone),
            show_duration(slot.total_float),
        )
        for slot in sorted(timing.slots.values(), key=lambda s: s.early_start)
    )
    table(f"{book.title} (* critical)", ("", "task", "title", "who", "start", "finish", "float"), rows)
    spare = programme.closes - timing.finish
    word = "before" if spare.total_seconds() >= 0 else "AFTER"
    answer(
        None,
        as_json=False,
        text=[
            f"critical path: {' -> '.join(timing.critical_path)}",
            f"ends {show(timing.finish, programme.zone)}, {show_duration(abs(spare))} {word} the window closes",
        ],
    )


def _add_forecast(app: App, folder: Open) -> None:
    @app.command(name="forecast")
    def forecast_(
        name: Name = "",
        *,
        samples: Annotated[int, Parameter(help="how many ends to sample")] = SAMPLES,
        seed: Annotated[int, Parameter(help="the same seed gives the same answer")] = 1,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """When the plan will end, how surely, and until when one can still turn back."""
        if samples < 1:
            raise Invalid(Problem(f"{samples} is too few", field="--samples", expected="1 or more"))
        place = folder(programme)
        seen = forecast(place.runbook(name).tasks, place.programme.opens, seed=seed, samples=samples)
        answer(_forecast(seen, place.programme), as_json=json, text=_forecast_lines(seen, place.programme))


def _forecast(seen: Forecast, programme: Programme) -> dict[str, object]:
    return {
        "p50": seen.p50,
        "p80": seen.p80,
        "p95": seen.p95,
        "closes": programme.closes,
        "chance_to_miss": seen.chance_to_miss(programme.closes),
        "latest_backout_start": latest_backout_start(programme.closes, programme.window.backout),
        "samples": seen.samples,
        "assumptions": seen.assumptions,
    }


def _forecast_lines(seen: Forecast, programme: Programme) -> list[str]:
    zone, backout = programme.zone, programme.window.backout
    return [
        f"ends by {show(seen.p50, zone)} with a chance of 50 %",
        f"        {show(seen.p80, zone)} with a chance of 80 %",
        f"        {show(seen.p95, zone)} with a chance of 95 %",
        f"window closes {show(programme.closes, zone)}: chance to miss it {seen.chance_to_miss(programme.closes):.1%}",
        f"latest safe backout {show(latest_backout_start(programme.closes, backout), zone)} (the way back takes {show_duration(backout)})",
        *(f"assumed: {line}" for line in seen.assumptions),
    ]
