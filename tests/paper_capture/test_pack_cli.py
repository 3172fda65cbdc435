"""`cutover paper pack` and `scan`: from nothing to filed pages, by command."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cutover.core.errors import Invalid, NotFound, Refused, Unavailable
from cutover.domain.programme import Programme
from cutover.store.documents import read_yaml
from paper_capture.batches import PaperBatches
from paper_capture.cli import commands
from paper_capture.images import PaperImages
from paper_capture.keeping import PaperKeeping
from paper_capture.pack_cli import Room
from paper_capture.service import PaperService
from tests.paper_capture.world import SCENARIO, used


@pytest.fixture
def room(paper: PaperService, images: PaperImages, tmp_path: Path) -> Room:
    programme = read_yaml(SCENARIO.parent / "programme.yaml", Programme)

    def offline(folder: Path, at: datetime) -> list[Path]:
        folder.mkdir(parents=True)
        (folder / "plan.pdf").write_text(at.isoformat())
        return [folder / "plan.pdf"]

    keeping = PaperKeeping(paper)
    return Room(paper, images, PaperBatches(paper), keeping, programme, tmp_path / "state", offline)


def call(room: Room, *words: str) -> Any:
    app = commands(lambda _: room.paper, lambda _: room)
    return app(list(words), result_action="return_value", exit_on_error=False)


def test_a_pack_is_issued_printed_and_printed_again_as_it_was(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("pack", "--station", "central", "--forms", "custody:2", "--key", "k", "--by", "sam", "--json")
    call(room, *words, "--to", str(room.state / "one"))
    said = json.loads(capsys.readouterr().out)
    call(room, *words, "--to", str(room.state / "two"), "--no-offline")
    again = json.loads(capsys.readouterr().out)
    assert said["serials"] == again["serials"] == {"custody": ["CU000000182", "CU000000279"]}
    assert [Path(f).read_bytes() for f in said["files"]] == [Path(f).read_bytes() for f in again["files"]]
    assert [Path(f).name for f in said["offline"]] == ["plan.pdf"]
    assert room.paper.account().outstanding == {"central": tuple(said["serials"]["custody"])}


def test_a_pack_that_stops_half_written_says_how_the_same_numbers_are_printed(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("pack", "--station", "central", "--forms", "custody:2", "--by", "sam", "--no-offline")
    in_the_way = tmp_path / "pack" / "custody-CU000000182-CU000000279.pdf"
    in_the_way.mkdir(parents=True)
    with pytest.raises(Invalid, match=r"numbers are given out; print them with --key (pack-\w+)") as error:
        call(room, *words, "--to", str(tmp_path / "pack"))
    call(room, *words, "--key", str(error.value).split()[-1], "--to", str(tmp_path / "again"))
    assert (tmp_path / "again" / in_the_way.name).is_file()
    assert room.paper.account().issued == 2
    assert "printed again with --key pack-" in capsys.readouterr().out


def test_a_pack_with_a_form_too_many_gives_out_no_number_of_the_others(room: Room) -> None:
    with pytest.raises(Refused, match="custody: a block has 1 to 20,000 sheets"):
        call(room, "pack", "--station", "central", "--forms", "crime:2,custody:20001", "--by", "sam")
    assert room.paper.account().printed == 0


def test_where_a_pack_cannot_be_written_no_number_is_given_out(room: Room, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    words = ("pack", "--station", "central", "--forms", "custody:2", "--by", "sam")
    with pytest.raises(Invalid, match="cannot be written into: Not a directory"):
        call(room, *words, "--to", str(tmp_path / "file" / "pack"))
    assert room.paper.account().printed == 0


def test_what_was_printed_is_scanned_back_and_what_has_no_place_is_held(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    call(
        room, "pack", "--station", "central", "--forms", "custody:2", "--no-offline", "--by", "sam", "--json"
    )
    file = json.loads(capsys.readouterr().out)["files"][1]
    room.paper.log_used([used("CU000000182", station="central")], by="sam")
    assert call(room, "scan", file, "--by", "tova", "--json") == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert [p["serial"] for p in report["filed"]] == ["CU000000182"]
    assert call(room, "quarantine") == 1
    call(room, "discard", report["held"][0]["sha256"][:8], "--reason", "still blank", "--by", "tova")
    assert call(room, "quarantine") == 0


def test_what_was_filed_before_the_disk_gave_up_is_told(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("no scan")
    Image.new("L", (60, 40)).save(tmp_path / "blank.png")
    room.images.files.folder.write_text("a file is in the way of the images")
    with pytest.raises(Unavailable, match="File exists"):
        call(room, "scan", str(tmp_path / "notes.txt"), str(tmp_path / "blank.png"), "--by", "tova")
    assert "notes.txt: is not a PDF" in capsys.readouterr().out


def test_the_paper_passes_from_hand_to_hand_by_command(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = room.paper.issue(station="central", form_type="crime", count=2, by="sam")
    call(room, "transfer", other, "--station", "north-quay", "--reason", "ran out", "--by", "sam")
    room.paper.log_used([used(one, station="central")], by="sam")
    room.paper.return_sheets([one], by="reception")
    call(room, "hand-over", one, "--from", "reception", "--to", "store", "--by", "sam")
    call(room, "batch", "B1", one, "--count", "1", "--numbers", "1", "--total", "value_gbp=0", "--by", "sam")
    assert call(room, "receive", "B1", "2", "--by", "tova") == 1
    capsys.readouterr()
    room.paper.print_block(form_type="custody", count=1, by="sam")
    call(room, "destroy-stock", "custody", "1", "--witness", "chen", "--reason", "old", "--by", "sam")
    assert room.paper.account().holds
    assert (room.paper.sheet(one).holder, room.paper.sheet(other).station) == ("store", "north-quay")


@pytest.mark.parametrize("forms", ["custody", "custody:0", "custody:2,custody:3", ""])
def test_forms_that_cannot_be_read_give_out_no_number(room: Room, forms: str) -> None:
    with pytest.raises(Invalid):
        call(room, "pack", "--station", "central", "--forms", forms, "--by", "sam")
    assert room.paper.account().printed == 0


def test_a_form_or_station_that_is_none_gives_out_no_number(room: Room) -> None:
    with pytest.raises(NotFound, match="custody"):
        call(room, "pack", "--station", "central", "--forms", "crime:2,custdy:2", "--by", "sam")
    with pytest.raises(NotFound, match="central"):
        call(room, "pack", "--station", "centrl", "--forms", "crime:2", "--by", "sam")
    assert room.paper.account().printed == 0
