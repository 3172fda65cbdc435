"""The lines of a Markdown document as rows of sheets: headings, checklists, numbered lists, tables, fences.

Whatever has a box is a task; in a document without boxes and plan tables the numbered lines are, and without
those the points. What stands under a task belongs to it: `key: value` fills the column of that name, another
box is a task within it, any other line describes it. A fence marked `yaml cutover` holds fields as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cutover.core.errors import Invalid, Problem
from runbooks.formats.columns import columns
from runbooks.formats.markdown_lines import (
    AFTER,
    DELIMITERS,
    FENCE,
    HEADING,
    ID,
    ITEM,
    KEYED,
    LENGTH,
    OWN_STREAM,
    OWNER,
    PARENT,
    PHASE,
    SECTION,
    STATUS,
    STREAM,
    TEXT,
    TITLE,
    Entry,
    cells_of,
    split_row,
    tag_of,
)
from runbooks.formats.table import Row

MARK = "yaml cutover"
_FIELDS = {  # what `key: value` under a task fills, by the field that the key is a header of
    "owner": OWNER, "duration": LENGTH, "after": AFTER, "parent": PARENT, "status": STATUS, "phase": PHASE,
    "description": TEXT, "deputy": "Deputy", "team": "Team", "verify": "Verify", "rollback": "Rollback",
    "component": "Component", "audience": "Audience", "type": "Type", "skill": "Skill", "calendar": "Calendar",
    "not_before": "Not before", "deadline": "Deadline", "start_offset": "Start offset", "optional": "Optional",
    "conditional": "Conditional", "point_of_no_return": "Point of no return", "undo_duration": "Undo duration",
    "units": "Team units", "estimate.low": "Optimistic", "estimate.likely": "Most likely",
    "estimate.high": "Pessimistic",
}  # fmt: skip
ALWAYS = (ID, TITLE, PARENT)


@dataclass
class Document:
    """What was found: tasks in order, tables as rows, the title, and which lines were left out."""

    title: str = ""
    entries: list[Entry] = field(default_factory=list)
    tables: list[list[Row]] = field(default_factory=list)
    header: tuple[int, str] | None = None
    left_out: list[int] = field(default_factory=list)

    @property
    def is_own(self) -> bool:
        return self.header is not None


@dataclass
class _Reading:
    """One document while it is read."""

    lines: Sequence[str]
    file: str
    kind: str
    labels: frozenset[str]
    document: Document
    headings: dict[int, str] = field(default_factory=dict)
    stack: list[Entry] = field(default_factory=list)
    at: int = 0

    def run(self) -> None:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if fence := FENCE.fullmatch(line):
                self._fence(fence["indent"], fence["ticks"], " ".join(fence["info"].split()))
            elif self._is_table():
                self._table()
            else:
                self._line(line)
            self.at += 1

    def _line(self, line: str) -> None:
        if heading := HEADING.fullmatch(line):
            self._heading(len(heading["level"]), heading["text"])
        elif item := ITEM.fullmatch(line):
            self._item(len(item["indent"]), item["mark"], item["box"], item["text"])
        elif line.strip():
            self._text(line)

    def _heading(self, level: int, text: str) -> None:
        self.stack.clear()
        if level == 1 and not self.document.title:
            self.document.title = text
            self.headings.clear()
            return
        self.headings = {n: t for n, t in self.headings.items() if n < level} | {level: text}

    def _sections(self) -> dict[str, str]:
        """The headings above a task: the first is its phase, the next its stream, unless one says `Stream:`."""
        found: dict[str, str] = {}
        for text in (t for t in self.headings.values() if t != "-"):
            if own := OWN_STREAM.fullmatch(text):
                found[STREAM] = own["title"]
            elif PHASE not in found and STREAM not in found:
                found[PHASE] = text
            elif STREAM not in found:
                found[SECTION] = f"{found[SECTION]} / {text}" if SECTION in found else text
        return found

    def _item(self, indent: int, mark: str, box: str | None, text: str) -> None:
        while self.stack and self.stack[-1].indent >= indent:
            self.stack.pop()
        if not self._is_task(indent, mark, box):
            self._under(text if mark in "-*+" else f"{mark} {text}", indent)
            return
        cells = cells_of(box, text, self.labels) | self._sections()
        entry = Entry(self.at + 1, indent, cells)
        if self.stack:
            above = self.stack[-1].cells
            cells[PARENT] = above.setdefault(ID, f"line-{self.stack[-1].line}")
        self.document.entries.append(entry)
        self.stack.append(entry)

    def _is_task(self, indent: int, mark: str, box: str | None) -> bool:
        if self.kind == "box":
            return box is not None
        return indent == 0 and self.kind == ("point" if mark in "-*+" else "number")

    def _under(self, text: str, indent: int) -> None:
        """A point under a task: `key: value` for a column we know, or a line of its description."""
        if not self.stack or self.stack[-1].indent >= indent:
            self.document.left_out.append(self.at + 1)
            return
        keyed = KEYED.fullmatch(text)
        heading = _heading_of(keyed["key"], own=self.document.is_own) if keyed else ""
        if keyed and heading and heading not in self.stack[-1].cells:
            self.stack[-1].cells[heading] = keyed["value"].strip()
        else:
            self.stack[-1].text.append(text)

    def _text(self, line: str) -> None:
        indent = len(line) - len(line.lstrip())
        if self.stack and indent > self.stack[-1].indent:
            self.stack[-1].text.append(line.strip())
        else:
            self.document.left_out.append(self.at + 1)

    # --- fences and tables --------------------------------------------------------------------------------

    def _fence(self, indent: str, ticks: str, info: str) -> None:
        begins, inside = self.at, []
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            bare = line.strip()
            if len(bare) >= len(ticks) and not bare.strip(ticks[0]):
                break
            inside.append(line.removeprefix(indent))
            self.at += 1
        else:
            expected = f"a line of {ticks} that closes it"
            raise Invalid(Problem("a fence is not closed", self.file, begins + 1, info, expected))
        self._fenced(begins + 1, len(indent), info, inside)

    def _fenced(self, line: int, indent: int, info: str, inside: Sequence[str]) -> None:
        if info == MARK and not self.document.entries and not self.stack:
            self.document.header = (line, "\n".join(inside))
        elif self.stack and indent > self.stack[-1].indent and info == MARK:
            self.stack[-1].fence = (line, "\n".join(inside))
        elif self.stack and indent > self.stack[-1].indent:
            self.stack[-1].text += [part for part in inside if part.strip()]
        else:
            self.document.left_out += range(line + 1, line + 1 + len(inside))

    def _is_table(self) -> bool:
        return _begins_table(self.lines, self.at)

    def _table(self) -> None:
        """A table with a column of titles is a plan; its heading is the phase of its rows."""
        head = split_row(self.lines[self.at])
        begins = self.at
        self.at += 2
        rows = []
        while self.at < len(self.lines) and "|" in self.lines[self.at]:
            rows.append((self.at + 1, split_row(self.lines[self.at])))
            self.at += 1
        self.at -= 1
        found = columns(head).at
        if "title" not in found:
            self.document.left_out += [line for line, _ in rows]
            return
        sections = {n: t for n, t in self._sections().items() if "phase" not in found and n not in head}
        table = [Row(begins + 1, (*head, *sections))]
        for line, cells in rows:
            wide = max(0, len(head) - len(cells))
            table.append(Row(line, (*cells, *[""] * wide, *sections.values())))
        self._keep(table)

    def _keep(self, table: list[Row]) -> None:
        """Tables of the same columns are one plan, top to bottom."""
        same = next((t for t in self.document.tables if t[0].cells == table[0].cells), None)
        if same is None:
            self.document.tables.append(table)
        else:
            same += table[1:]


def read_document(text: str, file: str) -> Document:
    """Take a document apart. Raises Invalid for a fence that is not closed."""
    lines = [line.expandtabs(4) if line[:1].isspace() else line for line in text.split("\n")]
    lines = _without_front_matter(lines)
    items = [item for line in _outside_fences(lines) if (item := ITEM.fullmatch(line))]
    tags = Counter(tag for item in items if (tag := tag_of(item["text"])))
    labels = frozenset(tag for tag, n in tags.items() if n > 1)
    reading = _Reading(
        lines, file, _kind(lines, [(i["indent"], i["mark"], i["box"]) for i in items]), labels, Document()
    )
    reading.run()
    return reading.document


def sheet_of(entries: Sequence[Entry], *, is_own: bool) -> list[Row]:
    """The tasks of checklists as one sheet; predecessors are a column once one task names any."""
    for entry in entries:
        if entry.text and TEXT not in entry.cells:
            entry.cells[TEXT] = "\n".join(entry.text)
    headings = dict.fromkeys([*ALWAYS, *([AFTER] if is_own else []), *(h for e in entries for h in e.cells)])
    rows = [Row(e.line, tuple(e.cells.get(h, "") for h in headings)) for e in entries]
    return [Row(0, tuple(headings)), *rows]  # above the first line: the document has no header


def _kind(lines: Sequence[str], items: Sequence[tuple[str, str, str | None]]) -> str:
    """Which lines of the document are its tasks."""
    if any(box is not None for _indent, _mark, box in items):
        return "box"
    for at in range(len(lines)):
        if _begins_table(lines, at) and "title" in columns(split_row(lines[at])).at:
            return "table"
    numbered = any(not indent and mark not in "-*+" for indent, mark, _box in items)
    return "number" if numbered else "point"


def _begins_table(lines: Sequence[str], at: int) -> bool:
    return (
        at + 1 < len(lines)
        and "|" in lines[at]
        and "-" in lines[at + 1]
        and "|" in lines[at + 1]
        and DELIMITERS.fullmatch(lines[at + 1]) is not None
    )


def _outside_fences(lines: Sequence[str]) -> Iterator[str]:
    ticks = ""
    for line in lines:
        bare = line.strip()
        if ticks:
            ticks = "" if len(bare) >= len(ticks) and not bare.strip(ticks[0]) else ticks
        elif fence := FENCE.fullmatch(line):
            ticks = fence["ticks"]
        else:
            yield line


def _without_front_matter(lines: list[str]) -> list[str]:
    """The header that wikis put on top is about the page and not the plan; its lines keep their numbers."""
    if lines[0].strip() != "---" or "---" not in lines[1:]:
        return lines
    end = lines.index("---", 1)
    return [""] * (end + 1) + lines[end + 1 :]


def _heading_of(key: str, *, own: bool) -> str:
    name = field_of(key)
    if name in _FIELDS:
        return _FIELDS[name]
    return key if own and name == "" else ""


@lru_cache(maxsize=1024)
def field_of(key: str) -> str:
    """The field that a word is a header of; '' for one of the planner's own."""
    return next(iter(columns([key]).at), "")
