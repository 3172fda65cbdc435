"""The mode of every component, as pages show it: what it is, what that allows, since when, on whose word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from cutover.web.words import lasting, moment

_LOOKS: dict[Mode, tuple[str, str, str, str]] = {
    Mode.LIVE: ("ok", "●", "Live", "read and write"),
    Mode.READ_ONLY: ("warn", "◐", "Read-only", "look up only; new records go on paper"),
    Mode.PAPER: ("warn", "✎", "On paper", "not in use; staff write on issued forms"),
    Mode.DARK: ("bad", "○", "Dark", "off, and nothing replaces it"),
}


@dataclass(frozen=True, slots=True)
class ModeLine:
    """One component; `word` says who put it into its mode, when and why."""

    id: str
    title: str
    look: str
    sign: str
    mode: str
    allows: str
    word: str


def component_modes(programme: Programme, desk: Desk, now: datetime) -> tuple[ModeLine, ...]:
    """Every component of the programme in its own order; one that nobody switched stands as declared."""
    lines = []
    for component in programme.components:
        state = desk.state(COMPONENT, component_stream(component.id))
        mode = state.mode if state.since else component.mode
        word = "as declared, never switched"
        if state.since:
            when = f"{moment(state.since, programme.zone)} ({lasting(now - state.since)} ago)"
            word = f"since {when}, by {programme.name_of(state.by)}: {state.reason}"
        look, sign, title, allows = _LOOKS[mode]
        lines.append(ModeLine(component.id, component.title, look, sign, title, allows, word))
    return tuple(lines)
