"""What is wrong with contracts though each of their lines is well formed: found before a run would stumble over it."""

# ruff: noqa: S608  (identifiers are quoted, the predicate is the contract's own SQL, and nothing is read)
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from cutover.core.errors import Problem, nearest

if TYPE_CHECKING:
    from cutover.reconciliation.contract import Contract

_OWN = frozenset({"kh", "h", "b"})
_OWN_ELSEWHERE = frozenset({"aside", "bad", "bad_key", "agrees", "s", "t", "n"})
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 1,
}
_TYPES = {"text": "VARCHAR", "integer": "BIGINT"}


def taken(columns: Iterable[str], *, elsewhere: bool) -> str:
    """What is wrong with the names of the columns; '' when each can stand in the comparison's own SQL, which tells no case apart."""
    known: dict[str, str] = {}
    for n in columns:
        small = n.casefold()
        if small in _OWN or (elsewhere and small in _OWN_ELSEWHERE):
            return f"'{n}' is a word of the comparison itself; call it something else here and add source: {n} and target: {n}"
        if small in known:
            return f"'{known[small]}' and '{n}' differ in capitals only"
        known[small] = n
    return ""


def does_not_hold(predicate: str, columns: Mapping[str, str]) -> str:
    """Why a predicate says nothing of these columns (name -> contract type); '' when it does."""
    none = ", ".join(f"NULL::{_TYPES.get(type_, type_)} AS {_quoted(n)}" for n, type_ in columns.items())
    try:
        with duckdb.connect(":memory:", config=_OFFLINE) as engine:
            engine.execute(f"SELECT count(*) FROM (SELECT {none}) WHERE ({predicate})")
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


def between(contracts: Mapping[str, Contract], files: Mapping[str, Path]) -> Iterator[Problem]:
    """References that lead to no contract, or to one whose key has another number of parts."""
    for name, contract in contracts.items():
        for i, reference in enumerate(contract.references):
            file, field = str(files[name]), f"references.{i + 1}"
            if reference.contract not in contracts:
                near = nearest(reference.contract, contracts)
                yield Problem(f"no contract is named '{reference.contract}'", file, field=field, nearest=near)
                continue
            key = contracts[reference.contract].key
            if len(key) != len(reference.columns):
                yield Problem(
                    f"{', '.join(reference.columns)} cannot point at {reference.contract}",
                    file,
                    field=field,
                    expected=f"{len(key)} columns, for its key {', '.join(key)}",
                )
                continue
            types = [contract.columns[c].type for c in reference.columns]
            theirs = [contracts[reference.contract].columns[c].type for c in key]
            if types != theirs:  # the engine would compare '007' with 7 as numbers, and find nobody astray
                yield Problem(
                    f"{', '.join(reference.columns)} ({', '.join(types)}) cannot point at {reference.contract}",
                    file,
                    field=field,
                    expected=f"the types of its key: {', '.join(theirs)}",
                )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
