"""Settings come from the environment they are given, secrets from files, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.app.settings import Settings, read_settings
from cutover.core.errors import Invalid


def test_everything_has_a_default_that_works_on_one_machine() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert (settings.database_url, settings.host, settings.port) == ("", "127.0.0.1", 8080)


def test_variables_are_read_from_the_given_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTOVER_PORT", "1")
    assert read_settings({"CUTOVER_HOST": "0.0.0.0", "OTHER": "x"}).port == 8080
    assert read_settings().port == 1


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://db/cutover\n", encoding="utf-8")
    assert read_settings({"CUTOVER_DATABASE_URL_FILE": str(secret)}).database_url == "postgresql://db/cutover"


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"CUTOVER_DATABASE_URL_FILE: cannot read .*No such file"):
        read_settings({"CUTOVER_DATABASE_URL_FILE": str(tmp_path / "none")})


def test_every_wrong_variable_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        read_settings({"CUTOVER_PORT": "eighty", "CUTOVER_PREFECT_PORT": "70000"})
    assert [problem.field for problem in caught.value.problems] == ["CUTOVER_PORT", "CUTOVER_PREFECT_PORT"]


def test_what_is_printed_of_them_holds_no_password() -> None:
    url = "postgresql://cutover:planted@db/cutover"
    held = Settings(database_url=url, prefect_database_url=url, oidc_client_secret="planted")
    assert "planted" not in f"{held} {held!r}"
