"""The skeleton's SQL in the words of one engine: sqlglot does the dialect, a table the row hash and the few words SQL has not.

A row hash is an engine's own and is compared with nothing but hashes of the same engine in the same comparison. NULLs
must count: Spark's xxhash64 passes over them, so each column goes in with whether it is NULL; a text must be hashed by
its bytes, so it is brought to a binary collation first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.core.errors import Invalid, NotFound, Problem, Unavailable

try:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
except ImportError:  # the extra is not installed
    sqlglot = None  # type: ignore[assignment]

MISSING = "sqlglot is not installed: pip install 'cutover-golive[scale]'"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine says what SQL has no word for; `{0}` stands for what is meant, `has_run` for whether our tests run it."""

    name: str
    sql: str  # what sqlglot calls it
    hashed: Callable[[Sequence[str]], str]
    has_run: bool = False
    text: str = ""  # a text by its bytes; empty: a plain cast is
    padded: str = "{0}"
    end: str = r"\z"  # nothing follows, not even a line end


def _with_nulls(columns: Sequence[str]) -> str:
    return f"xxhash64({', '.join(f'{c} IS NULL, {c}' for c in columns)})"


def _of_row(function: str) -> Callable[[Sequence[str]], str]:
    return lambda columns: function.format(", ".join(columns))


DIALECTS: Mapping[str, Dialect] = {
    one.name: one
    for one in (
        Dialect("duckdb", "duckdb", _of_row("hash({0})"), has_run=True),
        Dialect(
            "postgres", "postgres", _of_row("hash_record_extended(ROW({0}), 0)"), has_run=True,
            text='CAST({0} AS TEXT) COLLATE "C"', padded="CASE WHEN {0} IS NOT NULL THEN FORMAT('%s', {0}) END", end="$",
        ),
        Dialect("spark", "spark", _with_nulls, has_run=True),
        Dialect("databricks", "databricks", _with_nulls),
        Dialect("bigquery", "bigquery", _of_row("FARM_FINGERPRINT(TO_JSON_STRING(STRUCT({0})))")),
        Dialect("snowflake", "snowflake", _of_row("HASH({0})"), end="$"),
        Dialect("trino", "trino", _of_row("from_big_endian_64(xxhash64(to_utf8(json_format(CAST(ROW({0}) AS JSON)))))")),
    )
}  # fmt: skip


def dialect(name: str) -> Dialect:
    """Raises NotFound for a name that is no engine's, Unavailable when the extra is not installed."""
    if name not in DIALECTS:
        raise NotFound("engine", name, DIALECTS)
    if sqlglot is None:
        raise Unavailable(MISSING, permanent=True)
    return DIALECTS[name]


def translate(sql: str, to: Dialect) -> str:
    """One statement of the skeleton for one engine. Raises Invalid for an expression of the contract that it cannot have."""
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
        return str(tree.transform(lambda node: _said(node, to)).sql(dialect=to.sql, pretty=True))
    except SqlglotError as error:
        raise Invalid(
            Problem(
                f"the contract's SQL cannot be put into the words of {to.name}: {str(error).splitlines()[0]}",
                field="source_sql, target_sql or exclusions",
            )
        ) from error


def type_name(physical: str, of: Dialect) -> str:
    """What the embedded engine calls a type of this one: VARCHAR, BIGINT, DECIMAL(12,2), CHAR where blanks pad it …"""
    if of.name == "postgres" and physical.startswith(("character(", "bpchar")):
        return "CHAR"
    called = (
        str(exp.DataType.build(physical, dialect=of.sql, udt=True).sql("duckdb")).upper().replace(", ", ",")
    )
    bare = called.partition("(")[0] if not called.startswith("DECIMAL") else called
    return {"TEXT": "VARCHAR", "INT": "INTEGER"}.get(bare, bare)


def _said(node: Any, to: Dialect) -> Any:
    """A word of the skeleton as this engine says it; anything else as it is."""
    if not isinstance(node, exp.Anonymous) or node.name.upper() not in _WORDS:
        return node
    return _WORDS[node.name.upper()](node.expressions, to)


def _native(text: str, to: Dialect) -> Any:
    return sqlglot.parse_one(text, read=to.sql)


def _row_hash(columns: Sequence[Any], to: Dialect) -> Any:
    return _native(to.hashed([c.sql(dialect=to.sql) for c in columns]), to)


def _as_text(of: Sequence[Any], to: Dialect) -> Any:
    inner = of[0].transform(lambda node: _said(node, to))
    if to.text:
        return _native(to.text.format(inner.sql(dialect=to.sql)), to)
    return exp.cast(inner, "text")


def _padded(of: Sequence[Any], to: Dialect) -> Any:
    return _native(to.padded.format(of[0].sql(dialect=to.sql)), to)


def _spelled(of: Sequence[Any], to: Dialect) -> Any:
    inner = of[0].transform(lambda node: _said(node, to))
    whole = exp.Literal.string(f"^({of[1].this}){to.end}")
    return exp.Paren(this=exp.RegexpLike(this=inner, expression=whole))


_WORDS: Mapping[str, Callable[[Sequence[Any], Dialect], Any]] = {
    "ROWHASH": _row_hash,
    "ASTEXT": _as_text,
    "PADDED": _padded,
    "SPELLED": _spelled,
}
