"""Monitors: is it healthy, is work still flowing, is anything ageing."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from monitors.ageing_service import AgeingService
    from monitors.collector import Collector
    from monitors.definitions import load_checks, load_monitors
    from monitors.domain.balance import Balance
    from monitors.domain.check import HttpCheck, JourneyCheck, LedgerCheck, Reason, Result, Severity, Status
    from monitors.domain.flow import Flow, Hypercare
    from monitors.exporter import render
    from monitors.flow_service import FlowService, FlowView
    from monitors.forwarder import Forwarder
    from monitors.hypercare_service import HypercareService
    from monitors.ledger_service import LedgerService
    from monitors.prober import Prober
    from monitors.register_service import RegisterService
    from monitors.service import MonitorService
    from monitors.view import CheckView

__all__ = [
    "AgeingService", "Balance", "CheckView", "Collector", "Flow", "FlowService", "FlowView", "Forwarder", "HttpCheck",
    "Hypercare", "HypercareService", "JourneyCheck", "LedgerCheck", "LedgerService", "MonitorService", "Prober", "Reason",
    "RegisterService", "Result", "Severity", "Status", "load_checks", "load_monitors", "render",
]  # fmt: skip

__getattr__ = late_names(
    __name__,
    {
        "ageing_service": ("AgeingService",),
        "collector": ("Collector",),
        "definitions": ("load_checks", "load_monitors"),
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
        "domain.flow": ("Flow", "Hypercare"),
        "exporter": ("render",),
        "flow_service": ("FlowService", "FlowView"),
        "forwarder": ("Forwarder",),
        "hypercare_service": ("HypercareService",),
        "ledger_service": ("LedgerService",),
        "prober": ("Prober",),
        "register_service": ("RegisterService",),
        "service": ("MonitorService",),
        "view": ("CheckView",),
    },
)
