"""How the board shows colours: the sign and the word say what the colour says, an override stands beside the computed."""

from __future__ import annotations

from dataclasses import dataclass

from runbooks.board import Look, Run
from runbooks.domain.colours import WHOLE, Colour, Shade, colours

LOOKS: dict[Colour, tuple[str, str]] = {
    Colour.RED: ("bad", "✗"),
    Colour.AMBER: ("warn", "△"),
    Colour.GREEN: ("ok", "✓"),
    Colour.OFF: ("idle", "·"),
}
MOST = 4  # reasons shown; the rest is counted


@dataclass(frozen=True, slots=True)
class ShadeLine:
    """One scope: how it looks, and why; `said` is an override in words, '' when the colour is the computed one."""

    look: Look
    title: str
    reasons: tuple[str, ...]
    said: str = ""


def shade_lines(run: Run) -> tuple[ShadeLine, ...]:
    """The run first, then each of its streams that has begun or has something against it."""
    titles = {stream.id: stream.title for stream in run.state.runbook.streams}
    found = colours(run.state, run.now)
    return tuple(
        _line(run, "The run" if scope == WHOLE else titles.get(scope, scope), shade)
        for scope, shade in found.items()
        if scope == WHOLE or shade.shown is not Colour.OFF
    )


def _line(run: Run, title: str, shade: Shade) -> ShadeLine:
    style, sign = LOOKS[shade.shown]
    more = len(shade.reasons) - MOST
    reasons = (*shade.reasons[:MOST], *([f"and {more} more"] if more > 0 else []))
    said = ""
    if shade.override:
        said = f"{run.name(shade.override.by)} says {shade.override.colour}: {shade.override.reason}; computed {shade.computed}"
    return ShadeLine((style, sign, str(shade.shown)), title, reasons, said)
