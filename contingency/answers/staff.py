"""Question 5: are the staff supported and heard? The worst station decides, never the mean."""

from __future__ import annotations

from collections.abc import Iterator

from contingency.domain.improvements import ReportStage
from contingency.figures import Answer, Bars, Figure, Record, Row, count, so_many
from contingency.improvements import Pulse, ReportView
from contingency.sources import Seen

QUESTION = "Is there a plan to support staff and rebuild their confidence?"
FLOOR = 3.0  # a station whose mean pulse is below cannot be called well


def staff(seen: Seen) -> Answer:
    return Answer(
        number=5,
        question=QUESTION,
        finding=_finding(seen),
        figures=(*_reports(seen), *_pulses(seen)),
        gaps=tuple(_gaps(seen)),
        bars=_picture(seen),
    )


def _picture(seen: Seen) -> Bars | None:
    """The pulse of each station that spoke, the worst first; None when none did."""
    rows = tuple(
        Row(
            label=seen.programme.station_title(p.station),
            parts={"low" if p.mean < FLOOR else "well": round(p.mean, 1)},
        )
        for p in seen.pulse
    )
    looks = {"low": f"below {FLOOR:g}", "well": f"{FLOOR:g} or more"}
    says = f"{so_many(len(rows), 'station')} of {len(seen.programme.stations)} spoke; 1 cannot work, 5 all is well"
    return (
        Bars(title="How stations say they are", says=says, looks=looks, rows=rows, most=5) if rows else None
    )


def _finding(seen: Seen) -> str:
    if not seen.reports:
        return "No station has said anything."
    answered = sum(r.stage is not ReportStage.OPEN for r in seen.reports)
    worst = seen.pulse[0]
    return (
        f"{so_many(len(seen.reports), 'report')} from {so_many(len(seen.pulse), 'station')}, {answered} with an answer "
        f"({answered / len(seen.reports):.0%}); the lowest pulse is {worst.mean:.1f} of 5 at {worst.station}."
    )


def _reports(seen: Seen) -> Iterator[Figure]:
    yield count("Reports from stations", map(_report, seen.reports))
    answered = (_report(r) for r in seen.reports if r.stage is ReportStage.ANSWERED)
    yield count("Answered", answered)
    known = (_report(r) for r in seen.reports if r.stage is ReportStage.KNOWN_ISSUE)
    yield count("Known issues, with what to do meanwhile", known)
    silent = (_report(r) for r in seen.reports if r.stage is ReportStage.OPEN)
    yield count(
        "Without an answer",
        silent,
        ("report from a station has no answer", "reports from stations have no answer"),
        listed=True,
    )


def _pulses(seen: Seen) -> Iterator[Figure]:
    for pulse in seen.pulse:
        low = f"the pulse at {pulse.station} is {pulse.mean:.1f} of 5" if pulse.mean < FLOOR else ""
        yield Figure(
            label=f"Pulse at {seen.programme.station_title(pulse.station)}",
            value=pulse.mean,
            unit="of 5",
            records=_said_at(seen, pulse),
            concern=low,
        )


def _said_at(seen: Seen, pulse: Pulse) -> tuple[Record, ...]:
    return tuple(_report(r) for r in seen.reports if r.station == pulse.station)


def _report(report: ReportView) -> Record:
    end = f"known issue {report.issue}: {report.answer}" if report.issue else report.answer or "no answer yet"
    title = f"{report.station}, pulse {report.pulse}: {report.text} — {end}"
    return Record(id=report.id, title=title, stream=report.stream, position=report.position)


def _gaps(seen: Seen) -> Iterator[str]:
    if not seen.reports:
        yield "no station has been heard"
