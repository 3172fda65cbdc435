"""Shared fixtures: one fixed clock, journals on SQLite and on a real PostgreSQL, no network for unit tests."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, text

from cutover.core.clock import FixedClock
from cutover.core.event import Catalogue, Event
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.pen import Projection
from cutover.store.projections import prepare
from tests.demonstrated import Demonstrated, carry
from tests.real_parts import require_real
from tests.servers import make_cluster, owned

START = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)  # the canonical window opens: Friday 22:00 in London
EXAMPLES = Path(__file__).parents[1] / "examples"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
MakeDesk = Callable[..., Desk]

os.environ.update(
    {
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # a stray flow.fn() must not start a server silently
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_API_URL": "",
        "DO_NOT_TRACK": "1",
        "TZ": "UTC",
    }
)

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """No test speaks to the network unless it is marked; event loops need their unix socket pair."""
    config.option.disable_socket = True
    config.option.allow_unix_socket = True
    if not hasattr(config, "workerinput"):  # of several processes, the one that reports
        config.pluginmanager.register(Demonstrated(config), "demonstrated")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    carry(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("real") or item.get_closest_marker("prefect"):
        item.add_marker(pytest.mark.allow_hosts(LOOPBACK))


@pytest.fixture(autouse=True)
def _logs_stay_as_they_were() -> Iterator[None]:
    """A test may send logs where it likes; the next one must not write into a stream that is closed."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded, empty SQLite file that each test copies."""
    path = tmp_path_factory.mktemp("migrated") / "cutover.db"
    engine = open_engine(sqlite_url(path))
    schema.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """A fresh, upgraded SQLite database."""
    path = tmp_path / "cutover.db"
    shutil.copy(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def make_desk(engine: Engine, clock: FixedClock) -> MakeDesk:
    """`make_desk(EVENTS, projections=(), on=engine, messages=None)`: a desk over a prepared journal."""

    def make(
        events: Iterable[type[Event]],
        projections: Sequence[Projection] = (),
        *,
        on: Engine | None = None,
        messages: object = None,
    ) -> Desk:
        journal = Journal(on or engine, Catalogue(events), clock, projections)
        prepare(journal)
        return Desk(journal, clock, messages)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL of our own on a unix socket; the URL of its maintenance database."""
    programs = require_real("postgresql").parent
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_owner = owned(folder)
    make_cluster(programs, folder, as_owner)
    wanted = {
        "fsync": "off", "listen_addresses": "", "unix_socket_directories": folder, "max_connections": 60,
    }  # fmt: skip
    options = [word for name, value in wanted.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "db", *options], stdout=log, stderr=log, **as_owner
        )
    try:
        url = f"postgresql://cutover@/postgres?host={folder}"
        _wait_for(programs / "pg_isready", folder, server)
        _make_template(url)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown: no waiting for clients
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


_numbers = itertools.count(1)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A fresh, upgraded PostgreSQL database."""
    name = f"test_{next(_numbers)}"
    administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE migrated")
    return postgres_server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def scenario() -> Iterator[Callable[[str], ModuleType]]:
    """`scenario(NAME)`: the module that plays a scenario of examples/."""
    loaded = []

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / name / "play.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loaded.append(name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in loaded:
        del sys.modules[name]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def any_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The same test on SQLite and on a real PostgreSQL."""
    url = request.getfixturevalue("database_url" if request.param == "sqlite" else "postgres_url")
    engine = open_engine(url)
    yield engine
    engine.dispose()


def _wait_for(pg_isready: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    command = [pg_isready, "-h", folder, "-d", "postgres", "-t", "1"]
    for _ in range(1000):
        if server.poll() is not None:
            break
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return
    pytest.fail(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")


def _make_template(url: str) -> None:
    administer(url, "CREATE DATABASE migrated")
    engine = open_engine(url.replace("/postgres?", "/migrated?"))
    schema.upgrade(engine)
    engine.dispose()


def administer(url: str, statement: str) -> None:
    engine = open_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
