"""How far a journey has come: the next request, what an answer adds to the shared context, the verdict.

Theory: steps run in order and each may use what earlier ones kept. The first answer that is not as expected
is the trouble of the whole journey, except that a step may be asked again for a while (`within`): an acknowledgement
takes its time. From there on only the steps that clear up (`always`) still run, and only
those whose names are known: what was never booked need not be released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from monitors.domain.check import (
    Answer,
    Expect,
    JourneyCheck,
    NoAnswer,
    Request,
    Result,
    Step,
    critical,
    fill,
    ok,
    read_body,
    unmet,
)
from monitors.domain.reading import look_up


@dataclass(frozen=True, slots=True)
class Walk:
    """A journey on its way: the next step's number, what is known, the first trouble met."""

    at_step: int = 0
    known: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trouble: str = ""
    latency: float = 0.0
    waited: float = 0.0  # at this step, for an answer that is as expected


def set_out(check: JourneyCheck, at: datetime) -> Walk:
    """Begin the journey that is due at `at`; its `run` names it, so that asking again is asking once."""
    return Walk(known=MappingProxyType({"run": f"{check.id}-{at:%Y%m%dT%H%M%SZ}", "now": at.isoformat()}))


def next_request(check: JourneyCheck, walk: Walk) -> tuple[Walk, Request | None]:
    """Step over what need not run any more; the request to make now, or None at the end."""
    while walk.at_step < len(check.steps):
        step = check.steps[walk.at_step]
        if not walk.trouble or (step.always and step.needs <= walk.known.keys()):
            return walk, _request(step, walk)
        walk = replace(walk, at_step=walk.at_step + 1)
    return walk, None


def after(check: JourneyCheck, walk: Walk, answer: Answer | NoAnswer) -> Walk:
    """The walk once the present step is answered."""
    step = check.steps[walk.at_step]
    why, kept = _judge(step, walk, answer)
    spent = walk.waited + answer.latency + step.again_every
    if why and not walk.trouble and step.within is not None and spent <= step.within:
        return replace(walk, waited=spent, latency=walk.latency + answer.latency)
    return Walk(
        at_step=walk.at_step + 1,
        known=MappingProxyType({**walk.known, **kept}),
        trouble=walk.trouble or (f"step '{step.name}': {why}" if why else ""),
        latency=walk.latency + answer.latency,
    )


def pause(check: JourneyCheck, walk: Walk) -> float:
    """Seconds to wait before the next request: none, unless the same is asked again."""
    return check.steps[walk.at_step].again_every if walk.waited else 0.0


def verdict(check: JourneyCheck, walk: Walk) -> Result:
    """What a finished walk means."""
    if walk.trouble:
        return critical(walk.trouble, walk.latency)
    return ok(f"{len(check.steps)} steps passed", walk.latency)


def _judge(step: Step, walk: Walk, answer: Answer | NoAnswer) -> tuple[str, dict[str, str]]:
    if isinstance(answer, NoAnswer):
        return answer.why, {}
    if why := unmet(_filled(step.expect, walk.known), answer):
        return why, {}
    body = read_body(answer)
    kept = {name: look_up(body, path) for name, path in step.keep.items()}
    lacking = next((step.keep[name] for name, value in kept.items() if value is None), None)
    found = {name: str(value) for name, value in kept.items() if value is not None}
    return (f"the answer has no {lacking}" if lacking else ""), found


def _request(step: Step, walk: Walk) -> Request:
    known = walk.known
    writes = step.method == "POST"
    return Request(
        method=step.method,
        path=str(fill(step.path, known)),
        query={name: fill(value, known) for name, value in step.query.items()},
        body={name: fill(value, known) for name, value in step.body.items()} if writes else None,
        key=f"{known['run']}-{walk.at_step + 1}" if writes else "",
    )


def _filled(expect: Expect, known: Mapping[str, str]) -> Expect:
    body = {path: fill(value, known) for path, value in expect.body.items()}
    mentions = tuple(str(fill(mention, known)) for mention in expect.mentions)
    text = tuple(str(fill(one, known)) for one in expect.text)
    return expect.model_copy(update={"body": body, "mentions": mentions, "text": text})
