"""`cutover account` and `cutover link`: who may sign in, and who is let in to read or to do one task without."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder, Run, Task
from cutover.cli.border import DONE
from cutover.cli.offered import people
from cutover.cli.output import answer, table
from cutover.core.errors import Invalid, NotFound, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from cutover.app.bootstrap import World

Opener = Callable[[Path], "World"]
Person = Annotated[str, Parameter(help="an id of programme.yaml", completer=people)]
PasswordFile = Annotated[
    Path | None,
    Parameter(help="a file whose first line is the password; default: asked for, or read from a pipe"),
]
Hours = Annotated[float, Parameter(help="for how many hours it works, up to 336")]
Base = Annotated[str, Parameter(help="the address under which people reach the pages")]


def account_commands(opener: Opener) -> App:
    """The `account` commands."""
    app = App(name="account", help="Who may sign in: make, list and disable accounts.")
    _add_passwords(app, opener)
    _add_listing(app, opener)
    _add_ending(app, opener)
    _add_sessions(app, opener)
    _add_pins(app, opener)
    _add_tokens(app, opener)
    return app


def _add_passwords(app: App, opener: Opener) -> None:
    @app.command
    def add(
        person: Person,
        *,
        password_file: PasswordFile = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Make an account for a person of programme.yaml; the roles stand there."""
        world = opener(programme)
        known = world.folder.programme.somebody(person)
        world.accounts.add(person, _hashed(person, password_file), _now())
        roles = ", ".join(known.roles) or "no role: works on the tasks of their own and their team"
        said = f"{known.name} can sign in as {person} ({roles})"
        answer({"person": person, "roles": known.roles}, as_json=json, text=[said])
        return DONE

    @app.command
    def passwd(
        person: Person,
        *,
        password_file: PasswordFile = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Set a new password: signs the person out everywhere, and enables a disabled account."""
        world = opener(programme)
        world.accounts.set_password(person, _hashed(person, password_file), _now())
        said = f"{person} has a new password and is signed out everywhere"
        answer({"person": person}, as_json=json, text=[said])
        return DONE


def _add_listing(app: App, opener: Opener) -> None:
    @app.command(name="list")
    def list_(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Every account, with its roles and where its person is signed in."""
        world = opener(programme)
        people = world.folder.programme
        rows = [
            {
                "person": one.person,
                "name": known.name if (known := people.person(one.person)) else "no longer in programme.yaml",
                "roles": ", ".join(known.roles) if known else "",
                "state": "disabled" if one.disabled_at else "enabled",
                "sessions": one.open_sessions,
                "changed": one.changed_at,
            }
            for one in world.accounts.list(_now())
        ]
        answer(rows, as_json=json)
        if not json:
            columns = ("person", "name", "roles", "state", "sessions", "changed")
            table("Accounts", columns, [[row[name] for name in columns] for row in rows])
        return DONE


def _add_ending(app: App, opener: Opener) -> None:
    @app.command
    def disable(person: Person, *, programme: Folder = Path(), json: AsJson = False) -> int:
        """No more signing in by any way, and signed out everywhere at once; `passwd` enables again."""
        world = opener(programme)
        if person not in {one.person for one in world.accounts.list(_now())}:
            world.folder.programme.somebody(person)
        world.accounts.disable(person, _now())
        answer({"person": person}, as_json=json, text=[f"{person} is disabled and signed out everywhere"])
        return DONE

    @app.command(name="sign-out")
    def sign_out(
        person: Annotated[str, Parameter(help="an id of programme.yaml, or the id of one sign-in")],
        *,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """End every sign-in of a person, or one that `sessions` lists; the account stays."""
        sessions = opener(programme).accounts.sessions
        try:
            whose, places = sessions.revoke(person), 1
            said = f"one sign-in of {whose} has ended"
        except NotFound:
            whose, places = person, sessions.close_all(person)
            said = f"{person} is signed out in {places} place{'' if places == 1 else 's'}"
        answer({"person": whose, "ended": places}, as_json=json, text=[said])
        return DONE


def _add_sessions(app: App, opener: Opener) -> None:
    @app.command
    def sessions(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Who is signed in, how, from where, and until when if nothing is done."""
        columns = ("id", "person", "how", "station", "source", "created_at", "seen_at", "ends_at")
        found = opener(programme).accounts.sessions.list(_now())
        rows = [{name: getattr(one, name) for name in columns} for one in found]
        answer(rows, as_json=json)
        if not json:
            table("Sign-ins", columns, [list(row.values()) for row in rows])
        return DONE


def _add_pins(app: App, opener: Opener) -> None:
    @app.command
    def pin(
        person: Person,
        *,
        by: By,
        withdraw: Annotated[bool, Parameter(negative="", help="no PIN any more")] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Issue a PIN for the shared PCs of a person's station: shown once, changed at its first use. Unlocks."""
        world = opener(programme)
        world.folder.programme.somebody(by)
        if withdraw:
            world.pins.withdraw(person)
            answer(
                {"person": person, "withdrawn": True}, as_json=json, text=[f"{person} has no PIN any more"]
            )
            return DONE
        from cutover.app.web import sign_in
        from cutover.web.badge import BadgeSignIn

        made = BadgeSignIn(sign_in(world, by)[0], world.pins, world.tokens).issue(person, by)
        answer({"person": person, "pin": made}, as_json=json, text=[made])
        return DONE


def _add_tokens(app: App, opener: Opener) -> None:
    @app.command
    def tokens(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """The tokens of programs and station PCs: what each is for and until when; the tokens themselves are not kept."""
        now = _now()
        rows = [
            {
                "id": one.id,
                "scope": one.scope,
                "made": one.made_at,
                "expires": one.expires_at,
                "state": "in use" if one.counts(now) else "revoked" if one.revoked_at else "expired",
            }
            for one in opener(programme).tokens.kept.list()
        ]
        answer(rows, as_json=json)
        if not json:
            table("Tokens", ("id", "scope", "made", "expires", "state"), [list(row.values()) for row in rows])
        return DONE


def link_commands(opener: Opener) -> App:
    """The `link` commands."""
    app = App(name="link", help="Links for who has no account: to read the board, or to work on one task.")
    _add_links(app, opener)
    _add_calendar_link(app, opener)

    @app.command
    def revoke(
        what: Annotated[str, Parameter(help="the link, its id, `person:ID`, or `public`")],
        *,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """End a link: the link itself, its id, `person:<id>` for all of a person, or `public` for all that read."""
        ended = opener(programme).links.revoke(what)
        answer({"revoked": ended}, as_json=json, text=[f"revoked: {ended}"])
        return DONE

    return app


def _add_links(app: App, opener: Opener) -> None:
    @app.command
    def public(
        *, hours: Hours = 24, base_url: Base = "", programme: Folder = Path(), json: AsJson = False
    ) -> int:
        """A link that shows the board and lets nobody act."""
        world = opener(programme)
        return _say(world, world.links.public(timedelta(hours=hours)), base_url, as_json=json)

    @app.command
    def task(
        task: Task,
        *,
        person: Annotated[
            str, Parameter(name="--for", help="who works on it, an id of programme.yaml", completer=people)
        ],
        hours: Hours = 24,
        run: Run = "",
        base_url: Base = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """A link by which one person works on one task, and on nothing else."""
        world = opener(programme)
        world.folder.programme.somebody(person)
        run_id = world.runs.find(run)
        plan = world.runs.state(run_id).plan
        if task not in plan:
            raise NotFound("task", task, plan)
        path = world.links.task(person, run_id, task, timedelta(hours=hours))
        return _say(world, path, base_url, as_json=json)


def _add_calendar_link(app: App, opener: Opener) -> None:
    @app.command
    def calendar(
        *,
        person: Annotated[
            str, Parameter(name="--for", help="whose calendar, an id of programme.yaml", completer=people)
        ],
        hours: Hours = 24,
        run: Run = "",
        base_url: Base = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """A link that a calendar program subscribes to: one person's part of a run, as it is expected now."""
        world = opener(programme)
        world.folder.programme.somebody(person)
        path = world.links.calendar(person, world.runs.find(run), timedelta(hours=hours))
        return _say(world, path, base_url, as_json=json)


def _say(world: World, path: str, base_url: str, *, as_json: bool) -> int:
    kind = {"open": "public", "calendar": "calendar"}.get(path.split("/")[1], "task")
    link = world.links.read(path.rpartition("/")[2], kind)
    base = (base_url or world.settings.base_url).rstrip("/")
    found = {"link": f"{base}{path}", "id": link.id, "expires": link.expires_at}
    answer(
        found,
        as_json=as_json,
        text=[f"{base}{path}", f"id {link.id}, until {link.expires_at:%d %b %Y %H:%M}Z"],
    )
    return DONE


def _hashed(person: str, file: Path | None) -> str:
    from cutover.web.passwords import Passwords

    return Passwords().hash(_password(person, file))


def _password(person: str, file: Path | None) -> str:
    """From a file, a pipe, or twice from the keyboard. Raises Invalid."""
    if file is not None:
        try:
            return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except OSError as error:
            raise Invalid(Problem(f"cannot be read: {error.strerror}", str(file))) from error
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(f"Password for {person}: ")
    if getpass.getpass("Once more: ") != first:
        raise Invalid("the two passwords differ: nothing was changed")
    return first


def _now() -> datetime:
    from cutover.core.clock import SystemClock

    return SystemClock().now()
