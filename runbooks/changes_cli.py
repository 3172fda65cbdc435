"""`cutover run edit` and `cutover run backout`: changing a run that is under way, seen before it is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Reason, Run
from cutover.cli.asked import Folder as Here
from cutover.cli.border import DONE
from cutover.cli.output import answer
from runbooks.options import At, Runs, put, told, wish

if TYPE_CHECKING:
    from runbooks.domain.edits import AddedTask

Set = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set",
        help="what shall stand in a field: T5.duration=3h, T5.after='T1, T2 FS+30m', G1.gate.deciders=[chen]",
    ),
]
Number = Annotated[int, Parameter(help="the number of the edit: `cutover run edit show`")]
Components = Annotated[
    tuple[str, ...], Parameter(name="--component", help="only these components; none named: the whole run")
]


def edit_commands(service: Runs) -> App:
    """The `run edit` commands."""
    verbs = _EditVerbs(service)
    app = App(name="edit", help="Change the plan of a run that is under way: propose, look, approve.")
    for verb in (verbs.propose, verbs.approve, verbs.reject, verbs.withdraw, verbs.show):
        app.command(verb)
    return app


class _EditVerbs:
    """Each verb is one command about an edit; nothing changes before somebody approves."""

    def __init__(self, service: Runs) -> None:
        self._service = service

    def propose(
        self,
        *,
        at: At,
        reason: Reason,
        set_: Set = (),
        add: Annotated[
            Path | None, Parameter(help="a YAML file with tasks to add, as in a runbook; `behind` places one")
        ] = None,
        remove: Annotated[
            tuple[str, ...], Parameter(negative="", help="a task to drop; repeat for more")
        ] = (),
        preview: Annotated[
            bool, Parameter(negative="", help="only show what it would change; record nothing")
        ] = False,
    ) -> None:
        """Propose to add, re-sequence, re-estimate or drop tasks, and see what that does to the end."""
        from runbooks.changes import Changes
        from runbooks.domain.edits import ProposeEdit, said
        from runbooks.edit_words import fields_of

        runs = self._service(at.programme)
        run_id, changes = runs.find(at.run), Changes(runs)
        fields: dict[str, Any] = {
            "reason": reason, "changes": fields_of(set_, runs.programme.zone), "added": _tasks(add, runs.programme.zone), "removed": remove,
        }  # fmt: skip
        asked = wish(ProposeEdit, at.by, fields)
        assert isinstance(asked, ProposeEdit)
        event, impact = changes.preview(run_id, asked)
        words = impact.words if impact else ""
        if not preview:
            runs.ask(run_id, asked.model_copy(update={"impact": words}))
        then = (
            "nothing is recorded"
            if preview
            else f"cutover run edit approve {event.number} --by … takes it over"
        )
        answer(
            {"run": run_id, "edit": event.number, "impact": words, **event.model_dump(mode="json", exclude={"impact"})},
            as_json=at.json,
            text=[f"edit {event.number} of version {event.base}: {reason}", *(f"  {line}" for line in said(event)), f"  {words}", f"  {then}"],
        )  # fmt: skip

    def approve(
        self,
        number: Number,
        *,
        at: At,
    ) -> None:
        """Take a proposed edit over; in a live run by somebody else than its proposer."""
        self._ask(at, "ApproveEdit", number=number)

    def reject(
        self,
        number: Number,
        *,
        at: At,
        reason: Reason,
    ) -> None:
        """Refuse a proposed edit, with the reason."""
        self._ask(at, "RejectEdit", number=number, reason=reason)

    def withdraw(
        self,
        number: Number,
        *,
        at: At,
    ) -> None:
        """Take your own proposal back."""
        self._ask(at, "WithdrawEdit", number=number)

    def show(self, *, run: Run = "", programme: Here = Path(), json: AsJson = False) -> int:
        """Every edit of a run: what it changes, who proposed it, what became of it."""
        from runbooks.domain.edits import said

        runs = self._service(programme)
        state = runs.state(runs.find(run))
        lines = [f"the plan is of version {state.edits.version}"]
        for number, edit in state.edits.by_number.items():
            ended = f" by {edit.ended_by}" if edit.ended_by else ""
            lines.append(f"edit {number} of {edit.by}: {edit.proposal.reason}: {edit.stage}{ended}")
            lines += [f"  {line}" for line in (*said(edit.proposal), edit.proposal.impact) if line]
        body = [
            {"edit": number, "stage": edit.stage, "by": edit.by, **edit.proposal.model_dump(mode="json")}
            for number, edit in state.edits.by_number.items()
        ]
        answer({"version": state.edits.version, "edits": body}, as_json=json, text=lines)
        return DONE

    def _ask(self, at: At, command: str, **fields: object) -> None:
        from runbooks.domain import edits

        put(self._service(at.programme), at, wish(getattr(edits, command), at.by, fields))


def backout_commands(service: Runs) -> App:
    """The `run backout` commands."""
    verbs = _BackoutVerbs(service)
    app = App(name="backout", help="The way back, of the whole run or of single components.")
    app.default(verbs.begin)
    for verb in (verbs.arm, verbs.disarm, verbs.sign, verbs.unsign, verbs.begin, verbs.confirm, verbs.show):
        app.command(verb)
    return app


class _BackoutVerbs:
    """Arm, begin, confirm: each verb is one command of the run."""

    def __init__(self, service: Runs) -> None:
        self._service = service

    def arm(self, *, at: At, reason: Reason, component: Components = ()) -> None:
        """Prepare the way back and let everybody see it; nothing is turned back yet."""
        self._ask(at, "ArmBackout", reason=reason, components=component)

    def disarm(self, *, at: At, reason: Reason) -> None:
        """Go on: the prepared way back is not taken."""
        self._ask(at, "DisarmBackout", reason=reason)

    def sign(self, *, at: At, reason: Reason, component: Components = ()) -> None:
        """Sign, for yourself, that the way back is taken though the point of no return was passed."""
        self._ask(at, "SignBackout", reason=reason, components=component)

    def unsign(self, *, at: At, component: Components = ()) -> None:
        """Take your signature back, as long as nothing was turned back."""
        self._ask(at, "TakeSignatureBack", components=component)

    def begin(
        self,
        *,
        at: At,
        reason: Reason = "",
        component: Components = (),
        signed_by: Annotated[
            tuple[str, ...],
            Parameter(
                help="who else signs and has not done so for themselves; two past the point of no return"
            ),
        ] = (),
    ) -> None:
        """Turn back: what is to come is abandoned, what had begun is undone in reverse order."""
        from runbooks.changes import Changes
        from runbooks.domain.run_events import BackOut

        runs = self._service(at.programme)
        run_id = runs.find(at.run)
        fields = {
            "reason": reason, "components": component, "signed_by": signed_by,
            "tasks": Changes(runs).way_back(run_id, component),
        }  # fmt: skip
        told(run_id, runs.ask(run_id, wish(BackOut, at.by, fields)), as_json=at.json)

    def confirm(self, *, at: At) -> None:
        """Say that the old systems serve again, where no task of the way back says so."""
        from runbooks.domain.run_events import ConfirmBackedOut

        put(self._service(at.programme), at, ConfirmBackedOut(by=at.by))

    def show(
        self, *, component: Components = (), run: Run = "", programme: Here = Path(), json: AsJson = False
    ) -> int:
        """What a way back begun now would do, in its order."""
        from runbooks.changes import Changes

        runs = self._service(programme)
        tasks = Changes(runs).way_back(runs.find(run), component)
        lines = [f"{task.id}  {task.title}  {task.team or task.owner}".rstrip() for task in tasks]
        answer(
            [task.model_dump(mode="json", exclude_defaults=True) for task in tasks],
            as_json=json,
            text=lines or ["nothing has begun: there is nothing to undo"],
        )
        return DONE

    def _ask(self, at: At, command: str, **fields: object) -> None:
        from runbooks.domain import turning_back

        put(self._service(at.programme), at, wish(getattr(turning_back, command), at.by, fields))


def _tasks(path: Path | None, zone: str) -> tuple[AddedTask, ...]:
    """Tasks from a YAML file: a list, each with an optional `behind`. Raises Invalid naming file and task."""
    import yaml
    from pydantic import ValidationError

    from cutover.core.errors import Invalid, Problem
    from runbooks.domain.edits import AddedTask
    from runbooks.domain.plan import Task, in_zone

    if path is None:
        return ()
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise Invalid(Problem(str(error).splitlines()[0], str(path))) from error
    rows = rows.get("tasks") if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(
            Problem("holds no tasks", str(path), expected="a list of tasks, as under `tasks:` in a runbook")
        )
    behind = [str(row.pop("behind", "")) for row in rows]
    try:
        tasks, wrong = in_zone([Task.model_validate(row) for row in rows], zone)
    except ValidationError as error:
        raise Invalid(
            *(Problem(e["msg"], str(path), field=".".join(map(str, e["loc"]))) for e in error.errors())
        ) from error
    if wrong:
        raise Invalid(*(Problem(f.message, str(path), field=f.field, expected=f.expected) for f in wrong))
    return tuple(AddedTask(task=task, behind=after) for task, after in zip(tasks, behind, strict=True))
