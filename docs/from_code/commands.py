"""Which commands there are, with every argument, and which variables of the environment are read."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclopts import App
from cyclopts.argument import Argument

from cutover.app.settings import PREFIX, Settings
from cutover.main import GROUPS, build_app
from from_code.words import cell, code

TOGETHER = "*"  # how cyclopts names options that several commands share: it is none itself


def commands() -> str:
    lines = [
        "# Commands",
        "",
        (
            "`./run ARGS` in a checkout is the same as `cutover ARGS` of an installation. Every command reads the programme "
            "folder it stands in unless `--programme` names another. Exit codes: [errors](errors.md)."
        ),
        "",
        "| group | what it is for |",
        "|---|---|",
        *(f"| [`{group}`](#cutover-{group}) | {cell(help_)} |" for group, help_ in GROUPS.items()),
    ]
    for group, help_ in GROUPS.items():
        lines += ["", f"## cutover {group}", "", help_]
        for words, command in typed(group):
            lines += _command(words, command)
    return "\n".join(lines)


def typed(group: str) -> Iterator[tuple[str, App]]:
    """Every command of a group as it is typed (`run start`), with its cyclopts app."""
    yield from _walk(group, build_app(group, _nowhere)[group])


def arguments_of(app: App) -> list[Argument]:
    """What is typed after a command."""
    return [one for one in app.assemble_argument_collection() if one.names[0] != TOGETHER]


def _walk(words: str, app: App) -> Iterator[tuple[str, App]]:
    if app.default_command is not None:
        yield words, app
    for name in app:
        if not name.startswith("-"):
            yield from _walk(f"{words} {name}", app[name])


def _nowhere(path: Path) -> Any:
    raise AssertionError(f"the documentation opens no programme ({path})")


def _command(words: str, app: App) -> list[str]:
    given = app.default_command
    assert given is not None
    arguments = arguments_of(app)
    rows = [_argument(argument) for argument in arguments]
    title = [] if words in GROUPS else ["", f"### cutover {words}"]
    says = (inspect.getdoc(given) or "").split("\n\n")[0].replace("\n", " ")
    table = ["", "| argument | default | meaning |", "|---|---|---|", *rows] if rows else []
    return [
        *title,
        "",
        *([] if says == app.help and not title else [cell(says), ""]),
        f"`{_usage(words, arguments)}`",
        *table,
    ]


def _usage(words: str, arguments: list[Argument]) -> str:
    needed = [
        _spelled(argument)
        for argument in arguments
        if argument.required or not argument.names[0].startswith("-")
    ]
    return " ".join(["cutover", words, *needed, *(["[OPTIONS]"] if len(needed) < len(arguments) else [])])


def _positional(argument: Argument) -> bool:
    return argument.field_info.kind is not inspect.Parameter.KEYWORD_ONLY


def _spelled(argument: Argument) -> str:
    name = argument.names[0]
    if not name.startswith("-"):
        return f"{name}..."
    if argument.required and _positional(argument):
        return name.removeprefix("--").upper()
    return name if argument.hint is bool else f"{name} {_value(argument)}"


def _value(argument: Argument) -> str:
    return argument.name.removeprefix("--").upper()


def _argument(argument: Argument) -> str:
    name = argument.names[0]
    spelled = f"`{_spelled(argument)}`"
    if name.startswith("-") and _positional(argument) and not argument.required:
        spelled += " (or in its place)"
    off = [other for other in argument.names[1:] if other.startswith("--no-")]
    if off:
        spelled += f", `{off[0]}`"
    says = argument.parameter.help or ""
    choices = argument.get_choices()
    if choices:
        says = f"{says}{': ' if says else ''}{', '.join(f'`{choice}`' for choice in choices)}"
    return f"| {spelled} | {_default(argument)} | {cell(says)} |"


def _default(argument: Argument) -> str:
    variables = ", ".join(f"`${name}`" for name in argument.parameter.env_var or ())
    if argument.required:
        return f"{variables}, else needed" if variables else "needed"
    default = argument.field_info.default
    if default is True:
        return "on"
    plain = "" if default in (None, "", (), False, inspect.Parameter.empty) else f"`{default}`"
    return ", else ".join(part for part in (variables, plain) if part)


def settings() -> str:
    lines = [
        "# Settings",
        "",
        (
            f"Read once from the environment, at the start of a command. A setting that is a secret may stand in a file instead: "
            f"`{PREFIX}DATABASE_URL_FILE=/run/secrets/url` reads `{PREFIX}DATABASE_URL` from that file. A wrong value ends the "
            "command with exit code 2 and names the variable."
        ),
        "",
        "| variable | or from a file | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        lines.append(
            f'| <a id="{variable.lower()}"></a>`{variable}` | `{variable}_FILE` | {code(field.default)} | {cell(field.description or "")} |'
        )
    for variable, uses in sorted(_command_variables().items()):
        meaning = f"default of an option of {', '.join(f'`cutover {use}`' for use in sorted(uses))}"
        lines.append(f'| <a id="{variable.lower()}"></a>`{variable}` | | | {meaning} |')
    return "\n".join(lines)


def _command_variables() -> dict[str, set[str]]:
    """Variables of ours that single options read, and the groups that have such an option."""
    found: dict[str, set[str]] = {}
    for group in GROUPS:
        for _, app in typed(group):
            for argument in app.assemble_argument_collection():
                for variable in argument.parameter.env_var or ():
                    if variable.startswith(PREFIX):
                        found.setdefault(variable, set()).add(group)
    return found
