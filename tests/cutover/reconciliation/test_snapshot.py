"""One side over real HTTP: whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cutover.core.errors import Invalid, Unavailable
from cutover.reconciliation import sources
from cutover.reconciliation.contract import Place
from cutover.reconciliation.findings import Verdict
from tests.cutover.reconciliation.world import World, crime, write_csv

HUNDRED = [crime(n) for n in range(100)]
pytestmark = pytest.mark.real


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


class _Cut(BaseHTTPRequestHandler):
    """Answers less than it promised (/cut), without saying how much (/open), or nothing at all."""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/cut.csv":
            self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"crime_id,reported_at\n")
        if self.path == "/silent.csv":
            self.server.released.wait(10)  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def serve() -> Iterator[Any]:
    servers: list[ThreadingHTTPServer] = []

    def start(handler: Any) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.released = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.released.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


def test_both_registers_are_fetched_frozen_and_compared_over_http(world: World, serve: Any) -> None:
    register = world.folder / "register"
    register.mkdir()
    world.systems = dict.fromkeys(
        ("legacy_records", "new_records"), serve(partial(_Quiet, directory=str(register)))
    )
    world.agree(
        source={"system": "legacy_records", "path": "/old.csv"},
        target={"system": "new_records", "path": "/new.csv"},
        source_frozen=True,
    )
    write_csv(register / "old.csv", HUNDRED)
    world.service.snapshot("crimes", "source", by="Bo")
    (register / "old.csv").unlink()  # the old system is dark from here on
    write_csv(register / "new.csv", HUNDRED[4:])
    assert world.run().verdict is Verdict.FAIL
    assert sorted(world.keys("missing")) == ["C00000", "C00001", "C00002", "C00003"]
    write_csv(register / "new.csv", HUNDRED)
    assert world.run().passed


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/cut.csv", "could not be read"),
        ("/open.csv", "does not say how long"),
        ("/silent.csv", "does not say how long"),
    ],
)
def test_a_cut_answer_is_unavailable_and_leaves_no_file(
    tmp_path: Path, serve: Any, path: str, said: str
) -> None:
    with pytest.raises(Unavailable, match=said):
        sources.fetch(Place(system="legacy", path=path), {"legacy": serve(_Cut)}, tmp_path / "source.csv")
    assert not (tmp_path / "source.csv").exists()


def test_a_system_that_says_nothing_in_time_is_an_error_and_never_a_pass(
    world: World, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(_Cut):
        def do_GET(self) -> None:
            self.server.released.wait(10)  # type: ignore[attr-defined]

    monkeypatch.setattr(sources, "PATIENCE", 0.2)
    world.systems = {"new_records": serve(Silent)}
    world.write(HUNDRED, HUNDRED)
    world.agree(target={"system": "new_records", "path": "/new.csv"})
    outcome = world.run()
    assert outcome.verdict is Verdict.ERROR
    assert "timed out" in outcome.reasons[0]


def test_a_refusal_of_the_system_is_unavailable(tmp_path: Path, serve: Any) -> None:
    url = serve(partial(_Quiet, directory=str(tmp_path)))
    with pytest.raises(Unavailable, match="404"):
        sources.fetch(Place(system="legacy", path="/none.csv"), {"legacy": url}, tmp_path / "source.csv")


def test_a_system_nobody_named_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="did you mean 'legacy_records'"):
        sources.fetch(
            Place(system="legacy_record", path="/a.csv"), {"legacy_records": ""}, tmp_path / "a.csv"
        )
