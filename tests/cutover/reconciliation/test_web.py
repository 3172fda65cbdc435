"""The reconciliation page: every missing record by name, and nothing green that was not compared."""

from __future__ import annotations

import threading
from datetime import timedelta

import duckdb
import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound
from cutover.reconciliation.web import ReconciliationPage, Shown, export_page, reconciliation_page
from cutover.web.kit import build_app, names_used, templates
from tests.conftest import START
from tests.cutover.reconciliation.world import World, contract, crime
from tests.cutover.web.browser import Browser

HUNDRED = [crime(n) for n in range(100)]


def page(world: World, **query: str) -> ReconciliationPage:
    built = reconciliation_page(world.service, "Europe/London").build(query)
    assert isinstance(built, ReconciliationPage)
    return built


def shown(world: World, **query: str) -> Shown:
    found = page(world, contract="crimes", **query).shown
    assert found is not None
    return found


def test_what_was_never_compared_is_not_green(world: World) -> None:
    before = page(world)
    assert [c.look[2] for c in before.contracts] == ["not compared yet"]
    assert before.shown is None


def test_every_missing_record_is_named_and_an_earlier_run_stays_in_reach(world: World) -> None:
    world.write(HUNDRED, HUNDRED[2:])
    world.run()
    world.write(HUNDRED, HUNDRED)
    world.run()
    last, first = shown(world), shown(world, run="1")
    assert (last.look[2], last.findings) == ("PASS", ())
    assert [f.key for f in first.findings] == ["C00000", "C00001"]
    assert (first.look[2], first.run) == ("FAIL", "run 1, not the last one")
    assert [(r.run, r.is_shown) for r, _ in first.runs] == [("run 2", False), ("run 1", True)]


def test_runs_stand_side_by_side_with_what_is_new_gone_and_still_there(world: World) -> None:
    for target in (HUNDRED[2:], [*HUNDRED[1:], crime(500)], HUNDRED):
        world.write(HUNDRED, target)
        world.run()
    beside = shown(world).beside
    rows = dict(beside.rows)
    assert [(r.run, r.look[2]) for r in beside.runs] == [
        ("run 3", "PASS"),
        ("run 2", "FAIL"),
        ("run 1", "FAIL"),
    ]
    assert rows["missing"] == ("0", "1", "2")
    assert rows["new"] == ("0", "1", "—")
    assert rows["gone"] == ("2", "1", "—")
    assert rows["still there"] == ("0", "1", "—")


def test_causes_stand_in_order_of_what_is_open_and_lead_to_their_records_with_both_values(
    world: World,
) -> None:
    columns = contract("a.csv", "b.csv").model_dump()["columns"]
    world.agree(columns=columns | {"surname": {"type": "text", "rules": ["unicode_form"]}})
    target = [crime(n, surname="Mu\u0308ller") if n < 6 else crime(n, surname="Müller ") if n < 9 else crime(n) for n in range(100)]  # fmt: skip
    world.write(HUNDRED, [row for row in target if row[0] not in ("C00050", "C00051", "C00052", "C00053")])
    world.run()
    causes = shown(world).causes
    assert [(c.times, c.klass, c.what, c.settled) for c in causes] == [
        ("3", "changed", "surname: whitespace", ""),
        ("3", "missing", "open", ""),
        ("1", "missing", "closed", ""),
        ("6", "changed", "surname: unicode form", "6 by the rule unicode_form"),
    ]
    assert causes[0].example == "C00006: ‘Müller’ → ‘Müller ’"
    found = shown(world, **{"class": "changed", "column": "surname", "kind": "whitespace"})
    assert [(f.key, f.source, f.target) for f in found.findings] == [
        (f"C0000{n}", "‘Müller’", "‘Müller ’") for n in (6, 7, 8)
    ]
    assert [c.is_shown for c in found.causes] == [True, False, False, False]
    assert shown(world).findings[0].key == "C00006"
    assert [f.key for f in shown(world).findings[3:5]] == ["C00051", "C00052"]


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_all_findings_are_handed_out_as_a_file(world: World, suffix: str) -> None:
    world.write([crime(n) for n in range(300)], [])
    world.run()
    page = export_page(world.service)
    file = page.build({"contract": "crimes", "run": "1", "file": f"findings.{suffix}"})
    to = world.folder / file.name
    to.write_bytes(file.content)
    assert duckdb.sql(f"SELECT count(*) FROM '{to}'").fetchall() == [(300,)]
    with pytest.raises(NotFound):
        page.build({"contract": "crimes", "run": "1", "file": "../journal.db"})


def test_a_pass_whose_re_run_is_overdue_is_not_green(world: World, clock: FixedClock) -> None:
    world.write(HUNDRED, HUNDRED)
    world.run()
    clock.set(START + timedelta(days=1, hours=1))
    due = shown(world)
    assert (due.look[2], [(a.after, a.look[2]) for a in due.again]) == (
        "PASS",
        [
            ("one day after the first run", "due"),
            ("7 days after the first run", "waiting"),
            ("30 days after the first run", "waiting"),
        ],
    )
    clock.set(START + timedelta(days=3))
    assert (shown(world).look[0], shown(world).look[2]) == ("warn", "PASS, no longer good")
    assert page(world).contracts[0].look[2] == "PASS, no longer good"
    world.run()
    assert (shown(world).look[2], shown(world).again[0].run) == ("PASS", "run 2")


def test_more_findings_than_a_page_holds_are_counted(world: World) -> None:
    world.write([crime(n) for n in range(300)], [])
    world.run()
    found = shown(world, **{"class": "missing"})
    assert (len(found.findings), found.more) == (200, "200 of 300 are shown")


def test_a_run_that_is_none_is_refused(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    world.run()
    with pytest.raises(NotFound):
        shown(world, run="7")
    with pytest.raises(Invalid):
        shown(world, run="last")


def test_the_page_reads_exactly_its_context_and_escapes_what_it_shows(world: World) -> None:
    world.write([crime(1, offence="<b>theft</b>")], [])
    world.run()
    one = reconciliation_page(world.service, "Europe/London")
    assert names_used(templates([one]), one) == {"contracts", "shown"}
    text = (
        Browser(build_app("Police", [one], world.desk.journal, threading.Event())).get("/reconciliation").text
    )
    assert "&lt;b&gt;theft" in text
    assert "<b>theft" not in text
