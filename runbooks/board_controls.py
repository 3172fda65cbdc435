"""What steers the whole run from the board: a pause, its end, what is announced to everybody, a colour over the computed."""

from __future__ import annotations

from dataclasses import dataclass

from cutover.web.visitor import Visitor
from runbooks.board import Run
from runbooks.board_moves import STEERS
from runbooks.domain.colours import WHOLE, scopes
from runbooks.domain.run_events import RUN, RunCanceled, RunPaused, RunStage


@dataclass(frozen=True, slots=True)
class AnnouncementLine:
    number: int
    text: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class Controls:
    """What a programme manager is offered."""

    is_paused: bool
    may_pause: bool
    message: str
    standing: tuple[AnnouncementLine, ...]
    may_cancel: bool
    scopes: tuple[tuple[str, str], ...]
    overridden: tuple[tuple[str, str], ...]


def controls(run: Run, visitor: Visitor) -> Controls | None:
    """None for who does not steer the run."""
    if not visitor.may_act or not visitor.has(*STEERS):
        return None
    stage, titles = run.state.stage, scope_titles(run)
    over = run.state.overrides.by_scope
    return Controls(
        stage is RunStage.PAUSED, RUN.allows(stage, RunPaused), run.state.message, announcements(run),
        may_cancel=RUN.allows(stage, RunCanceled),
        scopes=tuple(titles.items()),
        overridden=tuple((scope, f"{titles.get(scope, scope)}: {one.colour} by {run.name(one.by)}") for scope, one in over.items()),
    )  # fmt: skip


def scope_titles(run: Run) -> dict[str, str]:
    """What has a colour: the run, then its streams by their titles."""
    titles = {WHOLE: "The run", **{stream.id: stream.title for stream in run.state.runbook.streams}}
    return {scope: titles.get(scope, scope) for scope in scopes(run.state)}


def announcements(run: Run) -> tuple[AnnouncementLine, ...]:
    """What stands, newest first."""
    return tuple(
        AnnouncementLine(a.number, a.text, run.name(a.by), run.time(a.at))
        for a in run.state.notes.standing(run.now)
    )
