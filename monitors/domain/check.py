"""Is the thing well: what a check asks for, and what its answer means (OK, WARNING, CRITICAL, UNKNOWN and why).

It must not know how the question travels: a probe turns a `Request` into an `Answer`, and `interpret` judges
the answer. UNKNOWN always carries its reason and is never read as OK.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cutover.domain.programme import Id, Part, Span
from monitors.domain.expression import Expression, broken
from monitors.domain.reading import leaves, look_up, read_json

Scalar = str | int | float | bool | None
Seconds = Annotated[float, Field(gt=0, le=300)]
_PLACE = re.compile(r"\{(\w+)\}")
CLOCK_SKEW = timedelta(
    minutes=5
)  # clocks may differ; what is further ahead was written by one that was wrong
_BELIEVED_INTERVALS = 3  # without a `stale_after`, a result is believed this long


def one_target(system: str, url: str) -> None:
    """Raises ValueError unless what is asked is named once: a system of the programme, or an address of its own."""
    if bool(system) == bool(url):
        raise ValueError("name either a system or a url")


class Status(StrEnum):
    OK = "OK"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"


WORST_FIRST = (Status.CRITICAL, Status.UNKNOWN, Status.WARNING, Status.OK)


class Reason(StrEnum):
    """Why nothing is known."""

    NO_DATA = "no_data"
    ERROR = "error"
    STALE = "stale"
    NOT_DUE = "not_due"
    PROBER_OVERLOADED = "prober_overloaded"


class Severity(StrEnum):
    """How much it matters when this check fails, as its owner declared."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"


class Figure(BaseModel):
    """A number that came with a result: a phase of an answer, a plugin's performance figure, a count. Finite always."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    name: str
    value: float = Field(allow_inf_nan=False)
    unit: str = ""


class Result(BaseModel):
    """One evaluation of one check. `latency` is in seconds of real time; `figures` are what it measured besides."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    status: Status
    reason: Reason | None = None
    detail: str = ""
    latency: float | None = Field(default=None, ge=0)
    figures: tuple[Figure, ...] = ()

    @model_validator(mode="after")
    def _unknown_has_a_reason(self) -> Self:
        if (self.status is Status.UNKNOWN) != (self.reason is not None):
            raise ValueError("UNKNOWN has a reason, and nothing else has one")
        return self


def ok(detail: str = "", latency: float | None = None) -> Result:
    return Result(status=Status.OK, detail=detail, latency=latency)


def warning(detail: str, latency: float | None = None) -> Result:
    return Result(status=Status.WARNING, detail=detail, latency=latency)


def critical(detail: str, latency: float | None = None) -> Result:
    return Result(status=Status.CRITICAL, detail=detail, latency=latency)


def unknown(reason: Reason, detail: str, latency: float | None = None) -> Result:
    return Result(status=Status.UNKNOWN, reason=reason, detail=detail, latency=latency)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP question as data. `key` is its idempotency key: asked twice, it takes effect once."""

    method: str
    path: str
    query: Mapping[str, Scalar] = field(default_factory=dict)
    body: Mapping[str, Scalar] | list[Any] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, after `latency` seconds of real time: by phases too, and how long the certificate is good."""

    status: int
    body: bytes
    latency: float
    phases: Mapping[str, float] = field(default_factory=dict)
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back, or nothing that can be read, and why."""

    why: str
    latency: float


class Expect(Part):
    """What a good answer looks like.

    `body` maps a dotted field of the JSON body to the value it must equal; `mentions` lists values that must
    stand somewhere in the JSON body, whatever its shape; `that` lists what else must hold in it.
    """

    status: int = Field(default=200, ge=100, le=599)
    body: dict[str, Scalar] = Field(default_factory=dict)
    mentions: tuple[str, ...] = ()
    that: tuple[Expression, ...] = Field(
        default=(), description='such as `queue.length < 10` or `role in ["a", "b"]`'
    )
    text: tuple[str, ...] = Field(default=(), description="texts that must stand in the body, JSON or not")


class Check(Part):
    """What every kind of check declares: whose it is, how often it asks, how soon it believes."""

    id: Id
    title: str
    component: str = ""
    owner: str
    severity: Severity = Severity.HIGH
    safeguarding: bool = Field(
        default=False, description="somebody may come to harm: no quiet hours hold its alarm back"
    )
    interval: Span = timedelta(minutes=5)
    retry_interval: Span = Field(
        default=timedelta(minutes=1), description="how soon to ask again while unsure"
    )
    max_attempts: int = Field(default=3, ge=1, description="failures in a row until it is believed (HARD)")
    recover_after: int = Field(default=2, ge=1, description="successes in a row until a recovery is believed")
    stale_after: Span | None = Field(
        default=None, description="older results are UNKNOWN; default three intervals"
    )
    timeout: Seconds = Field(default=10.0, description="seconds of real time for one request")
    parents: tuple[str, ...] = Field(
        default=(), description="while one of them is CRITICAL this one alerts nobody"
    )

    @property
    def target(self) -> str:
        """What the probe burdens: how many may ask one target at once is bounded."""
        return ""

    @property
    def fresh_for(self) -> timedelta:
        """How long a result is believed."""
        return self.stale_after or _BELIEVED_INTERVALS * self.interval

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if not timedelta(0) < self.retry_interval <= self.interval:
            raise ValueError("retry_interval must be longer than nothing and at most the interval")
        if self.fresh_for <= self.interval:
            raise ValueError(
                "stale_after must be longer than the interval, or every result goes stale before the next"
            )
        if self.id in self.parents:
            raise ValueError(f"'{self.id}' cannot be its own parent")
        return self


class HttpCheck(Check):
    """One GET of a system's path, or of a whole URL."""

    kind: Literal["http"]
    system: str = Field(default="", description="name under `systems` of the programme")
    path: str = Field(default="/health", pattern=r"^/")
    url: str = Field(default="", pattern=r"^(https?://.*)?$", description="instead of system and path")
    expect: Expect = Expect()
    slow_after: Seconds | None = Field(default=None, description="a good answer slower than this is WARNING")
    redirects: int = Field(
        default=0,
        ge=0,
        le=10,
        description="how many may be followed, within the same host; further ones are an answer",
    )
    secret_headers: dict[str, str] = Field(
        default_factory=dict, description="header -> name of the secret that it holds"
    )
    ca: str = Field(default="", description="PEM file of the authorities to trust; default: the system's")
    certificate_warning: Span = Field(
        default=timedelta(days=21), description="https: a certificate good for less is WARNING"
    )
    certificate_critical: Span = Field(
        default=timedelta(days=7), description="https: a certificate good for less is CRITICAL"
    )

    @property
    def target(self) -> str:
        return self.system or self.url

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        one_target(self.system, self.url)
        return self


class Step(Part):
    """One request of a journey. `{run}`, `{now}` and what earlier steps kept may stand in any text.

    An `always` step clears up: it runs even after a failure, as soon as what it refers to is known.
    """

    name: str
    method: Literal["GET", "POST"] = "GET"
    path: str = Field(pattern=r"^/")
    query: dict[str, Scalar] = Field(default_factory=dict)
    body: dict[str, Scalar] = Field(default_factory=dict)
    expect: Expect = Expect()
    keep: dict[str, str] = Field(
        default_factory=dict, description="name to remember -> dotted field of the answer"
    )
    always: bool = False
    within: Seconds | None = Field(
        default=None, description="a GET that is asked again until it is as expected, for so many seconds"
    )
    again_every: Seconds = Field(default=1.0, description="seconds between two of these questions")

    @model_validator(mode="after")
    def _repeats_no_writing(self) -> Self:
        if self.within is not None and self.method != "GET":
            raise ValueError(f"step '{self.name}': only a GET may be asked again until it is as expected")
        return self

    @property
    def needs(self) -> frozenset[str]:
        """The names that stand in the texts of this step."""
        texts = (
            self.path,
            *self.query.values(),
            *self.body.values(),
            *self.expect.body.values(),
            *self.expect.mentions,
            *self.expect.text,
        )
        return frozenset(name for text in texts if isinstance(text, str) for name in _PLACE.findall(text))


GIVEN = frozenset({"run", "now"})


class JourneyCheck(Check):
    """Ordered steps that share a context: what a person does, done by a marked synthetic person."""

    kind: Literal["journey"]
    system: str = Field(min_length=1)
    steps: tuple[Step, ...]

    @property
    def target(self) -> str:
        return self.system

    @model_validator(mode="after")
    def _knows_every_name(self) -> Self:
        if not self.steps:
            raise ValueError("steps: the list is empty")
        known = set(GIVEN)
        for step in self.steps:
            if missing := step.needs - known:
                raise ValueError(
                    f"step '{step.name}' refers to {sorted(missing)}; known by then: {sorted(known)}"
                )
            known |= step.keep.keys()
        return self


class LedgerCheck(Check):
    """The case-transfer ledger: does the identity hold, and how old is the oldest unacknowledged file."""

    kind: Literal["ledger"]
    standard: Span = Field(description="a file sent this long ago without acknowledgement is CRITICAL")
    waiting_standard: Span | None = Field(
        default=None, description="a file built this long ago and not sent is WARNING"
    )


def question(check: HttpCheck) -> Request:
    """What an HTTP check asks of its system."""
    return Request("GET", "" if check.url else check.path)


def interpret(check: HttpCheck, answer: Answer | NoAnswer, now: datetime | None = None) -> Result:
    """What the answer to an HTTP check means; with `now`, a certificate that ends soon is told before it does."""
    if isinstance(answer, NoAnswer):
        return critical(answer.why, answer.latency)
    found = _judged(check, answer)
    if found.status is not Status.CRITICAL and now is not None and answer.certificate_ends is not None:
        left = answer.certificate_ends - now
        ending = expiry(left, check.certificate_warning, check.certificate_critical, answer.latency)
        found = ending if ending.status is not Status.OK else found
    return found.model_copy(update={"figures": phases(answer)})


def _judged(check: HttpCheck, answer: Answer) -> Result:
    if why := unmet(check.expect, answer):
        return critical(why, answer.latency)
    if check.slow_after is not None and answer.latency > check.slow_after:
        return warning(
            f"answered in {answer.latency:.2f} s, slower than {check.slow_after:g} s", answer.latency
        )
    return ok(f"answered {answer.status}", answer.latency)


def expiry(left: timedelta, warn: timedelta, crit: timedelta, latency: float | None = None) -> Result:
    """What it means that a certificate is good for `left`."""
    if left <= timedelta(0):
        return critical("the certificate has expired", latency)
    said = f"the certificate is good for {left.days} more days"
    if left < crit:
        return critical(said, latency)
    return warning(said, latency) if left < warn else ok(said, latency)


def phases(answer: Answer) -> tuple[Figure, ...]:
    """How long each phase of an answer took."""
    return tuple(Figure(name=name, value=value, unit="s") for name, value in answer.phases.items())


def unmet(expect: Expect, answer: Answer) -> str:
    """The first thing about an answer that is not as expected, '' when all is."""
    if answer.status != expect.status:
        return f"answered {answer.status}, expected {expect.status}"
    if lacking := _lacking_text(expect, answer):
        return lacking
    if not expect.body and not expect.mentions and not expect.that:
        return ""
    return _unmet_in(expect, read_body(answer))


def _lacking_text(expect: Expect, answer: Answer) -> str:
    text = answer.body.decode("utf-8", "replace") if expect.text else ""
    return next((f"'{wanted}' is not in the answer" for wanted in expect.text if wanted not in text), "")


def _unmet_in(expect: Expect, body: Any) -> str:
    if body is None:
        return "the body is not JSON"
    for path, wanted in expect.body.items():
        if (found := look_up(body, path)) != wanted:
            return f"{path} is {found!r}, expected {wanted!r}"
    values = {str(value) for value in leaves(body)}
    if missing := next((wanted for wanted in expect.mentions if wanted not in values), ""):
        return f"'{missing}' is not in the answer"
    return next((why for one in expect.that if (why := broken(one, body))), "")


def read_body(answer: Answer) -> Any:
    """The JSON body, or None when it is none."""
    return read_json(answer.body)


def fill(value: Scalar, known: Mapping[str, str]) -> Scalar:
    """A text with its `{names}` filled in; anything else as it is."""
    return _PLACE.sub(lambda match: known[match[1]], value) if isinstance(value, str) else value
