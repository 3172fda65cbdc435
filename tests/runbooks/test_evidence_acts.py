"""Files as evidence: a few kinds, of bounded size, kept under their hash and handed out as downloads only."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from runbooks.evidence_acts import MOST_BYTES
from tests.cutover.web.browser import Signed
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import World

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


@pytest.fixture
def app(world: World) -> Starlette:
    world.start()
    return world.guarded()


def attach(browser: Signed, name: str, content: bytes) -> httpx.Response:
    browser.get("/board/tasks/F2")
    files = {"file": (name, content, "text/html")}
    return browser.send("/board/tasks/F2/attach", {"token": browser.token, "seen": "1"}, files=files)


def test_a_file_is_kept_under_its_hash_and_handed_out_as_a_download(
    world: World, app: Starlette, tmp_path: Path
) -> None:
    browser = world.enter(app, "bo")
    assert "screen.png is attached" in attach(browser, "C:\\fakepath\\screen.png", PNG).text
    (note,) = world.runs.state(world.run_id).notes.of("F2")
    kept = tmp_path / "evidence" / note.event.sha256
    assert kept.read_bytes() == PNG
    answer = browser.get(f"/board/evidence/{note.event.sha256}")
    assert answer.content == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''screen.png"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (("page.html", b"<script>alert(1)</script>"), "is no kind of file that is taken"),
        (("picture.png", b"<script>alert(1)</script>"), "is not what its name says"),
        (("empty.txt", b""), "choose a file that is not empty"),
        (("big.txt", b"x" * (MOST_BYTES + 9000)), "at most 10 MB"),
    ],
)
def test_what_is_not_taken_is_refused_and_not_kept(
    world: World, app: Starlette, tmp_path: Path, sent: tuple[str, bytes], words: str
) -> None:
    answer = attach(world.enter(app, "bo"), *sent)
    assert answer.status_code == 400
    assert words in answer.text
    assert not (tmp_path / "evidence").exists()


def test_a_file_that_was_changed_on_the_disk_is_not_shown(
    world: World, app: Starlette, tmp_path: Path
) -> None:
    browser = world.enter(app, "bo")
    attach(browser, "screen.png", PNG)
    (kept,) = (tmp_path / "evidence").iterdir()
    kept.write_bytes(PNG + b"!")
    answer = browser.get(f"/board/evidence/{kept.name}")
    assert answer.status_code == 503
    assert "was changed since it was kept" in answer.text


def test_a_file_that_no_run_names_is_not_there(world: World, app: Starlette, tmp_path: Path) -> None:
    browser = world.enter(app, "bo")
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / ("a" * 64)).write_bytes(b"stray")
    assert browser.get(f"/board/evidence/{'a' * 64}").status_code == 404
    assert browser.get("/board/evidence/..%2Fcutover.db").status_code == 404
