"""The outline of an MS Project document: which rows are tasks, which sum others up, who follows whom.

A summary row takes no time of its own. What waits for one waits for a milestone that stands at the end of its
tasks; what a summary waits for, its first tasks wait for. Level one is the phase, level two the stream; the
milestone of a deeper one is the parent of its tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Id
from runbooks.domain.plan import FROM_END, Link, LinkKind
from runbooks.formats.mspdi_words import (
    ID_COLUMN,
    LINK_TYPES,
    ROW_COLUMN,
    is_elapsed,
    is_percent,
    read_length,
    whole,
)
from runbooks.formats.xml_tree import Node

_ID: TypeAdapter[str] = TypeAdapter(Id)
_OWN_LEVELS = 2  # phase and stream; a summary below them is a parent


@dataclass(slots=True, eq=False)
class Line:
    """One row: its text columns by heading, the summaries above it (outermost first), the rows under it."""

    node: Node
    uid: str
    level: int
    columns: Mapping[str, str]
    id: str = ""
    above: tuple[Line, ...] = ()
    under: list[Line] = field(default_factory=list)

    @property
    def is_summary(self) -> bool:
        return bool(self.under)

    @property
    def name(self) -> str:
        return self.node.says("Name")

    @property
    def leaves(self) -> list[Line]:
        """The tasks a summary sums up."""
        found, waiting = [], list(reversed(self.under))
        while waiting:
            line = waiting.pop()
            waiting += reversed(line.under)
            found += [] if line.under else [line]
        return found


@dataclass
class Outline:
    """The rows of a document in order, and what is wrong with them."""

    lines: list[Line]
    file: str
    minutes_per_day: int
    problems: list[Problem] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    waited_for: set[str] = field(default_factory=set)
    _inside: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_own = any(ID_COLUMN in line.columns for line in self.lines)
        self.by_uid = {line.uid: line for line in self.lines}
        self.titles = _titles_only(self.lines)

    def fault(self, node: Node, name: str, problem: Problem) -> None:
        found = node.child(name) or node
        self.problems.append(
            Problem(problem.message, self.file, found.line, name, problem.expected, problem.nearest)
        )

    def note(self, text: str) -> None:
        self.notes[text] = self.notes.get(text, 0) + 1

    def headings(self, line: Line) -> tuple[str, str]:
        """The phase and stream that the summaries above a task name."""
        above = [a for a in line.above if a not in self.titles]
        phase = next((a for a in above if a.columns.get(ROW_COLUMN, "phase") == "phase"), None)
        stream = next((a for a in above if a is not phase and a.columns.get(ROW_COLUMN) != "phase"), None)
        return phase.name if phase else "", stream.name if stream and ROW_COLUMN not in stream.columns else ""

    def parent(self, line: Line) -> str:
        """The milestone of the nearest summary that is neither phase nor stream."""
        deep = [a for a in line.above if a not in self.titles and ROW_COLUMN not in a.columns]
        if len(deep) <= _OWN_LEVELS:
            return ""
        self.waited_for.add(deep[-1].uid)
        return deep[-1].id

    # --- links ------------------------------------------------------------------------------------------

    def links(self, line: Line) -> list[Link]:
        """What a task waits for, and what the summaries above it wait for when it is among their first."""
        found = self._own(line, line)
        for summary in line.above:
            given = self._own(summary, line)
            if given and not self._follows_within(line, summary):
                found += [link for link in given if link.kind in (LinkKind.FS, LinkKind.SS)]
        return list({(k.task, k.kind, k.lag): k for k in found if k.task != line.id}.values())

    def ending(self, summary: Line) -> list[Link]:
        """The tasks of a summary that no other of its tasks waits for: it is over when they are."""
        leaves = summary.leaves
        uids = {leaf.uid for leaf in leaves}
        followed = {
            k.says("PredecessorUID") for leaf in leaves for k in leaf.node.all("PredecessorLink")
        } & uids
        return [Link(task=leaf.id) for leaf in leaves if leaf.uid not in followed] or [
            Link(task=leaf.id) for leaf in leaves
        ]

    def _own(self, line: Line, of: Line) -> list[Link]:
        made = (self._link(node, line, of) for node in line.node.all("PredecessorLink"))
        return [link for link in made if link is not None]

    def _follows_within(self, line: Line, summary: Line) -> bool:
        uids = self._inside.get(summary.uid)
        if uids is None:
            uids = self._inside[summary.uid] = frozenset(leaf.uid for leaf in summary.leaves)
        return any(
            k.says("PredecessorUID") in uids
            and k.says("Type") in ("1", "3", "")
            and whole(k.says("LinkLag"), 0) >= 0
            for k in line.node.all("PredecessorLink")
        )

    def _link(self, node: Node, line: Line, of: Line) -> Link | None:
        if node.says("CrossProject") in ("1", "true"):
            self.note("links to other projects are left out: {n}")
            return None
        before = self.by_uid.get(node.says("PredecessorUID"))
        if before is None:
            uid = node.says("PredecessorUID")
            self._once(
                node,
                "PredecessorUID",
                f"unknown task '{uid}'",
                "the UID of a task",
                nearest(uid, self.by_uid),
            )
            return None
        kind = LINK_TYPES.get(node.says("Type") or "1")
        if kind is None:
            self._once(
                node, "Type", f"'{node.says('Type')}' is no type of link", "0 (FF), 1 (FS), 2 (SF) or 3 (SS)"
            )
            return None
        if before in line.above or before is line or line in before.above:
            return None  # MS Project's own rows around a task; nothing waits for what it is part of
        lag = self._lag(node, before)
        return None if lag is None else self._to(node, before, kind, lag, of)

    def _to(self, node: Node, before: Line, kind: LinkKind, lag: timedelta, of: Line) -> Link | None:
        if not before.is_summary:
            return Link(task=before.id, kind=kind, lag=lag)
        if kind in FROM_END:
            if before in of.above:
                return None
            self.waited_for.add(before.uid)
            return Link(task=before.id, kind=kind, lag=lag)
        first = [leaf for leaf in before.leaves if not self._follows_within(leaf, before)]
        if len(first) != 1:
            what = f"waits for the start of summary '{before.name}', which begins with {len(first)} tasks"
            self._once(node, "PredecessorUID", what, "a link to the task that begins it")
            return None
        return Link(task=first[0].id, kind=kind, lag=lag)

    def _lag(self, node: Node, before: Line) -> timedelta | None:
        text, form = node.says("LinkLag") or "0", node.says("LagFormat")
        tenths = whole(text, 0)
        if text != "0" and tenths == 0 and text.strip("+-0"):
            self._once(node, "LinkLag", f"'{text}' is not a lag", "tenths of minutes, such as 4800")
            return None
        if is_percent(form) and tenths:
            return self._share(node, before, tenths)
        if tenths and not is_elapsed(form):
            self.note("lags of working time are taken as time of the clock: {n}")
        return timedelta(seconds=6 * tenths)

    def _share(self, node: Node, before: Line, percent: int) -> timedelta | None:
        length = None
        if not before.is_summary:
            try:
                length = read_length(
                    before.node.says("Duration"), before.node.says("DurationFormat"), self.minutes_per_day
                )
            except Invalid:
                return timedelta(0)  # said where that duration stands
        if length is None or not -10_000 <= percent <= 10_000:  # noqa: PLR2004  a hundred times its length
            self._once(
                node,
                "LinkLag",
                f"a lag of {percent} % of '{before.name}', whose length is not known",
                "a lag in minutes",
            )
            return None
        self.note("lags in percent are worked out from the predecessor's length as it is now: {n}")
        return length * percent / 100

    def _once(self, node: Node, name: str, message: str, expected: str, near: str = "") -> None:
        """A summary's links are read for each of its tasks and said to be wrong once."""
        at = node.child(name) or node
        problem = Problem(message, self.file, at.line, name, expected, near)
        if problem not in self.problems:
            self.problems.append(problem)


def outline(root: Node, file: str, aliases: Mapping[str, str]) -> Outline:
    """The rows of a document: without its blank ones and without the one that sums up the whole project."""
    lines: list[Line] = []
    stack: list[Line] = []
    for node in root.all("Tasks", "Task"):
        if (
            node.says("IsNull") in ("1", "true")
            or node.says("UID") == "0"
            or node.says("OutlineLevel") == "0"
        ):
            continue
        line = Line(node, node.says("UID"), _level(node), _columns(node, aliases))
        while stack and stack[-1].level >= line.level:
            stack.pop()
        if stack:
            stack[-1].under.append(line)
        line.above = tuple(stack)
        stack.append(line)
        lines.append(line)
    made = Outline(lines, file, max(1, whole(root.says("MinutesPerDay"), 480)))
    _name(made)
    return made


def _level(node: Node) -> int:
    number = node.says("OutlineNumber")
    return min(60, whole(node.says("OutlineLevel"), number.count(".") + 1 if number else 1))


def _columns(node: Node, aliases: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for attribute in node.all("ExtendedAttribute"):
        name = attribute.says("FieldID")
        if value := attribute.says("Value"):
            found[aliases.get(name, f"Field {name}")] = value
    return found


def _name(made: Outline) -> None:
    """Each row's id: the one it was exported with, else the UID, which MS Project never changes."""
    taken: set[str] = set()
    seen: set[str] = set()
    for line in made.lines:
        if not line.uid or line.uid in seen:
            message = "the task has no UID" if not line.uid else f"UID {line.uid} is given twice"
            made.fault(line.node, "UID", Problem(message, expected="a number of its own"))
        seen.add(line.uid)
        given = line.columns.get(ID_COLUMN, "")
        line.id = given if _is_id(given) else ""
        taken.add(line.id)
    for line in made.lines:
        if line.id:
            continue
        line.id = line.uid if _is_id(line.uid) else "task"
        while line.id in taken:
            line.id = f"uid-{line.id}"[:80]
            if not line.uid:
                break  # refused above
        taken.add(line.id)


def _is_id(text: str) -> bool:
    try:
        _ID.validate_python(text)
    except ValidationError:
        return False
    return True


def _titles_only(lines: Sequence[Line]) -> list[Line]:
    """The one row that many plans put around everything: it says the project's name and is no phase."""
    top = [line for line in lines if not line.above]
    if len(top) != 1 or not any(u.is_summary for u in top[0].under) or ROW_COLUMN in top[0].columns:
        return []
    return top
