"""A picture of a plan as a file of its own: the same drawing as on the pages, with the style sheet's own colours in it.

Values stand where the style sheet has variables: most programs that open an SVG know none.
"""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from cutover.core.errors import Invalid, Problem
from runbooks import pictures
from runbooks.planned import Planned

KINDS = ("gantt", "finish", "tornado")
_VARIABLES = re.compile(r"--([\w-]+):\s*([^;}]+)")
_USED = re.compile(r"var\(--([\w-]+)\)")
_FONT = 'font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;'


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


def document(drawn: str, width: int, height: int) -> str:
    """A drawing of the pages as a complete SVG document on white."""
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    ground = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    head, _, rest = drawn.strip().removeprefix("<svg ").partition(">")
    return f"{opening}{head}>\n<style>\n{chart_style()}</style>\n{ground}{rest}\n"


def chart_style() -> str:
    """The rules of the style sheet that concern charts, each variable replaced by its value for light paper."""
    sheet = files("cutover.web").joinpath("static", "style.css").read_text(encoding="utf-8")
    light = dict(_VARIABLES.findall(sheet.partition("@media")[0]))
    rules = [line for line in sheet.splitlines() if line.startswith(".chart ")]
    text = _USED.sub(lambda match: light[match[1]].strip(), "\n".join(rules))
    return f".chart {{ {_FONT} font-size: 11px; }}\n{text}\n"
