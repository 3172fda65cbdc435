"""A refusal is a sentence: no machine shows a person the name of a fact or command as the code has it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from cutover.core.errors import Refused
from cutover.core.event import Command
from cutover.core.refusal_words import cannot, not_asked

sys.path.insert(0, str(Path(__file__).parents[3] / "docs"))
from from_code.facts import tables

CAMEL = re.compile(r"[a-z][A-Z]|_")


class AcknowledgeNotice(Command): ...


def test_a_fact_of_the_thing_itself_is_said_as_what_cannot_happen_to_it() -> None:
    said = cannot("sheet", "keyed_once", "SheetReturned", ["SheetHeld", "SheetWentLive"])
    assert said == "A sheet that is keyed once cannot be returned; it can be held, go live"


def test_a_fact_of_another_subject_names_it() -> None:
    assert cannot("run", "complete", "BackoutBegan", []) == (
        "A run that is complete cannot see the backout begin; nothing more can follow"
    )


def test_a_command_that_a_machine_does_not_know_is_named_in_words() -> None:
    said = not_asked("action", "open", AcknowledgeNotice(by="bo"))
    assert said == "'acknowledge notice' cannot be asked of an action that is open"


@pytest.mark.parametrize("table", [table for _, table in tables()], ids=lambda table: table.name)
def test_no_refusal_of_any_machine_shows_a_name_of_the_code(table) -> None:
    kinds = {kind for _, kind in table.moves}
    for stage in table.stages:
        for kind in kinds:
            if table.allows(stage, kind):
                continue
            with pytest.raises(Refused) as refused:
                table.next(stage, kind)
            assert not CAMEL.search(str(refused.value)), refused.value
            assert " that is " in str(refused.value)
