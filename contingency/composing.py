"""Bulletins written from templates: the programme's own in bulletins/, else those that are shipped; facts come from the journal.

A template is text whose first line is `Subject: …`. It reads what it is given and nothing else: a name it does not
know is an error with its line, and it can neither call into the program nor read a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from contingency.bulletins import Draft
from contingency.domain.triage import Grade
from contingency.domain.triggers import EVENTS, OPEN, PLAY, PlayStage
from contingency.figures import age, words
from contingency.sources import Sources
from contingency.trail import lives
from cutover.core.clock import show
from cutover.core.errors import Invalid, NotFound, Problem
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.domain.programme import Partner

SHIPPED = Path(__file__).parent / "templates"
SUFFIX = ".txt"
SUBJECT = "Subject:"
_UNDER_WAY = OPEN - {PlayStage.PROPOSED}  # what is only proposed is nobody's business outside


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes bulletins of one programme. `folder` is its bulletins/, which need not be there."""

    folder: Path
    sources: Sources

    def names(self) -> dict[str, str]:
        """Every template by name, and whose it is."""
        found = {path.stem: "shipped" for path in sorted(SHIPPED.glob(f"*{SUFFIX}"))}
        return found | {path.stem: "the programme's" for path in sorted(self.folder.glob(f"*{SUFFIX}"))}

    def compose(
        self, name: str, partners: list[str], key: str, given: Mapping[str, str], now: datetime | None = None
    ) -> dict[str, Draft]:
        """A draft for each partner. `given` are words that the template asks for, such as `say`.

        Raises NotFound for a template or partner that is not there, Invalid with the line for one that cannot be written.
        """
        at = now or self.sources.backlog.desk.clock.now()
        known = {partner.id: partner for partner in self.sources.programme.partners}
        if strange := [one for one in partners if one not in known]:
            raise NotFound("partner", strange[0], known)
        facts = self._facts(at)
        if twice := sorted(set(given) & {*facts, "partner", "notice", "counts"}):
            raise Invalid(
                Problem(f"'{twice[0]}' is told from the journal", field="--set", expected="another name")
            )
        return {
            one: self._written(name, {"say": "", **facts, **self._of(known[one], key), **given})
            for one in dict.fromkeys(partners)
        }

    def _written(self, name: str, context: Mapping[str, Any]) -> Draft:
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(self.folder), FileSystemLoader(SHIPPED)]),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        try:
            text = environment.get_template(f"{name}{SUFFIX}").render(context)
        except TemplateNotFound as error:
            raise NotFound("bulletin template", name, self.names()) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise Invalid(_fault(f"{name}{SUFFIX}", error)) from error
        first, _, rest = text.strip().partition("\n")
        if not first.startswith(SUBJECT) or not first.removeprefix(SUBJECT).strip() or not rest.strip():
            expected = "'Subject: …' as its first line, then the text"
            raise Invalid(Problem("writes no notice", file=f"{name}{SUFFIX}", expected=expected))
        return Draft(first.removeprefix(SUBJECT).strip(), _tidy(rest))

    def _facts(self, now: datetime) -> dict[str, Any]:
        programme, status = self.sources.programme, self.sources.backlog.status(now)
        high = sum(line.waiting for line in status.lines if line.tier is Grade.HIGH)

        def moment(at: datetime | None) -> str:
            return show(at, programme.zone) if at else ""

        return {
            "programme": programme.title,
            "now": moment(now),
            "opens": moment(programme.opens),
            "closes": moment(programme.closes),
            "modes": self._modes(moment),
            "plays": self._plays(moment),
            "waiting": status.waiting,
            "high": high,
            "oldest": age(status.lines[0].oldest_age) if status.lines else "",
        }

    def _modes(self, moment: Any) -> list[dict[str, str]]:
        desk = self.sources.backlog.desk
        states = [
            (c, desk.state(COMPONENT, component_stream(c.id))) for c in self.sources.programme.components
        ]
        return [
            {"title": c.title, "mode": words(s.mode), "since": moment(s.since), "reason": s.reason}
            for c, s in states
            if s.mode is not Mode.LIVE
        ]

    def _plays(self, moment: Any) -> list[dict[str, str]]:
        found = lives(self.sources.journal, PLAY, EVENTS)
        return [
            {"title": life.state.play.title, "since": moment(life.state.decided_at)}
            for life in found
            if life.state.stage in _UNDER_WAY and life.state.play is not None
        ]

    def _of(self, partner: Partner, key: str) -> dict[str, Any]:
        counts = [c for c in self.sources.bulletins.status().counts if c.partner == partner.id]
        flows = [{"name": c.flow, "theirs": c.theirs, "ours": c.ours} for c in counts]
        return {"partner": partner.title, "notice": f"{key}:{partner.id}", "counts": flows}


def _fault(file: str, error: Exception) -> Problem:
    """Where and why it cannot be written; a fault that happens while it is rendered has its line in the traceback."""
    line = getattr(error, "lineno", None)
    trace = error.__traceback__
    while line is None and trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return Problem(f"cannot be written: {error}", file=file, line=line)


def _tidy(text: str) -> str:
    """No more than one empty line between two paragraphs, none around."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for i, line in enumerate(lines) if line or lines[i - 1]]
    return "\n".join(kept)
