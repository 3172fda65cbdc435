"""A picture of a plan as a file of its own: the same drawing as on the pages, with the style sheet's own colours in it."""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from cutover.core.errors import Invalid, Problem
from cutover.web.svg import document
from runbooks import pictures
from runbooks.planned import Planned

KINDS = ("gantt", "finish", "tornado")


def svg_of(plan: Planned, kind: str, now: datetime | None = None) -> str:
    """One picture as a complete SVG document on white. Raises Invalid for a plan with nothing to draw."""
    charts, own = (
        _environment().get_template(name).module for name in ("kit/charts.html", "runbooks/pictures.html")
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


def _environment() -> Environment:
    loaders = {
        "kit": PackageLoader("cutover.web", "templates"),
        "runbooks": PackageLoader("runbooks", "pages"),
    }
    return Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
