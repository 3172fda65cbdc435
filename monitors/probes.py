"""Ask a system over HTTP how it is: a single look, or a journey of several. Whatever goes wrong is an answer too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime

from cutover.core.errors import Invalid
from monitors.domain import journey
from monitors.domain.check import (
    Answer,
    HttpCheck,
    JourneyCheck,
    NoAnswer,
    Reason,
    Request,
    Result,
    interpret,
    question,
    unknown,
)
from monitors.http_wire import PLAIN, BrokenAnswerError, Manner, exchange
from monitors.session import Session, trouble


async def ask(
    session: Session, base: str, request: Request, deadline: float, manner: Manner = PLAIN
) -> Answer | NoAnswer:
    """Put one question; whatever goes wrong on the way is an answer too."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(deadline):
            return await exchange(session, base, request, manner)
    except TimeoutError:
        return NoAnswer(f"no answer within {deadline:g} s", time.perf_counter() - began)
    except BrokenAnswerError as error:
        return NoAnswer(str(error), time.perf_counter() - began)
    except (OSError, ValueError) as error:
        return NoAnswer(f"no answer: {trouble(error)}", time.perf_counter() - began)


async def probe_http(
    session: Session, check: HttpCheck, systems: Mapping[str, str], at: datetime | None = None
) -> Result:
    """One GET, judged."""
    base = check.url or systems.get(check.system, "")
    if not base:
        return nowhere(check.system)
    try:
        headers = {name: session.secrets(secret) for name, secret in check.secret_headers.items()}
    except Invalid as error:
        return unknown(Reason.ERROR, str(error))
    manner = Manner(headers, check.ca, check.redirects)
    return interpret(check, await ask(session, base, question(check), check.timeout, manner), at)


async def probe_journey(
    session: Session, check: JourneyCheck, systems: Mapping[str, str], at: datetime
) -> Result:
    """Walk the steps in order, each with what the earlier ones found out, and clear up."""
    base = systems.get(check.system, "")
    if not base:
        return nowhere(check.system)
    walk, request = journey.next_request(check, journey.set_out(check, at))
    while request is not None:
        if pause := journey.pause(check, walk):
            await asyncio.sleep(pause)
        walk = journey.after(check, walk, await ask(session, base, request, check.timeout))
        walk, request = journey.next_request(check, walk)
    return journey.verdict(check, walk)


def nowhere(system: str) -> Result:
    return unknown(Reason.ERROR, f"system '{system}' has no address")
