"""What the text of a task suggests and the plan does not say: suggested, never assumed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from runbooks.domain.lint.findings import Found
from runbooks.domain.lint.ground import Ground
from runbooks.domain.plan import Task

_HINT = re.compile(
    r"\b(?:after|once|following|depends\s+on|requires|wait(?:s|ing)?\s+for)\s+(?:the\s+)?(?:completion\s+of\s+)?"
    r"(?:(?P<word>steps?|tasks?|items?|activity)\s+)?#?(?P<id>[A-Za-z0-9][A-Za-z0-9_.\-]*)",
    re.IGNORECASE,
)
_WAITS = re.compile(
    r"\b(?:after|once|following|depends\s+on|requires|wait(?:s|ing)?\s+for)\s+(?:the\s+|that\s+)?"
    r"(?:(?:completion|end)\s+of\s+)?(?:(?:steps?|tasks?)\s+)?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"\u201c\u2018'](?P<text>[^\"\u201c\u201d\u2018\u2019']{6,200})[\"\u201d\u2019']")
LONGEST_TITLE = 20  # words
_WAY_BACK = re.compile(r"\b(roll(?:ing|ed)?[\s-]?back|back(?:ing|ed)?[\s-]?out)\b", re.IGNORECASE)


def hints(plan: Ground) -> Found:
    """Tasks spoken of by id, or by title after words of waiting or in quotation marks, and not waited for."""
    by_id, by_title = {name.lower(): name for name in plan.tasks}, _by_title(plan)
    for task in plan.runbook.tasks:
        told = {link.task for link in task.after} | {task.id, task.parent, task.repairs}
        text = f"{task.title}\n{task.description}"
        for name, said in (*_ids(text, by_id), *_titles(plan, task, text, by_title)):
            if name not in told:
                told.add(name)
                yield (
                    "hidden_dependency",
                    task.id,
                    f"its text says '{said}'",
                    f"add {name} to `after` if it has to wait",
                )


def _ids(text: str, by_id: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A number alone is a task only after the word: `step 9`, not `after 9`."""
    for match in _HINT.finditer(text):
        name = by_id.get(match["id"].rstrip(".-").lower(), "")
        if name and (match["word"] or (any(c.isdigit() for c in name) and not name.isdigit())):
            yield name, " ".join(match[0].split())


def _titles(
    plan: Ground, task: Task, text: str, by_title: Mapping[tuple[str, ...], str]
) -> Iterator[tuple[str, str]]:
    """What follows this task cannot be what it waits for."""
    followers = {follower.id for follower in plan.followers[task.id]}
    for words in _mentions(text):
        name = next((by_title[words[:n]] for n in range(len(words), 1, -1) if words[:n] in by_title), "")
        if name and name not in followers:
            yield name, plan.tasks[name].title


def _by_title(plan: Ground) -> dict[tuple[str, ...], str]:
    """Titles of two words or more that only one task has."""
    words = [(_words(task.title), task.id) for task in plan.runbook.tasks]
    count = Counter(title for title, _ in words)
    return {title: name for title, name in words if len(title) > 1 and count[title] == 1}


def _mentions(text: str) -> Iterator[tuple[str, ...]]:
    for match in _WAITS.finditer(text):
        yield _words(text[match.end() : match.end() + 200])[:LONGEST_TITLE]
    for match in _QUOTED.finditer(text):
        yield _words(match["text"])[:LONGEST_TITLE]


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def backwards(plan: Ground) -> Found:
    if plan.is_way_back:
        return
    for task in plan.runbook.tasks:
        if _WAY_BACK.search(task.title) and not (task.conditional or task.optional or task.repairs):
            yield (
                "way_back",
                task.id,
                "reads like part of the way back",
                "make it conditional, or move it to a runbook of its own",
            )
