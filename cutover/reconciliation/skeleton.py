"""The comparison as SQL for an engine that has both sides: what agrees is counted there, what may not is told row by row.

One text for every engine, in DuckDB's spelling; `dialects` turns it into another's. The engine only narrows: a value
it cannot read for certain, or a key it finds to differ, is handed over as it stands, and the embedded engine judges
it with the code that judges every other run. So an engine may hand over too much, never too little.

Four words are no SQL and stand for what each engine says its own way: ROWHASH(…), ASTEXT(x), PADDED(x) and
SPELLED(x, pattern). Casts need no TRY, which PostgreSQL lacks: a text is cast only where its spelling makes it safe.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.reconciliation import rows
from cutover.reconciliation.contract import Contract, Reference
from cutover.reconciliation.rows import name
from cutover.reconciliation.sides import Side

ODD = "cutover_odd_keys"  # the table that an engine keeps for the length of one comparison
PLAIN, KEYLESS = -1, 0  # where a row goes: compared, without a key, or the number of its exclusion from 1
_PADDED = "CHAR"  # a physical type whose trailing blanks a cast to text would take away
_ENGINE_TYPES = {
    "text": "TEXT",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
_DIRECT = {"timestamp": ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")}
_YEAR_AND_DAY = (
    "[12][0-9]{3}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01]))"
    "|[12][0-9](0[48]|[2468][048]|[13579][26])-02-29"
)
# Narrower than what is a value: an engine must be able to cast all of it without an error and without a loss.
_SAFE = {
    "integer": "-?(0|[1-9][0-9]{0,17})",
    "double": "-?([0-9]{1,100}([.][0-9]{0,100})?|[.][0-9]{1,100})([eE][+-]?[0-9]{1,2})?",
    "date": f"({_YEAR_AND_DAY})",
    "timestamp": f"({_YEAR_AND_DAY})([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{{1,6}}0*)?)?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?",
    "boolean": "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]",
}


@dataclass(frozen=True, slots=True)
class There:
    """One side as an engine has it: what stands for the relation in the SQL, and its columns with their types."""

    side: Side
    relation: str
    has: Mapping[str, str]


def gaps(contract: Contract, there: There) -> tuple[str, ...]:
    """What the contract does not cover of a side. Raises Invalid naming every column the side does not have."""
    has = {c: "VARCHAR" if type_ == _PADDED else type_ for c, type_ in there.has.items()}
    return rows.gaps(contract, there.side, has)


def counted(contract: Contract, there: There) -> str:
    """Rows and the sum of their hashes (128 bit), by where they go and by state."""
    state = [f"{_shown(n)} AS {name(f'state__{n}')}" for n in contract.state]
    grouped = ", ".join(["aside", *(name(f"state__{n}") for n in contract.state)])
    return f"""SELECT {grouped}, count(*) AS n, sum(CAST(h AS DECIMAL(38, 0))) AS s
        FROM (SELECT {", ".join(["aside", "h", *state])} FROM ({_hashed(contract, there)}) x) x GROUP BY {grouped}"""


def all_rows(there: There, high_water: str = "") -> str:
    """How many rows there are, asked of the relation itself and of nothing made of it; and its high-water mark."""
    return f"SELECT count(*) AS n{', ' + high_water if high_water else ''} FROM {there.relation} x"


def odd_keys(contract: Contract, source: There, target: There) -> str:
    """Every key that is not once on each side with one hash; and one line more, `agrees`, with the number of all others."""
    keys = _keys(contract)
    sides = " UNION ALL ".join(
        f"SELECT {keys}, {int(one.side is Side.SOURCE)} AS s, {int(one.side is Side.TARGET)} AS t, h, bad FROM ({_hashed(contract, one)}) x WHERE aside = {PLAIN} AND bad_key = 0"
        for one in (source, target)
    )
    agrees = "CASE WHEN sum(s) = 1 AND sum(t) = 1 AND min(h) = max(h) AND max(bad) = 0 THEN 1 ELSE 0 END"
    kept = ", ".join(f"CASE WHEN agrees = 0 THEN {name(n)} END AS {name(n)}" for n in contract.key)
    # Grouped by number: a name would mean the column inside, not the one made of it.
    by = ", ".join(str(i) for i in range(1, len(contract.key) + 2))
    return f"""SELECT agrees, {kept}, count(*) AS n
        FROM (SELECT {keys}, {agrees} AS agrees FROM ({sides}) x GROUP BY {keys}) x GROUP BY {by}"""


def agreed() -> str:
    """How many keys agree, of the table of odd ones."""
    return f"SELECT sum(n) AS n FROM {ODD} x WHERE agrees = 1"


def odd_rows(contract: Contract, there: There) -> str:
    """The rows of odd keys, those without a key and those whose key cannot be read, each column of the side as text."""
    same = " AND ".join(f"o.{name(n)} = x.{name(n)}" for n in contract.key)
    return f"""SELECT {_own(there)} FROM ({_hashed(contract, there)}) x
        LEFT JOIN {ODD} o ON o.agrees = 0 AND {same}
        WHERE x.aside = {KEYLESS} OR x.aside = {PLAIN} AND (x.bad_key = 1 OR o.agrees = 0)"""


def astray(contract: Contract, there: There, reference: Reference, parent: Contract, parents: There) -> str:
    """The rows that point at no record of the parent, each column of the side as text."""
    pointing = list(zip(reference.columns, parent.key, strict=True))
    present = " AND ".join(f"(x.{name(c)} IS NOT NULL OR x.{name(_wrong(c))} = 1)" for c, _ in pointing)
    same = " AND ".join(f"p.{name(k)} = x.{name(c)}" for c, k in pointing)
    keys = ", ".join(f"{name(k)}" for k in parent.key)
    return f"""SELECT {_own(there)} FROM ({_hashed(contract, there)}) x
        WHERE x.aside <= {KEYLESS} AND {present}
            AND NOT EXISTS (SELECT 1 FROM (SELECT {keys} FROM ({_typed(parent, parents)}) y) p WHERE {same})"""


def _hashed(contract: Contract, there: There) -> str:
    """The typed rows with row hash `h`, `bad` and `bad_key` (0 or 1: something could not be read), and where they go."""
    bad = [f"{name(_wrong(n))} = 1" for n in contract.columns]
    bad_key = [f"{name(_wrong(n))} = 1" for n in contract.key]
    return f"""SELECT *, ROWHASH({", ".join(map(name, contract.columns))}) AS h,
            CASE WHEN {" OR ".join(bad)} THEN 1 ELSE 0 END AS bad,
            CASE WHEN {" OR ".join(bad_key)} THEN 1 ELSE 0 END AS bad_key, {_aside(contract, there.side)} AS aside
        FROM ({_typed(contract, there)}) x"""


def _typed(contract: Contract, there: There) -> str:
    own = [f"{name(c)} AS {name(_kept(i))}" for i, c in enumerate(there.has)]
    raw = [
        f"{rows.physical(column, there.side, n)} AS {name(_raw(n))}" for n, column in contract.columns.items()
    ]
    cast = [
        part
        for n, column in contract.columns.items()
        for part in _cast(n, column.type, _type_of(contract, there, n))
    ]
    kept = [name(_kept(i)) for i in range(len(there.has))]
    return f"""SELECT {", ".join([*kept, *(name(_raw(n)) for n in contract.columns), *cast])}
        FROM (SELECT {", ".join([*own, *raw])} FROM {there.relation} x) x"""


def _cast(n: str, type_: str, physical: str) -> tuple[str, str]:
    """The column in the contract's type, and whether it holds something that is not certain to be of it (0 or 1)."""
    raw, to = name(_raw(n)), _ENGINE_TYPES.get(type_, type_.upper())
    if physical == _PADDED:
        raw = f"PADDED({raw})"
    if type_ == "text":
        return f"ASTEXT({raw}) AS {name(n)}", f"0 AS {name(_wrong(n))}"
    if physical in _DIRECT.get(type_, ()) or not rows.may_fail(type_, physical):
        return f"CAST({raw} AS {to}) AS {name(n)}", f"0 AS {name(_wrong(n))}"
    safe = f"SPELLED(ASTEXT({raw}), {rows.literal(_spelling(type_))})"
    return (
        f"CASE WHEN {safe} THEN CAST(ASTEXT({raw}) AS {to}) END AS {name(n)}",
        f"CASE WHEN {raw} IS NULL OR {safe} THEN 0 ELSE 1 END AS {name(_wrong(n))}",
    )


def _type_of(contract: Contract, there: There, n: str) -> str:
    """The type of a plain column as the side has it; '' for what is made of an expression or a code map."""
    column = contract.columns[n]
    made = column.sql(there.side) or (column.codes and there.side is Side.SOURCE)
    return "" if made else there.has[column.named(there.side, n)]


def _aside(contract: Contract, side: Side) -> str:
    excluded = [
        f"WHEN {rows.excluded(contract, e, lambda n: f'{name(_wrong(n))} = 1')} THEN {contract.exclusions.index(e) + 1}"
        for e in contract.excluded_on(side)
    ]
    keyless = " OR ".join(f"({name(n)} IS NULL AND {name(_wrong(n))} = 0)" for n in contract.key)
    return f"CASE {' '.join(excluded)} WHEN {keyless} THEN {KEYLESS} ELSE {PLAIN} END"


def _own(there: There) -> str:
    return _texts(there, [_kept(i) for i in range(len(there.has))])


def own_texts(there: There) -> str:
    """The columns of a relation `x` as they are there, each as text."""
    return _texts(there, list(there.has))


def _texts(there: There, called: list[str]) -> str:
    """The columns of a side, which `x` calls so, as text under their own names."""
    plain = (f"x.{name(c)}" for c in called)
    told = (
        f"PADDED({one})" if held == _PADDED else one
        for one, held in zip(plain, there.has.values(), strict=True)
    )
    return ", ".join(f"ASTEXT({one}) AS {name(c)}" for one, c in zip(told, there.has, strict=True))


def _shown(n: str) -> str:
    return f"CASE WHEN {name(_wrong(n))} = 1 THEN ASTEXT({name(_raw(n))}) ELSE ASTEXT({name(n)}) END"


def _keys(contract: Contract) -> str:
    return ", ".join(map(name, contract.key))


def _spelling(type_: str) -> str:
    if type_ in _SAFE:
        return _SAFE[type_]
    precision, scale = (int(part) for part in type_.removeprefix("decimal(").rstrip(")").split(","))
    whole = f"[1-9][0-9]{{0,{precision - scale - 1}}}" if precision > scale else ""
    fraction = f"[0-9]{{1,{scale}}}0*" if scale else "0+"
    return f"-?((0{'|' + whole if whole else ''})([.]({fraction}))?|[.]{fraction})"


def _kept(i: int) -> str:
    return f"own__{i}"


def _raw(n: str) -> str:
    return f"raw__{n}"


def _wrong(n: str) -> str:
    return f"wrong__{n}"
