"""`cutover contingency action|issue|incident`: what must be done, what is known, what was reported; the pages' own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Evidence, Folder, How, Owner, Reason
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.clock import read_moment
from cutover.core.errors import Invalid, Problem, nearest

if TYPE_CHECKING:
    from contingency.domain.incidents import Cause
    from contingency.improvements import ActionService, ActionView
    from contingency.incidents import IncidentService, IssueService

ActionId = Annotated[str, Parameter(help="the action, by its id: A1")]
Title = Annotated[str, Parameter(help="what it is, in a sentence")]
Prevents = Annotated[str, Parameter(help="the failure that it is to prevent")]
IssueName = Annotated[str, Parameter(help="the issue, by a name of your own: slow-print")]
Meanwhile = Annotated[str, Parameter(help="what to do until it is mended")]
Why = Annotated[str, Parameter(help="why it is not mended yet")]
Symptom = Annotated[str, Parameter(help="what is wrong, in the words of whoever has it")]
Area = Annotated[str, Parameter(help="where: a station, a room, a system")]
Urgency = Annotated[int, Parameter(help="1 is the most urgent, 3 the least")]
IncidentId = Annotated[str, Parameter(help="the incident, by its id: I1")]
CauseName = Annotated[
    str, Parameter(help="technology, data, practice, training, user_error, demand or not_reproduced")
]
Until = Annotated[str, Parameter(help="a wall time such as 2026-11-02T09:00, or with Z or an offset")]


@dataclass(frozen=True, slots=True)
class TrackerDoors:
    """What the commands open; `zone` is that of the programme, in which moments are typed."""

    actions: Callable[[Path], ActionService]
    issues: Callable[[Path], IssueService]
    incidents: Callable[[Path], IncidentService]
    zone: Callable[[Path], str]


def add_trackers(app: App, doors: TrackerDoors) -> None:
    app.command(_actions(doors))
    app.command(_issues(doors))
    app.command(_incidents(doors))


def _actions(doors: TrackerDoors) -> App:
    app = App(name="action", help="What must be done: claimed with evidence by one, verified by another.")

    @app.default
    def show(*, all_: Annotated[bool, Parameter(name="--all", negative="", help="the verified ones too")] = False, programme: Folder = Path(), json: AsJson = False) -> int:  # fmt: skip
        """The actions that nobody has verified; with --all every one. Exit 1 while there is one."""
        found = doors.actions(programme).actions()
        left = [one for one in found if one.stage != "verified"]
        shown = found if all_ else left
        answer(shown, as_json=json)
        if not json:
            table("Actions", ("action", "what", "owner", "state", "due", "claimed by", "evidence", "verified by"), map(_action, shown))  # fmt: skip
        return NO if left else DONE

    @app.command(name="raise")
    def raise_(
        title: Title, *, owner: Owner, by: By, prevents: Prevents = "", due: Until = "", programme: Folder = Path(), json: AsJson = False
    ) -> None:  # fmt: skip
        """Enter an action with its owner; --prevents names the failure that it is to prevent."""
        due_at = read_moment(due, doors.zone(programme)) if due else None
        name = doors.actions(programme).raise_action(
            title, by=by, owner=owner, prevents=prevents, due_at=due_at
        )
        answer({"action": name}, as_json=json, text=[f"{name}: {owner} answers for it"])

    _claiming(app, doors)
    return app


def _claiming(app: App, doors: TrackerDoors) -> None:
    """Done is said by one and seen by another; either may be wrong."""

    @app.command
    def claim(
        action: ActionId,
        *,
        evidence: Evidence,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say that it is done, and show it; somebody else verifies it. Exit 1 without evidence."""
        state = doors.actions(programme).claim(action, by=by, evidence=evidence)
        answer(state, as_json=json, text=[f"{action}: claimed by {by}, not verified"])

    @app.command
    def verify(
        action: ActionId,
        *,
        how: How,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say how the evidence was looked at. Exit 1 for whoever claimed it."""
        state = doors.actions(programme).verify(action, by=by, how=how)
        answer(state, as_json=json, text=[f"{action}: verified by {by}"])

    @app.command
    def reopen(
        action: ActionId,
        *,
        reason: Reason,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Put it back on the list, with the reason."""
        state = doors.actions(programme).reopen(action, by=by, reason=reason)
        answer(state, as_json=json, text=[f"{action}: open again"])


def _action(one: ActionView) -> tuple[object, ...]:
    state = "claimed, not verified" if one.stage == "claimed" else one.stage
    return one.id, one.title, one.owner, state, one.due_at, one.claimed_by, one.evidence, one.verified_by


def _issues(doors: TrackerDoors) -> App:
    app = App(name="issue", help="Known issues: an owner, a way round, and a day to look again.")

    @app.default
    def show(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """The issues that are not resolved, the one to look at first first. Exit 1 when a day has passed."""
        service = doors.issues(programme)
        found, now = service.known(), service.desk.clock.now()
        answer(found, as_json=json)
        if not json:
            rows = (
                (name, s.known.title, s.known.owner, s.known.meanwhile, s.expires_at, "to be looked at again" if s.expired(now) else "known")
                for name, s in found.items()
                if s.known
            )  # fmt: skip
            table("Known issues", ("issue", "what", "owner", "meanwhile", "look again", "state"), rows)
        return NO if any(state.expired(now) for state in found.values()) else DONE

    @app.command
    def add(
        name: IssueName, title: Title, *, owner: Owner, meanwhile: Meanwhile, until: Until, by: By, programme: Folder = Path(), json: AsJson = False
    ) -> None:  # fmt: skip
        """Put an issue on the list of every station, with its owner, what to do meanwhile and a day to look again."""
        at = read_moment(until, doors.zone(programme))
        state = doors.issues(programme).know(
            name, title, by=by, owner=owner, meanwhile=meanwhile, expires_at=at
        )
        answer(state, as_json=json, text=[f"{name}: known, {owner} looks again by {until}"])

    @app.command
    def renew(name: IssueName, *, until: Until, why: Why, by: By, programme: Folder = Path(), json: AsJson = False) -> None:  # fmt: skip
        """Give it another day to look again, with the reason."""
        at = read_moment(until, doors.zone(programme))
        state = doors.issues(programme).renew(name, by=by, expires_at=at, why=why)
        answer(state, as_json=json, text=[f"{name}: looked at again by {until}"])

    @app.command
    def resolve(
        name: IssueName,
        *,
        evidence: Evidence,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Take it off the list with what shows that it is gone. Exit 1 without."""
        state = doors.issues(programme).resolve(name, by=by, evidence=evidence)
        answer(state, as_json=json, text=[f"{name}: resolved: {evidence}"])

    return app


def _incidents(doors: TrackerDoors) -> App:
    app = App(
        name="incident",
        help="Incidents: the symptom as told, the cause claimed by one and proved by another.",
    )

    @app.default
    def show(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """The incidents without a verified cause. Exit 1 while there is one."""
        found = {name: s for name, s in doors.incidents(programme).all().items() if s.stage != "closed"}
        answer(found, as_json=json)
        if not json:
            rows = (
                (name, s.reported_at, s.reported.symptom, s.reported.area, s.cause, s.claimed_by)
                for name, s in found.items()
                if s.reported
            )
            table("Incidents", ("incident", "reported", "symptom", "where", "claimed cause", "by"), rows)
        return NO if found else DONE

    @app.command
    def report(symptom: Symptom, *, by: By, area: Area = "", urgency: Urgency = 2, programme: Folder = Path(), json: AsJson = False) -> None:  # fmt: skip
        """Take a symptom in the words of whoever has it; urgency 1 to 3."""
        if urgency not in (1, 2, 3):
            raise Invalid(Problem(f"urgency {urgency}", field="--urgency", expected="1, 2 or 3"))
        name = doors.incidents(programme).report(symptom, by=by, area=area, urgency=urgency)
        answer({"incident": name}, as_json=json, text=[f"{name}: open"])

    _causes(app, doors)
    return app


def _causes(app: App, doors: TrackerDoors) -> None:
    """What an incident was: claimed by one, verified by another, reopened when it was something else."""

    @app.command
    def claim(incident: IncidentId, cause: CauseName, *, by: By, evidence: Evidence = "", programme: Folder = Path(), json: AsJson = False) -> None:  # fmt: skip
        """Say what it is; 'user_error' needs evidence already here. Somebody else verifies it."""
        state = doors.incidents(programme).claim(incident, _cause(cause), by=by, evidence=evidence)
        answer(state, as_json=json, text=[f"{incident}: {state.cause}, claimed by {by}, not verified"])

    @app.command
    def verify(
        incident: IncidentId,
        *,
        evidence: Evidence,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Close it with what proves its cause. Exit 1 without, or for whoever claimed it."""
        state = doors.incidents(programme).verify(incident, by=by, evidence=evidence)
        answer(state, as_json=json, text=[f"{incident}: {state.cause}, verified by {by}"])

    @app.command
    def reopen(
        incident: IncidentId,
        *,
        reason: Reason,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Its cause was another, or it is there again."""
        state = doors.incidents(programme).reopen(incident, by=by, reason=reason)
        answer(state, as_json=json, text=[f"{incident}: {state.stage}"])


def _cause(text: str) -> Cause:
    from contingency.domain.incidents import Cause

    if text not in tuple(Cause):
        near = nearest(text, tuple(Cause))
        raise Invalid(
            Problem(f"'{text}' is no cause", field="cause", expected=", ".join(Cause), nearest=near)
        )
    return Cause(text)
