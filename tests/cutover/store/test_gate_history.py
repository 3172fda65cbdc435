"""A gate lived through a real database: two desks compete, words arrive twice, processes die; the facts stand."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Refused
from cutover.core.event import Catalogue
from cutover.domain.gates import (
    GATE,
    CastVote,
    Criterion,
    ExpireGate,
    Finding,
    GateState,
    GateWentGo,
    OpenGate,
    RecordEvidence,
    Verdict,
    WaiveGate,
    gate_stream,
)
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.projections import prepare, rebuild
from tests.conftest import START
from tests.cutover.store.desks import ALL, ModeBoard

CRITERIA = (
    Criterion(id="records", title="Records", source="reconcile"),
    Criterion(id="trained", title="Trained", source="readiness"),
)
CAST = st.sampled_from(("Asha", "Bo", "Chen", "Dev"))
ROUNDS = st.integers(1, 2).map(lambda round_: gate_stream("r1", "go", round_))
COMMANDS = st.one_of(
    st.builds(
        OpenGate,
        by=CAST,
        title=st.just("Open records"),
        criteria=st.just(CRITERIA),
        deciders=st.just(("Asha", "Bo", "Chen")),
        quorum=st.integers(1, 2),
        decide_by=st.sampled_from((None, START + timedelta(hours=2))),
    ),
    st.builds(
        RecordEvidence,
        by=st.just("monitor"),
        criterion=st.sampled_from(("records", "trained")),
        finding=st.sampled_from((Finding.MET, Finding.MET, Finding.NOT_MET)),
        detail=st.just(""),
        source=st.just("test"),
    ),
    st.builds(
        CastVote,
        by=CAST,
        vote=st.sampled_from((Verdict.GO, Verdict.GO, Verdict.NO_GO)),
        caveat=st.sampled_from(("", "", "if")),
    ),
    st.builds(WaiveGate, by=CAST, reason=st.just("hurry")),
    st.builds(ExpireGate, by=st.just("clock")),
)


class Died(BaseException):
    """The process is no more: nobody catches this."""


class DyingView(ModeBoard):
    """Kills its process inside the transaction, when told to."""

    armed = False

    def apply(self, connection, recorded):
        super().apply(connection, recorded)
        if DyingView.armed:
            raise Died


class GateHistory(RuleBasedStateMachine):
    """What two desks did to two rounds of one gate, against what they were told happened."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FixedClock(START)
        self.model: dict[str, GateState] = {}
        self.kept: dict[str, tuple[int, ...]] = {}
        self.delivered: list[tuple[str, object, str]] = []
        self.desks: list[Desk] = []

    @initialize()
    def two_processes(self) -> None:
        engine = open_engine(sqlite_url(self.folder / "cutover.db"))
        schema.upgrade(engine)
        engine.dispose()
        self.desks = [self.start(), self.start()]

    def start(self) -> Desk:
        engine = open_engine(sqlite_url(self.folder / "cutover.db"))
        journal = Journal(engine, Catalogue(ALL), self.clock, [DyingView()])
        prepare(journal)
        return Desk(journal, self.clock)

    @rule(
        desk=st.integers(0, 1),
        stream=ROUNDS,
        command=COMMANDS,
        dies=st.sampled_from((False, False, False, True)),
    )
    def deliver(self, desk: int, stream: str, command: object, dies: bool) -> None:
        """One word reaches one desk, which may die after deciding and before the commit."""
        key = f"word:{len(self.delivered)}"
        self.delivered.append((stream, command, key))
        before = self.model.get(stream, GATE.start)
        try:
            expected = GATE.apply(before, command, self.clock.now())
        except Refused:
            expected = None
        DyingView.armed = dies
        try:
            recorded = self.desks[desk].ask(GATE, stream, command, key=key)
        except Died:
            self.restart(desk)
            return
        except Refused:
            assert expected is None
            return
        finally:
            DyingView.armed = False
        assert expected is not None
        assert [r.event for r in recorded] == [f.event for f in expected[1]]
        self.model[stream], self.kept[key] = expected[0], tuple(r.position for r in recorded)

    @rule(desk=st.integers(0, 1), which=st.integers(0, 50))
    def deliver_again(self, desk: int, which: int) -> None:
        """A word that was recorded arrives a second time, at either desk: nothing more happens."""
        if which < len(self.delivered) and (known := self.delivered[which])[2] in self.kept:
            stream, command, key = known
            assert (
                tuple(r.position for r in self.desks[desk].ask(GATE, stream, command, key=key))
                == self.kept[key]
            )

    @rule(which=st.integers(0, 50), desk=st.integers(0, 1))
    def reuse_a_key_elsewhere(self, which: int, desk: int) -> None:
        if which < len(self.delivered) and (known := self.delivered[which])[2] in self.kept:
            try:
                self.desks[desk].ask(GATE, "gate:r2:go:1", known[1], key=known[2])  # type: ignore[arg-type]
            except Conflict:
                return
            raise AssertionError("a key was taken twice")

    @rule(desk=st.integers(0, 1))
    def restart(self, desk: int) -> None:
        self.desks[desk].journal.engine.dispose()
        self.desks[desk] = self.start()

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    @rule()
    def rebuild_the_views(self) -> None:
        live = DyingView().rows(self.desks[0].journal.engine)
        rebuild(self.desks[0].journal)
        assert DyingView().rows(self.desks[0].journal.engine) == live

    @invariant()
    def the_journal_is_the_state(self) -> None:
        for desk in self.desks:
            for stream, state in self.model.items():
                assert desk.state(GATE, stream) == GATE.fold(desk.journal.read(stream)) == state

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if self.desks:
            positions = [r.position for r in self.desks[0].journal.all()]
            assert (
                positions
                == sorted(p for kept in self.kept.values() for p in kept)
                == list(range(1, len(positions) + 1))
            )
            assert self.desks[1].journal.verify().rows == len(positions)

    @invariant()
    def no_gate_went_go_on_less_than_its_quorum(self) -> None:
        for stream, state in self.model.items():
            facts = self.desks[0].journal.read(stream)
            if any(isinstance(r.event, GateWentGo) for r in facts):
                clear = {
                    by for by, (choice, caveat) in state.votes.items() if choice is Verdict.GO and not caveat
                }
                assert len(clear - {state.opened_by}) >= state.quorum
                assert all(e.finding is Finding.MET for e in state.evidence.values())
                assert len(state.evidence) == len(CRITERIA)

    def teardown(self) -> None:
        for desk in self.desks:
            desk.journal.engine.dispose()
        shutil.rmtree(self.folder)


TestGateHistory = GateHistory.TestCase
TestGateHistory.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
