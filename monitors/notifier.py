"""Which alarms are told now: looks at how everything stands, at what was told before, and records what must be told.

It keeps no state of its own. Two that look at once decide one after the other on the same facts: nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from cutover.core.event import Recorded
from cutover.store.desk import Ask, Desk
from cutover.store.engine import reading
from monitors.alert_states import alert_states
from monitors.domain.alert import ALERT, AlertStage, AlertState, JudgeAlert, Recipient, Step, alert_stream
from monitors.domain.check import Severity
from monitors.domain.telling import OWNER, Alarm, Notify, Route, held_by, route_of

NOTIFIER = "notifier"
AT_ONCE = 200  # alarms whose facts land in one transaction


class Notifier:
    """Tells people, through the outbox, what concerns them."""

    def __init__(
        self,
        desk: Desk,
        notify: Notify,
        zone: str,
        alarms: Callable[[datetime], Iterable[Alarm]],
        channel: Callable[[str], str] = lambda _person: "file",
    ) -> None:
        """`alarms` says how everything that can alarm stands; `channel` by what a person is reached."""
        self._desk = desk
        self._notify = notify
        self._zone = zone
        self._alarms = alarms
        self._channel = channel

    def tell(self, now: datetime | None = None) -> list[Recorded]:
        """One look; returns what was told. What is already told and not over is left alone."""
        at = now or self._desk.clock.now()
        with reading(self._desk.journal.engine) as connection:
            known = alert_states(connection)
        alarms = list(self._alarms(at))
        asks = [ask for alarm in alarms if (ask := self._ask(alarm, known, at)) is not None]
        asks += self._gone(known, {alarm.id for alarm in alarms}, at)
        told: list[Recorded] = []
        for first in range(0, len(asks), AT_ONCE):
            told += self._desk.ask_all(asks[first : first + AT_ONCE])
        return told

    def _ask(self, alarm: Alarm, known: Mapping[str, AlertState], now: datetime) -> Ask | None:
        state = known.get(alarm.id, AlertState())
        if not alarm.bad and state.stage is AlertStage.QUIET:
            return None
        command = self._judge(alarm, now)
        return (
            Ask(ALERT, alert_stream(alarm.id), command, at=now) if ALERT.decide(state, command, now) else None
        )

    def _gone(self, known: Mapping[str, AlertState], there: set[str], now: datetime) -> Iterable[Ask]:
        """Alarms of what nobody watches any more: told as over, or they would stand for ever."""
        for name, state in known.items():
            if name not in there and state.stage is not AlertStage.QUIET:
                command = JudgeAlert(
                    by=NOTIFIER, bad=False, title=name, severity=Severity.INFO, label="NOT WATCHED",
                    detail="it is not watched any more", to=state.told, repeat=Route().repeat,
                )  # fmt: skip
                yield Ask(ALERT, alert_stream(name), command, at=now)

    def _judge(self, alarm: Alarm, now: datetime) -> JudgeAlert:
        route = route_of(alarm, self._notify)
        return JudgeAlert(
            by=NOTIFIER,
            bad=alarm.bad,
            held=held_by(alarm, self._notify, now, self._zone),
            title=alarm.title,
            component=alarm.component,
            severity=alarm.severity,
            safeguarding=alarm.safeguarding,
            label=alarm.label,
            detail=alarm.detail,
            since=alarm.since,
            to=self._recipients(route.to, alarm),
            repeat=route.repeat,
            steps=tuple(Step(after=s.after, to=self._recipients(s.to, alarm)) for s in route.escalate),
        )

    def _recipients(self, names: Sequence[str], alarm: Alarm) -> tuple[Recipient, ...]:
        """A flow may have several owners, one of them in the business."""
        people = [p for name in names for p in (alarm.owners if name == OWNER else (name,))]
        return tuple(Recipient(person=p, channel=self._channel(p)) for p in dict.fromkeys(people))
