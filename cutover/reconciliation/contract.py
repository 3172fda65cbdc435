"""What must agree with what: the two sides, the key, the columns with their types, what is left out and on whose word.

Nothing is equivalent by default. A rule that allows a difference, a column that is not compared and a record
that is excluded each stand here by name, so that the outcome can count them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import duckdb
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from cutover.core.errors import Invalid, Problem, hint, nearest
from cutover.domain.programme import Id, Part, Span
from cutover.reconciliation.contract_faults import between, does_not_hold, taken
from cutover.reconciliation.findings import Class
from cutover.reconciliation.sides import Side
from cutover.store.documents import read_yaml

TYPES = "text, integer, decimal(p,s), double, timestamp, date or boolean"
_DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)")
_WIDEST = 38
_MEASURED = ("integer", "decimal", "double", "timestamp")
EMBEDDED = "embedded"  # the engine that reads both sides itself
ENGINES = ("postgres", "spark", "duckdb")  # engines that may have both sides
FORMATS = ("csv", "parquet", "duckdb")
AGAIN = (timedelta(days=1), timedelta(days=7), timedelta(days=30))


class Rule(StrEnum):
    """A difference that a column may be allowed, by name; each use is counted. Mojibake never is one."""

    WHITESPACE = "whitespace"
    UNICODE_FORM = "unicode_form"
    NULL_EMPTY = "null_empty"
    ROUNDING = "rounding"
    FLOAT_NOISE = "float_noise"


def _contract_type(value: Any) -> Any:
    text = str(value).strip().lower()
    if decimal := _DECIMAL.fullmatch(text):
        precision, scale = int(decimal[1]), int(decimal[2])
        if 1 <= precision <= _WIDEST and scale <= precision:
            return f"decimal({precision},{scale})"
    if text in ("text", "integer", "double", "timestamp", "date", "boolean"):
        return text
    raise ValueError(f"'{value}' is not a contract type: expected {TYPES}")


def _short_form(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[Id, ...], BeforeValidator(_one_or_more)]


class Column(Part):
    """One compared column: its contract type, its name on each side where that differs, the rules it is allowed."""

    type: Annotated[str, BeforeValidator(_contract_type)]
    source: str = ""
    target: str = ""
    rules: tuple[Rule, ...] = ()
    source_sql: str = Field(
        default="", description="an SQL expression over the source's own columns instead of a name"
    )
    target_sql: str = Field(default="", description="the same for the target")
    places: int | None = Field(
        default=None,
        ge=0,
        le=38,
        description="with the rule rounding: the decimal places that a rounded value keeps at least",
    )
    tolerance: Decimal | None = Field(
        default=None,
        gt=0,
        description="the largest difference that is allowed, and counted: in the column's unit, for a timestamp in seconds",
    )
    codes: dict[str, str] = Field(
        default={},
        description="code of the source -> code of the target; a code that is not listed is a finding",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.codes and self.type != "text":
            raise ValueError(f"codes: only a text column has them, this is {self.type}")
        if self.tolerance is not None and not self.type.startswith(_MEASURED):
            raise ValueError(f"tolerance: only numbers and timestamps have one, this is {self.type}")
        if (Rule.ROUNDING in self.rules) is (self.places is None):
            raise ValueError(
                "places: the rule rounding says to how many decimal places, and no other rule does"
            )
        for expression in filter(None, (self.source_sql, self.target_sql)):
            one_expression(expression, "expression")
        return self

    def sql(self, side: Side) -> str:
        """The expression that makes this column on one side; '' for a plain name."""
        return self.source_sql if side is Side.SOURCE else self.target_sql

    def named(self, side: Side, name: str) -> str:
        """What this column is called on one side."""
        return (self.source if side is Side.SOURCE else self.target) or name


class Place(Part):
    """Where one side is read: a file of the programme, a path of a system fetched over HTTP, or a table of a database."""

    path: str = Field(default="", description="a file, a folder of Parquet files, or a path of the system")
    system: str = Field(default="", description="name under `systems`; empty: a file")
    format: Literal["", "csv", "parquet", "duckdb"] = ""
    table: str = Field(
        default="", description="the table of a DuckDB file or of a database named under `systems`"
    )
    high_water: str = Field(
        default="",
        description="for a database: an aggregate such as max(updated_at) that moves when the table does",
    )

    @model_validator(mode="after")
    def _format_is_known(self) -> Self:
        if not (self.path or (self.table and self.system)):
            raise ValueError("a side needs a path, or a table of a system")
        if self.kind == "duckdb" and not self.table:
            raise ValueError("a DuckDB file needs the name of its table")
        if self.is_database:
            return self
        if not self.format and self._suffix not in FORMATS:
            raise ValueError(
                f"'{self.path}' does not tell its format: end it in .csv or .parquet, or say format:"
            )
        return self

    @property
    def _suffix(self) -> str:
        return self.path.split("?")[0].rpartition(".")[2].lower()

    @property
    def is_database(self) -> bool:
        return bool(self.system and self.table)

    @property
    def kind(self) -> str:
        return "parquet" if self.is_database else self.format or self._suffix

    def __str__(self) -> str:
        where = f"{self.system}{self.path}" if self.system else self.path
        return f"{where}:{self.table}" if self.table else where


class NotCompared(Part):
    """A column of a side that is knowingly left out, with the reason; the outcome repeats it."""

    column: str
    side: Side
    reason: str = Field(min_length=1)


class Exclusion(Part):
    """Records that need not agree: an SQL predicate over the contract's columns, a reason and a signature."""

    name: Id
    where: str
    reason: str = Field(min_length=1)
    signed_by: str = Field(min_length=1)
    side: Literal["source", "target", "both"] = "both"
    expires: date | None = Field(default=None, description="the last day on which it holds")

    @model_validator(mode="after")
    def _is_one_predicate(self) -> Self:
        one_expression(self.where, "predicate")
        return self


class Accepted(Part):
    """Findings that need not be repaired, by class and key: a reason, a signature and the last day on which it holds."""

    klass: Class = Field(alias="class")
    keys: tuple[Names, ...] = Field(
        min_length=1, description="each key in full, its parts in the order of `key`"
    )
    reason: str = Field(min_length=1)
    signed_by: str = Field(min_length=1)
    expires: date


class CrossReference(Part):
    """A file of old and new keys, for a target that issued its keys anew; it must be one to one."""

    path: str = Field(description="a CSV or Parquet file of the programme")
    source: str = Field(description="its column with the source's keys")
    target: str = Field(description="its column with the target's keys")

    def place(self) -> Place:
        return Place(path=self.path)

    def check(self, has: Iterable[str]) -> None:
        """Raises Invalid naming a column that the file does not have."""
        has = list(has)
        if absent := [c for c in (self.source, self.target) if c not in has]:
            raise Invalid(
                *(Problem(f"the cross-reference has no column '{c}'", file=self.path, nearest=nearest(c, has)) for c in absent)
            )  # fmt: skip

    @model_validator(mode="after")
    def _format_is_known(self) -> Self:
        self.place()
        return self


class Reference(Part):
    """Columns that point at the records of another contract; a pointer at nobody is an orphan."""

    columns: Names = Field(min_length=1)
    contract: Id = Field(description="whose key they hold, in the same order")


class Contract(Part):
    """One file of reconciliation/*.yaml: every record of the source is in the target, once, with the same values."""

    id: Id
    title: str
    entity: str
    source: Place
    target: Place
    engine: str = Field(
        default=EMBEDDED,
        description="where both sides are compared: embedded, or the engine that has them both (postgres, spark, duckdb)",
    )
    source_frozen: bool = Field(
        default=False, description="use the source snapshot taken at the freeze, if there is one"
    )
    again: tuple[Span, ...] = Field(
        default=AGAIN, description="how long after the first whole run it must be made again"
    )
    owner: Id | Literal[""] = Field(
        default="", description="who is told that a re-run is due; default: the programme managers"
    )
    key: Names = Field(min_length=1)
    crossing: CrossReference | None = Field(
        default=None, description="where the target's keys are others than the source's"
    )
    columns: dict[Id, Annotated[Column, BeforeValidator(_short_form)]]
    state: Names = Field(
        default=(), description="columns by whose values findings are broken down, such as status"
    )
    context: Names = Field(
        default=(), description="columns that tell a person which record a finding is about"
    )
    not_compared: tuple[NotCompared, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    references: tuple[Reference, ...] = ()

    @model_validator(mode="after")
    def _names_are_columns(self) -> Self:
        pointing = tuple(name for reference in self.references for name in reference.columns)
        for field, names in (
            ("key", self.key),
            ("state", self.state),
            ("context", self.context),
            ("references", pointing),
        ):
            for name in names:
                if name not in self.columns:
                    raise ValueError(f"{field}: '{name}' is not one of columns{hint(name, self.columns)}")
        for field, held in (("key", self.key), ("exclusions", tuple(e.name for e in self.exclusions))):
            if twice := [name for name, n in Counter(held).items() if n > 1]:
                raise ValueError(f"{field}: '{twice[0]}' is given twice")
        return self

    @model_validator(mode="after")
    def _exceptions_can_hold(self) -> Self:
        types = {n: column.type for n, column in self.columns.items()}
        for exclusion in self.exclusions:
            if why := does_not_hold(exclusion.where, types):
                raise ValueError(f"exclusions: '{exclusion.where}' says nothing of the columns: {why}")
        for accepted in self.accepted:
            if short := [k for k in accepted.keys if len(k) != len(self.key)]:
                raise ValueError(
                    f"accepted: {list(short[0])} is no key; expected its parts in the order {', '.join(self.key)}"
                )
        return self

    @model_validator(mode="after")
    def _engine_fits(self) -> Self:
        if self.engine not in (known := (EMBEDDED, *ENGINES)):
            raise ValueError(
                f"engine: '{self.engine}' is none of {', '.join(known)}{hint(self.engine, known)}"
            )
        if why := taken(self.columns, elsewhere=self.engine != EMBEDDED):
            raise ValueError(f"columns: {why}")
        if self.crossing and (len(self.key) > 1 or self.engine != EMBEDDED):
            raise ValueError("crossing: it takes a single key and the embedded engine")
        if self.engine != EMBEDDED and self.source_frozen:
            raise ValueError(
                "source_frozen: a snapshot lies with the embedded engine; freeze the source as a table beside the target"
            )
        return self

    def on(self, engine: str) -> Self:
        """The same contract for another engine. Raises Invalid for one that it cannot be compared in."""
        try:
            return type(self).model_validate(self.model_dump(by_alias=True) | {"engine": engine})
        except ValidationError as error:
            raise Invalid(
                *(Problem(e["msg"].removeprefix("Value error, "), file=self.id) for e in error.errors())
            ) from error

    def place(self, side: Side) -> Place:
        return self.source if side is Side.SOURCE else self.target

    def left_out(self, side: Side) -> set[str]:
        return {n.column for n in self.not_compared if n.side is side}

    def excluded_on(self, side: Side) -> tuple[Exclusion, ...]:
        return tuple(e for e in self.exclusions if e.side in (side.value, "both"))

    def digest(self) -> str:
        """What decides a row hash: two snapshots compare only when this is the same for both."""
        what = self.model_dump(
            mode="json", include={"id", "key", "columns", "state", "exclusions", "not_compared"}
        )
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def one_expression(text: str, what: str) -> None:
    """Raises ValueError unless the text is a single SQL expression."""
    try:
        statements = duckdb.extract_statements(f"SELECT ({text})")
    except duckdb.Error as error:
        raise ValueError(
            f"'{text}' is not an {what}: {str(error).splitlines()[0]}".replace("an p", "a p")
        ) from error
    if len(statements) != 1:
        raise ValueError(f"'{text}' is more than one {what}")


def load_contracts(folder: Path) -> dict[str, Contract]:
    """Every contract of a `reconciliation/` folder by id; files are found from the programme folder above it.

    Raises Invalid with the problems of all files at once.
    """
    contracts: dict[str, Contract] = {}
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            contract = read_yaml(path, Contract)
        except Invalid as error:
            problems += error.problems
            continue
        if contract.id in contracts:
            problems.append(Problem(f"contract '{contract.id}' is defined twice", file=str(path), field="id"))
        contracts[contract.id], files[contract.id] = _located(contract, folder.parent), path
    if problems := problems or list(between(contracts, files)):
        raise Invalid(*problems)
    return contracts


def by_id(contracts: Iterable[Contract]) -> Mapping[str, Contract]:
    """Contracts built in Python, as a service takes them."""
    return {contract.id: contract for contract in contracts}


def _located(contract: Contract, root: Path) -> Contract:
    places = {s.value: contract.place(s) for s in Side}
    found = {
        name: place.model_copy(update={"path": str(root / place.path)})
        for name, place in places.items()
        if not place.system
    }
    if crossing := contract.crossing:
        at = {"path": str(root / crossing.path)}
        return contract.model_copy(update={**found, "crossing": crossing.model_copy(update=at)})
    return contract.model_copy(update=found)
