"""Outside systems are told of facts, signed, at least once, whatever fails in between; what nobody takes is seen."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tenacity import wait_none

from cutover.app.bootstrap import World, build_world
from cutover.app.notify import deliver_due
from cutover.app.settings import Settings
from cutover.app.telling import collect
from cutover.app.webhook_cli import webhook_commands
from cutover.app.webhooks import ROUND, TRIES, WebhookChannel, signature, signing_key
from cutover.core.errors import NotFound, Refused
from cutover.store.clock_file import ScaledPace
from cutover.store.letters import CHANNEL, letters, requeue
from runbooks.domain.run_events import Comms
from tests.conftest import START
from tests.cutover.app.conftest import write_small

KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = """
webhooks:
  - {{id: desk, url: "http://127.0.0.1:{port}/in", secret: desk, events: [TaskClaimed], fields: [task], inside: true}}
"""
pytestmark = pytest.mark.real


@dataclass
class Desk:
    """An outside system that answers as it is told to; `got` are the letters that came."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                desk.got.append(({k.casefold(): v for k, v in self.headers.items()}, body))
                self.send_response(desk.answers.pop(0) if desk.answers else 204)
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Said by the test."""

        return Handler


@dataclass
class Scene:
    world: World
    desk: Desk
    pace: ScaledPace

    def claim(self, task: str = "A") -> None:
        from runbooks.domain.run_events import ClaimTask, FinishTask

        self.world.runs.ask("small-1", ClaimTask(by="bo", task=task))
        self.world.runs.ask("small-1", FinishTask(by="bo", task=task))

    def round(self, later: timedelta = timedelta(0)) -> int:
        """Collect and deliver, `later` from now."""
        collect(self.world)
        now = self.world.clock.now() + later
        return deliver_due(self.world.engine, {CHANNEL: self.channel()}, now)

    def channel(self) -> WebhookChannel:
        world = self.world
        return WebhookChannel(
            world.engine, world.folder.programme.webhooks, world.secrets, world.clock, pause=wait_none()
        )


def comms_wanted(request: pytest.FixtureRequest) -> Comms:
    """As the test says; in earnest when it says nothing."""
    return getattr(request, "param", Comms.ON)


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    desk = Desk()
    server = ThreadingHTTPServer(("127.0.0.1", 0), desk.handler())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    folder = write_small(tmp_path / "small")
    with (folder / "programme.yaml").open("a", encoding="utf-8") as file:
        file.write(HOOK.format(port=server.server_port))
    (folder / "state").mkdir()
    monkeypatch.setenv("CUTOVER_SECRET_DESK", f"whsec_{KEY}")
    pace = ScaledPace(folder / "state" / "clock.json", START, float("inf"))
    world = build_world(folder, pace=pace, settings=Settings())
    world.runs.start(world.folder.runbooks["small"], by="asha", comms=comms_wanted(request))
    collect(world)  # a subscription begins now: what was before is not told
    yield Scene(world, desk, pace)
    server.shutdown()
    thread.join()
    server.server_close()
    world.engine.dispose()


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """standardwebhooks.com: the vector that every library of theirs is tried with."""
    made = signature(
        signing_key(f"whsec_{KEY}"), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_fact_is_told_signed_and_once(scene: Scene) -> None:
    scene.claim()
    assert (scene.round(), scene.round()) == (1, 0)
    [(headers, body)] = scene.desk.got
    event = json.loads(body)
    assert (headers["content-type"], event["type"], event["data"]) == (
        "application/cloudevents+json",
        "cutover.TaskClaimed",
        {"task": "A"},
    )
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert b"bo" not in body


def test_what_fails_for_a_moment_is_tried_again_at_once_and_later(scene: Scene) -> None:
    scene.claim()
    scene.desk.answers = [503] * ROUND
    assert scene.round() == 0
    assert [(one.tries, one.dead, "answered 503" in one.why) for one in letters(scene.world.engine)] == [
        (1, False, True)
    ]
    assert scene.round(timedelta(minutes=2)) == 1
    assert len({headers["webhook-id"] for headers, _ in scene.desk.got}) == 1
    assert letters(scene.world.engine) == []


def test_what_nobody_takes_is_a_dead_letter_in_the_end_and_goes_out_when_a_person_says_so(
    scene: Scene,
) -> None:
    scene.claim()
    scene.desk.answers = [400] * TRIES
    for n in range(TRIES + 3):
        scene.round(timedelta(hours=2 * n))
    assert len(scene.desk.got) == TRIES
    [dead] = letters(scene.world.engine, dead=True)
    status = webhook_commands(lambda _path: scene.world)
    assert status(["status"], result_action="return_value") == 1
    status(["requeue", dead.id], result_action="return_value")
    assert scene.round() == 1
    with pytest.raises(NotFound):
        requeue(scene.world.engine, dead.id, scene.world.clock.now())


def test_a_receiver_that_is_gone_and_a_subscription_that_is_no_more_are_dead_at_once(scene: Scene) -> None:
    scene.claim()
    scene.desk.answers = [410]
    scene.round()
    assert [one.dead for one in letters(scene.world.engine)] == [True]


def test_a_redirect_is_not_followed(scene: Scene) -> None:
    scene.claim()
    scene.desk.answers = [307]
    assert (scene.round(), len(scene.desk.got)) == (0, 1)
    assert "answered 307" in letters(scene.world.engine)[0].why


def test_nothing_inside_is_told_unless_the_subscription_says_so(scene: Scene) -> None:
    scene.claim()
    collect(scene.world)
    hooks = tuple(hook.model_copy(update={"inside": False}) for hook in scene.world.folder.programme.webhooks)
    guarded = replace(scene.channel(), hooks=hooks)
    assert deliver_due(scene.world.engine, {CHANNEL: guarded}, scene.world.clock.now()) == 0
    assert (scene.desk.got, "private network" in letters(scene.world.engine)[0].why) == ([], True)


def test_a_secret_that_is_missing_is_said_and_is_not_the_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.claim()
    monkeypatch.delenv("CUTOVER_SECRET_DESK")
    scene.round()
    [one] = letters(scene.world.engine)
    assert ("CUTOVER_SECRET_DESK" in one.why, one.dead) == (True, False)


def test_a_secret_that_begins_like_base64_and_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="no base64"):
        signing_key("whsec_???")


def test_a_crash_between_keeping_and_telling_tells_it_later(scene: Scene) -> None:
    scene.claim()
    collect(scene.world)
    again = build_world(scene.world.folder.path, pace=scene.pace, settings=Settings())
    assert Scene(again, scene.desk, scene.pace).round() == 1
    again.engine.dispose()


@pytest.mark.parametrize(
    ("scene", "told"), [(Comms.OFF, []), (Comms.TEST, ["test"]), (Comms.ON, [None])], indirect=["scene"]
)
def test_a_rehearsal_tells_nobody_outside_unless_it_is_to_and_then_says_that_it_is_a_test(
    scene: Scene, told: list[str | None]
) -> None:
    scene.claim()
    scene.round()
    assert [json.loads(body).get("comms") for _, body in scene.desk.got] == told
