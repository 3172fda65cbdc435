"""`cutover convert`: bring paper into the target, see how far it is, pause it, look after what could not be sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder, Reason, Serial
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.errors import CutoverError, Invalid, Problem

if TYPE_CHECKING:
    from contingency.conversions import BatchReport, ConversionService
    from contingency.domain.working import Working

Reports = Callable[..., AsyncIterator["BatchReport | CutoverError"]]


def convert_commands(service: Callable[[Path], ConversionService], stay: Callable[[], Reports]) -> App:
    """The `convert` commands. `stay` gives what outlives outages."""
    app = App(name="convert", help="Verified paper into the target: highest risk first, each once.")
    _running(app, service, stay)
    _standing_told(app, service)
    _pausing(app, service)
    _caring(app, service)
    _matching(app, service)
    return app


def _running(app: App, service: Callable[[Path], ConversionService], stay: Callable[[], Reports]) -> None:
    @app.command
    def run(
        *,
        by: By,
        batch: Annotated[int, Parameter(help="records a batch")] = 200,
        batches: Annotated[int, Parameter(help="stop after so many; 0 for no limit")] = 0,
        stay_on: Annotated[
            bool,
            Parameter(
                name="--stay", negative="", help="outlive outages and pauses until all is brought back"
            ),
        ] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Convert batch after batch until nothing is left to send; several of these may run at once. Exit 1 when some got no answer."""
        conversions = service(programme)
        source = stay()(conversions, by=by, size=batch) if stay_on else conversions.convert_all(batch, by=by)
        reports = asyncio.run(_collected(source, batches, aloud=not json))
        unanswered = len(reports[-1].unanswered) if reports else 0
        done, matched, rejected, aside = (
            sum(len(getattr(r, k)) for r in reports)
            for k in ("converted", "matched", "rejected", "set_aside")
        )
        text = [
            f"{done} converted, {matched} need a person, {rejected} rejected, {aside} set aside, {unanswered} without an answer"
        ]
        text += [
            f"looked for duplicates by {how}" for how in dict.fromkeys(r.matched_by for r in reports) if how
        ]
        answer(reports, as_json=json, text=text)
        return NO if unanswered else DONE


def _standing_told(app: App, service: Callable[[Path], ConversionService]) -> None:
    @app.command
    def status(
        check: Annotated[
            bool, Parameter(negative="", help="hold conversions against the target, one to one")
        ] = False,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """How many serials stand where; with --check, conversions against target records one to one (exit 1 unless it holds)."""
        conversions = service(programme)
        compared = asyncio.run(conversions.one_to_one()) if check else None
        counts, working = conversions.status(), conversions.working()
        answer({"counts": counts, "working": working, "one_to_one": compared}, as_json=json)
        if not json:
            table("Conversions", ("progress", "serials"), counts.items())
            lines = list(_standing(working))
            if compared is not None:
                lines.append(f"one to one: {'holds' if compared.holds else compared}")
            answer(None, as_json=False, text=lines)
        return DONE if compared is None or compared.holds else NO


def _pausing(app: App, service: Callable[[Path], ConversionService]) -> None:
    @app.command
    def pause(*, by: By, reason: Reason, programme: Folder = Path(), json: AsJson = False) -> None:
        """Take no further batch, whoever asks; what is begun comes to its end."""
        conversions = service(programme)
        conversions.pause(by=by, reason=reason)
        answer(conversions.working(), as_json=json, text=[f"paused by {by}: {reason}"])

    @app.command
    def resume(*, by: By, programme: Folder = Path(), json: AsJson = False) -> None:
        """Take batches again."""
        conversions = service(programme)
        conversions.resume(by=by)
        answer(conversions.working(), as_json=json, text=[f"resumed by {by}"])


def _caring(app: App, service: Callable[[Path], ConversionService]) -> None:
    @app.command(name="dead-letters")
    def dead_letters(
        *,
        requeue: Annotated[
            list[str] | None, Parameter(negative="", help="a serial to try again; `all` for every one")
        ] = None,
        set_aside: Annotated[str, Parameter(help="a begun serial to take out of the way")] = "",
        by: By = "",
        reason: Reason = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """The records set aside, each with the reason; a named person requeues them, with a reason. The target is asked first."""
        conversions = service(programme)
        if requeue or set_aside:
            _care(conversions, requeue or [], set_aside, by=by, reason=reason)
        left = conversions.dead_letters()
        answer(left, as_json=json, text=[] if left else ["no dead letters"])
        if not json and left:
            table(
                "Dead letters",
                ("serial", "since", "reason"),
                ((r.serial, f"{r.changed_at:%a %H:%M}Z", r.reason) for r in left),
            )


def _matching(app: App, service: Callable[[Path], ConversionService]) -> None:
    @app.command
    def match(
        serial: Serial = "",
        *,
        merge: Annotated[str, Parameter(help="it is the same event as this record")] = "",
        link: Annotated[str, Parameter(help="another event that belongs with this record")] = "",
        distinct: Annotated[
            bool, Parameter(negative="", help="another event: it is created after all")
        ] = False,
        reason: Annotated[str, Parameter(help="why; kept with the decision")] = "",
        by: By = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Show the matches that wait for a person, or decide one: --merge REF, --link REF or --distinct, with --reason and --by."""
        conversions = service(programme)
        if serial:
            _decide(conversions, serial, Verdict(merge, link, distinct), reason, by)
        waiting = conversions.matches()
        told = [
            {"serial": serial, "paper_shows": conversions.paper_shows(serial), "candidates": found}
            for serial, found in waiting
        ]
        answer(told, as_json=json, text=[] if waiting else ["no match waits for a person"])
        if waiting and not json:
            rows = (
                (serial, conversions.paper_shows(serial), c.reference, c.shows, f"{c.score:.0%}", c.reason)
                for serial, found in waiting
                for c in found
            )
            table(
                "Matches for a person",
                ("serial", "the paper says", "may be", "the target says", "alike", "why"),
                rows,
            )


def _standing(working: Working) -> Iterator[str]:
    if working.is_paused:
        yield f"paused by {working.by}: {working.reason}"
    if working.away:
        yield f"the target is left alone until {working.away_until:%H:%M:%S}Z: {working.away}"


def _care(
    conversions: ConversionService, requeue: list[str], set_aside: str, *, by: str, reason: str
) -> None:
    if not (by and reason):
        raise Invalid(
            Problem("whoever touches a dead letter gives a name and a reason", expected="--by and --reason")
        )
    if set_aside:
        conversions.set_aside(set_aside, by=by, reason=reason)
    if requeue:
        every = [row.serial for row in conversions.dead_letters()]
        conversions.requeue(every if requeue == ["all"] else requeue, by=by, reason=reason)


async def _collected(
    source: AsyncIterator[BatchReport | CutoverError], most: int, *, aloud: bool
) -> list[BatchReport]:
    """The reports of the batches; troubles that were waited out are told as they come."""
    reports: list[BatchReport] = []
    async for one in source:
        if isinstance(one, CutoverError):
            answer(None, as_json=False, text=[f"waiting: {one}"] if aloud else [])
            continue
        reports.append(one)
        if most and len(reports) >= most:
            break
    return reports


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of a match on the command line: one of the three."""

    merge: str
    link: str
    distinct: bool


def _decide(service: ConversionService, serial: str, verdict: Verdict, reason: str, by: str) -> None:
    if sum(map(bool, (verdict.merge, verdict.link, verdict.distinct))) != 1 or not (by and reason):
        raise Invalid(
            Problem(
                "deciding a match takes one verdict, a reason and a name",
                expected="--merge REF, --link REF or --distinct, and --reason and --by",
            )
        )
    if verdict.merge:
        service.confirm_match(serial, merge_into=verdict.merge, by=by, reason=reason)
    elif verdict.link:
        service.link(serial, to=verdict.link, by=by, reason=reason)
    else:
        service.dismiss_match(serial, by=by, reason=reason)
