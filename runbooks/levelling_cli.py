"""`cutover runbook level`, `whatif`, `replan`: who does what when, what one more person saves, what is still to recover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Run
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem
from runbooks.cli_words import Name, Open
from runbooks.options import Runs

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.cli_words import Folder
    from runbooks.domain.capacity.placing import Levelled
    from runbooks.domain.capacity.resequencing import Move, Proposal, Solved
    from runbooks.domain.plan import Runbook
    from runbooks.leveller import Saving, Staffed


def add_levelling(app: App, folder: Open, runs: Runs | None = None) -> None:
    _add_level(app, folder)
    _add_whatif(app, folder)
    if runs is not None:
        _add_replan(app, folder, runs)


# --- level ----------------------------------------------------------------------------------------------


def _add_level(app: App, folder: Open) -> None:
    @app.command
    def level(
        name: Name = "",
        *,
        optimise: Annotated[
            bool,
            Parameter(negative="", help="look for the shortest plan there is (needs the extra `optimise`)"),
        ] = False,
        write: Annotated[
            bool,
            Parameter(
                negative="",
                help="keep the order: handovers become predecessors; comments in the file are lost",
            ),
        ] = False,
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """Share out the people there are so that the plan ends soonest; say who does what when."""
        from runbooks.leveller import solve, staffed

        place = folder(programme)
        book = place.runbook(name)
        plan = staffed(book.tasks, place.programme)
        sheet = _Sheet(book, place.programme, plan, plan.in_written_order(), solve(plan, exact=optimise))
        if write:
            _write(place, book, sheet.handovers())
        if json:
            answer(sheet.plain(), as_json=True)
            return
        table(f"{book.title}: who does what when", ("who", "start", "end", "task", "title"), sheet.rows())
        answer(None, as_json=False, text=sheet.lines(written=write))


def _write(place: Folder, book: Runbook, pairs: Sequence[tuple[str, str]]) -> None:
    from runbooks.domain.capacity.handovers import kept
    from runbooks.formats.files import write_runbook
    from runbooks.runbook_file import file_of

    file = file_of(place.path, book.id, place.programme.zone)
    write_runbook(file, book.model_copy(update={"tasks": kept(book.tasks, pairs)}))


@dataclass(frozen=True)
class _Sheet:
    """A levelled runbook beside the one in its written order, as people and programs read it."""

    book: Runbook
    programme: Programme
    staffed: Staffed
    own: Levelled
    solved: Solved

    @property
    def at(self) -> _At:
        return _At(self.programme.zone, self.programme.opens)

    def handovers(self) -> list[tuple[str, str]]:
        from runbooks.domain.capacity.levelling import resource_links

        ids = self.staffed.net.ids
        return [
            (ids[a], ids[b]) for a, b in resource_links(self.staffed.net, self.staffed.crew, self.solved.plan)
        ]

    def plain(self) -> dict[str, object]:
        plan, moment = self.solved.plan, self.at.moment
        return {
            "runbook": self.book.id,
            "finish": moment(plan.finish),
            "finish_in_written_order": moment(self.own.finish),
            "no_order_ends_before": moment(self.solved.bound),
            "proven": self.solved.proven,
            "within": self.solved.gap,
            "closes": self.programme.closes,
            "handovers": self.handovers(),
            "not_limited": self.staffed.crew.unlisted,
            "tasks": [
                {"task": name, "start": moment(plan.starts[i]), "end": moment(plan.ends[i]), "team": self._team(i), "by": self._person(i)}
                for i, name in enumerate(self.staffed.net.ids)
            ],
        }  # fmt: skip

    def rows(self) -> Iterator[tuple[str, ...]]:
        """By who does it, then by time."""
        plan, ids, tasks = self.solved.plan, self.staffed.net.ids, self.book.by_id()
        for i in sorted(range(len(ids)), key=lambda i: (self._who(i), plan.starts[i], plan.ends[i])):
            times = self.at.shown(plan.starts[i]), self.at.shown(plan.ends[i])
            yield self._who(i), *times, ids[i], tasks[ids[i]].title

    def lines(self, *, written: bool) -> Iterator[str]:
        finish, handovers = self.solved.plan.finish, len(self.handovers())
        yield f"ends {self.at.shown(finish)}, {_compared(self.own.finish - finish)} in the order in which the plan is written"
        yield _proof(self.solved)
        spare = self.programme.closes - self.at.moment(finish)
        yield f"{show_duration(abs(spare))} {'before' if spare >= timedelta(0) else 'AFTER'} the window closes"
        if unlisted := ", ".join(self.staffed.crew.unlisted):
            yield f"not in programme.yaml, so taken to be large enough: {unlisted}"
        if written:
            yield f"{self.book.id}: {handovers} handovers kept as predecessors; level again to change them"
        else:
            yield f"{handovers} handovers hold this order: --write keeps them in the plan as predecessors"

    def _who(self, i: int) -> str:
        """The person, else the team with how many of it, else nobody."""
        units = self.staffed.crew.units[i]
        return self._person(i) or self._team(i) + (f" x{units}" if units > 1 else "")

    def _person(self, i: int) -> str:
        person = self.solved.plan.who[i]
        return self.staffed.crew.names[person] if person >= 0 else ""

    def _team(self, i: int) -> str:
        team = self.staffed.crew.team_of[i]
        return self.staffed.crew.names[team] if team >= 0 else ""


def _compared(gain: int) -> str:
    return (
        f"{_span(gain)} sooner than"
        if gain > 0
        else "as soon as"
        if gain == 0
        else f"{_span(-gain)} later than"
    )


def _proof(solved: Solved) -> str:
    if solved.proven:
        return "proven: no order ends sooner"
    return f"within {solved.gap:.1%}: no order can save more than {_span(solved.plan.finish - solved.bound)}"


# --- whatif ---------------------------------------------------------------------------------------------


def _add_whatif(app: App, folder: Open) -> None:
    @app.command
    def whatif(
        name: Name = "",
        *,
        team: Annotated[
            tuple[str, ...],
            Parameter(negative="", help="NAME=+1 or NAME=-1; default: one more on each team in turn"),
        ] = (),
        programme: Here = Path(),
        json: AsJson = False,
    ) -> None:
        """What more people on a team would save, the greatest saving first."""
        from runbooks.leveller import staffed, what_if

        place = folder(programme)
        book = place.runbook(name)
        plan = staffed(book.tasks, place.programme)
        changes = [_change(words) for words in team] or [(one, 1) for one in _teams_at_work(plan)]
        now, savings = what_if(plan, changes)
        at = _At(place.programme.zone, place.programme.opens)
        if json:
            rows = [_saving(s, at) for s in savings]
            answer({"runbook": book.id, "finish": at.moment(now.plan.finish), "savings": rows}, as_json=True)
            return
        answer(None, as_json=False, text=[f"as it is: ends {at.shown(now.plan.finish)}; {_proof(now)}"])
        words = ("team", "people", "saves", "ends", "")
        table("What more people would save", words, (_saving_row(s, at) for s in savings))


def _change(words: str) -> tuple[str, int]:
    team, sign, count = words.partition("=")
    try:
        more = int(count)
    except ValueError:
        more = 0
    if not (team and sign and more):
        raise Invalid(Problem(f"'{words}' is not a change", field="--team", expected="NAME=+1 or NAME=-1"))
    return team, more


def _teams_at_work(plan: Staffed) -> list[str]:
    """In the programme's order, without those that have nothing to do."""
    busy = {who for needs in plan.crew.needs for who, _ in needs}
    return [team for who, team in enumerate(plan.crew.teams) if who in busy]


def _saving(saving: Saving, at: _At) -> dict[str, object]:
    return {
        "team": saving.team,
        "more": saving.more,
        "saves": timedelta(microseconds=saving.saves),
        "finish": at.moment(saving.finish),
        "proven": saving.proven,
    }


def _saving_row(saving: Saving, at: _At) -> tuple[str, ...]:
    sure = "proven" if saving.proven else "as far as found"
    return saving.team, f"{saving.more:+d}", _span(saving.saves), at.shown(saving.finish), sure


# --- replan ---------------------------------------------------------------------------------------------


def _add_replan(app: App, folder: Open, runs: Runs) -> None:
    @app.command
    def replan(
        *,
        run: Run = "",
        programme: Here = Path(),
        json: AsJson = False,
    ) -> int:
        """Whether another order recovers a run's delay, and which tasks would move. Exit 1 when none does.

        It proposes and changes nothing.
        """
        from runbooks.forecaster import Background, situation_of
        from runbooks.leveller import propose

        service = runs(programme)
        state = service.state(service.find(run))
        context = folder(programme).programme
        situation = situation_of(state, service.desk.clock.now(), Background(context))
        proposal = propose(situation)
        at = _At(context.zone, situation.opens)
        if json:
            answer(_proposed(state.run_id, proposal, at), as_json=True)
        else:
            answer(None, as_json=False, text=_verdict(proposal, at))
        if proposal.moves and not json:
            words = ("task", "was", "becomes", "moves", "who")
            table(
                "Proposal: tasks that move by 15m or more", words, (_move_row(m, at) for m in proposal.moves)
            )
        return DONE if proposal.gain or not proposal.delay else NO


def _proposed(run: str, proposal: Proposal, at: _At) -> dict[str, object]:
    best = proposal.best
    return {
        "run": run,
        "planned": at.moment(proposal.planned),
        "finish_in_planned_order": at.moment(proposal.keep.finish),
        "finish": at.moment(best.plan.finish),
        "no_order_ends_before": at.moment(best.bound),
        "proven": best.proven,
        "delay": timedelta(microseconds=proposal.delay),
        "gain": timedelta(microseconds=proposal.gain),
        "moves": [
            {"task": m.task, "was": at.moment(m.was), "becomes": at.moment(m.becomes), "was_by": m.was_by, "by": m.by}
            for m in proposal.moves
        ],
    }  # fmt: skip


def _verdict(proposal: Proposal, at: _At) -> Iterator[str]:
    late = f"{_span(proposal.delay)} later than planned" if proposal.delay else "no later than planned"
    yield f"in the planned order it ends {at.shown(proposal.keep.finish)}, {late}"
    if not proposal.most:
        yield "proven: no other order ends sooner"
    elif not proposal.gain:
        yield f"no better order was found; none can save more than {_span(proposal.most)}"
    else:
        finish = at.shown(proposal.best.plan.finish)
        yield f"another order ends {finish}, {_span(proposal.gain)} sooner; {_proof(proposal.best)}"


def _move_row(move: Move, at: _At) -> tuple[str, ...]:
    shift = move.becomes - move.was
    who = move.by if move.by == move.was_by else f"{move.was_by} -> {move.by}"
    moved = f"{_span(abs(shift))} {'sooner' if shift < 0 else 'later'}" if shift else ""
    return move.task, at.shown(move.was), at.shown(move.becomes), moved, who


# --- words ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _At:
    """Microseconds after the opening on a wall clock. A run may have opened at another time than the programme says."""

    zone: str
    opens: datetime

    def moment(self, micros: int) -> datetime:
        return self.opens + timedelta(microseconds=micros)

    def shown(self, micros: int) -> str:
        return show(self.moment(micros), self.zone)


def _span(micros: int) -> str:
    return show_duration(timedelta(microseconds=micros))
