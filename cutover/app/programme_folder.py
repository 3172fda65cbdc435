"""A folder of files, checked as one: the programme, its runbooks, monitors, forms, plays and contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cutover.app import rooms
from cutover.app.facts import catalogue
from cutover.app.readiness_file import FILE as READINESS
from cutover.core.errors import Invalid, NotFound, Problem, nearest
from cutover.domain.programme import Programme
from cutover.domain.query import Query
from cutover.domain.readiness import Cell
from cutover.domain.readiness import read_rule as read_readiness
from cutover.domain.webhook import hook_faults
from cutover.store.documents import read_yaml, write_yaml

if TYPE_CHECKING:
    from contingency.files import PlayBook
    from cutover.reconciliation.contract import Contract
    from monitors.definitions import Watched
    from monitors.domain.declared import AnyCheck
    from paper_capture.domain.form import Form
    from runbooks.domain.plan import Fault, Runbook

FILE = "programme.yaml"


def write_programme(folder: Path, programme: Programme, *runbooks: Runbook) -> ProgrammeFolder:
    """A programme folder from objects: one file for the programme, one for each runbook by its id."""
    write_yaml(folder / FILE, programme)
    for runbook in runbooks:
        write_yaml(folder / "runbooks" / f"{runbook.id}.yaml", runbook)
    return ProgrammeFolder(folder.resolve())


@dataclass
class ProgrammeFolder:
    """One programme on disk. Each part is read when first asked for; `problems` reads all of it."""

    path: Path

    @property
    def state(self) -> Path:
        """Where everything the software writes lives; made when first needed, for nobody else to read: it has names and hashes."""
        folder = self.path / "state"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def clock_file(self) -> Path:
        return self.path / "state" / "clock.json"

    @cached_property
    def programme(self) -> Programme:
        if not (self.path / FILE).exists():
            hint = "run `cutover init NAME` to make one, or name it with --programme DIR"
            raise Invalid(
                Problem(f"no {FILE} here", file=str(self.path), expected=f"a programme folder; {hint}")
            )
        return read_yaml(self.path / FILE, Programme)

    @cached_property
    def runbooks(self) -> Mapping[str, Runbook]:
        return {book.id: book for book in self._books.values()}

    @cached_property
    def _books(self) -> Mapping[Path, Runbook]:
        """Every runbook under the file it stands in. Raises Invalid with the problems of all of them."""
        zone = self.programme.zone
        books: dict[Path, Runbook] = {}
        problems: list[Problem] = []
        for file in sorted(p for p in (self.path / "runbooks").glob("*") if p.suffix in {".yaml", ".yml"}):
            try:
                book = rooms.read_runbook(file, zone=zone)
            except Invalid as error:
                problems += error.problems
                continue
            if twin := next((f.name for f, other in books.items() if other.id == book.id), ""):
                what = f"{twin} is the runbook '{book.id}' already"
                problems.append(Problem(what, str(file), field="id", expected="an id of its own"))
            books[file] = book
        if problems:
            raise Invalid(*problems)
        return books

    @cached_property
    def contracts(self) -> Mapping[str, Contract]:
        return rooms.load_contracts(self.path / "reconciliation")

    @cached_property
    def queries(self) -> Mapping[str, Query]:
        return rooms.load_queries(self.path / "queries")

    @property
    def readiness(self) -> tuple[Cell, ...]:
        """As the file stands now: it is counted again until the last day."""
        return rooms.load_readiness(self.path / READINESS, self.programme.zone)

    @cached_property
    def watched(self) -> Watched:
        return rooms.load_monitors(self.path / "monitors", self.programme)

    @property
    def checks(self) -> tuple[AnyCheck, ...]:
        return self.watched.checks

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        return rooms.load_forms(self.path / "forms")

    @cached_property
    def plays(self) -> PlayBook:
        monitors, forms = [check.id for check in self.checks], self.forms
        return rooms.load_plays(
            self.path / "contingency", monitors=monitors, forms=forms, programme=self.programme
        )

    def runbook(self, name: str = "") -> Runbook:
        """A runbook by id, or the only one there is beside its own way back. Raises NotFound."""
        if name in self.runbooks:
            return self.runbooks[name]
        ways_back = {book.backout for book in self.runbooks.values()}
        forward = [book for book in self.runbooks.values() if book.id not in ways_back]
        if not name and len(forward) == 1:
            return forward[0]
        if not name:
            known = (
                f"the name of one: {', '.join(self.runbooks)}" if self.runbooks else "at least one, as YAML"
            )
            what = "the programme has several runbooks" if self.runbooks else "the programme has no runbook"
            raise Invalid(Problem(what, file=str(self.path / "runbooks"), expected=known))
        raise NotFound("runbook", name, self.runbooks)

    def problems(self) -> list[Problem]:
        """Everything wrong in any of the files, and every criterion of a gate that nothing could answer."""
        found: list[Problem] = []
        for part in (
            "programme",
            "runbooks",
            "contracts",
            "checks",
            "forms",
            "plays",
            "queries",
            "readiness",
        ):
            try:
                getattr(self, part)
            except Invalid as error:
                found += [p for p in error.problems if p not in found]
        return found or [
            *_empty_calendars(self),
            *self._untellable(),
            *self._unowned(),
            *self._unplaced(),
            *self._ways_back(),
            *self._located(self._unanswerable),
            *self._located(self.action_faults),
        ]

    def _untellable(self) -> Iterator[Problem]:
        """What a webhook of programme.yaml asks for and could never be told."""
        if hooks := self.programme.webhooks:
            for field, message, near in hook_faults(hooks, catalogue().kinds):
                yield Problem(message, str(self.path / FILE), field=field, nearest=near)

    def _unowned(self) -> Iterator[Problem]:
        """Contracts whose owner nobody is: what is due would be told to nobody."""
        people = [p.id for p in self.programme.people]
        for name, contract in self.contracts.items():
            if contract.owner and contract.owner not in people:
                at = str(self.path / "reconciliation")
                yield Problem(f"{name}: nobody is named '{contract.owner}'", at, field="owner", nearest=nearest(contract.owner, people))  # fmt: skip

    def _unplaced(self) -> Iterator[Problem]:
        """Contracts that read a system which the programme does not name: such a run could only end in an error."""
        known = self.programme.systems
        for name, contract in self.contracts.items():
            for side in ("source", "target"):
                system = getattr(contract, side).system
                if system and system not in known:
                    at = str(self.path / "reconciliation")
                    yield Problem(f"{name}: no system is named '{system}'", at, field=f"{side}.system", nearest=nearest(system, known))  # fmt: skip

    def action_faults(self, book: Runbook) -> Iterator[Fault]:
        """Actions that could not be performed: an unknown kind, a wrong argument, a name that nothing fills in."""
        return rooms.action_faults(book, rooms.declared_kinds(), ("systems", "programme", "opens", "closes"))

    def unknown_names(self) -> list[Problem]:
        """People, skills, teams, components and calendars that runbooks name and the programme does not know.

        Not an error: an imported plan names roles that nobody has filled yet, and its run can be rehearsed.
        """
        return self._located(self._unknown)

    def _ways_back(self) -> Iterator[Problem]:
        """A way back that is not there, one that leads back from nothing, and tasks that undo nothing of the plan."""
        for file, book in self._books.items():
            if book.backout and book.backout not in self.runbooks:
                near = nearest(book.backout, self.runbooks.keys() - {book.id})
                what = f"no runbook is named '{book.backout}'"
                expected = f"the way back, or nothing; `cutover runbook backout {book.id}` makes one"
                yield Problem(what, str(file), field="backout", expected=expected, nearest=near)
            elif book.backout == book.id:
                yield Problem("the runbook is named as its own way back", str(file), field="backout")
        yield from self._located(self._undoing_nothing)

    def _undoing_nothing(self, book: Runbook) -> Iterator[Fault]:
        forward = [other for other in self.runbooks.values() if other.backout == book.id]
        known = {task.id for other in forward for task in other.tasks}
        for i, task in enumerate(book.tasks):
            if task.undoes and not forward:
                message = f"{task.id}: no runbook names '{book.id}' as its way back"
                yield rooms.Fault(
                    i, "undoes", message, f"`backout: {book.id}` in the runbook that it leads back from"
                )
                return
            if task.undoes and task.undoes not in known:
                yield _nameless(i, "undoes", task.id, task.undoes, known)

    def _located(self, faults_of: Callable[[Runbook], Iterator[Fault]]) -> list[Problem]:
        return [
            problem for file, book in self._books.items() for problem in rooms.located(file, faults_of(book))
        ]

    def _unknown(self, book: Runbook) -> Iterator[Fault]:
        programme = self.programme
        people = {p.id for p in programme.people}
        known = {
            "component": {c.id for c in programme.components},
            "team": {t.id for t in programme.teams},
            "owner": people,
            "deputy": people,
            "calendar": set(programme.calendars),
            "skill": {skill for person in programme.people for skill in person.skills},
        }
        for i, task in enumerate(book.tasks):
            named = [(field, getattr(task, field), ids) for field, ids in known.items()]
            named += [("gate", name, people) for name in (task.gate.deciders if task.gate else ())]
            for field, name, ids in named:
                if name and name not in ids:
                    yield _nameless(i, field, task.id, name, ids)

    def _unanswerable(self, book: Runbook) -> Iterator[Fault]:
        """Sources of criteria that point nowhere: such a gate could never say go."""
        known = {
            "monitor": {c.id for c in self.checks},
            "flow": {f.id for f in self.watched.flows},
            "reconcile": set(self.contracts),
            "query": set(self.queries),
            "task": set(book.by_id()),
        }
        for i, task in enumerate(book.tasks):
            for criterion in task.gate.criteria if task.gate else ():
                if fault := _rule_fault(criterion.source, self.runbooks):
                    yield rooms.Fault(i, "gate", f"{task.id}: criterion {criterion.id}: {fault}")
                name, ids = _source(criterion.source, known)
                if name and name not in ids:
                    yield _nameless(i, "gate", f"{task.id}: criterion {criterion.id}", name, ids)


def _nameless(index: int, field: str, where: str, name: str, known: Iterable[str]) -> Fault:
    return rooms.Fault(index, field, f"{where}: nothing is named '{name}'", nearest=nearest(name, known))


def _rule_fault(source: str, runbooks: Iterable[str]) -> str:
    """What is wrong with `rehearsal:30d:go-live` or `readiness:90:custody`; '' for nothing, and for every other source."""
    kind, _, rule = source.partition(":")
    if kind not in ("rehearsal", "readiness"):
        return ""
    try:
        if kind == "readiness":
            _ = read_readiness(rule)
            return ""
        _, runbook = rooms.read_rule(rule)
    except Invalid as error:
        return str(error)
    return "" if runbook in ("", *runbooks) else str(NotFound("runbook", runbook, runbooks))


def _empty_calendars(folder: ProgrammeFolder) -> Iterator[Problem]:
    """A calendar without hours would hold nobody, which is not what somebody meant who named one."""
    for name, hours in folder.programme.calendars.items():
        if not hours:
            expected = "days, opens and closes: {days: mon-fri, opens: 08:00, closes: 18:00}"
            yield Problem(
                "the calendar has no hours", str(folder.path / FILE), None, f"calendars.{name}", expected
            )


def _source(source: str, known: Mapping[str, set[str]]) -> tuple[str, set[str]]:
    """The name a criterion's source points at and what it may be; a person's word points nowhere."""
    kind, _, name = source.partition(":")
    if kind in ("person", "readiness", "rehearsal", "file", "register", "hypercare"):
        return "", set()
    return (name, known[kind]) if kind in known else (source, set(known))
