"""`cutover api`: tokens with which programs read here, and the description of what they may ask and tell."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover import __version__
from cutover.cli.asked import AsJson, Folder
from cutover.cli.border import DONE
from cutover.cli.output import answer
from cutover.core.errors import Invalid, Problem, nearest

if TYPE_CHECKING:
    from cutover.app.bootstrap import World
    from cutover.web.api.operation import Operation

Opener = Callable[[Path], "World"]
Scope = Annotated[str, Parameter(help="what it opens, such as read:runs, incidents or task:T042")]


def api_commands(opener: Opener) -> App:
    """The `api` commands."""
    app = App(name="api", help="What programs ask and tell: tokens, and the OpenAPI document.")

    @app.command
    def describe(*, programme: Folder = Path()) -> int:
        """Print the OpenAPI document that `cutover serve` has at /api/v1/openapi.json."""
        from cutover.web.api.openapi import openapi

        print(jsonlib.dumps(openapi(_operations(opener(programme)), __version__), indent=2))  # noqa: T201  a file, as it is
        return DONE

    @app.command
    def token(
        scope: Scope,
        *,
        revoke: Annotated[bool, Parameter(negative="", help="end every token made for it until now")] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Make a token for a program; it is shown once. `cutover api scopes` lists what one can be for."""
        world = opener(programme)
        _check_scope(scope, _scopes(world))
        if revoke:
            world.tokens.revoke(scope)
            answer(
                {"revoked": scope}, as_json=json, text=[f"every token for {scope} made until now has ended"]
            )
            return DONE
        made = world.tokens.issue(scope)
        answer({"scope": scope, "token": made}, as_json=json, text=[made])
        return DONE

    @app.command
    def scopes(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """What a token can be made for, and what it opens."""
        found = _scopes(opener(programme))
        lines = [f"{scope}\t{', '.join(opens)}" for scope, opens in found.items()]
        answer(found, as_json=json, text=lines)
        return DONE

    return app


def _operations(world: World) -> Sequence[Operation]:
    from cutover.app.web import assembled

    return assembled(world).operations


def _scopes(world: World) -> dict[str, list[str]]:
    """Each scope, with an address's names in braces, and what it opens."""
    found: dict[str, list[str]] = {}
    for one in _operations(world):
        if one.scope:
            found.setdefault(one.scope, []).append(f"{one.method} {one.path}")
    return dict(sorted(found.items()))


def _check_scope(scope: str, known: dict[str, list[str]]) -> None:
    """Raises Invalid for what no operation asks for."""
    kind, _, name = scope.partition(":")
    if scope in known or (name and any(one.startswith(f"{kind}:{{") for one in known)):
        return
    raise Invalid(
        Problem(
            f"no operation takes the scope '{scope}'",
            expected=", ".join(known),
            nearest=nearest(scope, known),
        )
    )
