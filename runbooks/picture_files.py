"""A picture of a plan as a file of its own: the same drawing as on the pages, with the style sheet's own colours in it."""

from __future__ import annotations

from datetime import datetime

from cutover.core.errors import Invalid, Problem
from cutover.web.page import templates_of
from cutover.web.svg import document
from runbooks import pictures
from runbooks.planned import Planned


def svg_of(plan: Planned, kind: str, now: datetime | None = None) -> str:
    """One picture as a complete SVG document on white. Raises Invalid for a plan with nothing to draw."""
    charts, own = (
        templates_of("runbooks").get_template(name).module
        for name in ("kit/charts.html", "runbooks/pictures.html")
    )
    if kind == "gantt":
        chart = pictures.gantt(plan, now)
        if chart is None:
            raise Invalid(Problem(f"{plan.runbook.id} has nothing to draw", expected="a plan with tasks"))
        drawn, size = charts.gantt(chart, kind), (chart.width, chart.height)  # type: ignore[attr-defined]
    else:
        placed = pictures.finish(plan) if kind == "finish" else pictures.tornado(plan)
        drawn, size = getattr(own, kind)(placed, kind), (placed.width, placed.height)
    return document(str(drawn), *size)
