"""How long a killed run of 5,000 tasks and 50,000 facts takes from a new process to its first action.

    python -m benchmarks.bench_restart [--tasks 5000] [--events 50000] [--rounds 5]

Two ways, in turn: `library` is a Python program that opens the database and performs; its clock stops inside the
first action's `perform`. `command` is `cutover run resume` in a programme folder; its clock stops in the first
program that the command starts. Both begin before Python does: imports, opening the database, folding the run, the
lease and the first `begun` (fsynced) are all in it. Beside them, what the plain commands cost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import again, machine, own_cpu, own_peak
from benchmarks.telling import figure

BUDGET = 3.0  # seconds
CUTOVER = Path(sys.executable).with_name("cutover")
COMMANDS = ("--help", "run --help", "run status")
PATIENCE = 60.0  # seconds until a command that acts nothing is a failure


def fill(folder: Path, tasks: int, events: int) -> tuple[str, int]:
    """A journal of a run that was killed: most tasks over, the last eleven automated and about to start."""
    from benchmarks.live_runs import OPENS, PROGRAMME, STREAMS, desk, plan, worked
    from cutover.app.bootstrap import build_world
    from runbooks.domain.plan import Action, Effect, TaskType
    from runbooks.domain.run_events import RunSetup, RunType
    from runbooks.service import RunService

    book = plan(tasks)
    action = Action(kind="shell", arguments={"sh": "date +%s.%N >> acted"})
    change = {"type": TaskType.AUTOMATED, "action": action, "effect": Effect.IDEMPOTENT}
    last = [task.model_copy(update=change) for task in book.tasks[-STREAMS:]]
    book = book.model_copy(update={"tasks": (*book.tasks[:-STREAMS], *last)})
    (folder / "state").mkdir()
    said = PROGRAMME.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    (folder / "programme.yaml").write_text(json.dumps(said), encoding="utf-8")
    service = RunService(desk(folder / "state" / "cutover.db"), PROGRAMME)
    build_world(folder).engine.dispose()  # as the run that was killed had opened it
    setup = RunSetup(prefect=False)
    run_id = service.start(book, by="asha", opens=OPENS, run_type=RunType.LIVE, setup=setup)
    return run_id, worked(service, run_id, events=events, left=STREAMS)


def resume(file: Path, run_id: str) -> None:
    """What a new process does: open, fold, take the lease, begin, act."""
    from benchmarks.live_runs import PROGRAMME, desk
    from cutover.store.clock_file import RealPace
    from runbooks.actions import Actions, Call, Outcome
    from runbooks.performer import Performer
    from runbooks.service import RunService
    from runbooks.steps import InlineExecutor

    @dataclass
    class First:
        async def perform(self, _call: Call) -> Outcome:
            print(json.dumps({"wall": time.time(), "cpu": own_cpu(), "rss": own_peak()}))
            sys.stdout.flush()
            os._exit(0)

        async def settle(self, _call: Call) -> Outcome | None:
            return None

    one = desk(file)
    actions = Actions({"shell": First()}, dict)
    performer = Performer(RunService(one, PROGRAMME), run_id, actions, InlineExecutor(), RealPace(one.clock))
    asyncio.run(performer.run())


def by_library(folder: Path, run_id: str) -> tuple[float, float, float]:
    """Wall and CPU seconds to the first action, and MiB, of a Python program."""
    began = time.time()
    told = subprocess.run(
        again(__file__, "--resume", str(folder / "state" / "cutover.db"), run_id),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seen = json.loads(told.stdout.splitlines()[-1])
    return seen["wall"] - began, seen["cpu"], seen["rss"]


def by_command(folder: Path, run_id: str) -> tuple[float, float, float]:
    """The same of `cutover run resume`; its CPU runs until it is killed, just after the first action."""
    acted, began = folder / "acted", time.time()
    command = [CUTOVER, "run", "resume", "--run", run_id, "--programme", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not acted.exists() or not acted.read_text():
            assert process.poll() is None, f"ended {process.returncode} without an action"
            assert time.time() - began < PATIENCE, "nothing was done"
            time.sleep(0.002)
        process.kill()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = -9
    return float(acted.read_text().split()[0]) - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def of_plain(folder: Path, words: str) -> float:
    """CPU seconds of one command of the console script."""
    extra = ["--programme", folder] if words.endswith("status") else []
    with subprocess.Popen([CUTOVER, *words.split(), *extra], stdout=subprocess.DEVNULL) as process:
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    assert process.returncode == 0, words
    return used.ru_utime + used.ru_stime


WAYS = {"library": by_library, "command": by_command}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=5_000)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resume", nargs=2)
    wanted = parser.parse_args()
    if wanted.resume:
        resume(Path(wanted.resume[0]), wanted.resume[1])
        return
    with tempfile.TemporaryDirectory() as place:
        made = Path(place, "made")
        made.mkdir()
        run_id, facts = fill(made, wanted.tasks, wanted.events)
        print(f"{machine()}; {wanted.tasks:,} tasks, {facts:,} facts")
        seen = defaultdict(list)
        plain = defaultdict(list)
        for n in range(wanted.rounds):
            for way, measure in WAYS.items():
                folder = Path(place, f"{way}-{n}")
                shutil.copytree(made, folder)  # each begins where the run was killed
                seen[way].append(measure(folder, run_id))
                shutil.rmtree(folder)
            for words in COMMANDS:
                plain[words].append(of_plain(made, words))
    for way, figures in seen.items():
        wall, cpu, rss = (statistics.median(column) for column in zip(*figures, strict=True))
        figure(f"restart.{way}", wall, f"{cpu:.2f} s CPU")
        figure(f"restart.memory.{way}", rss)
        print(
            f"{way}: {wall:.2f} s wall, {cpu:.2f} s CPU, {rss:.0f} MiB to the first action (medians); budget {BUDGET} s: {'kept' if wall < BUDGET else 'MISSED'}"
        )
    for words, cpus in plain.items():
        print(f"cutover {words}: {statistics.median(cpus):.2f} s CPU")


if __name__ == "__main__":
    main()
