"""The door to runbooks: start a run, work on it, decide its gates. Loads, decides, appends; performs nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cutover.core.errors import Invalid, NotFound, Refused
from cutover.core.event import Command, Recorded
from cutover.domain import gates
from cutover.domain.gates import GATE, Finding, GateState, Verdict, gate_stream
from cutover.domain.programme import Programme
from cutover.store.as_of import desk_as_of
from cutover.store.desk import Ask, Desk
from cutover.store.leases import Fence
from runbooks import foresight
from runbooks.domain import run_events as ev
from runbooks.domain.deciding import undecidable
from runbooks.domain.execution import RUN_MACHINE, effect_key, run_stream
from runbooks.domain.plan import Runbook, Task, TaskGate, TaskType, faults
from runbooks.domain.run_events import RunSetup, RunType, TaskStage
from runbooks.domain.run_stages import PERFORMER as PERFORMER  # noqa: PLC0414  whoever drives a run finds it here
from runbooks.domain.run_state import RunState


@dataclass(frozen=True, slots=True)
class Reading:
    """What a live source says about a criterion at this moment; `seen_at` when what it says is of an earlier one."""

    finding: Finding
    detail: str
    link: str = ""
    seen_at: datetime | None = None


Provider = Callable[[str], Reading]
FEW = 8  # runs that are named to who asks for one that is not there


class RunService:
    """Runs of one programme. `providers` maps the first word of a criterion's source to who can answer for it.

    `plans` finds another runbook of the programme by its id: the way back of a run may be one.
    """

    def __init__(
        self,
        desk: Desk,
        programme: Programme,
        providers: Mapping[str, Provider] | None = None,
        plans: Callable[[str], Runbook | None] = lambda _: None,
    ) -> None:
        self.desk = desk
        self.programme = programme
        self.providers = dict(providers or {})
        self.plans = plans
        self._backgrounds: dict[tuple[str, int], foresight.Background] = {}
        self._found: set[str] = set()  # runs seen: none ever goes away

    # --- runs ---

    def start(
        self,
        runbook: Runbook,
        *,
        by: str,
        run_type: RunType = RunType.REHEARSAL,
        comms: ev.Comms = ev.Comms.OFF,
        opens: datetime | None = None,
        closes: datetime | None = None,
        setup: RunSetup | None = None,
        key: str | None = None,
        cause: str | None = None,
    ) -> str:
        """Begin a run of `runbook`; returns its id. Raises Invalid for a plan that cannot be run."""
        if wrong := faults(runbook.tasks):
            raise Invalid(
                *(f"{runbook.id}: {runbook.tasks[f.index].id}: {f.field}: {f.message}" for f in wrong)
            )
        if not runbook.tasks:
            raise Invalid(f"{runbook.id}: the runbook has no tasks")
        if stuck := [f"{t.id} {t.title}" for t in undecidable(runbook.tasks, by)]:
            raise Refused(
                f"{by} cannot begin this run: who begins it does not decide its gates, and without them too few "
                f"could decide {', '.join(stuck)}; let somebody else begin it, or name more deciders"
            )
        run_id = f"{runbook.id}-{len(self.run_ids(runbook.id)) + 1}"
        members = {
            team.id: tuple(p.id for p in self.programme.people if p.team == team.id)
            for team in self.programme.teams
        }
        command = ev.StartRun(
            by=by, run_id=run_id, runbook=runbook, run_type=run_type, comms=comms, opens=opens or self.programme.opens,
            closes=closes or self.programme.closes, backout=self.programme.window.backout, members=members, setup=setup or RunSetup(),
            capacity={team.id: team.capacity for team in self.programme.teams},
        )  # fmt: skip
        self.desk.ask(RUN_MACHINE, run_stream(run_id), command, key=key, cause=cause)
        return run_id

    def linked(self, key: str) -> str:
        """The run that was started under a task's key, or ''."""
        events = (fact.event for fact in self.desk.journal.keyed(_linked(key)))
        return next((e.run_id for e in events if isinstance(e, ev.RunStarted)), "")

    def start_linked(self, runbook: str, above: str, key: str) -> str:
        """Begin a run of another runbook as part of a run: of its type, in its window. Raises NotFound."""
        book, parent = self.plans(runbook), self.state(above)
        if book is None:
            raise NotFound("runbook", runbook)
        return self.start(
            book, by=PERFORMER, run_type=parent.run_type, comms=parent.comms, opens=parent.opens, closes=parent.closes,
            setup=parent.setup, key=_linked(key), cause=run_stream(above),
        )  # fmt: skip

    def run_ids(self, runbook_id: str = "") -> list[str]:
        """All runs in the order they were started, optionally of one runbook."""
        prefix = run_stream(f"{runbook_id}-" if runbook_id else "")
        names = [stream.removeprefix("run:") for stream in self.desk.journal.streams(prefix)]
        return [n for n in names if not runbook_id or n.removeprefix(f"{runbook_id}-").isdigit()]

    def find(self, run_id: str = "") -> str:
        """The run meant: as named, or the newest. Raises NotFound."""
        if run_id in self._found:
            return run_id
        ids = self.run_ids()
        self._found.update(ids)
        if not ids:
            raise NotFound("run", "")
        if run_id and run_id not in ids:
            raise NotFound("run", run_id, ids, listed=ids[-FEW:])
        return run_id or ids[-1]

    def state(self, run_id: str) -> RunState:
        return self.desk.state(RUN_MACHINE, run_stream(run_id))

    def as_of(self, moment: datetime) -> RunService:
        """These runs as they were at a past moment, read-only: what had happened by then, whenever it was learnt."""
        return RunService(desk_as_of(self.desk, moment), self.programme, {}, self.plans)

    def state_at(self, run_id: str, moment: datetime) -> RunState:
        """Where a run stood at a past moment."""
        return self.as_of(moment).state(run_id)

    def review(self, run_id: str) -> foresight.Review:
        """What a run teaches, from its facts alone; one that goes on is reviewed as far as it has come."""
        return foresight.review_of(self, self.find(run_id))

    def as_seen(self, run_id: str) -> RunState:
        """The run as this process saw it last, without a look at the journal."""
        return self.desk.as_seen(RUN_MACHINE, run_stream(run_id))

    def ask(
        self, run_id: str, command: Command, *, key: str | None = None, fence: Fence | None = None
    ) -> list[Recorded]:
        """Put any command to a run. Raises NotFound, Refused or Conflict."""
        return self.desk.ask(RUN_MACHINE, run_stream(self.find(run_id)), command, key=key, fence=fence)

    def ask_all(
        self,
        run_id: str,
        commands: Sequence[Command],
        *,
        then: Callable[[RunState], Sequence[Command]] | None = None,
        fence: Fence | None = None,
    ) -> list[Recorded]:
        """Put several commands to a run, and `then` those that follow from how it stands after them.

        All of it is granted in one write, or none. Raises Refused.
        """
        stream = run_stream(self.find(run_id))
        asks = [Ask(RUN_MACHINE, stream, one) for one in commands]
        if asks and then is not None:
            asks[-1] = replace(asks[-1], then=then)
        return self.desk.ask_all(asks, fence=fence)

    def check_task(self, run_id: str, task: str) -> None:
        """Raises NotFound with the nearest when the run has no such task."""
        if task not in (plan := self.state(run_id).plan):
            raise NotFound("task", task, plan)

    def past_runs(self, runbook_id: str, but: str = "") -> list[foresight.PastRun]:
        """What earlier runs of a runbook forecast and how they went, oldest first."""
        return [self._past(name) for name in self.run_ids(runbook_id) if name != but]

    def _past(self, run_id: str) -> foresight.PastRun:
        facts = self.desk.journal.read(run_stream(run_id))
        said = next((f.event for f in facts if isinstance(f.event, ev.ForecastMoved)), None)
        first = (said.p50, said.p80, said.p95) if said else None
        return foresight.past_run(self.state(run_id), first)

    def background(self, run_id: str) -> foresight.Background:
        """What a forecast of this run knows besides the run; looked up once for each version of its plan."""
        state = self.state(run_id)
        if (known := (run_id, state.edits.version)) not in self._backgrounds:
            self._backgrounds[known] = self.background_of(state)
        return self._backgrounds[known]

    def background_of(self, state: RunState) -> foresight.Background:
        """The same of a run that stands like this: its plan as an edit would make it, weighed against past runs."""
        book = state.runbook
        earlier = [self.state(name) for name in self.run_ids(book.id) if name != state.run_id]
        fits = foresight.fitted(book.tasks, foresight.past_durations(earlier))
        return foresight.Background(self.programme, self.way_back(book), fits)

    def way_back(self, book: Runbook) -> tuple[Task, ...]:
        """The tasks of the plan that leads back from this one, as edited or as made; none: ()."""
        return foresight.way_back_tasks(book, self.plans(foresight.backout_id(book)))

    # --- gates ---

    def gate(self, run_id: str, task_id: str) -> GateState:
        """The gate of a task in its present round."""
        return self.desk.state(GATE, self._gate_stream(run_id, task_id))

    def open_gate(self, run_id: str, task_id: str, *, fence: Fence | None = None) -> None:
        """Ask the gate of an approval task; asking twice is asking once."""
        task = self.state(run_id).plan[task_id]
        if task.gate is None:
            raise Refused(f"{task_id} is an approval without a gate: name its criteria and deciders")
        command = self._opening(self.state(run_id), task.title, task.gate)
        stream = self._gate_stream(run_id, task_id)
        if self.desk.state(GATE, stream).verdict is Verdict.UNOPENED:
            self.desk.ask(GATE, stream, command)
        if self.state(run_id).tasks[task_id].stage is TaskStage.STARTABLE:
            self.ask(run_id, ev.BeginTask(by=PERFORMER, task=task_id, key=stream), fence=fence)

    def _opening(self, state: RunState, title: str, gate: TaskGate) -> gates.OpenGate:
        managers = tuple(p.id for p in self.programme.people if "programme_manager" in p.roles)
        return gates.OpenGate(
            by=PERFORMER,
            title=title,
            criteria=gate.criteria,
            deciders=gate.deciders,
            quorum=gate.quorum,
            decide_by=self.desk.clock.now() + gate.decide_within if gate.decide_within else None,
            deputies=gate.deputies,
            initiator=state.started_by,
            on_timeout=gate.on_timeout,
            escalate_to=gate.escalate_to or managers,
            escalate_within=gate.escalate_within,
        )

    def ask_gate(self, run_id: str, task_id: str, command: Command, *, key: str | None = None) -> GateState:
        """Put any command to the present round of a gate; returns the gate after it. Raises Refused or Conflict."""
        stream = self._gate_stream(run_id, task_id)
        if self.state(run_id).tasks[task_id].completion is ev.Completion.ABANDONED:
            raise Refused(f"{task_id} was abandoned when the run turned back: nobody is asked any more")
        self.desk.ask(GATE, stream, command, key=key)
        return self.gate(run_id, task_id)

    def vote(
        self,
        run_id: str,
        task_id: str,
        *,
        by: str,
        vote: Verdict,
        caveat: str = "",
        acknowledged: Sequence[str] = (),
        key: str | None = None,
    ) -> GateState:
        """Cast a vote on fresh evidence. Raises Refused with every reason why a go is not possible."""
        self.gather(run_id, task_id)
        command = gates.CastVote(by=by, vote=vote, caveat=caveat, acknowledged=tuple(acknowledged))
        return self.ask_gate(run_id, task_id, command, key=key)

    def waive(self, run_id: str, task_id: str, *, by: str, reason: str) -> GateState:
        """Sign for opening a gate in spite of what is not met; the second who signs opens it, and both are people."""
        if by == PERFORMER:
            raise Refused(f"the {PERFORMER} is a program: a gate is waived by people")
        return self.ask_gate(run_id, task_id, gates.WaiveGate(by=by, reason=reason))

    def expire_gate(self, run_id: str, task_id: str) -> GateState:
        """The time to decide has run out: more people are asked, or the gate closes. Never a silent go."""
        return self.ask_gate(run_id, task_id, gates.ExpireGate(by=PERFORMER))

    def decided_by(self, run_id: str, task_id: str) -> tuple[str, ...]:
        """Who decided the gate as it stands: everybody who voted, or who signed to waive it."""
        facts = self.desk.journal.read(self._gate_stream(run_id, task_id))
        deciding = (
            fact.actor
            for fact in facts
            if isinstance(fact.event, gates.VoteCast | gates.GateWaiverSigned | gates.GateWaived)
        )
        return tuple(dict.fromkeys(deciding))

    def give_evidence(self, run_id: str, task_id: str, command: gates.RecordEvidence) -> None:
        """A person's evidence for a criterion that no live source answers."""
        self.desk.ask(GATE, self._gate_stream(run_id, task_id), command)

    def gather(self, run_id: str, task_id: str) -> None:
        """Ask every live source of the gate again and record what has changed."""
        gate = self.gate(run_id, task_id)
        if gate.verdict is not Verdict.PENDING:
            return
        for criterion in gate.criteria:
            reading = self._fresh(criterion, self._answered(run_id, criterion.source))
            if reading is None or not self._is_news(criterion, gate.evidence.get(criterion.id), reading):
                continue
            command = gates.RecordEvidence(
                by=PERFORMER,
                criterion=criterion.id,
                finding=reading.finding,
                detail=reading.detail,
                source=criterion.source,
                link=reading.link,
            )
            self.desk.ask(GATE, self._gate_stream(run_id, task_id), command)

    def _fresh(self, criterion: gates.Criterion, reading: Reading | None) -> Reading | None:
        """What a source saw too long ago is not known any more, however often the source is asked."""
        if reading is None or reading.seen_at is None or criterion.max_age is None:
            return reading
        if self.desk.clock.now() - reading.seen_at <= criterion.max_age:
            return reading
        return Reading(
            Finding.UNKNOWN, f"stale: of {reading.seen_at:%d %b %H:%M}Z: {reading.detail}", reading.link
        )

    def _is_news(self, criterion: gates.Criterion, known: gates.Evidence | None, reading: Reading) -> bool:
        """Evidence is recorded when it changed, and again before it would go stale."""
        if known is None or (known.finding, known.detail) != (reading.finding, reading.detail):
            return True
        return criterion.max_age is not None and self.desk.clock.now() - known.at > criterion.max_age / 2

    def _answered(self, run_id: str, source: str) -> Reading | None:
        kind, _, name = source.partition(":")
        if kind == "person":
            return None
        if kind == "task":
            return self._read_task(run_id, name)
        if kind not in self.providers:
            return Reading(Finding.ERROR, f"nobody answers for '{source}'")
        return self.providers[kind](name)

    def read(self, run_id: str, source: str) -> Reading:
        """What a source says now; one that only a person can answer says so."""
        return self._answered(run_id, source) or Reading(Finding.UNKNOWN, "only a person can tell")

    def _read_task(self, run_id: str, name: str) -> Reading:
        at = self.state(run_id).tasks.get(name)
        if at is None:
            return Reading(Finding.ERROR, f"no task '{name}' in this run")
        if at.completion is ev.Completion.SKIPPED:
            return Reading(Finding.NOT_MET, f"{name} was skipped: {at.note}")
        if at.stage is not TaskStage.COMPLETE:
            return Reading(Finding.NOT_MET, f"{name} is {at.stage}")
        return Reading(Finding.MET, at.note or f"{name} done by {at.by}", f"#{name}")

    def _gate_stream(self, run_id: str, task_id: str) -> str:
        state = self.state(run_id)
        task = state.plan.get(task_id)
        if task is None or task.type is not TaskType.APPROVAL:
            raise NotFound(
                "gate", task_id, [t.id for t in state.runbook.tasks if t.type is TaskType.APPROVAL]
            )
        return gate_stream(run_id, task_id, state.tasks[task_id].round)

    # --- what the performer asks ---

    def key_of(self, run_id: str, task_id: str) -> str:
        """The name by which the world knows the effect of a task as this process saw the run last."""
        return effect_key(self.as_seen(run_id), task_id)


def _linked(key: str) -> str:
    return f"linked:{key}"


def check_setup(run_type: RunType, setup: RunSetup) -> RunSetup:
    """Raises Invalid for a way of running that would do harm or make no sense."""
    if run_type is RunType.LIVE and (setup.auto or setup.scenario or setup.speed is not None):
        raise Invalid(
            "a live run is worked by people on the real clock: --auto, --scenario and --speed are for rehearsals"
        )
    if setup.auto and setup.scenario:
        raise Invalid(
            "--auto walks through without systems, --scenario rehearses against the range: choose one"
        )
    if setup.speed is not None and setup.speed < 0:
        raise Invalid(f"--speed {setup.speed:g} runs backwards; expected 0 (step) or more")
    if setup.speed is not None and not math.isfinite(setup.speed):
        raise Invalid(f"--speed {setup.speed:g} is no pace; expected 0 (step) or more")
    return setup
