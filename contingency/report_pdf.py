"""The assurance report as PDF/A: what limits it first, the pictures of the page, each number a link to its records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from contingency.figures import TIME, Answer, Assurance, Figure, Standing
from contingency.report_charts import Picture, pictures
from cutover.core.clock import show
from cutover.press import Press
from cutover.web.svg import document

SIGNS = {Standing.YES: "✓ yes", Standing.NO: "✗ no", Standing.NO_DATA: "? no data"}
LOOKS = {Standing.YES: "ok", Standing.NO: "bad", Standing.NO_DATA: "odd"}


def as_pdf(report: Assurance, *, served_at: str | None = None) -> tuple[bytes, tuple[str, ...]]:
    """The PDF, and what is not as it was written. With `served_at` each position opens the journal served there.

    Raises Unavailable when it cannot be printed.
    """
    source = files("contingency").joinpath("report.typ").read_bytes()
    return Press(source).printed(pdf_page(report, served_at), report.made_at, "the assurance report")


def pdf_page(report: Assurance, served_at: str | None = None) -> dict[str, Any]:
    """What the typesetter reads: plain JSON values."""

    def moment(at: datetime) -> str:
        return show(at, report.zone, TIME)

    first, drawn = report.answers[0], pictures(report)
    oldest = first.figures[0]
    return {
        "title": "Assurance report",
        "programme": report.title,
        "foot": f"from the journal, {moment(report.made_at)}",
        "head": [
            ["Change window", f"{moment(report.opens)} to {moment(report.closes)}"],
            ["Made", moment(report.made_at)],
            ["Journal checkpoint", report.checkpoint],
        ],
        "caveats": list(report.caveats),
        "oldest": {
            "figure": _figure(first, oldest),
            "which": "; ".join(f"{r.id}, {r.title}" for r in oldest.records),
        },
        "answers": [_answer(answer, drawn) for answer in report.answers],
        "annex": [
            _records(answer, figure, served_at)
            for answer in report.answers
            for figure in answer.figures
            if figure.records
        ],
    }


def _answer(answer: Answer, drawn: Mapping[int, Picture]) -> dict[str, Any]:
    picture = drawn.get(answer.number)
    return {
        "number": answer.number,
        "question": answer.question,
        "sign": SIGNS[answer.standing],
        "look": LOOKS[answer.standing],
        "verdict": answer.verdict,
        "finding": answer.finding,
        "against": answer.against,
        "concerns": list(answer.concerns),
        "figures": [_figure(answer, figure) for figure in answer.figures],
        "lists": [
            {"label": figure.label, "rows": [[record.id, record.title] for record in figure.records]}
            for figure in answer.figures
            if figure.listed and figure.records and not figure.long
        ],
        "picture": None
        if picture is None
        else {
            "title": picture.title,
            "says": picture.says,
            "svg": document(str(picture.svg), picture.width, picture.height),
        },
    }


def _figure(answer: Answer, figure: Figure) -> dict[str, Any]:
    anchor = answer.anchor(figure) if figure.records else None
    return {"shown": figure.shown, "label": figure.label, "loud": bool(figure.concern), "anchor": anchor}


def _records(answer: Answer, figure: Figure, served_at: str | None) -> dict[str, Any]:
    """A long list stands as its range of positions: the page and the JSON answer have every row."""
    positions = [record.position for record in figure.records]
    folded = f"{len(positions):,} records, in journal positions {min(positions)} to {max(positions)}; the page /report lists each"
    return {
        "anchor": answer.anchor(figure),
        "title": f"{answer.number}. {figure.label}: {figure.shown}",
        "note": folded if figure.long else "",
        "rows": []
        if figure.long
        else [
            [r.id, r.title, r.stream, str(r.position), None if served_at is None else served_at + r.link]
            for r in figure.records
        ],
    }
