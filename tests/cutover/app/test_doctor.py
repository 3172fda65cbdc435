"""The doctor looks at everything, mends nothing, and gives a remedy with each fault."""

import sys
from importlib import metadata
from pathlib import Path

import pytest
from sqlalchemy import text

from cutover.app import doctor
from cutover.store.engine import sqlite_url, writing


def by_name(findings):
    return {finding.name: finding for finding in findings}


def test_this_machine_is_well(database_url, tmp_path):
    found = doctor.examine(database_url, tmp_path)
    assert [f for f in found if not f.ok] == []
    assert {f"package {name}" for name in doctor.PACKAGES} < set(by_name(found))


@pytest.mark.parametrize(
    ("prefect", "fastapi", "python", "ill"),
    [
        ("3.8.8", "0.150.0", (3, 11), set()),
        ("2.11.5", "0.151.0", (3, 11), {"prefect", "fastapi"}),
        ("3.7", "0.139", (3, 10), {"prefect", "python"}),
        ("4.0.0", "1.0", (3, 15), {"prefect", "fastapi", "python"}),
    ],
)
def test_a_version_that_breaks_us_is_a_fault(prefect, fastapi, python, ill):
    found = doctor.versions({"prefect": prefect, "fastapi": fastapi}.__getitem__, python)
    assert {f.name for f in found if not f.ok} == ill


def test_a_library_that_is_not_installed_is_a_fault():
    def none(name):
        raise metadata.PackageNotFoundError(name)

    assert by_name(doctor.versions(none))["prefect"].detail == "not installed"


def test_a_server_that_cannot_be_imported_says_why():
    found = doctor.prefect_server(sys.executable, "json.nowhere")
    assert not found.ok
    assert "json.nowhere" in found.detail


def test_a_stranger_s_package_of_our_name_is_a_fault(tmp_path, monkeypatch):
    (tmp_path / "strangers").mkdir()
    (tmp_path / "strangers" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    found = by_name(doctor.package_names(("strangers", "nobody_s")))
    assert found["package strangers"].detail == str(tmp_path / "strangers")
    assert found["package nobody_s"].detail == "not found"
    assert not any(found[name].ok for name in ("package strangers", "package nobody_s"))


def test_a_database_that_is_not_made_yet_is_no_fault_and_is_not_made(tmp_path):
    path = tmp_path / "new.db"
    assert doctor.database(sqlite_url(path)).ok
    assert not path.exists()


def test_a_database_of_another_schema_wants_an_upgrade(engine, database_url):
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    found = doctor.database(database_url)
    assert (found.ok, found.remedy) == (False, "cutover db upgrade")


def test_a_file_that_is_no_database_is_a_fault(tmp_path):
    path = tmp_path / "cutover.db"
    path.write_text("not a database" * 100)
    assert not doctor.database(sqlite_url(path)).ok


def test_where_no_programme_is_there_is_no_database_to_look_at():
    assert doctor.database("").ok


def test_an_address_that_is_none_is_a_fault():
    assert not doctor.database("nonsense").ok


@pytest.mark.real
def test_a_real_postgresql_is_well_and_an_absent_one_is_a_fault(postgres_url, tmp_path):
    assert doctor.database(postgres_url).ok
    absent = doctor.database(f"postgresql://asha:secret@/cutover?host={tmp_path}")
    assert not absent.ok
    assert "secret" not in absent.detail


def test_a_folder_that_cannot_be_written_to_is_a_fault():
    found = by_name(doctor.folders(Path("/proc/nowhere")))
    assert not found["programme folder"].ok
    assert found["temporary files"].ok


def test_a_folder_that_is_not_made_yet_is_judged_by_where_it_will_stand(tmp_path):
    assert all(finding.ok for finding in doctor.folders(tmp_path / "my-go-live"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wall", "steady", "year", "ok"), [(5.0, 5.01, 2026, True), (9.0, 5.0, 2026, False), (5, 5, 1970, False)]
)
def test_a_clock_that_jumps_or_lives_in_another_year_is_a_fault(wall, steady, year, ok):
    assert doctor.machine_clock(wall, steady, year).ok is ok


def test_an_unknown_zone_is_a_fault():
    assert not doctor.zone_database("Europe/Nowhere").ok
