"""What is asked of paper in JSON: each command of the room, typed on a played programme."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from PIL import Image

from cutover.main import open_once
from paper_capture.conflicts import PaperConflicts
from paper_capture.domain.conflicts import Telling
from tests.end_to_end.answering import Asking, later


def paper(ask: Asking, tmp_path: Path) -> None:
    logged(ask, ask("paper issue", "central", "custody", 1, "--by", "sam")["serials"][0])
    sheets = ask("paper issue", "central", "custody", 9, "--by", "sam")["serials"]
    assessed = ask("paper issue", "central", "domestic_abuse", 2, "--by", "sam")["serials"]
    ask(
        "paper pack", "--station", "central", "--forms", "custody:2", "--by", "sam", "--to", tmp_path / "pack"
    )
    ask("paper xlsform", "custody", "--to", tmp_path / "custody.xlsx")
    for serial in sheets[:6]:
        logged(ask, serial)
    ask("paper live", sheets[2], "--reason", "still open", "--by", "viktor")
    ask("paper sign-over", sheets[2], "--signed-by", "PS 12 Ahmed", "--reference", "CU-1", "--by", "viktor")
    ask("paper return", *sheets[:2], *sheets[3:6], "--by", "viktor")
    ask("paper spoil", sheets[6], "torn", "--by", "sam")
    ask("paper missing", sheets[7], "not found", "--decided-by", "chen", "--by", "sam")
    ask("paper transfer", sheets[8], "--station", "bolton", "--reason", "they run out", "--by", "sam")
    for by, pass_no in (("tova", 1), ("uma", 2)):
        ask("paper enter", sheets[0], "--minutes", 4, "--by", by, "--pass", pass_no, *custody(by))
    ask("paper adjudicate", sheets[0], "--by", "viktor", *custody("viktor"))
    ask("paper hold", sheets[1], "--owner", "chen", "--reason", "whose is it", "--by", "viktor")
    ask("paper free", sheets[1], "--answer", "ours", "--by", "chen")
    ask("paper hand-over", sheets[1], "--from", "viktor", "--to", "chen", "--by", "viktor")
    ask("paper conflicts")
    ask("paper import", station_log(tmp_path, assessed[0]), "--station", "central", "--by", "sam")
    ask(
        "paper import",
        station_log(tmp_path, assessed[0], writer="PC 9"),
        "--station",
        "central",
        "--by",
        "sam",
    )
    told = Telling(by="PC 9", said={"writer": "PC 9"}, saved_at=open_once(ask.home).clock.now())
    stands = {"writer": "PC 4"}
    PaperConflicts(open_once(ask.home).paper).tell(
        f"{sheets[0]}.used", station="central", stands=stands, told=told
    )
    for name in ask("paper conflicts"):
        ask("paper settle", name, "--holds", 0, "--reason", "the first is right", "--by", "viktor")
    ask("paper link", "central")
    ask("paper account")
    ask("paper verify")
    ask("paper show", sheets[0])
    ask("paper certificate", converted(ask), "--to", tmp_path / "c.pdf")
    scans(ask, tmp_path, sheets[3:6])


def logged(ask: Asking, serial: str) -> None:
    at = ("--occurred", "2026-10-25T01:30+01:00", "--written", "2026-10-25T01:40+01:00")
    ask("paper log", serial, "--station", "central", "--writer", "PC 4", *at, "--by", "sam")


def custody(by: str) -> list[str]:
    """What is keyed of a custody record; `by` differs in one field, so that a third must decide."""
    times = (
        "arrested_at=2026-10-25T00:30+01:00",
        "arrived_at=2026-10-25T00:50+01:00",
        "authorised_at=2026-10-25T01:10+01:00",
    )
    words = (
        f"detainee=Ana {by}",
        "offence=theft",
        "authorised_by=Inspector Ray",
        "grounds=to question",
        *times,
    )
    return [word for value in words for word in ("--value", value)]


def station_log(tmp_path: Path, serial: str, writer: str = "PC 4") -> Path:
    file = tmp_path / "log.csv"
    row = f"{serial},{writer},2026-10-25 01:30+01:00,2026-10-25 01:40+01:00"
    file.write_text(f"serial,writer,occurred,written\n{row}\n", encoding="utf-8")
    return file


def converted(ask: Asking) -> str:
    return str(next(row.serial for row in open_once(ask.home).paper.sheets(("disposed",))))


def scans(ask: Asking, tmp_path: Path, serials: list[str]) -> None:
    """Four pages without a code: three are placed by hand, so that their batch may be keyed; one is none of ours."""
    for shade in range(4):
        Image.new("L", (1654, 2339), 255 - shade).save(tmp_path / f"page{shade}.png")
    ask("paper scan", *tmp_path.glob("page*.png"), "--by", "viktor")
    *ours, other = [row["scan"]["sha256"] for row in ask("paper quarantine")]
    for image, serial in zip(ours, serials, strict=True):
        ask("paper place", image, serial, 1, 1, "--reason", "by its look", "--by", "viktor")
    ask("paper discard", other, "--reason", "a blank page", "--by", "viktor")
    numbers = sum(int(serial[2:9]) for serial in serials)
    ask("paper batch", "B1", *serials, "--count", len(serials), "--numbers", numbers, "--by", "viktor")
    ask("paper receive", "B1", len(serials), "--by", "tova")
    ask("paper reject", "B1", "smudged", "--by", "tova")
    ask("paper batch", "B2", *serials, "--count", len(serials), "--numbers", numbers, "--by", "viktor")
    ask("paper receive", "B2", len(serials), "--by", "tova")
    ask("paper release", "B2", "--by", "tova")


def keeping(ask: Asking, tmp_path: Path) -> None:
    serial = converted(ask)
    tomorrow = (open_once(ask.home).clock.now() + timedelta(days=1)).date()
    ask("paper retain", serial, "--place", "box 1", "--until", tomorrow, "--by", "viktor")
    later(ask, timedelta(days=9))
    ask("paper destroy", serial, "--witness", "chen", "--reason", "its day has passed", "--by", "viktor")
    ask("paper redact", serial, "--witness", "chen", "--reason", "destroyed", "--by", "viktor")
    open_once(ask.home).paper.print_block(form_type="custody", count=2, by="viktor")
    ask("paper destroy-stock", "custody", 1, "--witness", "chen", "--reason", "old print", "--by", "viktor")
