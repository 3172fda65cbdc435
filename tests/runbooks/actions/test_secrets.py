"""Where a secret comes from, and that nothing that leaves an action shows it, in any of its spellings."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from cutover.core.errors import Invalid
from runbooks.actions.secrets import MASK, Secrets

VALUE = 'p@ss/w"ord & more'


def test_the_environment_is_asked_first_then_its_file_then_the_folder(tmp_path: Path) -> None:
    (tmp_path / "db-url").write_text("from the folder\n", encoding="utf-8")
    other = tmp_path / "elsewhere"
    other.write_text("from the file\r\n", encoding="utf-8")
    assert Secrets({}, tmp_path)("db-url") == "from the folder"
    named = {"CUTOVER_SECRET_DB_URL_FILE": str(other)}
    assert Secrets(named, tmp_path)("db-url") == "from the file"
    assert Secrets({**named, "CUTOVER_SECRET_DB_URL": "from outside"}, tmp_path)("db-url") == "from outside"


@pytest.mark.parametrize("name", ["../etc/passwd", "", "a/b", ".hidden", "a" * 90, 7])
def test_a_name_that_is_a_path_is_no_name(name: object, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot name a secret"):
        Secrets({}, tmp_path)(name)  # type: ignore[arg-type]


def test_one_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        Invalid, match=r"no secret 'token'; expected CUTOVER_SECRET_TOKEN or .*_FILE, or a file in"
    ):
        Secrets({}, tmp_path)("token")


def test_one_too_short_to_mask_is_refused_without_being_shown() -> None:
    with pytest.raises(Invalid, match="shorter than 4 characters") as refused:
        Secrets({"CUTOVER_SECRET_PIN": "957"})("pin")
    assert "957" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(Invalid, match="CUTOVER_SECRET_X_FILE: cannot read the secret"):
        Secrets({"CUTOVER_SECRET_X_FILE": "/nowhere/at/all"})("x")


@pytest.mark.parametrize(
    "look",
    [
        VALUE,
        quote(VALUE, safe=""),
        json.dumps(VALUE)[1:-1],
        base64.b64encode(VALUE.encode()).decode(),
        "p@ss/w&quot;ord &amp; more",
        repr(VALUE)[1:-1],
    ],
)
def test_every_usual_spelling_of_it_is_masked(look: str) -> None:
    secrets = Secrets({"CUTOVER_SECRET_P": VALUE})
    secrets("p")
    assert secrets.mask(f"before {look} after") == f"before {MASK} after"


def test_a_key_of_many_lines_is_masked_line_by_line() -> None:
    secrets = Secrets({"CUTOVER_SECRET_K": "-----BEGIN-----\nAAAABBBBCCCC\nDDDDEEEEFFFF\n-----END-----"})
    secrets("k")
    assert secrets.mask("odd: AAAABBBBCCCC, DDDDEEEEFFFF") == f"odd: {MASK}, {MASK}"


def test_a_tree_is_masked_in_its_names_too() -> None:
    secrets = Secrets({"CUTOVER_SECRET_T": "tok-123"})
    secrets("t")
    assert secrets.masked({"tok-123": ["x tok-123", 7]}) == {MASK: [f"x {MASK}", 7]}


def test_a_representation_shows_none() -> None:
    secrets = Secrets({"CUTOVER_SECRET_T": "tok-123"})
    secrets("t")
    assert "tok-123" not in repr(secrets)
