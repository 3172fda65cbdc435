"""`cutover runbook picture`: the plan as a picture, in the terminal or as an SVG file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from cutover.cli.output import answer, console
from cutover.core.clock import SystemClock
from cutover.core.errors import Invalid, Problem
from runbooks.cli_words import AsJson, Here, Name, Open
from runbooks.forecast_cli import Runs

KindOf = Annotated[
    Literal["gantt", "finish", "tornado"],
    Parameter(help="the plan by stream, when it ends, or what drives the end"),
]
ToFile = Annotated[
    Path | None, Parameter(help="an .svg file to write; without it the terminal shows the picture")
]


def add_picture(app: App, folder: Open, runs: Runs | None = None) -> None:
    @app.command
    def picture(
        name: Name = "",
        *,
        kind: KindOf = "gantt",
        to: ToFile = None,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """The plan as a picture: Gantt with bands and critical tasks, when it ends, or what drives the end."""
        from runbooks.planned import planned_in

        if to is not None and to.suffix.lower() != ".svg":
            raise Invalid(
                Problem(f"'{to.suffix}' is no picture", file=str(to), field="--to", expected="a .svg file")
            )
        plan, now = planned_in(folder(programme), name, runs), SystemClock().now()
        if to is not None:
            from runbooks.picture_files import svg_of

            _write(to, svg_of(plan, kind, now))
            answer({"file": str(to), "kind": kind}, as_json=json, text=[f"{to}: {kind} of {plan.runbook.id}"])
            return
        from runbooks.terminal_pictures import picture as lines

        drawn = list(lines(plan, kind, console.width, now))
        if json:
            answer({"kind": kind, "lines": [line.plain for line in drawn]}, as_json=True)
            return
        for line in drawn:
            console.print(line, no_wrap=True, overflow="crop")


def _write(file: Path, text: str) -> None:
    """The whole file or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
