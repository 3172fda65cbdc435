"""The commands of no room: demo, rehearse, init, check, schema, doctor, serve."""

from __future__ import annotations

import json as jsonlib
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from cutover.app.programme_folder import FILE, ProgrammeFolder
from cutover.cli.asked import AsJson, Folder, Run
from cutover.cli.border import BAD_INPUT, DONE, NO
from cutover.cli.output import answer, console, table
from cutover.core.clock import SystemClock, show
from cutover.core.errors import Invalid, NotFound, Problem, nearest
from cutover.domain.programme import Programme
from cutover.game_day import rehearse
from cutover.main import Opener
from cutover.stories import WHOLE_WINDOW, place_of, play_story

Template = Literal["small-upgrade", "big-bang", "data-centre-switch", "seventy-two-hours"]


def add(app: App, opener: Opener) -> None:
    """Put them on the root."""
    app.command(demo)
    app.command(rehearse)
    app.command(init)
    app.command(check)
    app.command(schema)
    app.command(doctor)
    app.command(completion)
    _add_serve(app, opener)
    _add_watch(app, opener)


def _add_serve(app: App, opener: Opener) -> None:
    @app.command
    def serve(
        *,
        programme: Folder = Path(),
        host: Annotated[
            str, Parameter(help="the address to listen at; default: CUTOVER_HOST, or 127.0.0.1")
        ] = "",
        port: Annotated[
            int | None, Parameter(help="default: CUTOVER_PORT, or 8080; 0 takes a free one")
        ] = None,
        as_: Annotated[
            str,
            Parameter(
                name="--as",
                help="whoever opens the pages acts as this person, without a sign-in: a rehearsal on one laptop",
            ),
        ] = "",
        to_anybody: Annotated[
            bool,
            Parameter(negative="", help="let a network read the pages although nobody has an account"),
        ] = False,
        tls: Annotated[
            bool,
            Parameter(negative="", help="over HTTPS, by an authority of the programme's own in state/tls"),
        ] = False,
        workers: Annotated[
            int | None,
            Parameter(
                help="web processes on the one port, one for each core; default: CUTOVER_WORKERS, or 1"
            ),
        ] = None,
    ) -> int:
        """The board, the health page, the report and the journal in a browser; live while a run goes on."""
        from cutover.app.web import serve as run_server

        return run_server(
            opener(programme), host=host, port=port, as_person=as_, to_anybody=to_anybody, tls=tls, workers=workers,
        )  # fmt: skip


def _add_watch(app: App, opener: Opener) -> None:
    @app.command
    def watch(
        *,
        run: Run = "",
        once: Annotated[bool, Parameter(negative="", help="draw it once and end")] = False,
        programme: Folder = Path(),
    ) -> None:
        """Board and health in this terminal, live, until q or Ctrl-C; once where the output is no terminal."""
        from cutover.terminal import watch as draw

        draw(opener(programme), run=run, once=once)


def demo(
    story: Annotated[str, Parameter(help="which of the seven; default: the whole window")] = "",
    *,
    programme: Annotated[
        Path | None, Parameter(help="where to play it; default: the example itself, or ./seventy_two_hours")
    ] = None,
    speed: Annotated[
        float | None, Parameter(help="simulated seconds a second; 0 steps from event to event")
    ] = None,
    prefect: Annotated[bool, Parameter(help="show automated tasks in a local Prefect server")] = True,
    again: Annotated[
        bool, Parameter(negative="", help="throw an earlier demo's state away and begin anew")
    ] = False,
) -> int:
    """Seventy-two hours in a minute: the whole job, from the freeze to the last paper form, against stand-in systems."""
    from cutover.game_day import play

    if story and story.replace("-", "_") != WHOLE_WINDOW:
        return play_story(story, programme)
    folder = _demo_folder(programme)
    remedy = "" if programme is None else "--again to throw it away, or `cutover serve` to look at it"
    return play(folder, "the demo", speed=speed, prefect=prefect, again=again, remedy=remedy)


def init(
    name: Annotated[Path, Parameter(help="the folder to write; it is made")],
    *,
    template: Annotated[Template, Parameter(help="what to begin from")] = "small-upgrade",
    title: Annotated[str, Parameter(help="what the programme is called; default: as the template")] = "",
    opens: Annotated[
        datetime | None,
        Parameter(help="when the window opens, wall time of the programme's zone; default: in a fortnight"),
    ] = None,
) -> int:
    """Write a new programme folder to begin from: a plan with gates, estimates and a way back, and roles to fill."""
    from runbooks import library

    if name.exists() and (not name.is_dir() or any(name.iterdir())):
        raise Invalid(Problem("the folder is not empty", file=str(name), expected="a new name"))
    story = template not in library.TEMPLATES
    source = place_of(WHOLE_WINDOW) if story else library.template(template)
    text = (source / FILE).read_text(encoding="utf-8")
    if opens is None and not story:  # the story is about one night of one year
        opens = library.next_window(text, SystemClock().now())
    _write_folder(name, source, library.made_own(text, library.Wanted(title, opens)))
    for line in (*_begun(name, template), *_past(ProgrammeFolder(name).programme, SystemClock().now())):
        console.print(line, markup=False)
    return DONE


def _write_folder(name: Path, source: Path, programme: str) -> None:
    """The whole folder, checked, or nothing."""
    name.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=name.parent, prefix=f".{name.name}.") as place:
        made = Path(place) / name.name
        shutil.copytree(source, made, ignore=shutil.ignore_patterns("state", "__pycache__"))
        if not (made / "forms").exists():
            shutil.copytree(str(files("paper_capture") / "library"), made / "forms")
        (made / FILE).write_text(programme, encoding="utf-8")
        if problems := ProgrammeFolder(made).problems():
            raise Invalid(*(replace(p, file=str(name / Path(p.file).relative_to(made))) for p in problems))
        if name.exists():
            name.rmdir()
        made.rename(name)


def _begun(name: Path, template: str) -> Iterator[str]:
    """What was written, and what to do next."""
    folder = ProgrammeFolder(name)
    programme, book = folder.programme, folder.runbook()
    opens, closes = (
        show(at, programme.zone, "%a %d %b %Y %H:%M %Z") for at in (programme.opens, programme.closes)
    )
    yield f"{name}: {programme.title}, from the template {template}"
    yield f"  programme.yaml  window {opens} to {closes}, {len(programme.people)} people, {len(programme.teams)} teams"
    yield f"  runbooks/{book.id}.yaml  {len(book.tasks)} tasks, {sum(1 for t in book.tasks if t.gate)} gates"
    if book.backout:
        yield f"  runbooks/{book.backout}.yaml  the way back, {len(folder.runbook(book.backout).tasks)} tasks"
    yield f"  forms/*.yaml  {len(folder.forms)} paper forms, for when the screens are dark"
    yield "make them yours: window and people first, then the tasks and their times. Next:"
    where = f"--programme {shlex.quote(str(name))}"
    yield f"  cutover check {shlex.quote(str(name))}"
    yield f"  cutover runbook lint {where}"
    yield f"  cutover runbook forecast {where}"
    yield f"  cutover run start --type rehearsal --auto {where}"
    if manager := next((person.id for person in programme.people if "programme_manager" in person.roles), ""):
        yield f"  cutover serve --as {manager} {where}    (then open the address it prints)"


def _past(programme: Programme, now: datetime) -> Iterator[str]:
    if programme.opens <= now:
        opened = show(programme.opens, programme.zone, "%a %d %b %Y %H:%M %Z")
        yield f"WARNING: the window is past: it opened {opened}. A rehearsal keeps its own time; for a live run set"
        yield "  `window` in programme.yaml, or begin again with --opens and a moment that is still to come"


def check(programme: Folder = Path(), *, json: AsJson = False) -> int:
    """Check every file of a programme folder, and every name that one file uses of another."""
    from cutover.range.files import rehearsal_problems

    folder = ProgrammeFolder(programme.resolve())
    problems = [str(p) for p in (*folder.problems(), *rehearsal_problems(folder, needed=False))]
    notes = [] if problems else [str(p) for p in folder.unknown_names()]
    answer(
        {"problems": problems, "unknown_names": notes},
        as_json=json,
        text=problems or [*(f"note: {n}" for n in notes), f"{programme}: all files are in order"],
    )
    return BAD_INPUT if problems else DONE


def schema(
    kind: Annotated[str, Parameter(help="a kind of file, or `answer`; default: every kind of file")] = "",
    *command: Annotated[
        str, Parameter(help="with `answer`: which command, such as `run status`; default: all")
    ],
) -> int:
    """Print the JSON Schema of one kind of file, or of what a command answers: `cutover schema answer run status`."""
    from cutover.app.schemas import SCHEMAS

    words = " ".join(command)
    if kind == "answer":
        from cutover.json_shapes import ANSWERS, schema_of

        if words and words not in ANSWERS:
            raise NotFound("command that answers in JSON", words, ANSWERS)
        print(jsonlib.dumps({name: schema_of(name) for name in ([words] if words else ANSWERS)}, indent=2))  # noqa: T201
        return DONE
    if (kind and kind not in SCHEMAS) or words:
        wrong = f"{kind} {words}".strip()
        near = nearest(wrong, (*SCHEMAS, "answer"))
        raise Invalid(Problem(f"no schema '{wrong}'", expected=", ".join((*SCHEMAS, "answer")), nearest=near))
    chosen = {kind: SCHEMAS[kind]} if kind else SCHEMAS
    print(jsonlib.dumps({name: model.model_json_schema() for name, model in chosen.items()}, indent=2))  # noqa: T201
    return DONE


def doctor(programme: Folder = Path(), *, json: AsJson = False) -> int:
    """Is this machine ready: versions, Prefect's server, package names, database, clock, folders."""
    from cutover.app.doctor import examine
    from cutover.app.settings import read_settings
    from cutover.store.engine import sqlite_url

    if not programme.is_dir():
        raise Invalid(Problem("no such folder", file=str(programme), expected="a programme folder, or none"))
    url = read_settings().database_url
    if not url and (programme / FILE).exists():
        url = sqlite_url(ProgrammeFolder(programme.resolve()).state / "cutover.db")
    found = examine(url, programme)
    answer(found, as_json=json)
    if not json:
        table(
            "Doctor",
            ("", "what", "found", "remedy"),
            [("ok" if f.ok else "NOT OK", f.name, f.detail, "" if f.ok else f.remedy) for f in found],
        )
    return DONE if all(f.ok for f in found) else NO


def _demo_folder(programme: Path | None) -> Path:
    if programme is not None and (programme / FILE).exists():
        return programme
    source = place_of(WHOLE_WINDOW)
    if programme is None and "site-packages" not in source.parts:
        return source
    target = programme or Path(WHOLE_WINDOW)
    if not (target / FILE).exists():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("state"))
    return target


def completion(
    shell: Literal["bash", "zsh", "fish"],
    *,
    install: Annotated[
        bool,
        Parameter(negative="", help="write it where the shell looks for it, and a line into its start file"),
    ] = False,
) -> int:
    """Print what lets your shell complete commands, options and the programme's names: `source <(cutover completion bash)`."""
    from cutover.main import whole_app

    app = whole_app()
    if install:
        console.print(f"{app.install_completion(shell=shell)}: open a new shell", markup=False)
        return DONE
    print(app.generate_completion(prog_name="cutover", shell=shell))  # noqa: T201  a file, as it is
    return DONE
