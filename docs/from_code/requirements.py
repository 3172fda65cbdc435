"""Which test demonstrates which requirement: read from the marks the tests carry."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

DOCS = Path(__file__).parents[1]
TESTS = DOCS.parent / "tests"
MARK = "requirement"


def wanted() -> Mapping[str, Mapping[str, str]]:
    """Every requirement by its number: what failed, the capability, how it is shown."""
    read: Mapping[str, Mapping[str, str]] = yaml.safe_load(
        (DOCS / "requirements.yaml").read_text(encoding="utf-8")
    )
    return read


def demonstrations() -> dict[str, list[str]]:
    """The tests of each requirement as pytest names them, `tests/file.py::test`."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{MARK}(" not in text:
            continue
        for test, number in _marked(ast.parse(text)):
            found.setdefault(number, []).append(f"{path.relative_to(TESTS.parent).as_posix()}::{test}")
    return found


def _marked(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{MARK}":
                    yield from ((node.name, str(ast.literal_eval(number))) for number in mark.args)


def requirements() -> str:
    shown = demonstrations()
    lines = [
        "# Requirements and their demonstrations",
        "",
        (
            "Each failure of the case this library was made for, what must stop it, and the tests that show it. A whole run of "
            "`./test` ends with a line for each of them and fails when one was not shown: skipped is not shown."
        ),
    ]
    for number, words in wanted().items():
        lines += ["", f"## {number}: {words['failed']}", "", f"{_sentence(words['capability'])}", ""]
        lines += [f"Shown: {words['shown']}.", ""]
        lines += [f"- `{test}`" for test in shown.get(number, ["nothing shows it yet"])]
    return "\n".join(lines)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
