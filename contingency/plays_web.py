"""The /plays page: what is proposed and waits for its decider, what is in force and how it ends, what is armed.

Who may decide is the machine's business: the page shows the buttons to whoever it names, and the reasons to everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import Field

from contingency.domain.triggers import Play, PlayStage
from contingency.service import ContingencyService, PlayView, TriggerView
from cutover.core.clock import Clock
from cutover.domain.modes import Mode
from cutover.domain.programme import Programme
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import visitor_of
from cutover.web.words import lasting, moment

PACKAGE = "contingency"
AT = "/plays"
OVER = 20  # plays that are over and still shown
UNDER_WAY = (PlayStage.PROPOSED, PlayStage.ENACTED, PlayStage.STANDING_DOWN)
WORDS = {Mode.LIVE: "live", Mode.READ_ONLY: "read-only", Mode.PAPER: "on paper", Mode.DARK: "dark"}
LOOKS: dict[PlayStage, tuple[str, str, str]] = {
    PlayStage.ARMED: ("idle", "○", "armed"),
    PlayStage.PROPOSED: ("warn", "▲", "proposed: waits for its decider"),
    PlayStage.ENACTED: ("busy", "▶", "in force"),
    PlayStage.STANDING_DOWN: ("busy", "◐", "being stood down"),
    PlayStage.STOOD_DOWN: ("ok", "✓", "stood down"),
    PlayStage.DECLINED: ("idle", "·", "declined"),
    PlayStage.LAPSED: ("idle", "·", "lapsed: the breach was over"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A step or a line of the checklist, and who did it."""

    id: str
    title: str
    by: str


@dataclass(frozen=True, slots=True)
class PlayCard:
    """One play under way, as this visitor sees it and as it was proposed; `changed`: its file says something else by now."""

    id: str
    title: str
    look: tuple[str, str, str]
    stage: str
    means: str
    since: str
    deciders: str
    decided: str
    agreed: str
    steps: tuple[Line, ...]
    checklist: tuple[Line, ...]
    sheets: str
    changed: bool
    may_decide: bool
    link: str


@dataclass(frozen=True, slots=True)
class ArmedLine:
    trigger: str
    waits_on: str
    play: str
    decider: str
    stands: str


@dataclass(frozen=True, slots=True)
class OverLine:
    title: str
    look: tuple[str, str, str]
    proposed: str
    decided: str


@dataclass(frozen=True, slots=True)
class PlaysPage:
    """What `plays.html` reads."""

    now: str
    cards: tuple[PlayCard, ...]
    armed: tuple[ArmedLine, ...]
    over: tuple[OverLine, ...]
    may_act: bool


class DecideForm(Form):
    reason: str = Field(max_length=2000)


class OneForm(Form):
    one: str = Field(max_length=200)


class NothingForm(Form):
    pass


class PlayPages:
    """The page and the acts of one programme's plays."""

    def __init__(self, plays: ContingencyService, programme: Programme, clock: Clock) -> None:
        self._plays = plays
        self._programme = programme
        self._clock = clock

    def pages(self) -> Sequence[Page]:
        return (Page(AT, PACKAGE, "plays.html", PlaysPage, self._page, label="Plays"),)

    def acts(self) -> Sequence[Act]:
        return (
            Act(f"{AT}/enact", "enact a play", DecideForm, self._enact, AT),
            Act(f"{AT}/decline", "decline a play", DecideForm, self._decline, AT),
            Act(f"{AT}/step", "say that a step of a play is done", OneForm, self._step, AT),
            Act(f"{AT}/line", "say that a line of the way back is done", OneForm, self._line, AT),
            Act(f"{AT}/stand-down", "stand a play down", NothingForm, self._stand_down, AT),
        )

    def _enact(self, form: DecideForm, sent: Sent) -> Done:
        view = self._plays.enact(sent["play"], by=sent.visitor.person, reason=form.reason)
        if not view.decided_by:
            return Done(AT, f"{view.title}: you agreed; others must as well.")
        return Done(AT, f"{view.title} is in force in your name; {view.sheets or 0} sheets handed out.")

    def _decline(self, form: DecideForm, sent: Sent) -> Done:
        view = self._plays.decline(sent["play"], by=sent.visitor.person, reason=form.reason)
        return Done(AT, f"{view.title} is declined in your name.")

    def _step(self, form: OneForm, sent: Sent) -> Done:
        self._plays.do_step(sent["play"], form.one, by=sent.visitor.person)
        return Done(AT, "The step is done in your name.")

    def _line(self, form: OneForm, sent: Sent) -> Done:
        self._plays.do_lines(sent["play"], by=sent.visitor.person, lines=[form.one])
        return Done(AT, "The line is done in your name.")

    def _stand_down(self, form: NothingForm, sent: Sent) -> Done:
        del form
        view = self._plays.stand_down(sent["play"], by=sent.visitor.person)
        return Done(AT, f"{view.title} is stood down.")

    def _page(self, query: Query) -> PlaysPage:
        now, visitor = self._clock.now(), visitor_of(query)
        lives = self._plays.plays()
        return PlaysPage(
            now=moment(now, self._programme.zone),
            cards=tuple(self._card(view, visitor.person) for view in lives if view.stage in UNDER_WAY),
            armed=tuple(self._armed(trigger) for trigger in self._plays.status(now).triggers),
            over=tuple(self._over(view) for view in lives if view.stage not in UNDER_WAY)[:OVER],
            may_act=visitor.may_act,
        )

    def _card(self, view: PlayView, person: str) -> PlayCard:
        play = self._plays.agreed(view.id)
        proposed = moment(view.proposed_at, self._programme.zone)
        return PlayCard(
            id=view.id,
            title=view.title,
            look=LOOKS[view.stage],
            stage=view.stage,
            means=self._means(play),
            since=f"{proposed} ({lasting(self._clock.now() - view.proposed_at)} ago), trigger {view.trigger}",
            deciders=" or ".join(self._programme.name_of(who) for who in view.deciders),
            decided=self._decided(view),
            agreed=", ".join(self._programme.name_of(who) for who in view.backed),
            steps=tuple(
                Line(step.id, step.title, "" if step.id in view.open_steps else "done") for step in play.steps
            ),
            checklist=tuple(
                Line(line.id, line.title, self._programme.name_of(view.done_lines.get(line.id, "")))
                for line in play.stand_down
            ),
            sheets="" if view.sheets is None else f"{view.sheets:,} sheets handed out",
            changed=self._plays.book.plays.get(view.play) != play,
            may_decide=person in view.deciders,
            link=f"/journal?stream={quote(view.id, safe='')}",
        )

    def _means(self, play: Play) -> str:
        titles = {part.id: part.title for part in self._programme.components}
        return f"{titles.get(play.component, play.component)} goes {WORDS[play.switch_to]}"

    def _decided(self, view: PlayView) -> str:
        if not view.decided_by:
            return ""
        who, when = self._programme.name_of(view.decided_by), moment(view.decided_at, self._programme.zone)
        return f"{who}, {when}: {view.reason}"

    def _armed(self, trigger: TriggerView) -> ArmedLine:
        zone = self._programme.zone
        stands = "not bad"
        if trigger.bad_since:
            stands = f"bad since {moment(trigger.bad_since, zone)}"
            if trigger.proposes_at and trigger.proposes_at > self._clock.now():
                stands += f"; proposes at {moment(trigger.proposes_at, zone)}"
        play, declared = self._plays.book.plays.get(trigger.play), self._plays.book.triggers[trigger.id]
        return ArmedLine(
            trigger=trigger.id,
            waits_on=f"{trigger.monitor} {trigger.breach} for {lasting(declared.sustained)}",
            play=play.title if play else trigger.play,
            decider=self._programme.name_of(declared.decider),
            stands=stands,
        )

    def _over(self, view: PlayView) -> OverLine:
        proposed = moment(view.proposed_at, self._programme.zone)
        return OverLine(view.title, LOOKS[view.stage], proposed, self._decided(view))
