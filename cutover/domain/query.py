"""A question put to somebody's database for a gate: what is asked, how often, and which answer is good."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from cutover.domain.programme import Id, Part, Span

_COMPARED = re.compile(r"(?P<sign><=|>=|==|<|>)\s*(?P<number>-?\d+(?:\.\d+)?)")
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_READS = re.compile(r"\s*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
LEAST_APART = timedelta(seconds=10)  # between two askings: the database is somebody's
LONGEST_WAIT = timedelta(seconds=10)  # a gate is not held up by a question


class Query(Part):
    """One file of queries/: `expect` is none (no row), some (a row), or a comparison of the first value, such as == 0."""

    id: Id
    title: str
    owner: str = Field(min_length=1, description="who answers for what it asks")
    database: str = Field(description="the name of the secret that holds the URL of the database")
    sql: str = Field(description="one reading statement; it runs in a transaction that is rolled back")
    expect: str = Field(
        description="none, some, or a comparison of the first value of the first row: == 0, <= 5"
    )
    every: Span = Field(
        default=timedelta(minutes=1), description="how long an answer is good before it is asked again"
    )
    timeout: Span = Field(
        default=timedelta(seconds=3), description="after which it is given up; at most ten seconds"
    )

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if not _READS.match(self.sql):
            raise ValueError("sql: only a statement that reads: SELECT, WITH, VALUES or TABLE")
        if ";" in self.sql.strip().rstrip(";"):
            raise ValueError("sql: one statement, not several")
        if self.expect not in ("none", "some") and not _COMPARED.fullmatch(self.expect):
            raise ValueError(
                f"expect: '{self.expect}' is no answer; expected none, some, or such as == 0, <= 5"
            )
        if self.every < LEAST_APART:
            raise ValueError("every: at least ten seconds")
        if not timedelta(0) < self.timeout <= LONGEST_WAIT:
            raise ValueError("timeout: more than nothing and at most ten seconds")
        return self

    def is_met(self, row: tuple[object, ...] | None) -> bool:
        """Whether the first row of the answer is what is expected. Raises ValueError for a value that is no number."""
        if self.expect == "none":
            return row is None
        if self.expect == "some":
            return row is not None
        compared = _COMPARED.fullmatch(self.expect)
        assert compared is not None  # as validated
        if row is None or row[0] is None:
            raise ValueError("no value came back")
        return _HOLDS[compared["sign"]](float(str(row[0])), float(compared["number"]))
