"""Colours are computed from what happened; what is not known is never green; an override has a name and a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.errors import NotFound, Refused
from runbooks.domain import run_events as ev
from runbooks.domain.colours import Colour, LiftOverride, OverrideColour, colours
from tests.runbooks.plans import HOUR, WINDOW, Bench, auto, task


def forecast(bench: Bench, p80: timedelta, p95: timedelta) -> None:
    at = bench.now
    bench.ask(
        ev.MoveForecast(by="performer", p50=at, p80=at + p80, p95=at + p95, chance_to_miss=0.1, cause="seen")
    )


def shown(bench: Bench, scope: str = "run") -> tuple[Colour, tuple[str, ...]]:
    shade = colours(bench.state, bench.now)[scope]
    return shade.shown, shade.reasons


def going() -> Bench:
    bench = Bench.of(task("A", stream="load"), auto("B", stream="open"))
    bench.claim("A")
    forecast(bench, HOUR, 2 * HOUR)
    return bench


def test_green_needs_a_forecast_and_nothing_against_it() -> None:
    bench = Bench.of(task("A"))
    assert shown(bench) == (Colour.AMBER, ("there is no forecast of the end",))
    assert shown(going()) == (Colour.GREEN, ())
    assert shown(going(), "load")[0] is Colour.GREEN
    assert shown(going(), "open")[0] is Colour.OFF


def test_what_failed_and_what_nobody_knows_is_red_in_its_stream_and_in_the_run() -> None:
    bench = going()
    bench.begin("B")
    bench.uncertain("B")
    assert shown(bench, "open") == (Colour.RED, ("B may have happened: nobody knows yet",))
    assert shown(bench)[0] is Colour.RED
    assert shown(bench, "load")[0] is Colour.GREEN
    bench.fail("A")
    assert "A failed" in shown(bench)[1]


def test_what_is_late_is_amber() -> None:
    bench = going()
    bench.after(HOUR + timedelta(minutes=6))
    assert shown(bench, "load") == (Colour.AMBER, ("A is late: it was due 23 Oct 22:00Z",))


@pytest.mark.parametrize(
    ("p80", "p95", "colour"), [(2 * WINDOW, 2 * WINDOW, Colour.RED), (HOUR, 2 * WINDOW, Colour.AMBER)]
)
def test_an_end_that_may_pass_the_window_is_not_green(p80: timedelta, p95: timedelta, colour: Colour) -> None:
    bench = going()
    forecast(bench, p80, p95)
    assert shown(bench)[0] is colour


def test_an_override_stands_with_its_name_beside_the_computed_colour() -> None:
    bench = going()
    bench.fail("A")
    bench.ask(OverrideColour(by="asha", colour=Colour.AMBER, reason="the spare server takes over"))
    shade = colours(bench.state, bench.now)["run"]
    assert (shade.shown, shade.computed) == (Colour.AMBER, Colour.RED)
    assert shade.override is not None
    assert (shade.override.by, shade.override.reason) == ("asha", "the spare server takes over")
    bench.ask(LiftOverride(by="asha"))
    assert shown(bench)[0] is Colour.RED
    with pytest.raises(Refused, match="there is nothing to lift"):
        bench.ask(LiftOverride(by="asha"))
    with pytest.raises(NotFound, match="no stream named 'laod'; did you mean 'load'"):
        bench.ask(OverrideColour(by="asha", scope="laod", colour=Colour.RED, reason="x"))


def test_an_armed_backout_and_a_pause_are_amber_and_a_backout_is_red() -> None:
    bench = going()
    bench.ask(ev.PauseRun(by="asha", message="fire alarm"))
    assert shown(bench) == (Colour.AMBER, ("the run is paused: fire alarm",))
    bench.ask(ev.BackOut(by="asha", reason="x"))
    assert shown(bench)[0] is Colour.RED
