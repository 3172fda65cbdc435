"""`cutover report`: the six questions answered, and what partners were told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cutover.cli.asked import AsJson, By, Folder, Partner, Reason
from cutover.cli.border import DONE, NO
from cutover.cli.output import answer, table
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem

if TYPE_CHECKING:
    from contingency.bulletins import BulletinService, BulletinStatus, NoticeView
    from contingency.composing import Composer
    from contingency.figures import Assurance
    from contingency.report import ReportService

Partners = Annotated[
    list[str], Parameter(name="--to", negative="", help="a partner to tell; repeat for more")
]
Counted = Annotated[str, Parameter(help="what was counted: case files")]


def report_commands(
    service: Callable[[Path], ReportService], composer: Callable[[Path], Composer] | None = None
) -> App:
    """The `report` commands."""
    app = App(name="report", help="The assurance report, and what partners were told.")

    @app.command
    def assurance(
        out: Annotated[Path | None, Parameter(help="write the report as one HTML file")] = None,
        *,
        pdf: Annotated[Path | None, Parameter(help="write the report as PDF/A")] = None,
        served_at: Annotated[
            str | None,
            Parameter(help="where the pages are served, such as http://host:8080: each position links there"),
        ] = None,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Answer the six questions from the journal. Exit 1 unless every answer is a yes; "no data" is not one."""
        reports = service(programme)
        found = reports.assess()
        written, notes = reports.write(found, html=out, pdf=pdf, served_at=served_at)
        answer(found, as_json=json, text=[*(f"! {caveat}" for caveat in found.caveats)])
        if not json:
            _show_answers(found)
            files = [f"{path}: {size:,} bytes" for path, size in written.items()]
            text = [f"checkpoint {found.checkpoint}", *files, *(f"note: {note}" for note in notes)]
            answer(None, as_json=False, text=text)
        return DONE if found.holds else NO

    bulletins = _bulletin_commands(lambda programme: service(programme).bulletins)
    if composer is not None:
        _writing(bulletins, composer)
    app.command(bulletins)
    return app


def _writing(app: App, composer: Callable[[Path], Composer]) -> None:
    @app.command
    def write(
        template: Annotated[str, Parameter(help="its name in bulletins/; without it: which there are")] = "",
        *,
        to: Annotated[
            list[str] | None, Parameter(negative="", help="a partner; repeat for more; default: all")
        ] = None,
        words: Annotated[
            list[str] | None,
            Parameter(name="--set", negative="", help="NAME=WORDS for the template, such as say=…"),
        ] = None,
        send: Annotated[bool, Parameter(negative="", help="tell them; without it it is only shown")] = False,
        by: By = "",
        key: Annotated[
            str, Parameter(help="tells the same notice only once; default: template and minute")
        ] = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Write a bulletin from a template of the programme or a shipped one; with --send each partner is told."""
        writing = composer(programme)
        if not template:
            found = writing.names()
            answer(
                {"templates": found}, as_json=json, text=[f"{name}: {whose}" for name, whose in found.items()]
            )
            return
        bulletins = writing.sources.bulletins
        partners = to or [partner.id for partner in bulletins.programme.partners]
        used = key or f"{template}-{bulletins.desk.clock.now():%Y%m%dT%H%MZ}"
        drafts = writing.compose(template, partners, used, _given(words or []))
        if send and not by.strip():
            raise Invalid(Problem("nobody sends it", field="--by", expected="in whose name it is sent"))
        told = bulletins.tell_each(drafts, by=by, key=used) if send else []
        shown = [
            line
            for who, draft in drafts.items()
            for line in (f"To: {who}", f"Subject: {draft.subject}", "", draft.text, "")
        ]
        answer(
            {"drafts": drafts, "told": told},
            as_json=json,
            text=[*shown, *(f"told: {notice}" for notice in told)],
        )


def _given(words: list[str]) -> dict[str, str]:
    """NAME=WORDS. Raises Invalid for what names nothing."""
    found = dict(one.split("=", 1) for one in words if one.partition("=")[0].isidentifier() and "=" in one)
    if wrong := [one for one in words if one.partition("=")[0] not in found]:
        raise Invalid(Problem(f"'{wrong[0]}' says nothing", field="--set", expected="NAME=WORDS"))
    return found


def _bulletin_commands(service: Callable[[Path], BulletinService]) -> App:
    app = App(name="bulletin", help="Who was told what, who has it, where their counts differ from ours.")

    @app.default
    def status(*, programme: Folder = Path(), json: AsJson = False) -> int:
        """Every notice and every partner's count. Exit 1 when a notice is unacknowledged or a count differs."""
        found = service(programme).status()
        answer(found, as_json=json)
        if not json:
            _show(found)
        return NO if found.unacknowledged or found.differing or found.never_told else DONE

    @app.command
    def tell(
        *,
        to: Partners,
        subject: Annotated[str, Parameter(help="the line above the text")],
        text: Annotated[str, Parameter(help="what they are told")],
        by: By,
        key: Annotated[str, Parameter(help="tells the same notice only once; default: from the text")] = "",
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Tell partners something; each over its own channel."""
        told = service(programme).tell(to, subject, text, by=by, key=key or _key(subject, text))
        answer(told, as_json=json, text=[f"told: {notice}" for notice in told])

    @app.command
    def acknowledge(
        notice: Annotated[str, Parameter(help="the notice, by its id: `cutover report bulletin`")],
        *,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Record that the partner has a notice."""
        state = service(programme).acknowledge(notice, by=by)
        answer(state, as_json=json, text=[f"{notice}: {state.stage}"])

    _counts(app, service)
    return app


def _counts(app: App, service: Callable[[Path], BulletinService]) -> None:
    """A partner's own figures: held against ours, and explained where they differ."""

    @app.command
    def count(
        partner: Partner,
        flow: Counted,
        *,
        theirs: Annotated[int, Parameter(help="what the partner counted")],
        ours: Annotated[int | None, Parameter(help="what we counted; none given: we have no count")] = None,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> int:
        """Hold a partner's own count of a flow against ours. Exit 1 when they differ."""
        state = service(programme).count(partner, flow, theirs=theirs, ours=ours, by=by)
        answer(
            state,
            as_json=json,
            text=[f"{partner}, {flow}: theirs {theirs}, ours {'none' if ours is None else ours}"],
        )
        return DONE if theirs == ours else NO

    @app.command
    def explain(
        partner: Partner,
        flow: Counted,
        *,
        reason: Reason,
        by: By,
        programme: Folder = Path(),
        json: AsJson = False,
    ) -> None:
        """Say why a partner's count differs from ours. Exit 1 without a reason, or when none is raised."""
        state = service(programme).explain(partner, flow, reason=reason, by=by)
        answer(state, as_json=json, text=[f"{partner}, {flow}: {state.stage}"])


def _show_answers(found: Assurance) -> None:
    table(
        f"{found.title}: assurance",
        ("", "question", "answer"),
        ((a.number, a.question, a.verdict) for a in found.answers),
    )
    against = [(a.number, concern) for a in found.answers for concern in a.concerns]
    if against:
        table("What stands against a yes", ("question", "why"), against)


def _show(found: BulletinStatus) -> None:
    table(
        "Notices",
        ("notice", "partner", "subject", "channel", "told", "delivered", "acknowledged", "waiting"),
        map(_line, found.notices),
    )
    table(
        "Partners' own counts",
        ("partner", "flow", "theirs", "ours", "state"),
        ((c.partner, c.flow, c.theirs, c.ours, c.stage) for c in found.counts),
    )
    answer(None, as_json=False, text=[f"never told: {name}" for name in found.never_told])


def _line(notice: NoticeView) -> tuple[object, ...]:
    waits = notice.unacknowledged_for
    return (
        notice.id,
        notice.title,
        notice.subject,
        notice.channel,
        notice.told_at,
        notice.sent_at or "not yet",
        notice.acknowledged_at,
        show_duration(waits) if waits is not None else "",
    )


def _key(subject: str, text: str) -> str:
    """The same words are the same notice."""
    return "bulletin-" + hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()[:12]
