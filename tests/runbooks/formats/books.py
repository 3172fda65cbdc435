"""Any runbook, for round trips: every field of the model, with texts that formats trip over."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from cutover.domain.gates import Criterion, OnTimeout
from cutover.domain.programme import Component, Hours, Person, Programme, Team, Window
from runbooks.domain.attempts import InRehearsal, RetryPolicy
from runbooks.domain.plan import (
    Action,
    Distribution,
    Effect,
    Estimate,
    Link,
    LinkKind,
    Runbook,
    Stream,
    Task,
    TaskGate,
    TaskType,
)

PROGRAMME = Programme(
    title="A small change",
    zone="Europe/London",
    window=Window(opens=datetime(2026, 10, 23, 22), closes=datetime(2026, 10, 26, 21)),
    components=(Component(id="records", title="Records"),),
    teams=(Team(id="data", title="Data migration", capacity=2),),
    people=(
        Person(id="asha", name="Asha", phone="0700 1"),
        Person(id="bo", name="Bo", team="data"),
        Person(id="chen", name="Chen", team="data"),
    ),
    calendars={"office": (Hours(days="mon-fri", opens=time(8), closes=time(18)),)},
)

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,8}", fullmatch=True) | st.sampled_from(
    ["1", "02", "7", "FS", "1FS", "T1", "none", "TRE-5", "x"]
)
spans = st.integers(0, 40_000).map(lambda seconds: timedelta(seconds=seconds)) | st.integers(0, 10**9).map(
    lambda micros: timedelta(microseconds=micros)
)
lags = st.one_of(spans, spans.map(lambda span: -span))
HARD = [
    "no", "1:30", "~30m", "(30m)", "@asha", "after: T1", "**T1** x", "[T1] x", "T1: x", "- [ ] x", "# x", "a | b",
    "| a |", "```", "```yaml cutover", "a\nb", "a\r\nb", " a ", "<b>&amp;", "]]>", "\x00", "\x0b", "[cutover] {}",
    "x\n[cutover] {", "verify: x", "x" * 600, "é ł ✓", "1. x", "> x", "---", "\\", "a\tb", "<!-- x -->", "-", "n/a", "\u2028",
    "Rollback", "owner: bo", "@bo @chen", "\x85", "a\x1cb", "&#10;",
]  # fmt: skip
texts = st.text(max_size=12) | st.sampled_from(HARD)
people = st.sampled_from(["", "", "asha", "bo", "Asha Khan", "a/b"]) | texts
moments = st.datetimes(
    datetime(2026, 10, 23), datetime(2026, 10, 28), timezones=st.just(UTC)
) | st.sampled_from([datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)])
customs = st.dictionaries(texts | st.sampled_from(["Status", "Verify", "Type", "id"]), texts, max_size=3)


@st.composite
def tasks(draw: st.DrawFn, ids: list[str], i: int) -> Task:
    low, likely, high = sorted(draw(st.tuples(spans, spans, spans)))
    link = st.builds(Link, task=st.sampled_from(ids[: max(i, 1)]), kind=st.sampled_from(LinkKind), lag=lags)
    guess = Estimate(low=low, likely=likely, high=high)
    action = st.builds(
        Action,
        kind=names,
        arguments=st.dictionaries(names, texts | st.integers() | st.booleans(), max_size=2),
    )
    gate = st.builds(
        TaskGate,
        deciders=st.just(("chen",)),
        criteria=st.just((Criterion(id="c", title="All is ready", source="person:chen"),)),
        decide_within=st.none() | spans,
        on_timeout=st.sampled_from(OnTimeout),
        deputies=st.just({}) | st.just({"chen": "dev"}),
        escalate_to=st.just(()) | st.just(("asha", "efua")),
        escalate_within=st.none() | spans,
    )
    few: dict[str, Any] = {
        "description": texts, "stream": st.just("") | names | texts, "phase": st.just("") | texts,
        "type": st.sampled_from(TaskType), "component": texts, "team": people, "units": st.integers(1, 3),
        "skill": texts, "locks": st.just(()) | st.just(("the old database", "tape")), "owner": people, "deputy": people,
        "parent": st.just("") | st.sampled_from([*ids[:i], ""]), "duration": st.none() | spans,
        "estimate": st.none() | st.just(guess), "not_before": st.none() | moments, "start_offset": st.none() | spans,
        "deadline": st.none() | moments, "calendar": st.sampled_from(["", "office"]), "action": st.none() | action,
        "effect": st.none() | st.sampled_from(Effect), "verify": texts, "rollback": texts,
        "timeout": st.none() | spans, "retry": st.none() | st.sampled_from(RetryPolicy),
        "in_rehearsal": st.none() | st.sampled_from(InRehearsal), "inverse": st.none() | action,
        "undo": st.none() | action, "undo_duration": st.none() | spans, "undoes": texts, "gate": st.none() | gate,
        "optional": st.booleans(), "conditional": st.booleans(), "point_of_no_return": st.booleans(),
        "audience": texts, "custom": customs,
    }  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(sorted(few)), max_size=6, unique=True))
    given = {name: draw(few[name]) for name in chosen}
    after = draw(st.lists(link, max_size=2)) if i else []
    return Task(id=ids[i], title=draw(texts.filter(bool)), after=tuple(after), **given)


@st.composite
def books(draw: st.DrawFn) -> Runbook:
    ids = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    return Runbook(
        id=draw(names),
        title=draw(texts),
        streams=draw(st.lists(st.builds(Stream, id=names, title=texts), max_size=2)),
        phases=draw(st.lists(texts, max_size=2)),
        distribution=draw(st.sampled_from(Distribution)),
        backout=draw(texts),
        tasks=[draw(tasks(ids, i)) for i in range(len(ids))],
    )
