"""The assurance report as a page: one look for the file that is printed and mailed, and for /report."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from contingency.assurance import Assurance, Sources, assess
from contingency.bulletins import BulletinService
from cutover.core.clock import show
from cutover.core.errors import Invalid, Problem
from cutover.web.kit import Page, Query, templates

PACKAGE = "contingency"
_TIME = "%a %d %b %Y %H:%M %Z"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What `report.html` reads. `served_at` goes before each journal link; None: there is nothing to link to."""

    report: Assurance
    window: str
    made: str
    served_at: str | None


@dataclass(frozen=True, slots=True)
class ReportFile(ReportPage):
    """What `report_file.html` reads: the page with its stylesheet in it."""

    style: str


class ReportService:
    """Makes the report of one programme now."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    @property
    def bulletins(self) -> BulletinService:
        return self.sources.bulletins

    def assess(self, now: datetime | None = None) -> Assurance:
        return assess(self.sources, now or self.bulletins.desk.clock.now())

    def page(self) -> ReportPage:
        return report_context(self.assess(), served_at="")

    def write(self, report: Assurance, path: Path) -> int:
        """Write the report as one HTML file, whole or not at all; returns its bytes. Raises Invalid."""
        text = render_html(report).encode()
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except OSError as error:
            raise Invalid(
                Problem(f"cannot write the report: {error.strerror}", file=str(path), field="out")
            ) from error
        return len(text)


def report_context(report: Assurance, *, served_at: str | None = None) -> ReportPage:
    window = f"{show(report.opens, report.zone, _TIME)} to {show(report.closes, report.zone, _TIME)}"
    return ReportPage(report, window, show(report.made_at, report.zone, _TIME), served_at)


def render_html(report: Assurance, *, served_at: str | None = None) -> str:
    """The report as one self-contained, printable HTML file.

    With `served_at` (such as http://host:8080) each position links to the journal page that is served there.
    """
    page = report_context(report, served_at=served_at)
    style = "\n".join(
        files(package).joinpath(*path).read_text(encoding="utf-8")
        for package, path in (("cutover.web", ("static", "style.css")), (PACKAGE, ("pages", "report.css")))
    )
    known = {f.name: getattr(page, f.name) for f in fields(page)}
    context = ReportFile(**known, style=style)
    file = Page("", PACKAGE, "report_file.html", ReportFile, _not_served)
    template = templates([file]).get_template(file.name)
    return template.render({f.name: getattr(context, f.name) for f in fields(context)})


def _not_served(_query: Query) -> Any:
    raise NotImplementedError("the file is rendered, never served")
