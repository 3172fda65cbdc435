"""A PostgreSQL is killed and its disk is gone: from what was kept beside it comes every fact that anybody was told of."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world
from cutover.app.settings import Settings
from tests.docs.pages import ROOT
from tests.real_parts import require_real
from tests.servers import Postgres
from tests.writers import PROGRAMME, Writers

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
SCRIPTS = ROOT / "deploy" / "postgresql"
TOLD = 150  # facts that somebody was told of before the end


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    require_real("postgresql")
    server = Postgres()
    server.start()
    yield server
    server.end()


def environment(server: Postgres) -> dict[str, str]:
    where = {"PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": "cutover"}
    return os.environ | where | {"PATH": f"{server.programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def kept(server: Postgres, to: Path) -> subprocess.Popen[str]:
    """The script, once it has said that every commit is kept."""
    command = [SCRIPTS / "keep-wal.sh", to]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(server))
    assert process.stdout is not None
    assert process.stdout.readline() == f"kept in {to}\n"
    return process


def told_until_killed(server: Postgres, folder: Path, url: str) -> int:
    """Facts are written by several at once; the server is killed while they are. The newest that somebody was told of."""
    with Writers(folder, environment(server) | {"CUTOVER_DATABASE_URL": url}) as writers:
        assert writers.tell(TOLD)
        server.kill()
    return writers.newest


def restored(server: Postgres, wal: Path) -> None:
    """Another server's files are made from what was kept."""
    data = server.folder / "db"
    shutil.rmtree(data)
    subprocess.run([SCRIPTS / "restore-wal.sh", wal, data], check=True, capture_output=True)
    if os.geteuid() == 0:
        owner = server.folder.stat().st_uid
        for path in (data, *data.rglob("*"), wal, *wal.rglob("*")):
            os.chown(path, owner, -1)
        for above in list(wal.parents)[:-2]:
            above.chmod(above.stat().st_mode | 0o011)
    server.start()


def test_nothing_that_was_told_is_lost_with_the_server_and_its_disk(
    postgres: Postgres, tmp_path: Path
) -> None:
    folder, wal = tmp_path / "go", tmp_path / "second-disk"
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME)
    url = postgres.create("cutover")
    build_world(folder, settings=Settings(database_url=url)).engine.dispose()
    keeping = kept(postgres, wal)
    try:
        newest = told_until_killed(postgres, folder, url)
    finally:
        keeping.terminate()
        keeping.communicate()
    shutil.rmtree(postgres.folder / "db")
    other = Postgres()
    try:
        restored(other, wal)
        world = build_world(folder, settings=Settings(database_url=other.url("cutover")))
        found = world.journal.verify()
        assert found.holds
        assert found.head.position >= newest >= TOLD
        world.engine.dispose()
    finally:
        other.end()
