"""One copy of the short blackout, run as a user runs it: started, killed by a signal, resumed; and what must be true then."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from cutover.app.bootstrap import World, build_world
from cutover.range.ledger import piece
from cutover.range.place import SYSTEMS
from cutover.store.chain import Checkpoint
from cutover.store.engine import reading
from cutover.store.projections import rebuild
from paper_capture.domain.sheet import Stage

PROGRAMME = Path(__file__).parents[1] / "programmes" / "short_blackout"
RUN = "blackout-1"
START = ("run", "start", "--scenario", "--no-prefect", "--speed", "0")
RESUME = ("run", "resume")
PATIENCE = 180.0  # seconds a run may take on a busy machine
LATEST = 0.85  # of an unhurried run's facts: a run may be a little shorter than the one that was measured
LONGEST_PAUSE = 0.05  # seconds: so that a kill falls between two facts as well as just behind one
SHARE_WHOLE = 0.7  # of the kills take the stand-ins along; the others leave orphans behind
GLANCE = 0.002  # seconds between two looks at the journal's head

# What happens in every run of this programme as often, however often it was killed. (How much paper is written
# and how often a check or a forecast changes depends on who is asked first.)
STEADY = (
    "RunStarted", "TaskClaimed", "TaskDone", "TaskFailed", "RunCompleted", "PointOfNoReturnPassed",
    "GateOpened", "VoteCast", "GateWentGo", "GateWentNoGo", "GateSaidNo", "GateAskedAgain",
    "PlayProposed", "PlayEnacted", "PlayStoodDown", "WentToPaper", "WentLive",
    "PartnerNotified", "ReconciliationFinished", "SheetDeclaredMissing", "RecordMerged", "FileRejected",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: `pause` seconds after the journal has reached `position`; `whole`: the stand-ins die too, at once."""

    position: int
    pause: float = 0.0
    whole: bool = True


def seeded(seed: int, length: int, kills: int = 0) -> tuple[Moment, ...]:
    """When to kill under a seed, in a run of about `length` facts: `kills` times, else once and every third seed again."""
    dice = Random(seed)
    last = int(length * LATEST)
    positions = sorted(dice.sample(range(1, last), kills or 1 + (seed % 3 == 0)))
    return tuple(
        Moment(at, dice.random() * LONGEST_PAUSE, whole=dice.random() < SHARE_WHOLE) for at in positions
    )


@dataclass(frozen=True, slots=True)
class Killed:
    """Where the journal stood when the process was dead, and what happened last."""

    head: Checkpoint
    kind: str


@dataclass(frozen=True)
class End:
    """How a run ended, in the words in which any other end of it must be the same."""

    tasks: Mapping[str, str]
    verdict: str
    counts: Mapping[str, int]
    work: Mapping[str, int]
    length: int


class Blackout:
    """A programme folder with the short blackout in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = ""
        if not path.exists():
            shutil.copytree(PROGRAMME, path)

    @property
    def database(self) -> Path:
        return self.path / "state" / "cutover.db"

    def copy(self, path: Path) -> Blackout:
        """The same programme with everything it has written, elsewhere."""
        shutil.copytree(self.path, path, ignore=shutil.ignore_patterns("*.db*"))
        for file in self.path.rglob("*.db"):  # what other workers read meanwhile, its companions come and go
            with (
                closing(sqlite3.connect(file)) as here,
                closing(sqlite3.connect(path / file.relative_to(self.path))) as to,
            ):
                here.backup(to)
        return Blackout(path)

    def start(self) -> int:
        return self._finish(self._spawn(*START))

    def resume(self) -> int:
        return self._finish(self._spawn(*RESUME))

    def start_and_kill(self, moment: Moment) -> Killed | None:
        return self._kill(self._spawn(*START), moment)

    def resume_and_kill(self, moment: Moment) -> Killed | None:
        return self._kill(self._spawn(*RESUME), moment)

    def head(self) -> int:
        """The journal's last position; 0 while there is none."""
        return int(self._ask("SELECT max(position) FROM journal") or 0)

    def first(self, kind: str, task: str = "") -> int:
        """The position of the first fact of a kind (of a task), 0 if there is none."""
        sql = "SELECT min(position) FROM journal WHERE kind = ? AND (? = '' OR json_extract(body, '$.task') = ?)"
        return int(self._ask(sql, kind, task, task) or 0)

    def count(self, kind: str) -> int:
        return int(self._ask("SELECT count(*) FROM journal WHERE kind = ?", kind) or 0)

    def stand_ins(self) -> list[int]:
        """The pids of the stand-ins that were last started and still live."""
        record = self.path / "state" / "range.json"
        systems = json.loads(record.read_text(encoding="utf-8"))["systems"] if record.exists() else {}
        return [entry["pid"] for entry in systems.values() if _lives(entry["pid"])]

    def _spawn(self, *words: str) -> subprocess.Popen[str]:
        """The console script in a process group of its own."""
        script = Path(sys.executable).with_name("cutover")
        with (self.path / "said.log").open("w", encoding="utf-8") as log:
            return subprocess.Popen(
                [script, *words, "--programme", self.path], stdout=log, stderr=log, text=True, env=environment(),
                start_new_session=True,
            )  # fmt: skip

    def _finish(self, process: subprocess.Popen[str]) -> int:
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.said = (self.path / "said.log").read_text(encoding="utf-8")
        return code

    def _kill(self, process: subprocess.Popen[str], moment: Moment) -> Killed | None:
        """Kill it at that moment; None when it had come to its end before."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and self.head() < moment.position and time.monotonic() < deadline:
            time.sleep(GLANCE)
        time.sleep(moment.pause)
        if process.poll() is not None:
            self._finish(process)
            return None
        if moment.whole:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return self._killed()

    def _killed(self) -> Killed:
        with _open(self.database) as db:
            row = db.execute(
                "SELECT position, hash, kind FROM journal ORDER BY position DESC LIMIT 1"
            ).fetchone()
        return Killed(Checkpoint(row[0], row[1]), row[2])

    def _ask(self, sql: str, *values: object) -> Any:
        try:
            with _open(self.database) as db:
                return db.execute(sql, values).fetchone()[0]
        except sqlite3.OperationalError:  # not there yet
            return None


def environment() -> dict[str, str]:
    """What a user's shell would give, with compiled modules kept beside the tests' other leavings."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("CUTOVER_", "PYTHON", "COVERAGE", "PYTEST"))
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "cutover-tests-pycache")}


def ending(path: Path) -> End:
    """How the run in a folder ended."""
    world = build_world(path)
    try:
        state = world.runs.state(RUN)
        tasks = {name: f"{at.stage} {at.completion}" for name, at in state.tasks.items()}
        verdict = str(world.reconciliation.latest("crimes"))
        kinds = Counter(fact.event.kind() for fact in world.journal.all(STEADY))
        counts = {kind: kinds[kind] for kind in STEADY}
        return End(tasks, verdict, counts, dict(_work(path)), world.journal.head().position)
    finally:
        world.engine.dispose()


def broken(path: Path, unhurried: End, killed: tuple[Killed, ...] = ()) -> list[str]:
    """Everything that is not as it would be had nobody been killed, one sentence each."""
    found = list(_differences(unhurried, ending(path)))
    found += _effects_not_applied_once(path)
    world = build_world(path)
    try:
        for one in killed:
            verified = world.journal.verify(one.head)
            found += [verified.fault] if not verified.holds else []
        found += _conversions_not_one_to_one(world, path)
        found += _files_not_one_to_one(world, path)
        found += _views_that_differ_when_rebuilt(world)
    finally:
        world.engine.dispose()
    return found


def _differences(wanted: End, found: End) -> Iterator[str]:
    for name, stage in wanted.tasks.items():
        if found.tasks.get(name) != stage:
            yield f"task {name} ended {found.tasks.get(name)}, unhurried {stage}"
    if found.verdict != wanted.verdict:
        yield f"reconciliation ended '{found.verdict}', unhurried '{wanted.verdict}'"
    for what, one, other in (("fact", wanted.counts, found.counts), ("work", wanted.work, found.work)):
        for name in one.keys() | other.keys():
            if one.get(name, 0) != other.get(name, 0):
                yield f"{what} {name}: {other.get(name, 0)} times, unhurried {one.get(name, 0)} times"


def _work(path: Path) -> Counter[str]:
    """What each stand-in did by name, timed work and loads alone: records and files depend on how much was written."""
    done: Counter[str] = Counter()
    for system, db in _stand_ins(path):
        with db:
            names = db.execute("SELECT name FROM effects WHERE name LIKE 'ops/%' OR name = 'loads'")
            done.update(f"{system} {name}" for (name,) in names)
    return done


def _effects_not_applied_once(path: Path) -> Iterator[str]:
    """By the stand-ins' own books: the effects by key, and the things they led to."""
    for system, db in _stand_ins(path):
        with db:
            asked = db.execute("SELECT key, name, content FROM effects")
            done = Counter(piece(*row) for row in asked)
            yield from (
                f"{system} did {name} {times} times" for (name, _, _), times in done.items() if times > 1
            )
            for table, column in _THINGS.get(system, ()):
                sql = f"SELECT {column}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
                for name, times in db.execute(sql):
                    yield f"{system} has {table} {name} {times} times"


_THINGS = {"new_records": (("records", "serial"), ("ops", "id")), "case_transfer": (("files", '"case"'),)}


def _conversions_not_one_to_one(world: World, path: Path) -> Iterator[str]:
    with _open(path / "state" / "range" / "new_records.db") as db:
        held = dict(db.execute("SELECT serial, number FROM records WHERE serial IS NOT NULL").fetchall())
    sheets = world.paper.sheets()
    ours = {row.serial: row.reference for row in sheets if row.disposition == "converted"}
    for serial in ours.keys() ^ held.keys():
        yield f"{serial} is {'converted but not in the target' if serial in ours else 'in the target but not converted'}"
    for serial in ours.keys() & held.keys():
        if ours[serial] != f"R-{held[serial]:06d}":
            yield f"{serial} is {ours[serial]} for us and R-{held[serial]:06d} in the target"
    over = (Stage.STOCK, Stage.DISPOSED, Stage.SPOILED, Stage.UNUSED, Stage.MISSING)
    yield from (f"{row.serial} ended {row.stage}" for row in sheets if row.stage not in over)


def _files_not_one_to_one(world: World, path: Path) -> Iterator[str]:
    with _open(path / "state" / "range" / "case_transfer.db") as db:
        held = {case for (case,) in db.execute('SELECT "case" FROM files')}
    ours = {file.case: file.stage for file in world.ledger.files().values()}
    yield from (f"case file {case} is known to one side only" for case in held ^ ours.keys())
    yield from (
        f"case file {case} ended {s}" for case, s in ours.items() if s not in ("acknowledged", "accepted")
    )


def _views_that_differ_when_rebuilt(world: World) -> Iterator[str]:
    live = _views(world)
    rebuild(world.journal)
    again = _views(world)
    yield from (f"view {name} differs when it is rebuilt" for name in live if live[name] != again[name])


def _views(world: World) -> dict[str, list[str]]:
    with reading(world.engine) as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            for view in world.journal.projections
            for table in view.tables
        }


def _stand_ins(path: Path) -> Iterator[tuple[str, sqlite3.Connection]]:
    for system in SYSTEMS:
        yield system, _open(path / "state" / "range" / f"{system}.db")


class _Closing(sqlite3.Connection):
    """Closed at the end of its `with`: sqlite3's own only commits."""

    def __exit__(self, *_: object) -> None:  # type: ignore[override]
        self.close()


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10, factory=_Closing)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
