"""The shape of what every command answers with --json, as lines: `command field.inner type [needed]`.

python -m tests.recorded.answers          writes down what is new; what programs may rely on is never taken back
"""

from __future__ import annotations

import sys
from pathlib import Path

from cutover.json_shapes import ANSWERS, schema_of
from tests.recorded.shapes import fields

FILE = Path(__file__).with_name("answers.txt")


def answers() -> list[str]:
    """A line for each field of each answer; `answer` is the whole."""
    lines = []
    for command in ANSWERS:
        schema = schema_of(command)
        whole = {"properties": {"answer": schema}, "required": ["answer"]}
        for path, kind, needed in fields(whole, schema.get("$defs", {}), "", ()):
            lines.append(f"{command}: {path} {kind}{' needed' if needed else ''}")
    return sorted(lines)


def taken_back(written: set[str], now: set[str]) -> list[str]:
    """What a program reads today and would not find: a field that is gone, may be left out, or is of another type."""
    today = {_place(line): _kinds(line) for line in now}
    faults = []
    for line in sorted(written - now):
        was, of_now = _kinds(line), today.get(_place(line))
        if of_now is None:
            faults.append(f"{line}: is gone")
        elif not of_now <= was and "any" not in was:
            faults.append(f"{line}: is {'|'.join(sorted(of_now))} now")
        elif line.endswith(" needed") and f"{line.removesuffix(' needed')}" in now:
            faults.append(f"{line}: may be left out now")
    return faults


def _place(line: str) -> str:
    command, _, rest = line.partition(": ")
    return f"{command}: {rest.split()[0]}"


def _kinds(line: str) -> frozenset[str]:
    return frozenset(line.partition(": ")[2].split()[1].split("|"))


def main() -> int:
    written = set(FILE.read_text(encoding="utf-8").splitlines()) if FILE.exists() else set()
    now = set(answers())
    if faults := taken_back(written, now):
        sys.stderr.write("\n".join([*faults, "give programs what they read: add a field beside it", ""]))
        return 1
    FILE.write_text("\n".join(sorted(now)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
