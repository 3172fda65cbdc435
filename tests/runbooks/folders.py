"""A small programme folder as a user would write it: one gate, one automated task, people's tasks, a repair."""

from __future__ import annotations

from pathlib import Path

PROGRAMME = """\
title: A small change
zone: Europe/London
window: {opens: 2026-10-23T22:00, closes: 2026-10-26T21:00, backout: 24h}
components:
  - {id: records, title: Records, system: new_records}
systems: {new_records: "http://127.0.0.1:9003"}
teams:
  - {id: data, title: Data migration}
people:
  - {id: asha, name: Asha}
  - {id: bo, name: Bo, team: data}
  - {id: chen, name: Chen, team: data}
  - {id: dev, name: Dev}
stations:
  - {id: central, title: Central, district: City}
"""
RUNBOOK = """\
id: small
title: A small plan
tasks:
  - {id: A, title: Freeze, team: data, duration: 1h}
  - {id: M, title: Records go dark, type: automated, effect: idempotent, after: A, duration: 10m,
     action: {kind: mode, with: {component: records, to: dark, reason: "{{ programme }}"}}}
  - {id: G, title: Go or no-go, type: approval, after: M, duration: 30m,
     gate: {criteria: [{id: ready, title: All is ready, source: "person:chen"}], deciders: [chen, asha]}}
  - {id: fix, title: Mend it, team: data, repairs: G, duration: 1h}
  - {id: O, title: Open, owner: asha, after: G, duration: 1h, point_of_no_return: true}
"""
WALK = """\
id: walk
title: A plan that needs nobody's word
tasks:
  - {id: A, title: Freeze, duration: 1h}
  - {id: B, title: Load, type: automated, effect: probe, after: A, duration: 9h,
     action: {kind: http, with: {system: new_records, path: /loads}}}
  - {id: G, title: Go or no-go, type: approval, after: B, duration: 1h,
     gate: {criteria: [{id: loaded, title: All is loaded, source: "task:B"}], deciders: [chen]}}
"""


def write_programme(folder: Path, runbook: str = RUNBOOK, programme: str = PROGRAMME) -> Path:
    """A folder with both files; returns it."""
    (folder / "runbooks").mkdir(parents=True, exist_ok=True)
    (folder / "programme.yaml").write_text(programme, encoding="utf-8")
    (folder / "runbooks" / "small.yaml").write_text(runbook, encoding="utf-8")
    return folder
