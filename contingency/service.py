"""The only door to contingency: propose, enact, decline, stand down, and finish what a crash left half done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contingency.backlogs import WAITING, BacklogService
from contingency.conversions import ConversionService
from contingency.domain import backlog, conversion, handover, metrics, triggers, warnings, working
from contingency.domain.handover import HANDOVER, HandOver, handover_stream
from contingency.domain.triggers import (
    OPEN,
    PLAY,
    DeclinePlay,
    DoLine,
    DoStep,
    EnactPlay,
    LapsePlay,
    Play,
    PlayStage,
    PlayState,
    ProposePlay,
    RecordSupply,
    StandDown,
    Trigger,
    deciders,
    due,
    open_lines,
    play_stream,
)
from contingency.fallbacks import FallbackService, FallbackView
from contingency.files import PlayBook
from contingency.incidents import IncidentService
from contingency.notices import alternate_notices
from contingency.readings import bad_since, is_calm, read_metrics
from contingency.rooms import CheckSeen, Monitors, Stationery
from contingency.sheets import sheet_clocks
from contingency.tables import PlayRow, play_rows
from cutover.core.errors import NotFound, Refused
from cutover.domain.modes import COMPONENT, Mode, SwitchMode, component_stream
from cutover.store.desk import Ask, Desk
from cutover.store.engine import writing
from cutover.store.outbox import enqueue, unknown
from paper_capture.domain.aside import SignOver
from paper_capture.domain.sheet import SHEET, sheet_stream

__all__ = ["EVENTS", "BacklogService", "ContingencyService", "ConversionService", "PlayView", "TriggerView"]

EVENTS = (
    *triggers.EVENTS,
    *backlog.EVENTS,
    *conversion.EVENTS,
    *handover.EVENTS,
    *working.EVENTS,
    *metrics.EVENTS,
    *warnings.EVENTS,
)
WATCH = "contingency watch"


@dataclass(frozen=True, slots=True)
class PlayView:
    """One life of a play: where it stands, who may decide, what is still open."""

    id: str
    play: str
    title: str
    component: str
    stage: PlayStage
    trigger: str
    bad_since: datetime
    proposed_at: datetime
    deciders: tuple[str, ...]
    decided_by: str
    decided_at: datetime | None
    reason: str
    sheets: int | None
    open_lines: tuple[str, ...]
    done_lines: dict[str, str]
    backed: dict[str, str]
    open_steps: tuple[str, ...]
    packs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TriggerView:
    """One trigger now: what it waits on, since when that is bad, when it will propose."""

    id: str
    monitor: str
    breach: str
    play: str
    bad_since: datetime | None
    proposes_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContingencyStatus:
    """Triggers, the open plays, each mode that is not live, and what each old system is still worth as a way back."""

    at: datetime
    triggers: tuple[TriggerView, ...]
    plays: tuple[PlayView, ...]
    modes: dict[str, Mode]
    ways_back: tuple[FallbackView, ...] = ()


class ContingencyService:
    """Plays of one programme: proposed by monitors, decided by people."""

    def __init__(
        self,
        desk: Desk,
        plays: PlayBook,
        paper: Stationery,
        monitors: Monitors,
        fallbacks: FallbackService | None = None,
        *,
        zone: str = "UTC",
    ) -> None:
        self.desk = desk
        self.book = plays
        self.paper = paper
        self.monitors = monitors
        self.fallbacks = fallbacks
        self.zone = zone
        self.incidents = IncidentService(desk)

    def watch(self, now: datetime | None = None) -> list[PlayView]:
        """Propose what is due, let lapse what is over. Asked twice, it changes nothing the second time."""
        at = now or self.desk.clock.now()
        seen = {check.check_id: check for check in self.monitors.all(at)}
        read_metrics(self.desk, self.book.triggers.values(), seen)
        changed = [
            self._lapse(row, at) for row in self._rows([PlayStage.PROPOSED]) if self._is_over(row, seen)
        ]
        for trigger in self.book.triggers.values():
            since = bad_since(self.desk, trigger, seen)
            if since is not None and due(trigger, since, at) and self._is_new(trigger, since):
                changed.append(self._propose(trigger, since, at))
        self._call_alternates(at)
        return [self._view(stream, at) for stream in changed]

    def enact(self, play: str, *, by: str, reason: str) -> PlayView:
        """Enact a proposed play and switch its component in one step, then hand out its serial blocks.

        The same person asking again finishes what a crash left half done. Raises Refused with every reason.
        """
        stream = self._open(play)
        state = self.desk.state(PLAY, stream)
        if not (state.stage is PlayStage.ENACTED and state.decided_by == by and state.supplied is None):
            enact = Ask(PLAY, stream, EnactPlay(by=by, reason=reason))
            enough = state.trigger is None or len({*state.backed, by}) >= state.trigger.quorum
            self.desk.ask_all([enact, *(self._switch(stream, by, reason) if enough else ())])
        if self.desk.state(PLAY, stream).stage is not PlayStage.PROPOSED:
            self._supply(stream)
        return self._view(stream)

    def propose(self, play: str, *, by: str, reason: str) -> PlayView:
        """A person proposes a play before its trigger does; who decides stays as declared. Raises Refused."""
        if play not in self.book.plays:
            raise NotFound("play", play, self.book.plays)
        trigger = next((one for one in self.book.triggers.values() if one.play == play), None)
        reasons = [] if reason.strip() else ["proposing needs a reason"]
        reasons += [] if by.strip() else ["proposing is done in somebody's name"]
        if trigger is None:
            raise Refused(*reasons, f"no trigger names {play}, so nobody is named who decides it")
        at = self.desk.clock.now()
        if reasons or not self._is_new(trigger, at):
            raise Refused(*(reasons or [f"{play} is under way already"]))
        wish = ProposePlay(
            by=by, trigger=trigger, play=self.book.plays[play], bad_since=at, called_for=reason
        )
        stream = play_stream(trigger.id, at)
        self.desk.ask(PLAY, stream, wish)
        return self._view(stream)

    def do_step(self, play: str, step: str, *, by: str) -> PlayView:
        """Record a step of an enacted play as done."""
        stream = self._open(play)
        self.desk.ask(PLAY, stream, DoStep(by=by, step=step))
        return self._view(stream)

    def hand_over(
        self,
        play: str,
        serial: str,
        *,
        by: str,
        signed_by: str,
        reference: str,
        clocks: Mapping[str, datetime],
    ) -> None:
        """Hand one open record over live: signed, under its new reference, each clock as the paper has it.

        Raises Refused for a clock that differs or is missing, and without a signature or reference.
        """
        stream, sheet = self._open(play), self.paper.sheet(serial)
        paper, live = self.clocks_of(serial), dict(clocks)
        wish = HandOver(by=by, play=stream, signed_by=signed_by, reference=reference, paper=paper, live=live)
        over = SignOver(by=by, serial=sheet.serial, signed_by=signed_by, reference=reference)
        self.desk.ask_all([
            Ask(HANDOVER, handover_stream(sheet.serial), wish), Ask(SHEET, sheet_stream(sheet.serial), over),
        ])  # fmt: skip

    def clocks_of(self, serial: str) -> dict[str, datetime]:
        """The clocks that run on a sheet, by rule: when each falls due."""
        found = sheet_clocks(self.paper.sheet(serial), self.book.clocks)
        return {clock.rule: clock.due_at for clock in found if not clock.stopped}

    def open_records(self, play: str) -> list[str]:
        """The serials of records that are open on paper and not handed over live."""
        hands_over = self.agreed(self._open(play)).hands_over
        sheets = self.paper.sheets(WAITING, hands_over) if hands_over else ()
        running = (s.serial for s in sheets if any(not c.stopped for c in sheet_clocks(s, self.book.clocks)))
        return [serial for serial in running if not self.desk.state(HANDOVER, handover_stream(serial)).done]

    def decline(self, play: str, *, by: str, reason: str) -> PlayView:
        """Refuse a proposed play; the same breach does not propose it again."""
        stream = self._open(play)
        self.desk.ask(PLAY, stream, DeclinePlay(by=by, reason=reason))
        return self._view(stream)

    def do_lines(self, play: str, *, by: str, lines: Sequence[str]) -> PlayView:
        """Record checklist lines as done in somebody's name."""
        stream = self._open(play)
        self.desk.ask_all([Ask(PLAY, stream, DoLine(by=by, line=line)) for line in lines])
        return self._view(stream)

    def stand_down(self, play: str, *, by: str, checklist: Sequence[str] = ()) -> PlayView:
        """End a play: `checklist` lines are done in the name of `by`, then the component goes back.

        Only a decider may, and only when no line is open: raises Refused naming each, and records nothing.
        """
        stream = self._open(play)
        ending = self.agreed(stream)
        if left := self.open_records(stream):
            raise Refused(
                *(f"not handed over live: {serial}, open on paper with its clocks" for serial in left)
            )
        asks = [Ask(PLAY, stream, DoLine(by=by, line=line)) for line in checklist]
        asks += [Ask(PLAY, stream, StandDown(by=by))]
        self.desk.ask_all(
            [
                *asks,
                *self._to_mode(ending.component, ending.return_to, by, f"{ending.title}: stood down", stream),
            ]
        )
        return self._view(stream)

    def settle(self) -> list[PlayView]:
        """Finish what was begun: enacted plays whose stations have not all got their blocks."""
        rows = self._rows([PlayStage.ENACTED, PlayStage.STANDING_DOWN])
        half_done = [row.stream for row in rows if self.desk.state(PLAY, row.stream).supplied is None]
        for stream in half_done:
            self._supply(stream)
        return [self._view(stream) for stream in half_done]

    def agreed(self, stream: str) -> Play:
        """One life of a play as it was declared when it was proposed, whatever its file says by now. Raises NotFound."""
        play = self.desk.state(PLAY, stream).play
        if play is None:
            raise NotFound("play", stream)
        return play

    def plays(self, stages: Iterable[PlayStage] | None = None) -> list[PlayView]:
        """Every life of every play, newest first."""
        return [self._view(row.stream) for row in self._rows(stages)]

    def status(self, now: datetime | None = None) -> ContingencyStatus:
        """How contingency stands: who has to decide what, and which components are not live."""
        at = now or self.desk.clock.now()
        seen = {check.check_id: check for check in self.monitors.all(at)}
        components = sorted({play.component for play in self.book.plays.values()})
        modes = {name: self.desk.state(COMPONENT, component_stream(name)).mode for name in components}
        return ContingencyStatus(
            at=at,
            triggers=tuple(self._trigger_view(trigger, seen) for trigger in self.book.triggers.values()),
            plays=tuple(self._view(row.stream, at) for row in self._rows(OPEN)),
            modes={name: mode for name, mode in modes.items() if mode is not Mode.LIVE},
            ways_back=tuple(self.fallbacks.all(at)) if self.fallbacks else (),
        )

    def _trigger_view(self, trigger: Trigger, seen: dict[str, CheckSeen]) -> TriggerView:
        since = bad_since(self.desk, trigger, seen)
        at = since + trigger.sustained if since else None
        return TriggerView(trigger.id, trigger.watched, trigger.bad, trigger.play, since, at)

    def _is_over(self, row: PlayRow, seen: dict[str, CheckSeen]) -> bool:
        trigger = self.desk.state(PLAY, row.stream).trigger
        return trigger is not None and is_calm(self.desk, trigger, seen)

    def _call_alternates(self, at: datetime) -> None:
        """Each alternate is called once, when the proposal has waited as long as was stated."""
        waiting = [row.stream for row in self._rows([PlayStage.PROPOSED])]
        calls = [
            call
            for stream in waiting
            for call in alternate_notices(self.desk.state(PLAY, stream), stream, at, self.zone)
        ]
        if unknown(self.desk.journal.engine, [call.id for call in calls]):
            with writing(self.desk.journal.engine) as connection:
                enqueue(connection, calls, at)

    def _lapse(self, row: PlayRow, at: datetime) -> str:
        reason = "the breach ended before anybody decided"
        self.desk.ask(PLAY, row.stream, LapsePlay(by=WATCH, reason=reason), at=at)
        return row.stream

    def _is_new(self, trigger: Trigger, since: datetime) -> bool:
        """Neither decided before for this breach, nor under way for another."""
        lives = play_rows(self.desk.journal.engine, play=trigger.play)
        stream = play_stream(trigger.id, since)
        return all(row.stage not in OPEN and row.stream != stream for row in lives)

    def _propose(self, trigger: Trigger, since: datetime, at: datetime) -> str:
        stream = play_stream(trigger.id, since)
        wish = ProposePlay(by=WATCH, trigger=trigger, play=self.book.plays[trigger.play], bad_since=since)
        self.desk.ask(PLAY, stream, wish, at=at)
        return stream

    def _switch(self, stream: str, by: str, reason: str) -> list[Ask]:
        play = self.agreed(stream)
        return self._to_mode(play.component, play.switch_to, by, f"{play.title}: {reason}", stream)

    def _to_mode(self, component: str, mode: Mode, by: str, reason: str, cause: str) -> list[Ask]:
        """Nothing to ask when somebody has switched it already: the play is what is decided here."""
        stream = component_stream(component)
        if self.desk.state(COMPONENT, stream).mode is mode:
            return []
        return [Ask(COMPONENT, stream, SwitchMode(by=by, to=mode, reason=reason, cause=cause), cause=cause)]

    def _supply(self, stream: str) -> None:
        """Hand every station its blocks. Each hand-out has its key, so doing it again hands out nothing more."""
        state = self.desk.state(PLAY, stream)
        if state.supplied is not None:
            return
        play, sheets = self.agreed(stream), dict[str, dict[str, int]]()
        for station in play.stations:
            for form_type, count in play.blocks.items():
                key = f"{stream}:issue:{station}:{form_type}"
                got = self.paper.issue(
                    station=station, form_type=form_type, count=count, by=state.decided_by, key=key
                )
                sheets.setdefault(station, {})[form_type] = len(got)
        self.desk.ask(PLAY, stream, RecordSupply(by=state.decided_by, sheets=sheets))

    def _rows(self, stages: Iterable[PlayStage] | None = None) -> list[PlayRow]:
        return play_rows(self.desk.journal.engine, stages)

    def _open(self, play: str) -> str:
        """The stream of the newest life of a play (or of a life by its own name, with or without `play:`). Raises NotFound, Refused."""
        life = f"play:{play.removeprefix('play:')}"
        if self.desk.load(PLAY, life)[1]:
            return life
        if play not in self.book.plays:
            raise NotFound("play", play, self.book.plays)
        lives = play_rows(self.desk.journal.engine, play=play)
        if not lives:
            raise Refused(f"{play} is armed, but nothing has proposed it")
        return next((row.stream for row in lives if row.stage in OPEN), lives[0].stream)

    def _view(self, stream: str, now: datetime | None = None) -> PlayView:
        state, play = self.desk.state(PLAY, stream), self.agreed(stream)
        assert state.trigger and state.bad_since and state.proposed_at  # noqa: PT018  (a proposal has them)
        return PlayView(
            id=stream,
            play=play.id,
            title=play.title,
            component=play.component,
            stage=state.stage,
            trigger=state.trigger.id,
            bad_since=state.bad_since,
            proposed_at=state.proposed_at,
            deciders=deciders(state, now or self.desk.clock.now()),
            decided_by=state.decided_by,
            decided_at=state.decided_at,
            reason=state.reason,
            sheets=_sheets(state),
            open_lines=tuple(line.id for line in open_lines(state)),
            done_lines=dict(state.lines),
            backed=dict(state.backed),
            open_steps=tuple(step.id for step in play.steps if step.id not in state.steps),
            packs=play.packs,
        )


def _sheets(state: PlayState) -> int | None:
    return None if state.supplied is None else sum(sum(forms.values()) for forms in state.supplied.values())
