# ruff: noqa: PLC0414  these names are for others
"""The doors of every room, each opened when somebody first goes through it: a command loads what it uses.

To read how a run stands need not load what watches, prints, compares and converts (measured: two thirds of what a
command cost).
"""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from contingency.bulletins import BulletinService as BulletinService
    from contingency.bulletins import partner_messages as partner_messages
    from contingency.composing import Composer as Composer
    from contingency.discoveries import DiscoveryService as DiscoveryService
    from contingency.fallbacks import FallbackService as FallbackService
    from contingency.files import load_plays as load_plays
    from contingency.improvements import ActionService as ActionService
    from contingency.improvements import FeedbackService as FeedbackService
    from contingency.incidents import IncidentService as IncidentService
    from contingency.incidents import IssueService as IssueService
    from contingency.limits import LimitService as LimitService
    from contingency.limits import limit_messages as limit_messages
    from contingency.notices import play_notices as play_notices
    from contingency.report import ReportService as ReportService
    from contingency.service import BacklogService as BacklogService
    from contingency.service import ContingencyService as ContingencyService
    from contingency.service import ConversionService as ConversionService
    from contingency.sources import Sources as Sources
    from contingency.target_kinds import make_target as make_target
    from cutover.app.action_kinds import declared_kinds as declared_kinds
    from cutover.app.action_kinds import kinds_of_runbooks as kinds_of_runbooks
    from cutover.app.actions import IssuePaperAction as IssuePaperAction
    from cutover.app.actions import ModeAction as ModeAction
    from cutover.app.actions import NotifyAction as NotifyAction
    from cutover.app.actions import ProbeAction as ProbeAction
    from cutover.app.actions import ReconcileAction as ReconcileAction
    from cutover.app.actions import SimulatedAction as SimulatedAction
    from cutover.app.actions import SnapshotAction as SnapshotAction
    from cutover.app.actions import rehearsed as rehearsed
    from cutover.app.evidence import providers as providers
    from cutover.app.notify import channels as channels
    from cutover.app.notify import deliver_due as deliver_due
    from cutover.app.queries import Queries as Queries
    from cutover.app.queries import load_queries as load_queries
    from cutover.app.readiness_file import load_readiness as load_readiness
    from cutover.app.suspected import suspected as suspected
    from cutover.reconciliation.contract import load_contracts as load_contracts
    from cutover.reconciliation.service import ReconciliationService as ReconciliationService
    from cutover.web.links import Links as Links
    from cutover.web.outbound import async_client as async_client
    from cutover.web.tokens import Tokens as Tokens
    from monitors.ageing_service import AgeingService as AgeingService
    from monitors.collector import Collector as Collector
    from monitors.count_sources import CountSources as CountSources
    from monitors.definitions import load_monitors as load_monitors
    from monitors.domain.kinds import HeartbeatCheck as HeartbeatCheck
    from monitors.flow_service import FlowService as FlowService
    from monitors.hypercare_service import HypercareService as HypercareService
    from monitors.inbox import Inbox as Inbox
    from monitors.ledger_service import LedgerService as LedgerService
    from monitors.notices import alert_messages as alert_messages
    from monitors.prober import Prober as Prober
    from monitors.register_service import RegisterService as RegisterService
    from monitors.service import MonitorService as MonitorService
    from paper_capture.batches import PaperBatches as PaperBatches
    from paper_capture.claims import Claims as Claims
    from paper_capture.forms import load_forms as load_forms
    from paper_capture.images import PaperImages as PaperImages
    from paper_capture.keeping import PaperKeeping as PaperKeeping
    from paper_capture.keying import Keying as Keying
    from paper_capture.service import PaperService as PaperService
    from paper_capture.station_view import StationViews as StationViews
    from runbooks.actions.checking import action_faults as action_faults
    from runbooks.actions.deployment import DeploymentAction as DeploymentAction
    from runbooks.actions.http import HttpAction as HttpAction
    from runbooks.actions.jobs import JobAction as JobAction
    from runbooks.actions.kinds import ActionKind as ActionKind
    from runbooks.actions.kinds import Actions as Actions
    from runbooks.actions.kinds import LateKind as LateKind
    from runbooks.actions.linked import RunbookAction as RunbookAction
    from runbooks.actions.python import PythonAction as PythonAction
    from runbooks.actions.secrets import Secrets as Secrets
    from runbooks.actions.shell import ShellAction as ShellAction
    from runbooks.actions.sql import SqlAction as SqlAction
    from runbooks.actions.waits import WaitAction as WaitAction
    from runbooks.domain.plan import Fault as Fault
    from runbooks.domain.rehearsals import read_rule as read_rule
    from runbooks.formats.files import located as located
    from runbooks.formats.files import read_runbook as read_runbook
    from runbooks.performer import Performer as Performer
    from runbooks.service import RunService as RunService
    from runbooks.steps import InlineExecutor as InlineExecutor

DOORS = {
    "contingency.bulletins": ("BulletinService", "partner_messages"),
    "contingency.composing": ("Composer",),
    "contingency.discoveries": ("DiscoveryService",),
    "contingency.fallbacks": ("FallbackService",),
    "contingency.files": ("load_plays",),
    "contingency.improvements": ("ActionService", "FeedbackService"),
    "contingency.incidents": ("IncidentService", "IssueService"),
    "contingency.limits": ("LimitService", "limit_messages"),
    "contingency.notices": ("play_notices",),
    "contingency.report": ("ReportService",),
    "contingency.service": ("BacklogService", "ContingencyService", "ConversionService"),
    "contingency.sources": ("Sources",),
    "contingency.target_kinds": ("make_target",),
    "cutover.app.action_kinds": ("declared_kinds", "kinds_of_runbooks"),
    "cutover.app.actions": (
        "IssuePaperAction",
        "ModeAction",
        "NotifyAction",
        "ProbeAction",
        "ReconcileAction",
        "SimulatedAction",
        "SnapshotAction",
        "rehearsed",
    ),
    "cutover.app.evidence": ("providers",),
    "cutover.app.notify": ("channels", "deliver_due"),
    "cutover.app.queries": ("Queries", "load_queries"),
    "cutover.app.readiness_file": ("load_readiness",),
    "cutover.app.suspected": ("suspected",),
    "cutover.reconciliation.contract": ("load_contracts",),
    "cutover.reconciliation.service": ("ReconciliationService",),
    "cutover.web.links": ("Links",),
    "cutover.web.outbound": ("async_client",),
    "cutover.web.tokens": ("Tokens",),
    "monitors.ageing_service": ("AgeingService",),
    "monitors.collector": ("Collector",),
    "monitors.count_sources": ("CountSources",),
    "monitors.definitions": ("load_monitors",),
    "monitors.domain.kinds": ("HeartbeatCheck",),
    "monitors.flow_service": ("FlowService",),
    "monitors.hypercare_service": ("HypercareService",),
    "monitors.inbox": ("Inbox",),
    "monitors.ledger_service": ("LedgerService",),
    "monitors.notices": ("alert_messages",),
    "monitors.prober": ("Prober",),
    "monitors.register_service": ("RegisterService",),
    "monitors.service": ("MonitorService",),
    "paper_capture.batches": ("PaperBatches",),
    "paper_capture.claims": ("Claims",),
    "paper_capture.forms": ("load_forms",),
    "paper_capture.images": ("PaperImages",),
    "paper_capture.keeping": ("PaperKeeping",),
    "paper_capture.keying": ("Keying",),
    "paper_capture.service": ("PaperService",),
    "paper_capture.station_view": ("StationViews",),
    "runbooks.actions.checking": ("action_faults",),
    "runbooks.actions.deployment": ("DeploymentAction",),
    "runbooks.actions.http": ("HttpAction",),
    "runbooks.actions.jobs": ("JobAction",),
    "runbooks.actions.linked": ("RunbookAction",),
    "runbooks.actions.python": ("PythonAction",),
    "runbooks.actions.shell": ("ShellAction",),
    "runbooks.actions.sql": ("SqlAction",),
    "runbooks.actions.waits": ("WaitAction",),
    "runbooks.actions.kinds": ("ActionKind", "Actions", "LateKind"),
    "runbooks.actions.secrets": ("Secrets",),
    "runbooks.formats.files": ("located", "read_runbook"),
    "runbooks.domain.plan": ("Fault",),
    "runbooks.domain.rehearsals": ("read_rule",),
    "runbooks.performer": ("Performer",),
    "runbooks.service": ("RunService",),
    "runbooks.steps": ("InlineExecutor",),
}
__getattr__ = late_names("", DOORS)
