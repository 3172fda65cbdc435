"""What steers the whole run from the board: a pause, and what is announced to everybody."""

from __future__ import annotations

from dataclasses import dataclass

from cutover.web.visitor import Visitor
from runbooks.board import Run
from runbooks.board_moves import STEERS
from runbooks.domain.run_events import RUN, RunPaused, RunStage


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


def controls(run: Run, visitor: Visitor) -> Controls | None:
    """None for who does not steer the run."""
    if not visitor.may_act or not visitor.has(*STEERS):
        return None
    stage = run.state.stage
    return Controls(
        stage is RunStage.PAUSED, RUN.allows(stage, RunPaused), run.state.message, announcements(run)
    )


def announcements(run: Run) -> tuple[AnnouncementLine, ...]:
    """What stands, newest first."""
    return tuple(
        AnnouncementLine(a.number, a.text, run.name(a.by), run.time(a.at))
        for a in run.state.notes.standing(run.now)
    )
