"""A programme that was played and lacks nothing, and how every command is asked there for its answer in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from cutover.json_shapes import ERROR, schema_of
from cutover.main import open_once
from cutover.store.clock_file import set_clock
from runbooks.domain.run_events import RunType
from tests.end_to_end.blackout import Blackout

Say = Callable[..., Any]
MOMENTS = FormatChecker(formats=())
FLOWS = """
flows:
  - {id: incidents, title: Incidents recorded, component: records, owner: bo, severity: high, counts: {kind: csv, path: counts/incidents.csv}, expected: 120, see_within: 30}
  - {id: rare, title: Referrals, component: records, owner: bo, severity: high, counts: {kind: api}, expected: 0.2, see_within: 3}
checks:
  - {id: triage-ages, kind: ageing, title: Triage, component: records, owner: bo, severity: critical, standard: 48h, upstream: {kind: csv, path: counts/upstream.csv}, done: {kind: csv, path: counts/done.csv}, queue: {kind: csv, path: counts/queue.csv}}
  - {id: nightly-load, kind: heartbeat, title: The nightly load has run, component: records, owner: bo, severity: high, every: 24h, grace: 1h}
expected:
  - {id: monthly-return, title: Monthly return, kind: return, owner: bo, monitors: []}
"""
TARGET = """
target: {kind: files, folder: outgoing}
plays:
  - id: walk
    title: Walk over
    component: records
    switch_to: paper
    steps: [{id: call, title: Call the bureau}]
triggers:
  - {id: cold, monitor: triage-ages, status: CRITICAL, for: 15m, play: walk, decider: chen}
discoveries:
  - {id: upstream, title: What the upstream register has, csv: counts/found.csv, item_type: domestic_abuse, component: records}
"""
SMALL = """
id: small
title: Three steps
tasks:
  - {id: FREEZE, title: Freeze, team: command, duration: 10m, point_of_no_return: true, verify: "A test write is refused", rollback: Unfreeze}
  - {id: LOAD, title: Load, duration: 10m, type: automated, in_rehearsal: ask, action: {kind: mode, with: {component: records, to: paper, reason: try}}, effect: idempotent, verify: Counts agree, rollback: "Empty"}
  - {id: GATE, title: "Go or no-go", duration: 5m, type: approval, gate: {criteria: [{id: ready, title: All are ready, source: "task:FREEZE"}], deciders: [asha, chen]}}
"""
BOOKS = """
id: books
title: Two registers as files
entity: crime
source: {path: registers/old.csv}
target: {path: registers/new.csv}
key: crime_id
state: status
context: [offence]
columns: {crime_id: text, offence: text, status: text}
"""
OLD = "crime_id,offence,status\nC1,theft,open\nC2,fraud,open\nC3,arson,closed\n"
NEW = "crime_id,offence,status\nC1,theft,open\nC2,fraud,closed\n"


def furnish(blackout: Blackout) -> Path:
    """The short blackout after its night, with flows, an ageing register, two registers as files and a folder as target."""
    home = blackout.path
    for name, text in {
        "monitors/flows.yaml": FLOWS, "contingency/target.yaml": TARGET, "reconciliation/books.yaml": BOOKS, "runbooks/small.yaml": SMALL,
        "registers/old.csv": OLD, "registers/new.csv": NEW,
        "counts/upstream.csv": "id,at\nU1,2026-10-20T10:00:00Z\nU2,2026-10-21T10:00:00Z\n",
        "counts/done.csv": "id,at\nU1,2026-10-20T12:00:00Z\n",
        "counts/queue.csv": "id\n",
        "counts/found.csv": "key,occurred_at,tier\nD1,2026-10-20T10:00:00Z,high\n",
        "counts/incidents.csv": "day,count\n" + "".join(f"2026-{m:02}-{d:02},{110 + d}\n" for m in (7, 8, 9) for d in range(1, 29)),
    }.items():  # fmt: skip
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    file = home / "programme.yaml"
    sam = "{id: sam, name: Sam Adeyemi,"
    file.write_text(
        file.read_text(encoding="utf-8").replace(sam, f"{sam} badge: '4711', station: central,"),
        encoding="utf-8",
    )
    return home


@dataclass
class Asking:
    """Types commands with --json, holds each answer against the schema of its command, and remembers which were asked."""

    say: Say
    home: Path
    asked: set[str] = field(default_factory=set)

    def __call__(self, command: str, *words: object, at: bool = True) -> Any:
        """The answer. Raises AssertionError for one that is none, or is not as its schema says."""
        place = ("--programme", self.home) if at else ()
        said = self.say(*command.split(), *words, *place, "--json")
        told = json.loads(said.out)
        assert said.code in (0, 1), (command, said.err)
        faults = list(faults_of(command, told))
        assert not faults, (command, faults[:3], said.err)
        self.asked.add(command)
        return told

    def refused(self, *words: object) -> Mapping[str, Any]:
        """What a command says that cannot do what it was asked: one JSON document and the exit code that it names."""
        said = self.say(*words, "--json")
        told: Mapping[str, Any] = json.loads(said.out)
        assert not list(faults_of(ERROR, told))
        assert told["error"]["exit"] == said.code
        return told["error"]


def faults_of(command: str, told: Any) -> list[str]:
    """Where an answer is not what the schema of its command says; a field that the schema does not name is one."""
    checker = FormatChecker(formats=())
    checker.checks("date-time")(lambda text: not isinstance(text, str) or text.endswith("Z"))
    checker.checks("duration")(lambda text: not isinstance(text, str) or text.lstrip("-").startswith("P"))
    validator = Draft202012Validator(closed(schema_of(command)), format_checker=checker)
    return [f"{fault.json_path}: {fault.message}"[:300] for fault in validator.iter_errors(told)]


def closed(schema: Any) -> Any:
    """The schema with no room for what it does not name: what is printed is declared."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    open_ended = "properties" not in inner or "additionalProperties" in inner
    return inner if open_ended else {**inner, "additionalProperties": False}


def begun(ask: Asking, runbook: str = "blackout", run_type: RunType = RunType.LIVE) -> str:
    """A live run that nobody performs, begun when the played night was over."""
    world = open_once(ask.home)
    return world.runs.start(world.folder.runbook(runbook), by="dev", run_type=run_type)


def later(ask: Asking, span: timedelta) -> None:
    """The programme's clock stands still; here it is moved on."""
    set_clock(ask.home / "state" / "clock.json", open_once(ask.home).clock.now() + span)
