"""Probes, flows, ages and ledgers read together: what is gravest, and may hypercare end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitors.ageing_service import AgeingService
from monitors.domain.ageing import AgeingCheck
from monitors.domain.check import LedgerCheck
from monitors.domain.composite import Composite, Exit, Sign, composites, exit_verdict
from monitors.domain.suspicion import Stage
from monitors.flow_service import FlowService, FlowView
from monitors.register_service import RegisterService
from monitors.service import MonitorService
from monitors.view import CheckView

OUTCOMES = (LedgerCheck, AgeingCheck)  # the checks that look at work and not at a system


class HypercareService:
    """Reads everything that is watched; keeps nothing."""

    def __init__(
        self,
        monitors: MonitorService,
        flows: FlowService,
        register: RegisterService,
        ageing: AgeingService | None = None,
    ) -> None:
        self._monitors = monitors
        self._flows = flows
        self._register = register
        self._ageing = ageing

    def now(self) -> datetime:
        return self._flows.now()

    def signs(self, now: datetime | None = None) -> list[Sign]:
        """Everything that is watched, one sign each."""
        at = now or self.now()
        waived = self._register.waived(at)
        views = {view.flow.id: view for view in self._flows.all(at)}
        return [
            *(self._check(view) for view in self._monitors.all(at)),
            *(_flow(view, views, waived) for view in views.values()),
        ]

    def composites(self, now: datetime | None = None) -> list[Composite]:
        """Every component, gravest first."""
        return composites(self.signs(now))

    def exit(self, now: datetime | None = None) -> Exit:
        """The verdict that a hypercare exit asks for."""
        at = now or self.now()
        return exit_verdict(self.signs(at), [*self._register.gaps(at), *self._suspected(at)])

    def _suspected(self, now: datetime) -> list[str]:
        """The suspected backlogs that nobody has explained, whether or not the sum comes out again."""
        views = self._ageing.all(now) if self._ageing else []
        return [
            f"{view.check.title}: a suspected backlog of {view.suspicion.missing} that nobody has explained"
            for view in views
            if view.suspicion.stage is Stage.SUSPECTED
        ]

    def _check(self, view: CheckView) -> Sign:
        check = self._monitors.checks[view.check_id]
        return Sign(
            view.check_id, view.title, view.component, view.status, view.reason, view.detail,
            is_outcome=isinstance(check, OUTCOMES),
        )  # fmt: skip


def _flow(view: FlowView, views: Mapping[str, FlowView], waived: Mapping[str, str]) -> Sign:
    flow, standing = view.flow, view.standing
    pool = views.get(flow.pooled_into)
    covered = bool(flow.aged_by) or flow.id in waived or (pool is not None and pool.enough)
    return Sign(
        flow.id, flow.title, flow.component, standing.status, standing.reason, standing.detail,
        is_outcome=True, enough=view.enough or covered,
    )  # fmt: skip
