"""A small room to test the floor with: component modes, gates, and one view of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, insert, select, update

from cutover.core.event import Fact, Recorded
from cutover.domain.gates import EVENTS as GATE_EVENTS
from cutover.domain.modes import COMPONENT, EVENTS, Mode, SwitchMode, WentLive, WentToPaper, component_stream
from cutover.store.desk import Ask, Desk
from cutover.store.engine import reading
from cutover.store.pen import Batch
from tests.conftest import START

ALL = (*EVENTS, *GATE_EVENTS)


class ModeBoard:
    """How often each stream changed, and what happened to it last."""

    name = "mode_board"
    table = Table(
        "mode_board",
        MetaData(),
        Column("stream", String(200), primary_key=True),
        Column("changes", Integer, nullable=False),
        Column("latest", String(100), nullable=False),
    )
    tables: Sequence[Table] = (table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        t, latest = self.table, recorded.event.kind()
        mine = t.c.stream == recorded.stream
        if (
            connection.execute(update(t).where(mine).values(changes=t.c.changes + 1, latest=latest)).rowcount
            == 0
        ):
            connection.execute(insert(t).values(stream=recorded.stream, changes=1, latest=latest))

    def rows(self, engine: Engine) -> list[tuple[object, ...]]:
        with reading(engine) as connection:
            return [
                tuple(row) for row in connection.execute(select(self.table).order_by(self.table.c.stream))
            ]


def to_paper(reason: str = "custody is down", by: str = "Asha") -> Fact:
    return Fact(WentToPaper(reason=reason), START, by)


def to_live(reason: str = "custody is back", by: str = "Asha") -> Fact:
    return Fact(WentLive(reason=reason), START, by)


def batch(component: str, after: int, *facts: Fact, key: str | None = None) -> Batch:
    return Batch(component_stream(component), after, facts, key)


def switch(to: Mode, reason: str = "because", by: str = "Asha") -> SwitchMode:
    return SwitchMode(by=by, to=to, reason=reason)


def ask(component: str, to: Mode, key: str | None = None) -> Ask:
    return Ask(COMPONENT, component_stream(component), switch(to), key)


def flip(desk: Desk, component: str, times: int) -> None:
    """Change a component's mode so many times, to and fro."""
    for _ in range(times):
        now = desk.state(COMPONENT, component_stream(component)).mode
        desk.ask(
            COMPONENT, component_stream(component), switch(Mode.LIVE if now is Mode.PAPER else Mode.PAPER)
        )
