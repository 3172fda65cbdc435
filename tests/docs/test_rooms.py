"""The three walks through the rooms name what is really there: a renamed function is found here."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import reduce

import pytest

from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "explanation" / "rooms.md").read_text(encoding="utf-8")
WALKS = PAGE[PAGE.index("## The walk of one task") :]
ROOMS = ("cutover", "runbooks", "monitors", "paper_capture", "contingency", "flows")
NAMED = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)`")
STEP = re.compile(r"^\d+\. \*\*", re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(NAMED.findall(WALKS))))
def test_every_function_a_walk_names_is_there(name: str) -> None:
    parts = name.split(".")
    deepest = next(n for n in range(len(parts), 0, -1) if _is_file(parts[:n]))
    held = importlib.import_module(".".join(parts[:deepest]))
    assert deepest < len(parts), f"{name} is a file; the walks name what is called in it"
    assert reduce(getattr, parts[deepest:], held) is not None


def test_every_step_of_the_walks_names_what_is_called_in_it() -> None:
    steps = [step.split("\n")[0] for step in STEP.split(WALKS)[1:]]
    assert len(steps) == 20
    assert [step for step in steps if not NAMED.search(step)] == []


def test_the_map_of_the_rooms_shows_every_room() -> None:
    drawing = PAGE[PAGE.index("```mermaid") : PAGE.index("`make arch`")]
    kits = [f"cutover.{m.name}" for m in pkgutil.iter_modules([str(ROOT / "cutover")]) if m.ispkg]
    missing = [room for room in (*ROOMS, *kits) if room not in drawing]
    assert missing == []


def _is_file(parts: list[str]) -> bool:
    path = ROOT.joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").is_file()
