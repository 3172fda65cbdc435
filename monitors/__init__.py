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
    from monitors.inbox import Inbox
    from monitors.ledger_service import LedgerService
    from monitors.notifier import Notifier
    from monitors.prober import Prober
    from monitors.register_service import RegisterService
    from monitors.rules import rule_files
    from monitors.service import MonitorService
    from monitors.session import open_session
    from monitors.view import CheckView
    from monitors.watch import Watch

__all__ = [
    "AgeingService", "Balance", "CheckView", "Collector", "Flow", "FlowService", "FlowView", "Forwarder", "HttpCheck",
    "Hypercare", "HypercareService", "Inbox", "JourneyCheck", "LedgerCheck", "LedgerService", "MonitorService", "Notifier", "Prober", "Reason",
    "RegisterService", "Result", "Severity", "Status", "Watch", "load_checks", "load_monitors",
    "open_session", "render", "rule_files",
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
        "inbox": ("Inbox",),
        "ledger_service": ("LedgerService",),
        "notifier": ("Notifier",),
        "prober": ("Prober",),
        "register_service": ("RegisterService",),
        "rules": ("rule_files",),
        "service": ("MonitorService",),
        "session": ("open_session",),
        "view": ("CheckView",),
        "watch": ("Watch",),
    },
)
