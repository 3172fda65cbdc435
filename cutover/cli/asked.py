"""What many commands ask for in the same words: who, what, in which folder; with what a shell may offer for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutover.cli import offered

WHO = "who does it, a person of the programme"

Folder = Annotated[Path, Parameter(help="the programme folder")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="answer in JSON")]
By = Annotated[str, Parameter(help=WHO, completer=offered.people)]
Witness = Annotated[
    str, Parameter(help="who sees it done, another person of the programme", completer=offered.people)
]
Decider = Annotated[
    str, Parameter(help="who decided it, a person of the programme", completer=offered.people)
]
Run = Annotated[
    str, Parameter(name="--run", help="the run meant; default: the newest", completer=offered.runs)
]
Task = Annotated[str, Parameter(help="the task, by its id in the plan", completer=offered.tasks)]
Gate = Annotated[str, Parameter(help="the gate, by the id of its task", completer=offered.gates)]
Check = Annotated[str, Parameter(help="the check, by its id", completer=offered.checks)]
Station = Annotated[
    str, Parameter(help="the station, by its id in programme.yaml", completer=offered.stations)
]
Form = Annotated[str, Parameter(help="the form, by its id: custody", completer=offered.forms)]
Partner = Annotated[
    str, Parameter(help="the partner, by its id in programme.yaml", completer=offered.partners)
]
Play = Annotated[
    str, Parameter(help="the play by its id, or one life of it: ID:MOMENT", completer=offered.plays)
]
Contract = Annotated[
    str, Parameter(help="the contract, by its id in reconciliation/", completer=offered.contracts)
]
Reason = Annotated[str, Parameter(help="why; kept in the journal")]
How = Annotated[str, Parameter(help="how you know; kept in the journal")]
Evidence = Annotated[str, Parameter(help="what shows it: a sentence, a number, a place")]
Link = Annotated[str, Parameter(help="the address of a page that shows it")]
Owner = Annotated[str, Parameter(help="who answers for it", completer=offered.people)]
Serial = Annotated[str, Parameter(help="the number printed on the sheet: CR000000187")]
