"""One table is applied; the rest is refused; a bad table is found before it is used."""

from enum import StrEnum

import pytest

from cutover.core.errors import Refused
from cutover.core.event import Event
from cutover.core.machine import Table


class Door(StrEnum):
    SHUT = "shut"
    OPEN = "open"
    GONE = "gone"


class Opened(Event):
    pass


class Shut(Event):
    pass


class Removed(Event):
    pass


def table(moves, terminal=(Door.GONE,)):
    return Table("door", "a door", Door, Door.SHUT, frozenset(terminal), moves)


DOOR = table({(Door.SHUT, Opened): Door.OPEN, (Door.OPEN, Shut): Door.SHUT, (Door.OPEN, Removed): Door.GONE})


def test_a_listed_move_is_made():
    assert DOOR.next(Door.SHUT, Opened) is Door.OPEN
    assert DOOR.allows(Door.SHUT, Opened)


def test_any_other_is_refused_in_words_with_what_is_possible():
    with pytest.raises(Refused, match="A door that is shut cannot be removed; it can be opened"):
        DOOR.next(Door.SHUT, Removed)
    with pytest.raises(Refused, match="nothing more"):
        DOOR.next(Door.GONE, Opened)


def test_a_sound_table_has_no_faults():
    assert DOOR.faults() == []


def test_an_unreachable_stage_is_a_fault():
    assert (
        "gone is unreachable"
        in table({(Door.SHUT, Opened): Door.OPEN, (Door.OPEN, Shut): Door.SHUT}).faults()
    )


def test_a_dead_end_and_an_exit_from_a_terminal_are_faults():
    faults = table({(Door.SHUT, Removed): Door.GONE, (Door.GONE, Opened): Door.OPEN}).faults()
    assert faults == ["gone is terminal but has exits", "open is a dead end"]


def test_the_picture_is_drawn_from_the_same_table():
    assert DOOR.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> shut",
        "    shut --> open: Opened",
        "    open --> shut: Shut",
        "    open --> gone: Removed",
        "    gone --> [*]",
    ]


def test_what_leads_from_one_stage_to_one_other_is_drawn_as_one_arrow():
    picture = table({(Door.SHUT, Opened): Door.OPEN, (Door.SHUT, Removed): Door.OPEN}).mermaid()
    assert "    shut --> open: Opened<br/>Removed" in picture.splitlines()
