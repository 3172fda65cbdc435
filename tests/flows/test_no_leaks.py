"""A small live run with every kind of secret in it, shown in Prefect: none of them is in anything that it leaves behind."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.performing import begin
from cutover.store.engine import reading
from cutover.store.metadata import metadata
from cutover.web.passwords import Passwords
from runbooks.actions.secrets import MASK
from runbooks.domain import run_events as ev
from runbooks.domain.run_events import RunSetup, RunStage, RunType, TaskStage
from tests.end_to_end.blackout import environment
from tests.monitors.watchers import wait_until as waited
from tests.runbooks.folders import PROGRAMME, write_programme
from tests.servers import Postgres, Process, free_port

pytestmark = [
    pytest.mark.real,
    pytest.mark.prefect,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(240),
]
wait_until = partial(waited, patience=90.0)  # processes start on a machine that may be busy
TOKEN, SIGNS, PHONE = "planted-token/4711+x", "planted-key-that-signs-letters", "planted-phone-9k"
DATABASE, OIDC, PASSWORD = "planted-database-7q", "planted-oidc-33", "planted-password-81"
RUNBOOK = """
id: small
title: A small plan
tasks:
  - {id: A, title: Prints it, type: automated, effect: idempotent,
     action: {kind: shell, with: {sh: 'echo "$T"; echo "bad $T" >&2', env: {T: "{{ secret('token') }}"}}}}
  - {id: B, title: Is told it back, type: automated, effect: idempotent,
     action: {kind: http, with: {system: new_records, path: "/x?t={{ secret('token') }}", headers: {X: "{{ secret('token') }}"}}}}
  - {id: C, title: Fails with it, type: automated, effect: idempotent, after: A,
     action: {kind: shell, with: {sh: 'echo "bad $T" >&2; exit 1', env: {T: "{{ secret('token') }}"}}}}
  - {id: H, title: Look at it, owner: asha, after: [B, C]}
"""


class Echo:
    """A system, a service desk and a phone in one; it says back whatever it is told, headers too."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        echo = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = self.rfile.read(int(self.headers.get("content-length") or 0))
                echo.asked.append(self.path.partition("?")[0])
                answer = f"{self.path}\n{self.headers}\n".encode() + said
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class Played:
    """The run, its runner and its pages; `seen` is all that they leave, by where it was found."""

    def __init__(self, place: Path, prefect: str, postgres: Postgres, echo: Echo) -> None:
        self.postgres, self.echo, self.home = postgres, echo, Path(os.environ["PREFECT_HOME"])
        url = postgres.create("cutover").replace("cutover@", f"cutover:{DATABASE}@")
        told = f'webhooks: [{{id: desk, url: "http://127.0.0.1:{echo.port}/desk", secret: signs, events: ["Task*"], inside: true}}]\n'
        programme = PROGRAMME.replace("127.0.0.1:9003", f"127.0.0.1:{echo.port}")
        programme = programme.replace(
            "name: Asha}", "name: Asha, roles: [programme_manager], notices: phone}"
        )
        self.folder = write_programme(place / "small", RUNBOOK, programme + told)
        secrets = {
            "TOKEN": TOKEN,
            "SIGNS": SIGNS,
            "PHONE": f"json://asha:{PHONE}@127.0.0.1:{echo.port}/phone",
        }
        ours = {
            "DATABASE_URL": url,
            "LOG_LEVEL": "DEBUG",
            "PREFECT_API_URL": prefect,
            "OIDC_CLIENT_SECRET": OIDC,
        }
        ours |= {f"SECRET_{name}": value for name, value in secrets.items()}
        self.env = environment() | {f"CUTOVER_{name}": value for name, value in ours.items()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUTOVER_DATABASE_URL", url)
            self.run = begin(self.folder, "small", "asha", RunType.LIVE, RunSetup())
        self.world: World = build_world(self.folder, settings=Settings(database_url=url))
        now = self.world.clock.now()
        self.world.accounts.add("asha", Passwords().hash(PASSWORD), now)
        self.session = self.world.accounts.sessions.open("asha", now)
        self.token = self.world.tokens.issue("metrics")
        self.address = f"http://127.0.0.1:{free_port()}"
        commands = {
            "runner": ["run", "resume"],
            "pages": ["serve", "--port", self.address.rpartition(":")[2]],
        }
        self.processes = {
            name: Process(name, self.typed(*words), self.env, place) for name, words in commands.items()
        }
        self.seen: dict[str, bytes] = {}

    def typed(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("cutover")), *words, "--programme", str(self.folder)]

    def play(self) -> None:
        for process in self.processes.values():
            process.start()
        runs, hands = self.world.runs, {"by": "asha", "task": "H"}
        for task in ("B", "C"):  # the first because what was said back is no answer
            wait_until(
                lambda t=task: runs.state(self.run).tasks[t].stage is TaskStage.FAILED, f"{task} to fail"
            )  # type: ignore[misc]
            runs.ask(self.run, ev.SkipTask(by="asha", task=task, reason="as wanted"))
        wait_until(lambda: {"/x", "/phone"} <= set(self.echo.asked), "the notices")
        runs.ask(self.run, ev.ClaimTask(**hands))
        wait_until(lambda: "/desk" in self.echo.asked, "the letter")  # of what happens once notices are told
        runs.ask(self.run, ev.FinishTask(**hands, evidence="seen"))
        wait_until(lambda: self.processes["runner"].code is not None, "the end")
        assert runs.state(self.run).stage is RunStage.COMPLETE

    def gather(self) -> None:
        self._pages()
        self.world.journal.export(self.folder / "out.jsonl")
        for table in metadata.sorted_tables:
            with reading(self.world.engine) as connection:
                self.seen[f"table {table.name}"] = repr(connection.execute(select(table)).all()).encode()
        self.postgres.kill()
        command = self.typed("journal", "verify")
        said = subprocess.run(command, env=self.env, capture_output=True, check=False, timeout=60)
        self.seen["`journal verify` without a database"] = said.stdout + said.stderr
        assert httpx.get(f"{self.address}/board", timeout=60).status_code >= 500
        for process in self.processes.values():
            process.end()
            self.seen[f"log of {process.name}"] = process.log.read_bytes()
        for place in (self.folder, self.home):
            self.seen |= {str(file): file.read_bytes() for file in place.rglob("*") if file.is_file()}

    def _pages(self) -> None:
        with httpx.Client(
            base_url=self.address, cookies={"cutover_session": self.session}, timeout=60
        ) as client:
            for page in (
                "/board",
                "/board/tasks/A",
                "/board/tasks/B",
                "/board/tasks/C",
                "/journal",
                "/webhooks",
            ):
                answer = client.get(page)
                assert answer.status_code == 200, page
                self.seen[page] = answer.content
            answer = client.get("/metrics", headers={"Authorization": f"Bearer {self.token}"})
            self.seen["/metrics"] = answer.content


@pytest.fixture
def played(prefect_server: str, tmp_path: Path) -> Iterator[Played]:
    postgres, echo = Postgres(), Echo()
    postgres.start()
    played = Played(tmp_path, prefect_server, postgres, echo)
    yield played
    for process in played.processes.values():
        process.end()
    played.world.engine.dispose()
    echo.end()
    postgres.end()


def looks(secret: str) -> tuple[bytes, ...]:
    """A secret as it is, and in the spelling in which headers carry it."""
    return secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")


def test_no_secret_is_in_a_log_a_page_the_journal_a_file_or_prefect_s_database(played: Played) -> None:
    """Printed by a program, said back by a system, in the address of a database that went away."""
    played.play()
    shown = lambda: any(b"A Prints it" in file.read_bytes() for file in played.home.glob("*.db*"))  # noqa: E731
    wait_until(shown, "the steps in Prefect")
    played.gather()
    planted = (TOKEN, SIGNS, PHONE, DATABASE, OIDC, PASSWORD, played.session, played.token)
    found = [
        (where, one)
        for where, raw in played.seen.items()
        for one in planted
        if any(look in raw for look in looks(one))
    ]
    assert found == []
    masked = {where for where, raw in played.seen.items() if MASK.encode() in raw}
    assert {"/board/tasks/A", "/board/tasks/C", "table personal"} <= masked
