"""The machine's clock is set two hours ahead and two hours back under a live run, a watch and the pages: all go on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.domain.gates import Verdict
from cutover.performing import begin
from runbooks.domain.run_events import RunSetup, RunStage, RunType, SkipTask, TaskStage
from runbooks.domain.weather import weather_words
from runbooks.players import OwnHands
from runbooks.surroundings import weather
from tests.end_to_end.blackout import environment
from tests.monitors.watchers import wait_until as waited
from tests.real_parts import require_real
from tests.servers import Process, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]
wait_until = partial(waited, patience=60.0)  # three processes start on a machine that may be busy
AHEAD, BACK = timedelta(hours=2), timedelta(hours=-2)  # of the right time
PROGRAMME = """
title: A night on a clock that is set
zone: Europe/London
window: {opens: "OPENS", closes: "CLOSES", backout: 24h}
components: [{id: records, title: Records}]
people: [{id: asha, name: Asha, roles: [programme_manager]}, {id: chen, name: Chen}]
"""
RUNBOOK = """
id: night
title: The night
tasks:
  - {id: W, title: Wait for the batch, type: wait, duration: 1h}
  - {id: G, title: Go or no-go, type: approval, gate: {criteria: [{id: ready, title: Ready, source: "person:chen"}],
     deciders: [chen], decide_within: 30m, on_timeout: no_go}}
  - {id: H, title: Say that the users are out, owner: asha}
  - {id: M, title: Records go dark, type: automated, effect: idempotent, after: H,
     action: {kind: mode, with: {component: records, to: dark}}}
"""
MONITORS = """
checks:
  - {id: stuck, kind: files, title: Nothing is stuck, owner: asha, folder: in, count: {critical_above: 0},
     interval: 1s, retry_interval: 1s, stale_after: 1m}
"""


class Night:
    """A programme, its runner, its watch and its pages as processes on a machine whose clock is ours to set."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, folder / "offset"
        (folder / "in").mkdir(parents=True)
        opens = datetime.now(UTC).replace(microsecond=0)
        programme = PROGRAMME.replace("OPENS", opens.isoformat())
        programme = programme.replace("CLOSES", (opens + timedelta(hours=72)).isoformat())
        for name, text in (("programme", programme), ("runbooks/night", RUNBOOK), ("monitors/all", MONITORS)):
            file = folder / f"{name}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        self.set(timedelta(0))
        self.run = begin(folder, "night", "asha", RunType.LIVE, RunSetup(prefect=False))
        self.world: World = build_world(folder, settings=Settings())
        self.address = f"http://127.0.0.1:{free_port()}"
        port = self.address.rpartition(":")[2]
        commands = {
            "runner": ["run", "resume"],
            "watch": ["monitor", "run"],
            "pages": ["serve", "--port", port],
        }
        self.processes = {
            name: Process(name, self._typed(*words), self._env(), folder) for name, words in commands.items()
        }

    def _typed(self, *words: str) -> list[Path | str]:
        return [Path(sys.executable).with_name("cutover"), *words, "--programme", self.folder]  # type: ignore[list-item]

    def _env(self) -> dict[str, str]:
        """Only what says the time of day is another: the counter of a machine goes on whoever sets its clock."""
        fake = {"LD_PRELOAD": str(require_real("faketime")), "FAKETIME_TIMESTAMP_FILE": str(self.clock)}
        more = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        return environment() | fake | more

    def set(self, by: timedelta) -> None:
        partial_ = self.clock.with_suffix(".partial")
        partial_.write_text(f"{by.total_seconds():+.0f}")
        partial_.replace(self.clock)

    def type(self, *words: str) -> None:
        """As somebody does at this very machine."""
        subprocess.run(self._typed(*words), env=self._env(), check=True, capture_output=True, timeout=60)

    def told(self, name: str) -> list[float]:
        """By how many seconds a process says that the clock was stepped."""
        lines = self.processes[name].log.read_text().splitlines()
        said: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
        return [one["seconds"] for one in said if one["event"] == "clock_was_stepped"]

    def looks(self) -> int:
        return sum(hour.samples for hour in self.world.monitors.hours("stuck"))

    def stage(self, task: str) -> TaskStage:
        return self.world.runs.state(self.run).tasks[task].stage

    def goes_on(self) -> None:
        """The watch looks again, the pages answer, nobody has died."""
        before = self.looks()
        wait_until(lambda: self.looks() > before + 1, "another look of the watch")
        for page in ("/healthz", "/board", "/health"):
            assert httpx.get(self.address + page, timeout=30).status_code == 200
        assert [process.code for process in self.processes.values()] == [None] * 3


@contextmanager
def begun(folder: Path) -> Iterator[Night]:
    night = Night(folder)
    try:
        for process in night.processes.values():
            process.start()
        wait_until(lambda: night.stage("G") is TaskStage.IN_PROGRESS and night.looks() > 0, "the night")
        wait_until(lambda: _answers(night.address), "the pages")
        yield night
    finally:
        for process in night.processes.values():
            process.end()
        night.world.engine.dispose()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=5).is_success
    except httpx.TransportError:
        return False


def test_a_clock_set_ahead_and_back_ends_nothing_early_loses_nothing_and_is_told(tmp_path: Path) -> None:
    """A wait of an hour and a gate of half an hour stand through both steps; the run ends as if nothing had been."""
    began = datetime.now(UTC)
    with begun(tmp_path / "go") as night:
        for offset, told in ((AHEAD, [7200]), (BACK, [7200, -14400])):
            night.set(offset)
            for name in night.processes:
                wait_until(
                    lambda name=name, told=told: len(night.told(name)) == len(told), f"{name} to say so"
                )  # type: ignore[misc]
                assert night.told(name) == pytest.approx(told, abs=2)
            night.goes_on()
            assert night.stage("W") is TaskStage.STARTABLE
            assert night.world.runs.gate(night.run, "G").verdict is Verdict.PENDING
            if offset is AHEAD:
                night.type("run", "done", "H", "--by", "asha")
                wait_until(lambda: night.stage("M") is TaskStage.COMPLETE, "what follows")
        hands = OwnHands(night.world.runs, night.run)
        hands.testify("G", "ready", "chen", "seen")
        hands.vote("G", "chen", Verdict.GO, "")
        night.world.runs.ask(night.run, SkipTask(by="asha", task="W", reason="the batch is in"))
        wait_until(lambda: night.processes["runner"].code is not None, "the end of the run")
        assert night.processes["runner"].code == 0
        assert night.world.runs.state(night.run).stage is RunStage.COMPLETE
        assert len(weather_words(weather(night.world.desk, night.run))) == 2
        assert night.world.journal.verify().holds
        typed = lambda fact: getattr(fact.event, "task", "") == "H"  # noqa: E731  on the clock as it stood then
        ours = [fact.at for fact in night.world.journal.all() if not typed(fact)]
        assert began <= min(ours)
        assert max(ours) <= datetime.now(UTC)
