"""The /report page: the assurance report as it stands at this moment, each number with its records."""

from __future__ import annotations

from contingency.report import PACKAGE, ReportPage, ReportService
from cutover.web.kit import Page, Query


def report_page(service: ReportService) -> Page:
    """`/report`: read anew at each request; it never updates itself under the reader's eyes."""

    def build(_query: Query) -> ReportPage:
        return service.page()

    return Page("/report", PACKAGE, "report.html", ReportPage, build, label="Report")
