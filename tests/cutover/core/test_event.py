"""The catalogue reads every kind it was given, in every version, and nothing else."""

from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from cutover.core.errors import NotFound
from cutover.core.event import Catalogue, Event
from cutover.domain.modes import EVENTS, WentToPaper


class FormLogged(Event):
    version: ClassVar[int] = 2
    serial: str
    station: str

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        return {**body, "station": "unknown"} if version == 1 else body


def test_a_fact_of_an_older_version_is_read_in_today_s_shape():
    assert Catalogue([FormLogged]).read("FormLogged", 1, '{"serial": "S1"}') == FormLogged(
        serial="S1", station="unknown"
    )


def test_a_fact_of_today_s_version_is_read_as_it_was_written():
    fact = FormLogged(serial="S1", station="ő")
    assert Catalogue([FormLogged]).read("FormLogged", 2, fact.model_dump_json()) == fact


def test_a_kind_that_no_feature_declares_is_not_found():
    with pytest.raises(NotFound, match="did you mean 'FormLogged'"):
        Catalogue([FormLogged]).read("FormLoged", 1, "{}")


def test_a_fact_is_frozen_and_takes_no_unknown_word():
    with pytest.raises(ValidationError):
        FormLogged(serial="S1", station="A", colour="red")
    with pytest.raises(ValidationError):
        FormLogged(serial="S1", station="A").serial = "S2"


def test_a_kind_of_a_room_that_is_loaded_is_read_without_loading_another():
    late = Catalogue(late=("no.such.room", "cutover.domain.modes"))
    assert late.read("WentToPaper", 1, '{"reason": "fire"}') == WentToPaper(reason="fire")
    with pytest.raises(ModuleNotFoundError, match="no"):
        late.read("FormLogged", 1, "{}")


def test_all_kinds_are_those_of_every_room():
    late = Catalogue([FormLogged], late=("cutover.domain.modes",))
    assert set(late.kinds) == {"FormLogged", *(event.kind() for event in EVENTS)}
