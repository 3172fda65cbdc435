"""One run through a real SQLite file: people, two competing runners, crashes, messages delivered twice and too late.

The model is what must be true whatever the order: the chain holds, the facts fold to the live state, no effect
is applied twice under one key, what was granted is never lost, and in the end the run can always be finished.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Refused
from cutover.core.event import Catalogue, Recorded
from cutover.domain.gates import Finding, RecordEvidence, Verdict
from cutover.store import leases, schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.leases import Fence
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE, Do, effect_key, next_actions, next_deadline, run_stream
from runbooks.domain.plan import Effect
from runbooks.domain.run_events import RUN, RunStage, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.service import PERFORMER, RunService
from tests.conftest import START
from tests.runbooks.conftest import EVENTS, PROGRAMME, Ledger
from tests.runbooks.plans import auto, book, gate, task

PLAN = book(
    auto("extract"),
    task("freeze", team="data"),
    auto("load", "extract", "freeze"),
    gate("G", "load"),
    auto("reload", repairs="G", effect=Effect.IDEMPOTENT),
    task("watch", "load SS+15m"),
    task("open", "G", owner="bo", point_of_no_return=True),
)
RUNNERS = st.sampled_from(["one", "two"])
PEOPLES = st.sampled_from(["freeze", "watch", "open"])
ANY_TASK = st.sampled_from([one.id for one in PLAN.tasks])
Act = Callable[[], list[Recorded]]


@dataclass
class Runner:
    """A process that thinks it runs the run: its own desk on the shared file, its lease, what it has in hand."""

    name: str
    service: RunService
    fence: Fence | None = None
    in_hand: list[ev.RecordOutcome] = field(default_factory=list)


class OneRun(RuleBasedStateMachine):
    """Every rule may be refused; none may break what the invariants say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="run-"))
        shutil.copy(_migrated(), self.folder / "run.db")
        self.clock, self.ledger = FixedClock(START), Ledger()
        self.granted: list[tuple[str, Act]] = []
        self.keyed = 0
        self.length = 0
        self.people = self.new_service()
        self.runners = {name: Runner(name, self.new_service()) for name in ("one", "two")}

    def new_service(self) -> RunService:
        """What a process that has just begun sees: the file and nothing else."""
        engine = open_engine(sqlite_url(self.folder / "run.db"))
        return RunService(Desk(Journal(engine, Catalogue(EVENTS), self.clock), self.clock), PROGRAMME)

    @initialize()
    def begin_run(self) -> None:
        self.run = self.people.start(PLAN, by="manager")

    def teardown(self) -> None:
        if hasattr(self, "run"):
            self.finish_with_good_will()
        for service in (self.people, *(runner.service for runner in self.runners.values())):
            service.desk.journal.engine.dispose()
        shutil.rmtree(self.folder)

    @property
    def state(self) -> RunState:
        return self.people.state(self.run)

    def try_(self, act: Act) -> list[Recorded]:
        try:
            return act()
        except (Refused, Conflict):
            return []

    # --- people ---

    @rule(name=PEOPLES, what=st.sampled_from(["claim", "done", "fail", "retry", "skip"]))
    def a_person_works(self, name: str, what: str) -> None:
        common = {"by": "bo", "task": name}
        commands = {
            "claim": ev.ClaimTask(**common), "done": ev.FinishTask(**common, evidence="seen"), "fail": ev.FailTask(**common, reason="no"),
            "retry": ev.RetryTask(**common, reason="again"), "skip": ev.SkipTask(**common, reason="not now"),
        }  # fmt: skip
        self.keyed += 1
        key, command = f"{name}:{what}:{self.keyed}", commands[what]

        def act() -> list[Recorded]:
            return self.people.ask(self.run, command, key=key)

        if facts := self.try_(act):
            self.granted.append((facts[0].hash, act))

    @rule(name=ANY_TASK)
    def a_person_has_it_tried_again(self, name: str) -> None:
        self.try_(lambda: self.people.ask(self.run, ev.RetryTask(by="asha", task=name, reason="again")))

    @rule(paused=st.booleans())
    def a_pause_or_its_end(self, paused: bool) -> None:
        command = ev.PauseRun(by="asha", message="wait") if paused else ev.UnpauseRun(by="asha")
        self.try_(lambda: self.people.ask(self.run, command))

    @rule(verdict=st.sampled_from([Verdict.GO, Verdict.NO_GO]))
    def a_decider_votes(self, verdict: Verdict) -> None:
        word = RecordEvidence(
            by="chen", criterion="ready", finding=Finding.MET, detail="seen", source="person:chen"
        )
        with suppress(Refused):
            self.people.give_evidence(self.run, "G", word)
            self.people.vote(self.run, "G", by="chen", vote=verdict)

    @rule(minutes=st.sampled_from([5, 60, 600]))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    # --- two runners ---

    @rule(name=RUNNERS)
    def takes_the_lease(self, name: str) -> None:
        """Whoever takes over finds what was begun and did not end: it may have happened."""
        runner = self.runners[name]
        stream, now = run_stream(self.run), self.clock.now()
        try:
            runner.fence = leases.acquire(runner.service.desk.journal.engine, stream, f"{name}:1:1", now)
        except Conflict:
            return
        runner.in_hand.clear()
        state = runner.service.state(self.run)
        for task_id, at in state.tasks.under_way():
            if at.stage is TaskStage.IN_PROGRESS and state.plan[task_id].action is not None:
                self.ask_as(runner, ev.MarkUncertain(by=PERFORMER, task=task_id, why="it did not come back"))

    def ask_as(self, runner: Runner, command: ev.TaskCommand) -> list[Recorded]:
        return self.try_(lambda: runner.service.ask(self.run, command, fence=runner.fence))

    @precondition(lambda self: any(r.fence for r in self.runners.values()))
    @rule(name=RUNNERS, happens=st.booleans(), told=st.booleans())
    def a_runner_takes_what_is_due(self, name: str, happens: bool, told: bool) -> None:
        """The effect may happen or not, and its outcome may be told now, later, or never."""
        runner = self.runners[name]
        if runner.fence is None:
            return
        for due in next_actions(runner.service.state(self.run), self.clock.now()):
            self.take(runner, due.do, due.task.id, happens=happens, told=told)

    def take(self, runner: Runner, do: Do, name: str, *, happens: bool, told: bool) -> None:
        key = effect_key(runner.service.state(self.run), name)
        if do is Do.PERFORM:
            if self.ask_as(runner, ev.BeginTask(by=PERFORMER, task=name, key=key)):
                self.perform(runner, name, key, happens=happens, told=told)
        elif do is Do.SETTLE:
            found = (
                bool(self.ledger.applied[key])
                and runner.service.state(self.run).plan[name].effect is Effect.PROBE
            )
            self.ask_as(runner, ev.SettleTask(by=PERFORMER, task=name, happened=found, how="probed"))
        elif do is Do.COMPLETE_ITSELF:
            self.ask_as(runner, ev.CompleteItself(by=PERFORMER, task=name))
        else:
            self.attend_gate(runner, name)

    def perform(self, runner: Runner, name: str, key: str, *, happens: bool, told: bool) -> None:
        if happens:
            self.ledger.apply(key)
        runner.in_hand.append(ev.RecordOutcome(by=PERFORMER, task=name, ok=happens, evidence="as it went"))
        if told:
            self.tell(runner)

    def attend_gate(self, runner: Runner, name: str) -> None:
        with suppress(Refused, Conflict):
            runner.service.open_gate(self.run, name, fence=runner.fence)
        verdict = runner.service.gate(self.run, name).verdict
        if verdict not in (Verdict.PENDING, Verdict.UNOPENED):
            self.ask_as(runner, ev.PassGate(by=PERFORMER, task=name, verdict=verdict, reason="voted"))

    def tell(self, runner: Runner) -> None:
        while runner.in_hand:
            self.ask_as(runner, runner.in_hand.pop(0))

    @rule(name=RUNNERS)
    def an_outcome_comes_late(self, name: str) -> None:
        """Told after whatever happened meanwhile, by a runner that may have lost its lease."""
        self.tell(self.runners[name])

    @precondition(lambda self: all(r.fence for r in self.runners.values()))
    @rule()
    def the_old_fence_is_refused(self) -> None:
        old = min(self.runners.values(), key=lambda r: r.fence.epoch if r.fence else 0)
        before = self.length_now()
        try:
            old.service.ask(self.run, ev.LinkFlow(by=PERFORMER, flow_run_id="late"), fence=old.fence)
        except Conflict:
            assert self.length_now() == before
        else:
            raise AssertionError("an overtaken runner was let in")

    # --- trouble ---

    @rule(name=st.sampled_from(["people", "one", "two"]))
    def crash_and_reload(self, name: str) -> None:
        """Everything in memory is gone; the file is all there is."""
        if name == "people":
            self.people.desk.journal.engine.dispose()
            self.people = self.new_service()
        else:
            self.runners[name].service.desk.journal.engine.dispose()
            self.runners[name] = Runner(name, self.new_service())

    @precondition(lambda self: self.granted)
    @rule(draw=st.data())
    def delivered_twice(self, draw: st.DataObject) -> None:
        """The same message again is answered as the first time and writes nothing."""
        hash_, again = draw.draw(st.sampled_from(self.granted))
        before = self.length_now()
        assert again()[0].hash == hash_
        assert self.length_now() == before

    # --- what always holds ---

    def length_now(self) -> int:
        return self.people.desk.journal.head().position

    @invariant()
    def the_chain_holds_and_only_grows(self) -> None:
        found = self.people.desk.journal.verify()
        assert found.holds, found.fault
        assert found.rows >= self.length
        self.length = found.rows

    @invariant()
    def the_facts_fold_to_every_live_state(self) -> None:
        if not hasattr(self, "run"):
            return
        folded = RUN_MACHINE.fold(self.people.desk.journal.read(run_stream(self.run)))
        assert self.state == folded
        assert all(runner.service.state(self.run) == folded for runner in self.runners.values())

    @invariant()
    def no_effect_is_applied_twice_and_none_is_forgotten(self) -> None:
        assert all(count == 1 for count in self.ledger.applied.values())
        if not hasattr(self, "run"):
            return
        for name, at in self.state.tasks.items():
            if at.is_over and at.key and at.completion is ev.Completion.AUTO and self.state.plan[name].action:
                assert at.by != PERFORMER or self.ledger.applied[at.key] or at.note.startswith("not needed")

    def finish_with_good_will(self) -> None:
        """From wherever all that has led: one new runner and willing people bring the run to its end."""
        self.clock.advance(leases.LEASE * 2)
        self.runners["one"] = runner = Runner("one", self.new_service())
        self.takes_the_lease("one")
        self.a_pause_or_its_end(paused=False)
        for _ in range(60):
            if self.state.stage in RUN.terminal:
                break
            self.a_runner_takes_what_is_due("one", happens=True, told=True)
            self.help_along()
            self.clock.set(next_deadline(self.state, self.clock.now()) or self.clock.now())
        runner.service.desk.journal.engine.dispose()
        assert self.state.stage is RunStage.COMPLETE
        assert self.state.no_return_by == "bo"
        self.no_effect_is_applied_twice_and_none_is_forgotten()
        assert self.people.desk.journal.verify().holds

    def help_along(self) -> None:
        if self.state.tasks["G"].stage is TaskStage.IN_PROGRESS:
            self.a_decider_votes(Verdict.GO)
        for one in PLAN.tasks:
            if self.state.tasks[one.id].stage is TaskStage.FAILED:
                self.a_person_has_it_tried_again(one.id)
            if one.action is None and one.gate is None:
                self.a_person_works(one.id, "done")


@cache
def _migrated() -> Path:
    """An upgraded, empty database that every example copies; made once a process."""
    file = Path(tempfile.mkdtemp(prefix="run-model-")) / "empty.db"
    engine = open_engine(sqlite_url(file))
    schema.upgrade(engine)
    engine.dispose()
    return file


TestOneRun = OneRun.TestCase
TestOneRun.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
