"""Which kinds a programme may use: ours, what packages offer, and a monitor's question asked as a task."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cutover.app import action_kinds
from cutover.app.action_kinds import Missing, declared_kinds, offers
from cutover.app.bootstrap import World
from cutover.core.errors import Invalid, Unavailable
from runbooks.actions import Call, Outcome
from tests.runbooks.actions.calling import KEY, unsaid
from tests.runbooks.plans import auto

CODE = """
from cutover.app.action_kinds import Offer
from cutover.domain.programme import Part
from runbooks.actions.kinds import Declared, Outcome

class Words(Part):
    word: str

class Say:
    def __init__(self, around): self.around = around
    async def perform(self, call):
        return Outcome(ok=True, evidence=call.given(Words).word + " in " + self.around.folder.name)
    async def settle(self, call):
        return None

say = Offer(Declared(Words), Say)
wrong = "no offer"
"""


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`offered("say = their_kinds:say")`: a package with this entry point."""
    place = tmp_path / "site"
    about = place / "their_kinds-1.dist-info"
    about.mkdir(parents=True)
    (place / "their_kinds.py").write_text(CODE, encoding="utf-8")
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: their-kinds\nVersion: 1\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(place)

    def offer(line: str) -> None:
        (about / "entry_points.txt").write_text(f"[cutover.action_kinds]\n{line}\n", encoding="utf-8")
        offers.cache_clear()

    yield offer
    offers.cache_clear()


def do(world: World, kind: str, **arguments: Any) -> Outcome:
    async def once() -> Outcome:
        async with httpx.AsyncClient() as client:
            return await world.actions(client).kinds[kind].perform(Call(KEY, auto("A"), arguments, unsaid))

    return asyncio.run(once())


def test_every_declared_kind_can_be_made_and_every_other_is_none(world: World) -> None:
    async def made() -> set[str]:
        async with httpx.AsyncClient() as client:
            return set(world.actions(client).kinds)

    assert asyncio.run(made()) == set(declared_kinds())


def test_a_package_offers_a_kind_of_its_own(world: World, offered: Any) -> None:
    offered("say = their_kinds:say")
    assert declared_kinds()["say"].arguments.model_fields.keys() == {"word"}
    assert do(world, "say", word="hello").evidence == f"hello in {world.folder.path.name}"


@pytest.mark.parametrize(
    ("line", "words"),
    [("wrong = their_kinds:wrong", "is no Offer"), ("shell = their_kinds:say", "the name is one of ours")],
)
def test_what_is_no_offer_or_takes_our_name_is_refused(offered: Any, line: str, words: str) -> None:
    offered(line)
    with pytest.raises(Invalid, match=words):
        declared_kinds()


@pytest.mark.real
def test_a_monitor_s_question_is_asked_as_a_task_and_moves_no_monitor(world: World) -> None:
    before = world.journal.head().position
    outcome = do(world, "probe", check="records-answer")
    assert not outcome.ok
    assert outcome.evidence.startswith(("CRITICAL", "UNKNOWN"))
    assert outcome.link == "/health#records-answer"
    assert world.journal.head().position == before


def test_a_library_that_is_missing_is_named_when_it_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action_kinds, "find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match=r"pip install 'cutover-golive\[ssh\]'"):
        do(world, "ssh")
    with pytest.raises(Unavailable):
        asyncio.run(Missing("x").settle(Call(KEY, auto("A"), {}, unsaid)))
