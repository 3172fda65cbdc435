"""A target that answers nonsense: nothing is taken for an answer that is none, nothing is lost, nothing sent twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from contingency.conversions import BatchReport, ConversionService
from contingency.domain.terms import Terms
from contingency.targets import HttpTarget
from cutover.core.errors import Invalid, Unavailable
from cutover.domain.programme import Hours
from tests.contingency.world import World, somebody

pytestmark = pytest.mark.real
Say = Callable[[dict[str, object]], tuple[int, bytes]]


class Nonsense(ThreadingHTTPServer):
    """A target that takes what `takes` says and answers what `says` says; asked, it tells what it holds."""

    daemon_threads = True

    def __init__(self, says: Say, takes: Callable[[str], bool]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.says, self.takes = says, takes
        self.held: dict[str, dict[str, object]] = {}
        self.posts: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Nonsense

    def do_POST(self) -> None:
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts.append(record["serial"])
        if self.server.takes(record["serial"]):
            self.server.held[record["serial"]] = {**record, "reference": f"R-{record['serial']}"}
        self.answer(*self.server.says(record))

    def do_GET(self) -> None:
        serial = self.path.partition("serial=")[2]
        rows = [row for name, row in self.server.held.items() if not serial or name == serial]
        self.answer(200, json.dumps({"records": rows}).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing of it is told."""


@contextmanager
def target(says: Say, takes: Callable[[str], bool] = lambda _: False) -> Iterator[Nonsense]:
    server = Nonsense(says, takes)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def service_of(world: World, url: str, terms: Terms | None = None) -> ConversionService:
    return ConversionService(world.desk, world.book, world.paper, HttpTarget(url, attempts=2), terms=terms)


def run(service: ConversionService) -> BatchReport:
    return asyncio.run(service.convert_batch(by="tova"))


def good(record: dict[str, object]) -> tuple[int, bytes]:
    return 201, json.dumps({"reference": f"R-{record['serial']}"}).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><h1>Please sign in</h1></html>", "did not answer in JSON: <html>"),
        (b'{"status": "ok"}', "gave no reference"),
        (b'{"reference": "", "x": 1}', "gave no reference"),
        (b'["R-1"]', "answered list, not an object"),
        (b'{"error": "ORA-00001", "reference": "R-1"}', "a success with an error inside: ORA-00001"),
        (b"x" * (8 * 1024 * 1024 + 1), "an answer of more than"),
    ],
    ids=["html", "no reference", "empty reference", "a list", "an error inside", "huge"],
)
def test_nonsense_about_a_record_is_a_dead_letter_with_the_reason(
    world: World, body: bytes, said: str
) -> None:
    """One of three records is answered with nonsense: it is set aside with what was said, the others go through."""
    bad, *others = world.verified(3)
    with target(lambda r: (200, body) if r["serial"] == bad else good(r), lambda s: s != bad) as there:
        service = service_of(world, there.url)
        report = run(service)
        assert (report.set_aside, sorted(report.converted)) == ((bad,), sorted(others))
        (letter,) = service.dead_letters()
        assert (letter.serial, said in letter.reason) == (bad, True)
        assert len(world.paper.sheets(["verified"])) == 1, "its sheet is still in hand"
        there.says, there.takes = good, lambda _: True
        service.requeue([bad], by="chen", reason="they have mended it")
        run(service)
        assert service.status()["converted"] == 3
        assert there.posts.count(bad) == 2


def test_nonsense_about_a_record_that_was_taken_is_settled_by_asking(world: World) -> None:
    """The target took it and answered HTML: it holds the record, and that is what counts."""
    (serial,) = world.verified(1)
    with target(lambda _: (200, b"<html>"), lambda _: True) as there:
        assert run(service_of(world, there.url)).converted == (serial,)
        assert there.posts == [serial]


def test_a_closed_door_rejects_nobody(world: World) -> None:
    """401 is about us, not about the record: nothing is rejected, the target is left alone, later all goes through."""
    serials = world.verified(20)
    with target(lambda _: (401, b"who are you?")) as there:
        service = service_of(world, there.url)
        report = run(service)
        assert (report.rejected, report.set_aside, len(report.unanswered)) == ((), (), 20)
        assert len(there.posts) < 20, "it was not knocked at for each of them"
        assert "401: who are you?" in service.working().away
        with pytest.raises(Unavailable, match="left alone until"):
            run(service)
        there.says, there.takes = good, lambda _: True
        world.after(1)
        run(service)
        assert (service.status()["converted"], sorted(there.held)) == (20, sorted(serials))
        assert service.working().away == ""


def test_a_target_is_left_alone_in_its_maintenance_hours(world: World) -> None:
    """Nothing is sent and nothing begun."""
    world.verified(1)
    hours = Hours.model_validate({"opens": "20:00", "closes": "22:00"})
    with target(good) as there:
        with pytest.raises(Unavailable, match="closed for maintenance until Fri 22:00Z"):
            run(service_of(world, there.url, Terms(closed=(hours,))))
        assert there.posts == []


def test_a_record_that_is_turned_away_again_and_again_is_no_longer_in_the_way(world: World) -> None:
    """503 for one record only: left for the next batch, then set aside while the others go through."""
    bad, *_ = world.verified(2)
    with target(
        lambda r: (503, b"lock timeout") if r["serial"] == bad else good(r), lambda s: s != bad
    ) as there:
        service = service_of(world, there.url)
        first = run(service)
        assert (first.unanswered, first.set_aside) == ((bad,), ())
        world.verified(1, person=somebody(9))
        assert run(service).set_aside == (bad,)
        assert "lock timeout" in service.dead_letters()[0].reason


def test_where_no_target_is_declared_that_is_said_and_nothing_is_begun(world: World) -> None:
    (serial,) = world.verified(1)
    service = world.converting("")
    with pytest.raises(Invalid, match=r"no target takes the records.*`target:` in a file of contingency/"):
        asyncio.run(service.convert_batch(by="tova"))
    assert service.status()["begun"] == 0
    assert world.paper.sheet(serial).stage.value == "verified"
