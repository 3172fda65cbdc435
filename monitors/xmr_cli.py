"""`cutover monitor pack`: the weekly XmR chart of every flow in figures, for the board pack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from cutover.cli.asked import AsJson, Folder
from cutover.cli.output import answer, table

if TYPE_CHECKING:
    from monitors.flow_service import FlowService


def add_xmr(app: App, flows: Callable[[Path], FlowService]) -> None:
    @app.command
    def pack(programme: Folder = Path(), json: AsJson = False) -> None:
        """The weekly totals of every flow with their limits and what is special about the newest week."""
        service = flows(programme)
        charts = {name: service.weeks(name) for name in service.flows}
        if json:
            answer(charts, as_json=True)
            return
        rows = (
            (name, chart.weeks[-1].total, f"{chart.mean:.0f}", f"{chart.lower:.0f} to {chart.upper:.0f}", chart.look,
             "; ".join(chart.weeks[-1].rules))
            if chart
            else (name, "", "", "", "fewer than three whole weeks", "")
            for name, chart in charts.items()
        )  # fmt: skip
        table("Weekly totals", ("flow", "newest week", "mean", "limits", "says", "why"), rows)
