"""What people do on /health: take an alarm in hand until a time, close it with its cause, say what was missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field

from cutover.core.duration import parse_duration
from cutover.core.errors import CutoverError
from cutover.web.acts import Act, Done, Form, Sent, WrongFields
from cutover.web.visitor import Role
from monitors.domain.flow_events import Cause
from monitors.domain.suspicion import Origin
from monitors.service import MonitorService
from monitors.watch_cards import Watch

HEALTH = "/health"
ROLES = (Role.HYPERCARE, Role.PROGRAMME_MANAGER, Role.DECIDER, Role.SUPERVISOR)


class HoldForm(Form):
    until: str = Field(min_length=1, max_length=40)
    note: str = Field(min_length=1, max_length=2000)


class CloseForm(Form):
    cause: Cause
    note: str = Field(min_length=1, max_length=2000)


class SettleForm(Form):
    origin: Origin
    note: str = Field(min_length=1, max_length=2000)


class HealthActs:
    """The acts of one programme's health page."""

    def __init__(self, monitors: MonitorService, watch: Watch) -> None:
        self._monitors = monitors
        self._watch = watch

    def acts(self) -> Sequence[Act]:
        return (
            Act("/health/checks/{check}/ack", "take an alarm in hand", HoldForm, self._ack, HEALTH, ROLES),
            Act("/health/flows/{flow}/take", "take an alarm in hand", HoldForm, self._take, HEALTH, ROLES),
            Act("/health/flows/{flow}/close", "close an alarm", CloseForm, self._close, HEALTH, ROLES),
            Act("/health/ageing/{check}/settle", "settle a suspicion", SettleForm, self._settle, HEALTH, ROLES),
        )  # fmt: skip

    def _ack(self, form: HoldForm, sent: Sent) -> Done:
        name, until = sent["check"], self._until(form.until)
        self._monitors.acknowledge(name, sent.visitor.person, until, form.note)
        return Done(f"{HEALTH}#{name}", f"{name} is in your hands until {until:%a %d %b %H:%M} UTC.")

    def _take(self, form: HoldForm, sent: Sent) -> Done:
        name, until = sent["flow"], self._until(form.until)
        self._watch.flows.take(name, None, sent.visitor.person, until, form.note)
        return Done(f"{HEALTH}#{name}", f"{name} is in your hands until {until:%a %d %b %H:%M} UTC.")

    def _close(self, form: CloseForm, sent: Sent) -> Done:
        name = sent["flow"]
        self._watch.flows.close(name, None, sent.visitor.person, form.cause, form.note)
        return Done(f"{HEALTH}#{name}", f"Closed in your name: {name}. Its charts begin anew.")

    def _settle(self, form: SettleForm, sent: Sent) -> Done:
        name = sent["check"]
        self._watch.ageing.settle(name, sent.visitor.person, form.origin, form.note)
        return Done(f"{HEALTH}#age-{name}", f"What was missing of {name} is settled in your name.")

    def _until(self, text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            try:
                return self._monitors.now() + parse_duration(text)
            except CutoverError as error:
                raise WrongFields({"until": str(error)}) from error
        if at.tzinfo is None:
            raise WrongFields({"until": f"'{text}' does not say in which zone; expected 2h or {text}+00:00"})
        return at.astimezone(UTC)
