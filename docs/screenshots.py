"""The pictures of the documentation: the demo is played, held at three moments, and looked at by those who use the pages.

`make screenshots` takes about five minutes and needs Chromium. The whole demo stands still while a copy of it is made;
the copy's clock is set to the moment and stays there. What is in a picture is therefore what somebody saw then.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cutover.app.bootstrap import World, build_world
from cutover.store.clock_file import last_moment, set_clock
from cutover.web.sign_in import SESSION_COOKIE
from paper_capture.web_station import station_scope
from tests.end_to_end.rehearsed import served
from tests.real_parts import require_real

IMAGES = Path(__file__).parent / "images"
EXAMPLE = Path(__file__).parents[1] / "examples" / "seventy_two_hours"
DESKTOP, PHONE = (1300, 860), (390, 844)
MOST = 150_000  # bytes of a picture
SPEED = 1500  # simulated seconds a second: slow enough to be held within a few minutes of a moment


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who looks at which page, on which screen, from which heading on."""

    name: str
    path: str
    person: str = "asha"
    size: tuple[int, int] = DESKTOP
    at: str = ""  # the element that is brought into sight
    press: str = ""  # the button that is pressed first
    offline: bool = False


NIGHT = datetime(2026, 10, 24, 7, 55, tzinfo=UTC)
OUTAGE = datetime(2026, 10, 25, 23, 28, tzinfo=UTC)
PAPER = datetime(2026, 10, 27, 12, 0, tzinfo=UTC)
SHOTS = {
    NIGHT: (
        Shot("board", "/board"),
        Shot("forecast", "/board", at="h2:has-text('Forecast of the end')"),
        Shot("board-phone", "/board?mine=1", person="bo", size=PHONE),
        Shot("task", "/board/tasks/LOD-03"),
        Shot("plan", "/plan"),
    ),
    OUTAGE: (
        Shot("health", "/health", person="farid"),
        Shot("plays", "/plays", person="chen"),
        Shot("gate", "/board/tasks/G-REC", person="chen"),
        Shot("findings", "/reconciliation?contract=crimes&run=1", person="halina"),
        Shot("station", "/station/central", person="sam", size=PHONE, offline=True),
        Shot(
            "station-waiting", "/station/central", person="sam", size=PHONE, offline=True, at="#waiting-title"
        ),
    ),
    PAPER: (
        Shot("backlog", "/backlog", person="viktor"),
        Shot("convert", "/convert", person="tova"),
        Shot("entry", "/convert", person="tova", press="Key the next sheet"),
        Shot("stations", "/stations", person="viktor"),
        Shot("report", "/report", person="asha"),
        Shot("feedback", "/feedback", person="farid"),
    ),
}


def main(arguments: list[str]) -> int:
    """Play, hold, look; 0 when every picture was taken and is small enough. A folder named keeps the demo for the next time."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        held = _held(Path(arguments[0] if arguments else place))
        browser = playwright.chromium.launch(
            executable_path=str(require_real("chromium")), args=["--no-sandbox", "--disable-gpu"]
        )
        for moment, folder in held.items():
            _look(browser, folder, SHOTS[moment])
        browser.close()
    heavy = [path.name for path in IMAGES.glob("*.png") if path.stat().st_size > MOST]
    for name in heavy:
        print(f"{name} is larger than {MOST // 1000} kB", file=sys.stderr)  # noqa: T201
    return 1 if heavy else 0


def _held(place: Path) -> dict[datetime, Path]:
    """A copy of the demo at each moment, made unless it is there."""
    held = {moment: place / f"held-{n}" for n, moment in enumerate(SHOTS)}
    if not all(folder.exists() for folder in held.values()):
        _play(place, held)
    return held


def _play(place: Path, held: dict[datetime, Path]) -> None:
    demo = place / "demo"
    shutil.copytree(EXAMPLE, demo, ignore=shutil.ignore_patterns("state"))
    words = [
        Path(sys.executable).with_name("cutover"),
        "demo",
        "--no-prefect",
        "--speed",
        str(SPEED),
        "--programme",
        demo,
    ]
    with (place / "demo.log").open("wb") as log:
        playing = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)  # noqa: S603  our own command
    try:
        for moment, folder in held.items():
            _copy(playing, demo, folder, moment)
    finally:
        os.killpg(playing.pid, signal.SIGTERM)
        playing.wait(30)


def _copy(playing: subprocess.Popen[bytes], demo: Path, to: Path, moment: datetime) -> None:
    clock = demo / "state" / "clock.json"
    while (last_moment(clock) or moment.min.replace(tzinfo=UTC)) < moment:
        if playing.poll() is not None:
            raise SystemExit(f"the demo ended before {moment}")
        time.sleep(0.02)
    os.killpg(playing.pid, signal.SIGSTOP)
    try:
        shutil.copytree(demo, to)
        set_clock(to / "state" / "clock.json", last_moment(clock))
    finally:
        os.killpg(playing.pid, signal.SIGCONT)


def _look(browser: Browser, folder: Path, shots: tuple[Shot, ...]) -> None:
    world = build_world(folder)
    for person in {shot.person for shot in shots} - {
        account.person for account in world.accounts.list(datetime.now(UTC))
    }:
        world.accounts.add(person, "signed in by the pictures", datetime.now(UTC))
    with served(world) as address:
        for shot in shots:
            with _page(browser, world, address, shot) as page:
                _take(page, shot)
    world.engine.dispose()


@contextmanager
def _page(browser: Browser, world: World, address: str, shot: Shot) -> Iterator[Page]:
    """A browser in which somebody has signed in."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=address, timezone_id=world.folder.programme.zone
    )
    session = world.accounts.sessions.open(shot.person, datetime.now(UTC))
    context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": address}])
    page = context.new_page()
    if shot.offline:
        station = shot.path.rpartition("/")[2]
        page.goto(f"{shot.path}#token={world.tokens.issue(station_scope(station))}")
        page.wait_for_selector("body[data-kept=true]")
        context.set_offline(True)  # type: ignore[no-untyped-call]
    yield page
    context.close()


def _take(page: Page, shot: Shot) -> None:
    if shot.offline:
        _log(page)
    else:
        page.goto(shot.path)
        page.wait_for_load_state("load")
        page.wait_for_timeout(1500)  # what renews itself has done so
    if shot.press:
        page.get_by_role("button", name=shot.press).click()
        page.wait_for_load_state("load")
    top = "e => window.scrollTo({top: e.getBoundingClientRect().top + scrollY - 70, behavior: 'instant'})"
    page.locator(shot.at or "body").first.evaluate(top if shot.at else "() => window.scrollTo(0, 0)")
    picture = Image.open(BytesIO(page.screenshot(animations="disabled")))
    IMAGES.mkdir(exist_ok=True)
    picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
        IMAGES / f"{shot.name}.png", optimize=True
    )


def _log(page: Page) -> None:
    """A sheet of the station's list, logged while there is no network."""
    serial = (
        page.locator("#sheets tr").filter(has_text="blank, here").first.locator("td").first.text_content()
        or ""
    )
    page.fill("#by", "PC 412 Adeyemi")
    page.fill("#serial", serial.strip())
    page.fill("#writer", "PC 412 Adeyemi")
    page.fill("#occurred_at", "2026-10-25T22:50")
    page.fill("#written_at", "2026-10-25T23:05")
    page.click("#save")
    page.wait_for_selector("#saved:has-text('is saved')")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
