"""Monitors: is it healthy, is work still flowing, is anything ageing."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from monitors.definitions import load_checks
    from monitors.domain.balance import Balance
    from monitors.domain.check import HttpCheck, JourneyCheck, LedgerCheck, Reason, Result, Severity, Status
    from monitors.exporter import render
    from monitors.forwarder import Forwarder
    from monitors.ledger_service import LedgerService
    from monitors.prober import Prober
    from monitors.service import MonitorService
    from monitors.view import CheckView

__all__ = [
    "Balance", "CheckView", "Forwarder", "HttpCheck", "JourneyCheck", "LedgerCheck", "LedgerService", "MonitorService",
    "Prober", "Reason", "Result", "Severity", "Status", "load_checks", "render",
]  # fmt: skip

__getattr__ = late_names(
    __name__,
    {
        "definitions": ("load_checks",),
        "domain.balance": ("Balance",),
        "domain.check": (
            "HttpCheck",
            "JourneyCheck",
            "LedgerCheck",
            "Reason",
            "Result",
            "Severity",
            "Status",
        ),
        "exporter": ("render",),
        "forwarder": ("Forwarder",),
        "ledger_service": ("LedgerService",),
        "prober": ("Prober",),
        "service": ("MonitorService",),
        "view": ("CheckView",),
    },
)
