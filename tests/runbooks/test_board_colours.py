"""The board shows the colour of the run and of its streams with the reasons, and an override beside the computed one."""

from __future__ import annotations

from runbooks.board import read_run
from runbooks.board_colours import shade_lines
from runbooks.domain.colours import Colour, OverrideColour
from tests.cutover.web.world import PROGRAMME
from tests.runbooks.plans import Bench, auto, task


def test_a_colour_stands_with_its_reasons_and_an_override_with_its_name() -> None:
    bench = Bench.of(task("A", stream="load"), auto("B", stream="open"))
    bench.claim("A")
    bench.fail("A")
    bench.ask(OverrideColour(by="asha", colour=Colour.GREEN, reason="the spare took over"))
    run, load = shade_lines(read_run(bench.state, PROGRAMME, bench.now))
    assert (run.look, run.said) == (
        ("ok", "✓", "green"),
        "Asha Rahman says green: the spare took over; computed red",
    )
    assert "A failed" in run.reasons
    assert (load.title, load.look, load.said) == ("load", ("bad", "✗", "red"), "")
