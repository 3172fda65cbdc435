"""Small documents of MS Project, made of rows and links."""

from __future__ import annotations


def row(uid: int, name: str, level: int = 1, inside: str = "", length: str = "PT1H0M0S") -> str:
    return (
        f"<Task><UID>{uid}</UID><ID>{uid}</ID><Name>{name}</Name><OutlineLevel>{level}</OutlineLevel>"
        f"<Duration>{length}</Duration><DurationFormat>5</DurationFormat>{inside}</Task>"
    )


def after(uid: int, kind: int = 1, lag: str = "0", form: int = 8) -> str:
    return (
        f"<PredecessorLink><PredecessorUID>{uid}</PredecessorUID><Type>{kind}</Type>"
        f"<LinkLag>{lag}</LinkLag><LagFormat>{form}</LagFormat></PredecessorLink>"
    )


def document(*rows: str, head: str = "", tail: str = "") -> str:
    body = "\n".join(rows)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Project xmlns="http://schemas.microsoft.com/project">\n'
        f"<Title>A plan</Title><MinutesPerDay>480</MinutesPerDay>{head}<Tasks>\n{body}\n</Tasks>{tail}</Project>"
    )
