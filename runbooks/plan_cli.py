"""`cutover runbook`: the commands on a plan put together; when each task happens, when it will end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer, table
from cutover.core.clock import show
from cutover.core.duration import show_duration
from runbooks.backout_cli import add_backout
from runbooks.cli_words import Name, Open
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Schedule, schedule
from runbooks.exchange_cli import add_exchange
from runbooks.forecast_cli import Asked, Outlook, add_forecast, as_data, back_lines, outlook
from runbooks.impact_cli import add_impact
from runbooks.learn_cli import add_learn
from runbooks.levelling_cli import add_levelling
from runbooks.lint_cli import add_lint
from runbooks.options import Runs
from runbooks.picture_cli import add_picture
from runbooks.print_cli import add_print

if TYPE_CHECKING:
    from runbooks.domain.plan import Runbook


QUICK = 2_000  # samples: a plan is looked at often
COLUMNS = ("", "task", "title", "who", "start", "finish", "float", "critical in")


def plan_commands(folder: Open, runs: Runs | None = None) -> App:
    """The `runbook` commands on a programme folder; `runs` opens its past runs, which forecasts learn from."""
    app = App(name="runbook", help="Import, lint, plan and forecast a runbook.")
    add_exchange(app, folder)
    add_lint(app, folder)
    add_impact(app, folder)
    add_backout(app, folder)
    if runs is not None:
        add_learn(app, folder, runs)
    add_levelling(app, folder, runs)
    add_print(app, folder, runs)
    add_picture(app, folder, runs)
    _add_plan(app, folder)
    add_forecast(app, folder, runs)
    return app


def _add_plan(app: App, folder: Open) -> None:
    @app.command
    def plan(name: Name = "", *, programme: Here = Path(), json: AsJson = False) -> None:
        """When each task happens if all goes to plan, its float, and the critical path."""
        place = folder(programme)
        book = place.runbook(name)
        timing = schedule(book.tasks, place.programme.opens, calendars=calendars_of(place.programme))
        ahead = outlook(place, name, Asked(samples=QUICK, refine=0))
        if json:
            answer(_plan(book, timing, ahead), as_json=True)
        else:
            _show_plan(book, timing, ahead)


def _plan(book: Runbook, timing: Schedule, ahead: Outlook) -> dict[str, object]:
    return {
        "runbook": book.id,
        "opens": timing.opens,
        "finish": timing.finish,
        "closes": ahead.programme.closes,
        "critical_path": timing.critical_path,
        "tasks": list(timing.slots.values()),
        "forecast": as_data(ahead),
    }


def _show_plan(book: Runbook, timing: Schedule, ahead: Outlook) -> None:
    tasks, programme, shares = book.by_id(), ahead.programme, ahead.seen.criticality
    rows = (
        (
            "*" if slot.critical else "",
            slot.task,
            tasks[slot.task].title,
            tasks[slot.task].owner or tasks[slot.task].team,
            show(slot.early_start, programme.zone),
            show(slot.early_finish, programme.zone),
            show_duration(slot.total_float),
            f"{shares[slot.task]:.0%}",
        )
        for slot in sorted(timing.slots.values(), key=lambda s: s.early_start)
    )
    table(f"{book.title} (* critical)", COLUMNS, rows)
    spare = programme.closes - timing.finish
    word = "before" if spare.total_seconds() >= 0 else "AFTER"
    answer(
        None,
        as_json=False,
        text=[
            f"critical path: {' -> '.join(timing.critical_path)}",
            f"ends {show(timing.finish, programme.zone)}, {show_duration(abs(spare))} {word} the window closes",
            *_ahead(ahead),
        ],
    )


def _ahead(ahead: Outlook) -> list[str]:
    """What teams and doubts make of the plan."""
    seen, programme = ahead.seen, ahead.programme
    p50, p80, p95 = (show(at, programme.zone) for at in (seen.p50, seen.p80, seen.p95))
    late = f"chance to miss the window {seen.chance_to_miss(programme.closes):.1%}"
    back = back_lines(seen.backout, programme) if seen.backout else ()
    return [f"with its teams and doubts it ends by {p50} (50 %), {p80} (80 %), {p95} (95 %): {late}", *back]
