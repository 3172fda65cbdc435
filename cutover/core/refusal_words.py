"""What is said when a machine refuses: the thing, how it stands, what cannot happen to it now and what can.

Facts are named as the code names them (`SheetReturned`); a person reads the same words in a sentence ("cannot be
returned"). A past form that is no participle is listed with what it is the past of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ACTIVE = {
    "became": "become", "began": "begin", "differed": "differ", "ended": "end", "expired": "expire", "failed": "fail",
    "fired": "fire", "grew": "grow", "lapsed": "lapse", "progressed": "progress", "recovered": "recover", "said": "say",
    "went": "go", "worsened": "worsen",
}  # fmt: skip
PARTICIPLES = frozenset(
    {
        "begun", "built", "cast", "chosen", "done", "found", "frozen", "given", "held", "known", "met", "seen", "sent",
        "set", "stood", "taken", "told", "withdrawn",
    }
)  # fmt: skip
SAID = {  # what no rule says well
    "FileHandDelivered": "be delivered by hand",
    "GateWentGo": "say go",
    "GateWentNoGo": "say no-go",
    "StationReported": "be reported",
}
_WORD = re.compile(r"[A-Z][a-z0-9]*|[A-Z]+(?![a-z])")


def words(name: str) -> list[str]:
    """`SheetWentLive` as ["sheet", "went", "live"]."""
    return [word.lower() for word in _WORD.findall(name)]


def cannot(thing: str, stage: str, event: str, possible: Iterable[str]) -> str:
    """Why a fact cannot follow: A sheet that is issued cannot be disposed; it can be logged, be spoiled, go live."""
    what = f"{_a(thing)} that is {spoken(stage)}"
    can = sorted({_deed(thing, one) for one in possible})
    more = f"it can {', '.join(can)}" if can else "nothing more can follow"
    return f"{what} cannot {_deed(thing, event)}; {more}"


def not_asked(thing: str, stage: str, command: object) -> str:
    """Why a command cannot be taken: `acknowledge notice` cannot be asked of a notice that is told."""
    return f"'{' '.join(words(type(command).__name__))}' cannot be asked of {_a(thing).lower()} that is {spoken(stage)}"


def spoken(stage: str) -> str:
    """A stage as it is said: `not_startable` as "not startable"."""
    return str(stage).replace("_", " ")


def _deed(thing: str, event: str) -> str:
    """What happens, after "can": `be returned`, `go live`; to another subject than the thing, `see the vote cast`."""
    if event in SAID:
        return SAID[event]
    named = _without(thing.split(), words(event))
    at = next((i for i, word in enumerate(named) if _is_past(word)), 0)
    subject, past, rest = named[:at], named[at], named[at + 1 :]
    if subject:
        return " ".join(["see the", *subject, ACTIVE.get(past, past), *rest])
    return " ".join([ACTIVE[past], *rest] if past in ACTIVE else ["be", past, *rest])


def _without(thing: Sequence[str], named: Sequence[str]) -> Sequence[str]:
    """The event's words without the thing's own name at their head, or its last word: `FileSent` of a case file."""
    for subject in (thing, thing[-1:]):
        if list(named[: len(subject)]) == list(subject) and len(named) > len(subject):
            return named[len(subject) :]
    return named


def _is_past(word: str) -> bool:
    return word in ACTIVE or word in PARTICIPLES or word.endswith("ed")


def _a(thing: str) -> str:
    return f"{'An' if thing[0] in 'aeiou' else 'A'} {thing}"
