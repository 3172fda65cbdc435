"""A backup taken on SQLite while others write: what it lacks nobody was told of before it began, at most a second ago."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutover.app.archive import restore
from cutover.app.bootstrap import build_world
from cutover.app.settings import Settings
from tests.docs.pages import ROOT
from tests.end_to_end.conftest import Type
from tests.writers import PROGRAMME, Writers

pytestmark = pytest.mark.timeout(240)
TOLD, ARCHIVES, SECOND = 150, 3, 1.0


def test_an_archive_lacks_nothing_that_was_told_before_it_and_no_more_than_its_last_second(
    tmp_path: Path, say: Type
) -> None:
    """The shortest of three counts for the second: the machine may have had something else to do."""
    folder = tmp_path / "go"
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME)
    build_world(folder, settings=Settings()).engine.dispose()
    archives = [tmp_path / f"{n}.cutover.tar" for n in range(ARCHIVES)]
    with Writers(folder, os.environ | {"PYTHONPATH": str(ROOT)}) as writers:
        for archive in archives:
            assert writers.tell(TOLD)
            assert say("db", "backup", archive, "--programme", folder).code == 0
        assert writers.tell(TOLD)
    lost = []
    for archive in archives:
        made, found = restore(archive, tmp_path / archive.stem)
        assert found.holds
        first = min(at for position, at in writers.told if position > found.head.position)
        assert first >= made.made_at.timestamp()
        lost.append(archive.stat().st_mtime - first)
    assert min(lost) <= SECOND
