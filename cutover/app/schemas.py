"""Which model reads which file of a programme."""

from __future__ import annotations

from pydantic import BaseModel

from contingency.files import ContingencyFile
from cutover.domain.programme import Programme
from cutover.domain.query import Query
from cutover.reconciliation.contract import Contract
from monitors.domain.monitor_file import MonitorFile
from paper_capture.domain.form import Form
from runbooks.domain.plan import Runbook

SCHEMAS: dict[str, type[BaseModel]] = {
    "programme": Programme,
    "runbook": Runbook,
    "monitor": MonitorFile,
    "form": Form,
    "contingency": ContingencyFile,
    "contract": Contract,
    "query": Query,
}
