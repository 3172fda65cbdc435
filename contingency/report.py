"""The assurance report as a page and as files: one look for what is printed and mailed, and for /report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from contingency.assurance import Assurance, Sources, assess
from contingency.bulletins import BulletinService
from contingency.figures import TIME
from contingency.report_charts import Picture, pictures
from cutover.core.clock import show
from cutover.core.errors import Invalid, Problem
from cutover.store.whole_file import write_whole
from cutover.web.page import templates_of

PACKAGE = "contingency"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What `report.html` reads. `served_at` goes before each journal link; None: there is nothing to link to."""

    report: Assurance
    pictures: Mapping[int, Picture]
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

    def write(
        self,
        report: Assurance,
        *,
        html: Path | None = None,
        pdf: Path | None = None,
        served_at: str | None = None,
    ) -> tuple[dict[Path, int], tuple[str, ...]]:
        """Write the files asked for, each whole; their bytes, and what is not as it was written.

        All are made before the first is written. Raises Invalid, and Unavailable when it cannot be printed.
        """
        made: dict[Path, bytes] = {}
        notes: tuple[str, ...] = ()
        if html is not None:
            made[html] = render_html(report, served_at=served_at).encode()
        if pdf is not None:
            from contingency.report_pdf import as_pdf

            if pdf.suffix.lower() != ".pdf":
                raise Invalid(Problem(f"{pdf} is no .pdf file", field="--pdf", expected="NAME.pdf"))
            made[pdf], notes = as_pdf(report, served_at=served_at)
        return {write_whole(path, content): len(content) for path, content in made.items()}, notes


def report_context(report: Assurance, *, served_at: str | None = None) -> ReportPage:
    window = f"{show(report.opens, report.zone, TIME)} to {show(report.closes, report.zone, TIME)}"
    return ReportPage(report, pictures(report), window, show(report.made_at, report.zone, TIME), served_at)


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
    template = templates_of(PACKAGE).get_template(f"{PACKAGE}/report_file.html")
    return template.render({f.name: getattr(context, f.name) for f in fields(context)})
