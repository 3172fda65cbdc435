"""Who may do what by which address: read from the pages and acts as they are served."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cutover.app import four_eyes
from cutover.app.bootstrap import build_world
from cutover.app.settings import Settings
from cutover.app.web import Assembled, assembled
from cutover.web.visitor import Role
from from_code.words import cell, code

_YES, _NO = "✓", ""
_BARE = (
    "title: Any\nzone: UTC\nwindow: {opens: 2026-10-23T22:00, closes: 2026-10-26T21:00, backout: 24h}\n"
    "components: [{id: records, title: Records}]\npeople: [{id: asha, name: Asha}]\n"
)


def permissions() -> str:
    all_ = served()
    words = [role.replace("_", " ") for role in Role]
    lines = [
        "# Who may do what",
        "",
        (
            "Roles stand at the people of `programme.yaml`, and in its `single_sign_on` for the groups of a provider; nowhere else. Whoever is "
            "known by badge and PIN has the roles station and keyer at most, and does nothing that is not for one of them. A tick says that the role may try; whether the task, the gate "
            "or the sheet takes it from this person is decided by the machine behind it, which knows owners, deputies, teams, deciders, "
            "quorum and who did the other half. People without a role act on what is theirs or their team's; an auditor changes nothing. "
            "The tests try every row with every role."
        ),
        "",
        "## By forms",
        "",
        f"| to | address | {' | '.join(words)} |",
        f"|---|---|{'---|' * len(words)}",
    ]
    for act in sorted(all_.acts, key=lambda act: act.path):
        may = [_YES if _may(act.roles, role, anybody=act.anybody) else _NO for role in Role]
        lines.append(f"| {cell(act.does)} | {code(act.path)} | {' | '.join(may)} |")
    lines += ["", "## Pages", "", "| page | who reads it |", "|---|---|"]
    lines += [
        f"| {code(page.path)} | {_readers(page.public, anybody=page.anybody)} |"
        for page in sorted(all_.pages, key=lambda page: page.path)
    ]
    lines += [
        "",
        (
            "Where a page shows more to some, the page decides: answers and images of paper are for keyers and supervisors, "
            "restricted forms for the keyers they name, and each look is journalled."
        ),
        "",
        "## For programs",
        "",
        "| address | methods | scope of the token |",
        "|---|---|---|",
    ]
    scopes = {(one.path, one.method): one.scope for one in all_.operations}
    for route in sorted(all_.routes, key=lambda route: route.path):
        methods = sorted(set(route.methods or ()) - {"HEAD"})
        scope = next((found for method in methods if (found := scopes.get((route.path, method)))), "")
        lines.append(f"| {code(route.path)} | {', '.join(methods)} | {code(scope) if scope else ''} |")
    lines += [
        "",
        "What they take is a token of their own with one scope (`cutover api token`, `cutover monitor token`, a station's link), never a person's session, unless a page of ours asks in a person's name.",
    ]
    lines += ["", *_two()]
    return "\n".join(lines)


def _two() -> list[str]:
    """What takes two people, and what one does alone although it overrides something."""
    lines = ["## What takes two people", "", "| command | how |", "|---|---|"]
    lines += [
        f"| {code(name.rpartition('.')[2])} | {cell(how)} |" for name, how in sorted(four_eyes.TWO.items())
    ]
    lines += [f"| {cell(what)} | {cell(how)} |" for what, how in four_eyes.OUTSIDE.items()]
    lines += [
        "",
        "One person does these alone, although they override or end something:",
        "",
        "| command | why alone |",
        "|---|---|",
    ]
    return lines + [
        f"| {code(name.rpartition('.')[2])} | {cell(why)} |" for name, why in sorted(four_eyes.ALONE.items())
    ]


def _may(roles: tuple[Role, ...], role: Role, *, anybody: bool) -> bool:
    return anybody or (role is not Role.AUDITOR and (not roles or role in roles))


def _readers(public: bool, *, anybody: bool) -> str:
    if anybody:
        return "anybody"
    return "whoever is signed in" + ("; whoever has a public link" if public else "")


def served() -> Assembled:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "programme"
        folder.mkdir()
        (folder / "programme.yaml").write_text(_BARE, encoding="utf-8")
        world = build_world(folder, settings=Settings())
        try:
            return assembled(world)
        finally:
            world.engine.dispose()
