"""Writers that compete, as threads and as processes, lose nothing and double nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Refused
from cutover.core.event import Catalogue
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.projections import prepare
from tests.conftest import START
from tests.cutover.store.desks import ALL, ModeBoard, ask, switch

TURNS = 25

WRITER = """
import sys
sys.path.append("docs")  # as pytest sets it
from tests.cutover.store.test_concurrency import compete, open_desk
desk = open_desk(sys.argv[1])
compete(desk, sys.argv[2])
desk.journal.engine.dispose()
"""


def open_desk(url: str) -> Desk:
    return Desk(
        Journal(open_engine(url), Catalogue(ALL), FixedClock(START), [ModeBoard()]), FixedClock(START)
    )


def compete(desk: Desk, name: str) -> None:
    """Write one's own stream, and flip a shared component as often, however many races are lost."""
    for turn in range(TURNS):
        desk.ask(
            COMPONENT,
            component_stream(name),
            switch(Mode.PAPER if turn % 2 == 0 else Mode.LIVE),
            key=f"{name}:{turn}",
        )
        done = False
        while not done:
            now = desk.state(COMPONENT, component_stream("shared")).mode
            try:
                desk.ask(
                    COMPONENT,
                    component_stream("shared"),
                    switch(Mode.LIVE if now is Mode.PAPER else Mode.PAPER, name),
                )
                done = True
            except (Conflict, Refused):
                continue  # somebody was quicker: look again


def assert_nothing_lost(desk: Desk, names: list[str]) -> None:
    assert desk.journal.verify().holds
    for name in names:
        assert len(desk.journal.read(component_stream(name))) == TURNS
    shared = desk.journal.read(component_stream("shared"))
    assert [r.seq for r in shared] == list(range(1, TURNS * len(names) + 1))
    assert {name: sum(r.event.reason == name for r in shared) for name in names} == dict.fromkeys(
        names, TURNS
    )
    rows = {stream: changes for stream, changes, _ in ModeBoard().rows(desk.journal.engine)}
    assert rows[component_stream("shared")] == TURNS * len(names)


@pytest.fixture
def url(any_engine) -> str:
    return any_engine.url.render_as_string(hide_password=False)


def test_threads_that_share_a_desk_lose_nothing(any_desk):
    names = ["asha", "bo"]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda name: compete(any_desk, name), names))
    assert_nothing_lost(any_desk, names)


@pytest.mark.real
def test_processes_lose_nothing(url, any_desk):
    names = ["asha", "bo"]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, name]) for name in names]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    assert_nothing_lost(any_desk, names)


def test_two_who_deliver_the_same_key_at_once_record_it_once(any_desk, url):
    other = open_desk(url)
    with ThreadPoolExecutor(2) as threads:
        for turn in range(TURNS):
            same = ask(f"c{turn}", Mode.PAPER, f"key:{turn}")
            one, two = threads.map(lambda desk, asked=same: desk.ask_all([asked]), (any_desk, other))
            assert one == two
    other.journal.engine.dispose()
    assert any_desk.journal.head().position == TURNS


def test_two_upgraders_of_a_new_database_both_succeed(tmp_path):
    url = sqlite_url(tmp_path / "new.db")
    engines = [open_engine(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(schema.upgrade, engines))
    assert any(done)
    assert {schema.current(engine) for engine in engines} == {schema.HEAD}
    for engine in engines:
        prepare(Journal(engine, Catalogue(ALL), FixedClock(START), [ModeBoard()]))
        engine.dispose()


@pytest.mark.real
def test_a_writer_killed_inside_its_transaction_leaves_nothing_half_done(url, any_desk):
    die = WRITER.replace(
        "compete(desk, sys.argv[2])", "desk.journal.projections = (Killer(),)\ncompete(desk, sys.argv[2])"
    )
    killer = "import os\nclass Killer:\n    def apply(self, connection, recorded): os.kill(os.getpid(), 9)\n"
    assert subprocess.run([sys.executable, "-c", killer + die, url, "asha"], check=False).returncode == -9
    assert any_desk.journal.head().position == 0
    any_desk.ask_all([ask("custody", Mode.PAPER)])
    assert any_desk.journal.verify().rows == 1
