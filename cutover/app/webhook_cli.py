"""`cutover webhook`: who is told of what outside, which letters nobody takes, and to have a dead one tried again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, Folder
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table

if TYPE_CHECKING:
    from cutover.app.bootstrap import World

Opener = Callable[[Path], "World"]


def webhook_commands(opener: Opener) -> App:
    """The `webhook` commands."""
    app = App(name="webhook", help="Outside systems that are told of facts: what waits, what nobody takes.")

    @app.command
    def status(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Every letter that was not taken, the oldest first. Exit 1 while there is a dead one."""
        from cutover.store.letters import letters, prepare_letters

        world = opener(programme)
        prepare_letters(world.engine)
        found = letters(world.engine)
        answer(found, as_json=json, text=[] if found else ["every letter was taken, or none was written"])
        if found and not json:
            rows = (
                (
                    "DEAD" if one.dead else "waits",
                    one.subscription,
                    one.event,
                    one.since,
                    one.tries,
                    one.why,
                    one.id,
                )
                for one in found
            )
            table("Letters", ("", "to", "fact", "since", "tries", "why not", "which"), rows)
        return NO if any(one.dead for one in found) else DONE

    @app.command
    def requeue(
        letter: Annotated[str, Parameter(help="which, as `cutover webhook status` names it")],
        *,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Have a dead letter tried again, as if for the first time."""
        from cutover.store.letters import prepare_letters
        from cutover.store.letters import requeue as again

        world = opener(programme)
        prepare_letters(world.engine)
        again(world.engine, letter, world.clock.now())
        answer({"requeued": letter}, as_json=json, text=[f"{letter} goes out with the next round"])
        return DONE

    return app
