"""A review as sheets: which tables there are, in which order, and what each says of itself. Decides nothing new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from cutover.domain.programme import Programme
from runbooks.domain.reviewing.chain import Link
from runbooks.domain.reviewing.decisions import ConditionThen, Decision
from runbooks.domain.reviewing.review import Review, TaskReview, Total
from runbooks.domain.reviewing.stretches import Spent
from runbooks.reviews.cells import Cell, Off, Share, Sheet, lasts, off, worded

SPENT: Mapping[Spent, str] = {
    Spent.WAITING: "waiting",
    Spent.WORKING: "working",
    Spent.DECIDING: "being decided",
    Spent.STUCK: "stuck",
    Spent.BLOCKED: "blocked again",
    Spent.PAUSED: "paused",
}
_PARTS = (Spent.WAITING, Spent.WORKING, Spent.DECIDING, Spent.STUCK, Spent.PAUSED)
_ZERO = timedelta(0)


def sheets(seen: Review, programme: Programme) -> tuple[Sheet, ...]:
    """Every table of a review; one without rows is left out."""
    wording = Wording(seen, programme)
    made = (
        wording.tasks(), wording.chain(), wording.totals("streams", "By stream", seen.streams),
        wording.totals("teams", "By team", seen.teams), wording.decisions(), wording.evidence(), wording.incidents(),
        wording.edits(), wording.forecasts(), wording.earlier(), wording.suggestions(),
    )  # fmt: skip
    return tuple(sheet for sheet in made if sheet.rows)


def head(seen: Review, programme: Programme) -> tuple[tuple[str, str], ...]:
    """What stands at the top: label and words."""
    return tuple((label, words) for label, words in Wording(seen, programme).head() if words)


class Wording:
    """One review put into words and cells, names of people written out."""

    def __init__(self, seen: Review, programme: Programme) -> None:
        self.seen = seen
        self.programme = programme

    def name(self, who: str) -> str:
        return ", ".join(self.programme.name_of(one) for one in who.split(", ")) if who else ""

    def time(self, cell: Cell) -> str:
        return worded(cell, self.programme.zone)

    # --- the head ---

    def head(self) -> Iterator[tuple[str, str]]:
        seen = self.seen
        yield "Run", f"{seen.run_id}, {seen.type}, {seen.stage}"
        yield "Window", f"{self.time(seen.opens)} to {self.time(seen.closes)}"
        yield "Ran", f"{self.time(seen.began)} to {self.time(seen.until)}, {lasts(seen.until - seen.began)}"
        if seen.ended:
            spare, later = seen.closes - seen.ended, off(seen.ended - seen.planned_finish)
            yield (
                "End",
                f"planned {self.time(seen.planned_finish)}, came {self.time(seen.ended)}: {later}",
            )
            side = "before" if spare >= _ZERO else "after"
            yield "Window kept", f"ended {lasts(abs(spare))} {side} the window closed"
        yield (
            "Tasks",
            f"{seen.total.over} of {seen.total.tasks} over, {seen.total.late} of them later than planned",
        )
        yield "Time of all tasks", self.parts(seen.total.spent)
        yield "What drove the end", self.driving()
        late = seen.late_decisions
        yield (
            "Late decisions",
            "; ".join(f"{one.gate} by {lasts(one.late or _ZERO)}" for one in late) or "none",
        )
        yield from self.outlook()

    def parts(self, spent: Mapping[Spent, timedelta]) -> str:
        return ", ".join(f"{lasts(span)} {SPENT[kind]}" for kind in Spent if (span := spent.get(kind, _ZERO)))

    def driving(self) -> str:
        chain = self.seen.chain
        if not chain.links:
            return ""
        held = f", {lasts(chain.lag)} held by lags" if chain.lag else ""
        return f"{len(chain.links)} tasks over {lasts(chain.lasts)}: {self.parts(chain.spent)}{held}"

    def outlook(self) -> Iterator[tuple[str, str]]:
        seen = self.seen
        judged = [one for one in seen.outlooks if one.held is not None]
        if judged:
            counts = [sum(one.held[k] for one in judged if one.held) for k in range(3)]
            first = f"the first was off by {off(judged[0].error or _ZERO)}"
            by = ", ".join(f"by {name} in {n}" for name, n in zip(("P50", "P80", "P95"), counts, strict=True))
            yield "Forecasts", f"of {len(judged)}, the end came {by}; {first}"
        passed = seen.no_return
        if least := min((one for one in seen.outlooks if passed is None or one.at <= passed.at), key=lambda one: one.margin, default=None):  # fmt: skip
            yield "Least margin to turn back", f"{off(least.margin)} at {self.time(least.at)}"
        if passed:
            words = f"{passed.task}, {self.time(passed.at)}, by {self.name(passed.by)}, with {off(passed.margin)} left to turn back"
            yield "Point of no return", words
        yield from (("Calibration", words.removeprefix("calibration: ")) for words in seen.calibration)

    # --- tasks ---

    def tasks(self) -> Sheet:
        says = (
            "Waiting: it could start and nobody had. Working: from its start to its end, without pauses of the run and time in which it was stuck.",
            "Late is positive; longer compares the time worked with the planned length.",
        )
        columns = (
            "Task", "Title", "Stream", "Team", "Ended as", "By", "Planned start", "Started", "Start off by", "Planned end",
            "Ended", "End off by", "Planned length", "Worked", "Longer by", "Longer", "Waiting", "Waited for", "Stuck",
            "Paused", "Tries", "Released by", "Drove the end",
        )  # fmt: skip
        return Sheet("tasks", "Every task", says, columns, tuple(self.task(one) for one in self.seen.tasks))

    def task(self, one: TaskReview) -> tuple[Cell, ...]:
        planned = one.planned or (None, None)
        waiting = one.course.total(Spent.WAITING)
        return (
            one.id, one.title, one.stream, one.team, one.stage.replace("_", " "), self.name(one.by), planned[0], one.started,
            _off(one.late_start), planned[1], one.ended, _off(one.late_end), _some(one.planned_length), None if one.is_hidden else one.worked,
            _off(one.longer), None if one.longer_share is None else Share(one.longer_share, signed=True), _some(waiting),
            self.name(one.waited_for) if waiting else "", _some(one.course.total(Spent.STUCK) + one.course.total(Spent.BLOCKED)),
            _some(one.course.total(Spent.PAUSED)), one.tries, one.release.how if one.release else "", "yes" if one.driving else "",
        )  # fmt: skip

    def chain(self) -> Sheet:
        path = self.seen.planned_path
        says = (
            "Each task was let go by the one before it; taken together they account for all the time to the end.",
            f"Planned to drive the end: {' → '.join(path)}." if path else "No task of the plan was critical.",
        )
        columns = ("Task", "Title", "Released by", "Lag", "Could start", "Until", "Waiting", "Waited for", "Working", "Being decided", "Stuck", "Paused", "Share of the chain")  # fmt: skip
        by_id = self.seen.by_id()
        rows = (self.link(link, by_id[link.task]) for link in self.seen.chain.links)
        return Sheet("chain", "What drove the end", says, columns, tuple(rows))

    def link(self, link: Link, task: TaskReview) -> tuple[Cell, ...]:
        waiting, working, deciding, stuck, paused = (link.spent.get(kind, _ZERO) for kind in _PARTS)
        stuck += link.spent.get(Spent.BLOCKED, _ZERO)
        whole = self.seen.chain.lasts
        lag = link.release.lag if link is not self.seen.chain.links[0] else _ZERO
        return (
            link.task, task.title, link.release.how, _some(lag), link.begins, link.ends, _some(waiting), self.name(task.waited_for) if waiting else "",
            _some(working), _some(deciding), _some(stuck), _some(paused), Share((link.lasts + lag) / whole) if whole else None,
        )  # fmt: skip

    def totals(self, key: str, title: str, groups: tuple[Total, ...]) -> Sheet:
        titles = {one.id: one.title for one in self.programme.teams} if key == "teams" else {}
        columns = (
            "Which",
            "Tasks",
            "Over",
            "Late",
            "Planned",
            "Worked",
            "Waiting",
            "Being decided",
            "Stuck",
            "Paused",
        )
        rows = tuple(
            (
                titles.get(one.name, one.name), one.tasks, one.over, one.late, _some(one.planned), _some(one.spent[Spent.WORKING]),
                _some(one.spent[Spent.WAITING]), _some(one.spent[Spent.DECIDING]),
                _some(one.spent[Spent.STUCK] + one.spent[Spent.BLOCKED]), _some(one.spent[Spent.PAUSED]),
            )
            for one in groups
        )  # fmt: skip
        return Sheet(key, title, (), columns, rows)

    # --- what was decided and what went otherwise ---

    def decisions(self) -> Sheet:
        columns = ("Gate", "Title", "Round", "Verdict", "Asked", "Due", "Decided", "Waited", "Late by", "By", "Conditions", "Reason", "Not met then")  # fmt: skip
        rows = tuple(self.decision(one) for one in self.seen.decisions)
        says = (
            "A gate is late when it was decided after its time to decide; one without such a time cannot be late.",
        )
        return Sheet("decisions", "Decisions", says, columns, rows)

    def decision(self, one: Decision) -> tuple[Cell, ...]:
        conditions = "; ".join(map(self.condition, one.conditions))
        return (
            one.gate, one.title, one.round, one.verdict.replace("_", " "), one.asked, one.due, one.decided, one.lasted,
            _off(one.late), ", ".join(map(self.name, one.deciders)), conditions, one.reason, "; ".join(one.unmet),
        )  # fmt: skip

    def condition(self, one: ConditionThen) -> str:
        read = ", ".join(self.name(who) for who in one.acknowledged if who != one.by)
        ended = f"; {self.name(one.ended_by)}: {one.how}" if one.ended_by else "; stood at the decision"
        return f"{self.name(one.by)}: {one.text} (read by {read or 'nobody else'}{ended})"

    def evidence(self) -> Sheet:
        columns = ("Gate", "Round", "Criterion", "Finding then", "Detail", "Source", "By", "Age then")
        rows = tuple(
            (gate.gate, gate.round, one.criterion, one.finding.replace("_", " "), one.detail, one.source, self.name(one.by), one.age)
            for gate in self.seen.decisions
            for one in gate.evidence
        )  # fmt: skip
        return Sheet("evidence", "Evidence at the decisions", (), columns, rows)

    def incidents(self) -> Sheet:
        rows = tuple(
            (one.at, one.kind, one.task, self.name(one.by), one.words) for one in self.seen.incidents
        )
        return Sheet("incidents", "What went otherwise", (), ("When", "What", "Task", "By", "In words"), rows)

    def edits(self) -> Sheet:
        rows = tuple((one.at, one.kind, self.name(one.by), one.words) for one in self.seen.edits)
        return Sheet("edits", "Changes of the plan", (), ("When", "What", "By", "In words"), rows)

    def forecasts(self) -> Sheet:
        columns = ("Seen", "P50", "P80", "P95", "Chance to miss", "End against P50", "Came by", "Latest way back", "Margin to turn back", "Why it moved")  # fmt: skip
        rows = tuple(
            (one.at, one.p50, one.p80, one.p95, Share(one.chance_to_miss), _off(one.error), _by(one.held), one.latest_backout, Off(one.margin), one.cause)
            for one in self.seen.outlooks
        )  # fmt: skip
        return Sheet("forecasts", "Forecasts against the end", (), columns, rows)

    # --- what is learnt ---

    def earlier(self) -> Sheet:
        columns = ("Run", "Type", "Ended as", "Window opened", "Ended", "From opening to end", "Tasks over", "This run against it")  # fmt: skip
        rows = tuple(
            (
                one.run_id, f"{one.type}{', walk-through' if one.is_walk_through else ''}", one.stage, one.began, one.ended, one.lasted, one.tasks_over,
                None if one.median_change is None else Share(one.median_change, signed=True),
            )
            for one in self.seen.earlier
        )  # fmt: skip
        says = (
            "The last column is the middle of the tasks that both runs worked: how much longer they took in this one.",
        )
        return Sheet("earlier", "Earlier runs of this plan", says, columns, rows)

    def suggestions(self) -> Sheet:
        says = ("Tasks off their plan by more than 15 %: an estimate from their plan and what they took, the fewer runs the nearer to the plan.",)  # fmt: skip
        columns = ("Task", "Title", "Planned", "Took", "Low", "Likely", "High")
        rows = tuple(
            (one.task, one.title, one.planned, ", ".join(map(lasts, one.took)), one.suggested.low, one.suggested.likely, one.suggested.high)
            for one in self.seen.suggestions
        )  # fmt: skip
        return Sheet("suggestions", "What to plan instead", says, columns, rows)


def _some(span: timedelta) -> timedelta | None:
    """Nothing is an empty cell: what is there is then easy to see."""
    return span or None


def _off(span: timedelta | None) -> Off | None:
    return None if span is None else Off(span)


def _by(held: tuple[bool, bool, bool] | None) -> str:
    if held is None:
        return ""
    return next(
        (name for name, came in zip(("P50", "P80", "P95"), held, strict=True) if came), "later than P95"
    )
