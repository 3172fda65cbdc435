"""A form as XLSForm, for a force that captures with ODK Collect or KoBoToolbox: the questions, their checks, nothing else.

Serials, passes, layout and control totals stay here: an XLSForm has no word for them. The serial is its first question.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]

from cutover.store.whole_file import write_whole
from paper_capture.domain.answers import FieldType, FormField
from paper_capture.domain.form import Form

SURVEY = (
    "type",
    "name",
    "label",
    "hint",
    "required",
    "relevant",
    "constraint",
    "constraint_message",
    "appearance",
)
TYPES = {
    FieldType.TEXT: "text",
    FieldType.DATE: "date",
    FieldType.DATETIME: "dateTime",
    FieldType.NUMBER: "decimal",
}
_COMPARES = re.compile(r"(?P<left>\S+) (?P<sign><=|>=|!=|<|>|==) (?P<right>\S+)")
_NEEDS = re.compile(r"(?P<when>\S+) needs (?P<fields>.+)")
Row = dict[str, str]


def write_xlsform(form: Form, to: Path) -> Path:
    """Write the workbook, whole or not at all."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    _sheet(book, "survey", SURVEY, list(_survey(form)))
    _sheet(book, "choices", ("list_name", "name", "label"), list(_choices(form)))
    settings = {"form_title": form.title, "form_id": form.id, "version": str(form.version)}
    _sheet(book, "settings", tuple(settings), [settings])
    book.close()
    return write_whole(to, out.getvalue())


def _sheet(book: xlsxwriter.Workbook, name: str, heads: tuple[str, ...], rows: list[Row]) -> None:
    sheet = book.add_worksheet(name)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head)
        for number, row in enumerate(rows, start=1):
            sheet.write_string(number, column, row.get(head, ""))


def _survey(form: Form) -> Iterator[Row]:
    check = f"regex(., '^{form.prefix}[0-9]{{9}}$')"
    yield {
        "type": "text",
        "name": "serial",
        "label": "Serial of the sheet",
        "required": "yes",
        "constraint": check,
        "constraint_message": f"{form.prefix} and nine digits",
    }
    for section, fields in form.parts:
        if section.title:
            yield {
                "type": "begin_group",
                "name": f"part_{word(section.id)}",
                "label": section.title,
                "hint": section.help,
            }
        yield from (_question(form, one) for one in fields)
        if section.title:
            yield {"type": "end_group"}


def _question(form: Form, one: FormField) -> Row:
    kind = TYPES.get(one.type) or f"select_one {word(one.name) if one.type is FieldType.CHOICE else 'yes_no'}"
    checks = [*_bounds(one), *_checks(form, one)]
    row = {
        "type": kind,
        "name": word(one.name),
        "label": one.label,
        "hint": one.help,
        "required": "yes" if one.required else "",
    }
    if one.lines > 1 or one.columns:
        row["appearance"] = "multiline"
        row["hint"] = one.help or " | ".join(one.columns)
    if needed := _needed(form, one):
        row["required"] = needed
    return row | (
        {"constraint": " and ".join(checks), "constraint_message": "see the rules of the form"}
        if checks
        else {}
    )


def _bounds(one: FormField) -> Iterator[str]:
    if one.least is not None:
        yield f". >= {one.least:g}"
    if one.most is not None:
        yield f". <= {one.most:g}"


def _checks(form: Form, one: FormField) -> Iterator[str]:
    """Plain comparisons of the form that this question is the first of; an unanswered other question breaks none."""
    names = {f.name for f in form.fields}
    for line in (*(f"{o.first} <= {o.then}" for o in form.order), *form.rules):
        found = _COMPARES.fullmatch(" ".join(line.split()))
        if found is None or found["left"] != one.name:
            continue
        sign = "=" if found["sign"] == "==" else found["sign"]
        other = f"${{{word(found['right'])}}}"
        yield (
            f"({other} = '' or . {sign} {other})" if found["right"] in names else f". {sign} {found['right']}"
        )


def _needed(form: Form, one: FormField) -> str:
    """When a question must be answered because another was."""
    lines = (*(f"{n.tick} needs {n.field}" for n in form.needs), *form.rules)
    found = (_NEEDS.fullmatch(" ".join(line.split())) for line in lines)
    whens = [f["when"] for f in found if f is not None and one.name in re.split(r"\s*,\s*", f["fields"])]
    return " or ".join(f"${{{word(when)}}} = 'yes'" for when in whens)


def _choices(form: Form) -> Iterator[Row]:
    yield from ({"list_name": "yes_no", "name": name, "label": name} for name in ("yes", "no"))
    for one in form.fields:
        yield from (
            {"list_name": word(one.name), "name": word(choice), "label": choice} for choice in one.choices
        )


def word(text: str) -> str:
    """A name that XLSForm accepts."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return plain if plain[:1].isalpha() or plain.startswith("_") else f"_{plain}"
