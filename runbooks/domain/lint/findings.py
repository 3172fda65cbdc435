"""What a finding is, and every kind of lack: how grave it is and how a summary says it of many tasks.

An error is what would stop or endanger a run; a warning is what a careful planner would mend; the rest is
worth knowing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

Found = Iterator[tuple[str, str, str, str]]  # code, task, message, fix


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One lack; `task` is empty when it concerns the plan as a whole."""

    code: str
    severity: Severity
    task: str
    message: str
    fix: str


# code -> severity, and how the summary says it of n tasks
CODES: Mapping[str, tuple[Severity, str]] = {
    "no_action": (Severity.ERROR, "are automated and say nothing to do"),
    "bad_action": (Severity.ERROR, "have an action that could not be performed"),
    "no_effect": (Severity.ERROR, "are automated and do not say what to do when they may or may not have happened"),
    "no_decider": (Severity.ERROR, "are gates that nobody decides"),
    "unguarded_point_of_no_return": (Severity.ERROR, "are points of no return with no gate before them"),
    "over_capacity": (Severity.ERROR, "take more of their team than there is"),
    "unknown_backout": (Severity.ERROR, "the plan names a way back that the programme does not have"),
    "no_duration": (Severity.WARNING, "have no duration"),
    "no_owner": (Severity.WARNING, "have neither owner nor team"),
    "no_predecessor": (Severity.WARNING, "wait for nothing and are not the first"),
    "no_rollback": (Severity.WARNING, "do not say how they are undone"),
    "no_verify": (Severity.WARNING, "do not say how one knows they worked"),
    "no_criteria": (Severity.WARNING, "are gates without criteria"),
    "dangling_gate": (Severity.WARNING, "are gates that nothing waits for"),
    "no_audience": (Severity.WARNING, "are comms that do not say whom they tell"),
    "single_person": (Severity.WARNING, "hang on one person without a deputy"),
    "double_booked": (Severity.WARNING, "have an owner who is at another task at the same time"),
    "off_duty": (Severity.WARNING, "have an owner who is not on duty then"),
    "no_skill": (Severity.WARNING, "need a skill that nobody who could do them has"),
    "long_shift": (Severity.WARNING, "stretches of work are longer than a person should stand"),
    "unknown_name": (Severity.WARNING, "name someone or something the programme does not know"),
    "past_window": (Severity.WARNING, "end after the window closes"),
    "outside_window": (Severity.WARNING, "have a fixed start outside the window"),
    "past_deadline": (Severity.WARNING, "end after their deadline"),
    "wrong_mode": (Severity.WARNING, "touch a component in a mode that does not allow it"),
    "no_backout": (Severity.WARNING, "the plan passes a point of no return and has no runbook for the way back"),
    "clock_only": (Severity.INFO, "are held by their clock time alone"),
    "hidden_dependency": (Severity.INFO, "speak of another task in their text and do not wait for it"),
    "way_back": (Severity.INFO, "read like part of the way back, and are in the way forward"),
}  # fmt: skip
