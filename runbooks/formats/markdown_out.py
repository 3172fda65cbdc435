"""A runbook as a Markdown checklist: one line a task, what a line can say under it, the rest in a fence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cutover.core.duration import spell_duration
from runbooks.domain.plan import Runbook, Task, TaskType
from runbooks.formats.cells import read_status, slug
from runbooks.formats.markdown_in import MARK, field_of
from runbooks.formats.markdown_lines import TITLE, cells_of

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
# What may stand on a line of its own without becoming a list, a heading, a table, a fence or a second line.
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_KEY = re.compile(r"[^\W\d_][\w ]{0,38}\w")
_PROSE = re.compile(r"[^\W\d_][^|`]*")
_UNDER = ("team", "component", "skill", "calendar", "verify", "rollback", "audience", "parent")
_FLAGS = ("optional", "conditional", "point_of_no_return")


def markdown(runbook: Runbook, unsaid: Mapping[str, Mapping[str, Any]]) -> str:
    """The document; `unsaid` is what to put into the fence of each task."""
    head = runbook.model_dump(mode="json", exclude={"tasks"})
    head["streams"] = [stream.model_dump(mode="json", exclude_defaults=True) for stream in runbook.streams]
    lines = [f"# {_flat(runbook.title) or runbook.id}", "", *_fence(head)]
    titles = {s.id: s.title for s in runbook.streams}
    last = ("", "")
    for task in runbook.tasks:
        here = (task.phase if _is_plain(task.phase) else "", task.stream if _is_plain(task.stream) else "")
        if here != last:
            lines += _headings(*here, titles)
        last = here
        lines += _task(task, unsaid.get(task.id, {}))
    return "\n".join(lines) + "\n"


def _headings(phase: str, stream: str, titles: Mapping[str, str]) -> Iterator[str]:
    """Every heading again where one changes, so that none is left standing above that does not hold."""
    title = titles.get(stream, stream)
    shown = f"Stream: {title if slug(title) == stream and _is_plain(title) else stream}" if stream else ""
    yield from ("", f"## {phase or shown or '-'}")
    if phase and shown:
        yield from ("", f"### {shown}")
    yield ""


def _task(task: Task, unsaid: Mapping[str, Any]) -> Iterator[str]:
    box = "x" if task.custom.get("Status") == read_status("done") else " "
    title = _flat(task.title) or task.id
    if cells_of(None, _said(task, title)).get(TITLE) != title:
        title = " ".join(re.findall(r"[^\W_]+", title)) or task.id
    yield f"- [{box}] {_said(task, title)}"
    yield from (f"  - {key}: {value}" for key, value in _under(task))
    if _is_prose(task.description):
        yield from (f"  {line}" for line in task.description.split("\n"))
    if unsaid:
        yield from (f"  {line}" if line else "" for line in _fence(unsaid))


def _said(task: Task, title: str) -> str:
    """The text of a task's line."""
    after = "after: " + ", ".join(map(str, task.after)) if task.after else ""
    length = f"({spell_duration(task.duration)})" if task.duration is not None else ""
    parts = [f"[{task.id}]", title, *(f"@{name}" for name in _handles(task).values()), length, after]
    return " ".join(part for part in parts if part)


def _under(task: Task) -> Iterator[tuple[str, str]]:
    """Fields that stand on a line of their own, by the heading of their column."""
    if task.type is not TaskType.NORMAL:
        yield "type", str(task.type)
    handled = _handles(task)
    yield from ((n, v) for n in ("owner", "deputy") if _is_plain(v := getattr(task, n)) and n not in handled)
    yield from ((n, v) for n in _UNDER if _is_plain(v := getattr(task, n)))
    moments = ((n, at) for n in ("not_before", "deadline") if (at := getattr(task, n)))
    yield from ((n.replace("_", " "), f"{at:%Y-%m-%d %H:%M:%S}Z") for n, at in moments)
    yield from ((n.replace("_", " "), "yes") for n in _FLAGS if getattr(task, n))
    own = ((n, v) for n, v in task.custom.items() if _KEY.fullmatch(n) and not field_of(n))
    yield from ((n, v) for n, v in own if _is_plain(v))


def _handles(task: Task) -> dict[str, str]:
    """Those who can be named by @: the owner, and the deputy after an owner."""
    if not _HANDLE.fullmatch(task.owner):
        return {}
    return {n: v for n in ("owner", "deputy") if _HANDLE.fullmatch(v := getattr(task, n))}


def _fence(fields: Mapping[str, Any]) -> Iterator[str]:
    text = yaml.safe_dump(dict(fields), sort_keys=False, allow_unicode=True, width=10**9)
    if yaml.safe_load(text) != fields:  # PyYAML writes U+0085 as it is and reads it as the end of a line
        text = yaml.safe_dump(dict(fields), sort_keys=False, width=10**9)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    yield ticks + MARK
    yield from text.rstrip("\n").split("\n")
    yield ticks


def _flat(text: str) -> str:
    return " ".join("".join(c if _PLAIN.fullmatch(c) else " " for c in text).split())


def _is_plain(text: str) -> bool:
    return bool(text) and text == _flat(text)


def _is_prose(text: str) -> bool:
    return bool(text) and all(_is_plain(line) and _PROSE.fullmatch(line) for line in text.split("\n"))
