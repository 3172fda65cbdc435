"""The forms of a programme folder: every forms/*.yaml, checked one by one and against each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cutover.core.errors import Invalid, Problem
from cutover.store.documents import read_yaml
from paper_capture.domain.form import Form


def load_forms(folder: Path) -> dict[str, Form]:
    """Read every form of a folder, by id. Raises Invalid with the problems of all files at once."""
    forms: dict[str, Form] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            form = read_yaml(path, Form)
        except Invalid as error:
            problems += error.problems
            continue
        problems += _clash(path, form, forms)
        forms[form.id] = form
    if problems:
        raise Invalid(*problems)
    return forms


def _clash(path: Path, form: Form, forms: Mapping[str, Form]) -> list[Problem]:
    taken = (
        [Problem(f"id '{form.id}' is another form's too", str(path), field="id")] if form.id in forms else []
    )
    owner = next((f for f in forms.values() if f.prefix == form.prefix), None)
    if owner is not None:
        taken.append(Problem(f"prefix {form.prefix} belongs to '{owner.id}'", str(path), field="prefix"))
    return taken
