"""Lists are read where they are kept, joined from where items begin, and what is in none is suspected."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from cutover.core.clock import FixedClock, to_utc
from cutover.core.errors import NotFound
from cutover.domain.programme import Hours
from monitors.ageing_service import AgeingService
from monitors.domain import suspicion
from monitors.domain.ageing import AgeingCheck
from monitors.domain.check import Reason, Status
from monitors.domain.flow import Hypercare
from monitors.domain.suspicion import Origin, Stage
from tests.conftest import MakeDesk
from tests.monitors.flow_world import PROGRAMME

CSV = {"kind": "csv"}


def check(**more: object) -> AgeingCheck:
    return AgeingCheck.model_validate(
        {
            "id": "triage", "kind": "ageing", "title": "Triage", "owner": "bo", "standard": "48h",
            "upstream": CSV | {"path": "incidents.csv"}, "done": CSV | {"path": "assessed.csv"},
            "queue": CSV | {"path": "queue.csv"},
        }
        | more
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "incidents.csv").write_text(
        "id,at\n1,2026-10-23T09:00\n2,2026-10-23T12:00\n3,2026-10-23T13:00\n"
    )
    (tmp_path / "assessed.csv").write_text("id,at\n1,2026-10-23T15:00\n")
    (tmp_path / "queue.csv").write_text("id\n2\n")
    return tmp_path


@pytest.fixture
def service(make_desk: MakeDesk, folder: Path) -> AgeingService:
    return AgeingService(make_desk(suspicion.EVENTS), [check()], PROGRAMME, folder, lambda name: name)


def test_an_item_in_no_list_is_named_and_opens_a_suspected_backlog(
    service: AgeingService, clock: FixedClock
) -> None:
    result = service.look(check(), clock.at)
    assert (result.status, "the oldest 3 for 9h" in result.detail) == (Status.CRITICAL, True)
    (view,) = service.all()
    assert (view.suspicion.stage, view.suspicion.missing, view.suspicion.named) == (
        Stage.SUSPECTED,
        1,
        ("3",),
    )


def test_the_suspicion_stays_until_a_person_settles_it(
    service: AgeingService, folder: Path, clock: FixedClock
) -> None:
    service.look(check(), clock.at)
    (folder / "queue.csv").write_text("id\n2\n3\n")
    assert service.look(check(), clock.at).status is Status.OK
    assert service.all()[0].suspicion.stage is Stage.SUSPECTED
    with pytest.raises(NotFound, match="person"):
        service.settle("triage", "dev", Origin.RETURNED, "n")
    service.settle("triage", "bo", Origin.RETURNED, "it was in a batch that ran late")
    assert service.all()[0].suspicion.stage is Stage.CLEAR


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("assessed.csv", None, "there is no file 'assessed.csv'"),
        ("assessed.csv", "id,when\n1,x\n", "no column at"),
        ("incidents.csv", "id,at\n1,2026-10-23\n1,2026-10-23\n", "'1' is there twice"),
        ("incidents.csv", "id,at\n1,2036-10-23\n", "is still to come"),
    ],
)
def test_a_list_that_cannot_be_read_is_unknown_and_never_a_good_sign(  # noqa: PLR0917
    service: AgeingService, folder: Path, clock: FixedClock, name: str, content: str | None, why: str
) -> None:
    (folder / name).unlink() if content is None else (folder / name).write_text(content)
    result = service.look(check(), clock.at)
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.ERROR)
    assert why in result.detail


def test_the_same_lists_out_of_a_database(make_desk: MakeDesk, any_engine: Engine, clock: FixedClock) -> None:
    """On SQLite and on a real PostgreSQL, which gives moments and not texts."""
    url = any_engine.url.render_as_string(hide_password=False)
    lists = create_engine(url)
    with lists.begin() as connection:
        connection.execute(text("CREATE TABLE incidents (id INTEGER, at TIMESTAMP, assessed TIMESTAMP)"))
        for number, hours in ((1, 100), (2, 30), (3, 20)):
            at = (clock.at - timedelta(hours=hours)).replace(tzinfo=None).isoformat(" ")
            done = f"'{at}'" if number == 1 else "NULL"
            connection.execute(text(f"INSERT INTO incidents VALUES ({number}, '{at}', {done})"))
    lists.dispose()
    sql = {"kind": "sql", "database": "lists"}
    of = check(
        upstream=sql | {"query": "SELECT id, at FROM incidents"},
        done=sql | {"query": "SELECT id, assessed FROM incidents WHERE assessed IS NOT NULL"},
        queue=sql | {"query": "SELECT id FROM incidents WHERE id = 2"},
    )
    service = AgeingService(
        make_desk(suspicion.EVENTS, on=any_engine), [of], PROGRAMME, Path(), lambda _: url
    )
    assert service.look(of, clock.at).status is Status.CRITICAL
    assert service.all()[0].suspicion.named == ("3",)


def test_a_database_that_is_away_is_named_without_its_secret(make_desk: MakeDesk, clock: FixedClock) -> None:
    sql = {"kind": "sql", "database": "lists", "query": "SELECT 1"}
    of = check(upstream=sql, done=sql, queue=None)
    url = "sqlite:////no/such/place/word-of-pass.db"
    service = AgeingService(make_desk(suspicion.EVENTS), [of], PROGRAMME, Path(), lambda _: url)
    detail = service.look(of, clock.at).detail
    assert detail == "the database 'lists' does not answer: unable to open database file"


def test_a_file_outside_the_folder_is_refused(make_desk: MakeDesk, folder: Path, clock: FixedClock) -> None:
    of = check(upstream=CSV | {"path": "../elsewhere.csv"})
    service = AgeingService(make_desk(suspicion.EVENTS), [of], PROGRAMME, folder, lambda name: name)
    assert "not in the programme folder" in service.look(of, clock.at).detail


def test_two_working_days_of_an_office_run_over_the_weekend_the_clock_change_and_a_free_day(
    make_desk: MakeDesk, folder: Path, clock: FixedClock
) -> None:
    """Item 2 came on Friday at 12:00, the office is shut on Monday: due on Wednesday at 12:00, grave on Thursday."""
    office = Hours.model_validate({"days": "mon-fri", "opens": "09:00", "closes": "17:00"})
    programme = PROGRAMME.model_copy(update={"calendars": {"office": (office,)}})
    of = check(standard="2 working days", calendar="office", queue=None)
    watch = Hypercare(holidays="GB/ENG", closed_days=(date(2026, 10, 26),))
    service = AgeingService(make_desk(suspicion.EVENTS), [of], programme, folder, str, watch=watch)
    (folder / "assessed.csv").write_text("id,at\n1,2026-10-23T15:00\n3,2026-10-23T15:00\n")
    seen = []
    for wall in ("2026-10-28T11:59", "2026-10-28T12:01", "2026-10-29T12:01"):
        clock.set(to_utc(datetime.fromisoformat(wall), "Europe/London"))
        seen.append(service.look(of, clock.at).status)
    assert seen == [Status.OK, Status.WARNING, Status.CRITICAL]
    assert service.look(of, clock.at).detail.startswith(
        "1 over the standard of 2 working days; the oldest, 2"
    )


def test_a_calendar_that_is_none_is_unknown_and_never_a_good_sign(
    make_desk: MakeDesk, folder: Path, clock: FixedClock
) -> None:
    of = check(calendar="office")
    service = AgeingService(make_desk(suspicion.EVENTS), [of], PROGRAMME, folder, str)
    assert service.look(of, clock.at).detail == "triage: no hours are declared for the calendar 'office'"
