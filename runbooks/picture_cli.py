"""`cutover runbook picture`: the plan as a picture, in the terminal or as an SVG file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson
from cutover.cli.asked import Folder as Here
from cutover.cli.output import answer, console
from cutover.core.clock import SystemClock
from cutover.core.errors import Invalid, Problem
from cutover.store.whole_file import write_whole
from runbooks.cli_words import Name, Open
from runbooks.options import Runs

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

            write_whole(to, svg_of(plan, kind, now).encode())
            answer({"file": str(to), "kind": kind}, as_json=json, text=[f"{to}: {kind} of {plan.runbook.id}"])
            return
        from runbooks.terminal_pictures import picture as lines

        drawn = list(lines(plan, kind, console.width, now))
        if json:
            answer({"kind": kind, "lines": [line.plain for line in drawn]}, as_json=True)
            return
        for line in drawn:
            console.print(line, no_wrap=True, overflow="crop")
