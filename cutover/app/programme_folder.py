"""A folder of files, checked as one: the programme, its runbooks, monitors, forms, plays and contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from contingency.files import PlayBook, load_plays
from cutover.core.errors import Invalid, NotFound, Problem, nearest
from cutover.domain.programme import Programme
from cutover.reconciliation.contract import Contract, load_contracts
from cutover.store.documents import read_yaml
from monitors.definitions import load_checks
from monitors.domain.check import AnyCheck
from paper_capture.domain.form import Form
from paper_capture.forms import load_forms
from runbooks.domain.plan import Runbook
from runbooks.formats.files import read_runbook

FILE = "programme.yaml"


@dataclass
class ProgrammeFolder:
    """One programme on disk. Each part is read when first asked for; `problems` reads all of it."""

    path: Path

    @property
    def state(self) -> Path:
        """Where everything the software writes lives; made when first needed."""
        folder = self.path / "state"
        folder.mkdir(parents=True, exist_ok=True)
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
        files = sorted(p for p in (self.path / "runbooks").glob("*") if p.suffix in {".yaml", ".yml"})
        books = [read_runbook(p, zone=self.programme.zone) for p in files]
        return {book.id: book for book in books}

    @cached_property
    def contracts(self) -> Mapping[str, Contract]:
        return load_contracts(self.path / "reconciliation")

    @cached_property
    def checks(self) -> tuple[AnyCheck, ...]:
        return load_checks(self.path / "monitors", self.programme)

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        return load_forms(self.path / "forms")

    @cached_property
    def plays(self) -> PlayBook:
        monitors, forms = [check.id for check in self.checks], list(self.forms)
        return load_plays(self.path / "contingency", monitors=monitors, forms=forms, programme=self.programme)

    def runbook(self, name: str = "") -> Runbook:
        """A runbook by id, or the only one there is. Raises NotFound."""
        if name in self.runbooks:
            return self.runbooks[name]
        if not name and len(self.runbooks) == 1:
            return next(iter(self.runbooks.values()))
        raise NotFound("runbook", name or "(none given)", self.runbooks)

    def problems(self) -> list[Problem]:
        """Everything wrong in any of the files, and every name that points nowhere across them."""
        found: list[Problem] = []
        for part in ("programme", "runbooks", "contracts", "checks", "forms", "plays"):
            try:
                getattr(self, part)
            except Invalid as error:
                found += [p for p in error.problems if p not in found]
        return found or list(self._dangling())

    def _dangling(self) -> Iterator[Problem]:
        """Names in the runbooks that no other file defines: each would be found out only in the window."""
        programme = self.programme
        people, teams = {p.id for p in programme.people}, {t.id for t in programme.teams}
        known = {
            "component": {c.id for c in programme.components},
            "team": teams,
            "owner": people,
            "deputy": people,
        }
        sources = {"monitor": {c.id for c in self.checks}, "reconcile": set(self.contracts)}
        for book in self.runbooks.values():
            for task in book.tasks:
                named = [
                    (field, getattr(task, field), ids) for field, ids in known.items() if getattr(task, field)
                ]
                if task.gate:
                    named += [("gate.deciders", name, people) for name in task.gate.deciders]
                    named += [
                        (f"gate.criteria.{c.id}", *_source(c.source, {**sources, "task": set(book.by_id())}))
                        for c in task.gate.criteria
                    ]
                for field, name, ids in named:
                    if name and name not in ids:
                        where = f"{self.path.name}/runbooks/{book.id}"
                        yield Problem(
                            f"task {task.id}: nothing is named '{name}'",
                            file=where,
                            field=field,
                            nearest=nearest(name, ids),
                        )


def _source(source: str, known: Mapping[str, set[str]]) -> tuple[str, set[str]]:
    """The name a criterion's source points at and what it may be; a person's word points nowhere."""
    kind, _, name = source.partition(":")
    if kind in ("person", "readiness"):
        return "", set()
    return (name, known[kind]) if kind in known else (source, set(known))
