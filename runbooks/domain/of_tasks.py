"""What every fact and every wish about one task carries: which task it is about."""

from __future__ import annotations

from cutover.core.event import Command, Event


class TaskEvent(Event):
    task: str


class TaskCommand(Command):
    task: str
