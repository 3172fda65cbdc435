"""A folder as the target: whole files, each handed over once, also when somebody takes them away at once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from contingency.conversions import BatchReport, ConversionService
from contingency.domain.mapping import FieldMap, FormMap
from contingency.folder_target import SENT, FileTarget
from contingency.target_file import TargetDeclaration
from contingency.target_kinds import make_target
from contingency.targets import our_body
from cutover.core.errors import Unavailable
from tests.contingency.dying import Crash, die
from tests.contingency.world import World, somebody


def service_of(world: World, folder: Path) -> ConversionService:
    return ConversionService(world.desk, world.book, world.paper, FileTarget(folder, our_body))


def run(service: ConversionService) -> BatchReport:
    return asyncio.run(service.convert_batch(by="tova"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_each_sheet_becomes_one_whole_file(world: World, tmp_path: Path) -> None:
    """Key and content are in it; a second run adds none, and both sides agree one to one."""
    serials = world.verified(5)
    service = service_of(world, tmp_path / "out")
    assert sorted(run(service).converted) == sorted(serials)
    assert names(tmp_path / "out") == [f"{serial}.json" for serial in sorted(serials)]
    said = json.loads((tmp_path / "out" / f"{serials[0]}.json").read_text(encoding="utf-8"))
    assert (said["key"], said["serial"], said["entered_by"]) == (serials[0], serials[0], "tova")
    assert run(service) == BatchReport()
    assert asyncio.run(service.one_to_one()).holds


@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_after_which_somebody_takes_the_files_hands_none_over_twice(
    world: World, tmp_path: Path, *, arrived: bool
) -> None:
    """What was handed over and taken away is known by our own copy; the rest is handed over now."""
    serials = world.verified(6)
    service = service_of(world, tmp_path / "out")
    die(service, survives=2, arrived=arrived)
    taken = [path.rename(tmp_path / path.name).name for path in sorted((tmp_path / "out").glob("*.json"))]
    run(service)
    assert sorted([*taken, *names(tmp_path / "out")]) == [f"{serial}.json" for serial in sorted(serials)]
    assert service.status()["converted"] == 6


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_crash_while_a_file_is_handed_over_is_seen_or_shown_to_a_person(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    """Linked and not yet noted: the file itself is the proof. Taken meanwhile: nobody can tell, so nothing is sent again."""
    (serial,) = world.verified(1)
    out = tmp_path / "out"
    service = service_of(world, out)

    def dies(_: Path) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr("contingency.folder_target._settle", dies)
        with pytest.raises(BaseExceptionGroup):
            run(service)
    if not is_taken:
        run(service)
        assert (names(out), service.status()["converted"]) == ([f"{serial}.json"], 1)
        return
    (out / f"{serial}.json").unlink()
    run(service)
    (letter,) = service.dead_letters()
    assert "perhaps handed over and taken" in letter.reason
    assert names(out) == []
    (out / SENT / f"{serial}.json").unlink()  # a person has looked: it never came
    service.requeue([serial], by="chen", reason="it is not in their system")
    run(service)
    assert (names(out), service.status()["converted"]) == ([f"{serial}.json"], 1)


def test_a_file_that_is_there_with_other_content_is_never_written_over(world: World, tmp_path: Path) -> None:
    """The record is rejected with the reason, theirs stays."""
    (serial,) = world.verified(1)
    out = tmp_path / "out"
    out.mkdir()
    theirs = json.dumps({"serial": serial, "form_type": "custody", "occurred_at": "2026-01-01T00:00:00Z"})
    (out / f"{serial}.json").write_text(theirs, encoding="utf-8")
    run(service_of(world, out))
    assert world.paper.sheet(serial).disposition == "rejected"
    assert (out / f"{serial}.json").read_text(encoding="utf-8") == theirs


@pytest.mark.parametrize(
    "content", ["<html>", "[1]", '{"occurred_at": "yesterday"}', '{"occurred_at": 5, "person": 7}']
)
def test_a_file_that_is_no_record_stops_the_batch_before_anything_is_begun(
    world: World, tmp_path: Path, content: str
) -> None:
    """Matching would be blind: the file is named, and nothing is sent until it is out of the way."""
    (serial,) = world.verified(1)
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.json").write_text(content, encoding="utf-8")
    service = service_of(world, out)
    with pytest.raises(Unavailable, match=r"notes\.json cannot be read as a record"):
        run(service)
    assert service.status()["begun"] == 0
    (out / "notes.json").unlink()
    assert run(service).converted == (serial,)


def test_a_mapping_to_a_required_field_that_the_form_leaves_empty_is_a_dead_letter(
    world: World, tmp_path: Path
) -> None:
    """Nothing of it is in the folder; the reason names both ends."""
    (serial,) = world.verified(1)
    fields = (FieldMap.model_validate({"to": "beat", "from": "detail"}),)
    declared = TargetDeclaration(
        kind="files", folder="out", required=("beat",), mappings=(FormMap(form="crime", fields=fields),)
    )
    service = ConversionService(world.desk, world.book, world.paper, make_target(declared, tmp_path, {}, str))
    assert run(service).set_aside == (serial,)
    assert "the target requires it as 'beat'" in service.dead_letters()[0].reason
    assert names(tmp_path / "out") == []


def test_a_folder_that_cannot_be_used_begins_nothing(world: World, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    world.verified(1)
    (tmp_path / "out").write_text("", encoding="utf-8")
    service = service_of(world, tmp_path / "out")
    with pytest.raises(Unavailable, match="cannot be used"):
        run(service)
    assert service.status()["waiting"] == 1


def test_a_second_sheet_of_one_event_waits_for_a_person_though_the_first_file_is_taken(
    world: World, tmp_path: Path
) -> None:
    """Match before create, against all that was ever handed over."""
    out = tmp_path / "out"
    service = service_of(world, out)
    world.verified(1, person=somebody(4))
    run(service)
    for path in out.glob("*.json"):
        path.unlink()
    (second,) = world.verified(1, person=somebody(4))
    assert run(service).matched == (second,)
