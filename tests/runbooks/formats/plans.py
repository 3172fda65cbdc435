"""Plans with everything in them: shapes that hypothesis draws, and one seeded plan of thousands of tasks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from cutover.domain.gates import Criterion, OnTimeout
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

NASTY = (
    "=1+1", "+44 20", "-5", "@SUM(A1)", "'quoted", "''", "'", "'=x", "007", " leading", "trailing ", "a\nb", "a\r\nb",
    "\ttab", "1:30", "TRUE", "2026-10-23", "03/04/2026", "1e5", "[x]", '{"a": 1}', "a; b", "a | b", "n/a", "-", "none",
    "custom: x", "ID", "Task", "Status", "Not before (UTC)", "Łódź ő ñ 東京 🚓", "\ufeff", "\u2028", "_x0041_", "x" * 3000,
    "a,b", 'say "no"', "\x01", "\x0b", "｛", "＝1", "#REF!", "   ", "\n", "A & B <c>", "Critical", "cutover runbook",
)  # fmt: skip
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff")
texts = st.sampled_from(NASTY) | st.text(_CHARACTERS, max_size=12)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,8}", fullmatch=True)
spans = st.integers(0, 400_000_000_000).map(lambda us: timedelta(microseconds=us)) | st.integers(
    0, 5_000
).map(lambda minutes: timedelta(minutes=minutes))
moments = st.datetimes(
    datetime(2025, 1, 1),
    datetime(2028, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3))]),
) | st.sampled_from([datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
estimates = st.tuples(spans, spans, spans).map(
    lambda three: Estimate(**dict(zip(("low", "likely", "high"), sorted(three), strict=True)))
)
actions = st.builds(Action, kind=names, arguments=st.dictionaries(texts, values, max_size=2))
criteria = st.builds(Criterion, id=texts, title=texts, source=texts, max_age=st.none() | spans)
gates = st.builds(
    TaskGate,
    criteria=st.lists(criteria, max_size=2).map(tuple),
    deciders=st.lists(texts | names, max_size=3).map(tuple),
    quorum=st.integers(1, 5),
    decide_within=st.none() | spans,
    on_timeout=st.sampled_from(OnTimeout),
)


@st.composite
def tasks(draw: st.DrawFn, name: str, earlier: list[str], gate: str) -> Task:
    links = st.builds(
        Link, task=st.sampled_from(earlier or [name]), kind=st.sampled_from(LinkKind), lag=spans
    )
    plain = ("description", "stream", "phase", "component", "team", "skill", "owner", "deputy", "calendar", "verify", "rollback", "undoes", "audience")  # fmt: skip
    return Task(
        id=name,
        title=draw(texts.filter(bool)),
        **{field: draw(st.just("") | texts) for field in plain},
        type=draw(st.sampled_from(TaskType)),
        units=draw(st.integers(1, 9)),
        after=tuple(draw(st.lists(links, max_size=2 if earlier else 0))),
        parent=draw(st.sampled_from(["", *earlier])),
        duration=draw(st.none() | spans),
        estimate=draw(st.none() | estimates),
        not_before=draw(st.none() | moments),
        start_offset=draw(st.none() | spans),
        deadline=draw(st.none() | moments),
        action=draw(st.none() | actions),
        effect=draw(st.none() | st.sampled_from(Effect)),
        timeout=draw(st.none() | spans),
        retry=draw(st.none() | st.sampled_from(RetryPolicy)),
        in_rehearsal=draw(st.none() | st.sampled_from(InRehearsal)),
        inverse=draw(st.none() | actions),
        undo=draw(st.none() | actions),
        undo_duration=draw(st.none() | spans),
        undo_estimate=draw(st.none() | estimates),
        gate=draw(st.none() | gates),
        repairs=draw(st.sampled_from(["", gate])),
        optional=draw(st.booleans()),
        conditional=draw(st.booleans()),
        point_of_no_return=draw(st.booleans()),
        custom=draw(st.dictionaries(texts, texts | st.just(""), max_size=3)),
    )


@st.composite
def books(draw: st.DrawFn) -> Runbook:
    """Any runbook that a reader would accept: its last task is a gate that others may repair."""
    ids = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    gate = draw(names.filter(lambda name: name not in ids))
    made = [draw(tasks(name, ids[:i], gate)) for i, name in enumerate(ids)]
    stream = st.builds(Stream, id=names, title=texts | st.just(""), component=st.just("") | texts)
    return Runbook(
        id=draw(names),
        title=draw(texts | st.just("")),
        streams=tuple(draw(st.lists(stream, max_size=2))),
        phases=tuple(draw(st.lists(texts | st.just(""), max_size=2))),
        distribution=draw(st.sampled_from(Distribution)),
        backout=draw(st.just("") | names),
        tasks=(*made, Task(id=gate, title="Go or no-go", type=TaskType.APPROVAL)),
    )


def seeded(count: int, seed: int = 3) -> Runbook:
    """A plan of `count` tasks in which every field is used and every nasty text appears."""
    rng = random.Random(seed)
    ids = [f"T{n:05d}" for n in range(count)]
    made = [_seeded_task(rng, ids, i) for i in range(count)]
    streams = tuple(Stream(id=f"s{n}", title=f"Stream {n}", component=f"c{n}") for n in range(12))
    return Runbook(
        id="big", title="Big", streams=streams, phases=("Before", "Night", "After"), tasks=tuple(made)
    )


def _seeded_task(rng: random.Random, ids: list[str], i: int) -> Task:
    text = lambda: rng.choice(NASTY) if rng.random() < 0.2 else f"Do step {rng.randrange(10_000)} of the plan"  # noqa: E731
    span = lambda: timedelta(minutes=rng.randrange(5, 600))  # noqa: E731
    low = span()
    some: dict[str, Any] = {
        "description": text(), "verify": text(), "rollback": text(), "owner": f"person{rng.randrange(90)}", "deputy": text(),
        "team": f"team{rng.randrange(20)}", "component": f"c{rng.randrange(9)}", "skill": text(), "audience": text(),
        "locks": (text(), "tape"),
        "estimate": Estimate(low=low, likely=low * 2, high=low * 3), "duration": span(), "start_offset": span(),
        "not_before": datetime(2026, 10, 23, tzinfo=UTC) + timedelta(minutes=rng.randrange(6_000)), "units": rng.randrange(1, 5),
        "deadline": datetime(2026, 10, 24, tzinfo=UTC) + timedelta(minutes=rng.randrange(6_000)), "calendar": text(),
        "action": Action(kind="probe", arguments={"url": text(), "n": rng.randrange(9)}), "effect": rng.choice(list(Effect)),
        "timeout": span(), "retry": rng.choice(list(RetryPolicy)), "in_rehearsal": rng.choice(list(InRehearsal)),
        "inverse": Action(kind="probe"), "undo": Action(kind="probe"), "undo_duration": span(), "undoes": "x", "optional": True, "conditional": True,
        "undo_estimate": Estimate(low=low, likely=low, high=low), "point_of_no_return": True, "phase": "Night", "stream": "s3",
        "gate": TaskGate(deciders=("chen", text()), quorum=2, criteria=(Criterion(id="c", title=text(), source="person"),)),
        "custom": {"Site": text(), "Cost": text(), rng.choice(NASTY): text()},
    }  # fmt: skip
    chosen = {name: value for name, value in some.items() if rng.random() < 0.5}
    after = tuple(
        Link(task=ids[j], kind=rng.choice(list(LinkKind)), lag=timedelta(minutes=rng.randrange(0, 90)))
        for j in {rng.randrange(i) for _ in range(2) if i}
    )
    return Task(id=ids[i], title=text(), type=rng.choice(list(TaskType)), after=after, **chosen)
