"""Ask a thing how it is: one shared session, one new connection a question, a deadline, a bounded answer.

Building a TLS context takes 40 ms of a core: done once per probe it starves the loop and fakes timeouts.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from datetime import datetime

import httpx

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

LARGEST_ANSWER = 1_048_576  # bytes; nobody says that he is well in more
LAST_PORT = 65535
AGENT = "cutover-monitor"


def open_session() -> httpx.AsyncClient:
    """The session that all probes share: no redirects, no proxies of the environment, no kept connections."""
    return httpx.AsyncClient(
        verify=ssl.create_default_context(),
        limits=httpx.Limits(max_keepalive_connections=0),
        headers={"User-Agent": AGENT},
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113  (every question has its own deadline)
    )


async def ask(session: httpx.AsyncClient, base: str, request: Request, deadline: float) -> Answer | NoAnswer:
    """Put one question; whatever goes wrong on the way is an answer too."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(deadline):
            status, body = await _fetch(session, base, request)
    except TimeoutError:
        return NoAnswer(f"no answer within {deadline:g} s", time.perf_counter() - began)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return NoAnswer(f"no answer: {error or type(error).__name__}", time.perf_counter() - began)
    latency = time.perf_counter() - began
    if len(body) > LARGEST_ANSWER:
        return NoAnswer(f"the answer is larger than {LARGEST_ANSWER} bytes", latency)
    return Answer(status, body, latency)


async def probe_http(session: httpx.AsyncClient, check: HttpCheck, systems: Mapping[str, str]) -> Result:
    """One GET, judged."""
    base = check.url or systems.get(check.system, "")
    if not base:
        return _nowhere(check.system)
    return interpret(check, await ask(session, base, question(check), check.timeout))


async def probe_journey(
    session: httpx.AsyncClient, check: JourneyCheck, systems: Mapping[str, str], at: datetime
) -> Result:
    """Walk the steps in order, each with what the earlier ones found out, and clear up."""
    base = systems.get(check.system, "")
    if not base:
        return _nowhere(check.system)
    walk, request = journey.next_request(check, journey.set_out(check, at))
    while request is not None:
        walk = journey.after(check, walk, await ask(session, base, request, check.timeout))
        walk, request = journey.next_request(check, walk)
    return journey.verdict(check, walk)


async def _fetch(session: httpx.AsyncClient, base: str, request: Request) -> tuple[int, bytes]:
    headers = {"Idempotency-Key": request.key} if request.key else {}
    url = _url(base, request.path)
    body = None if request.body is None else dict(request.body)
    async with session.stream(
        request.method, url, params=dict(request.query) or None, json=body, headers=headers
    ) as answer:
        received = bytearray()
        async for chunk in answer.aiter_bytes():
            received += chunk
            if len(received) > LARGEST_ANSWER:
                break
        return answer.status_code, bytes(received)


def _url(base: str, path: str) -> httpx.URL:
    url = httpx.URL(base.rstrip("/") + path if path else base)
    if (url.port or 0) > LAST_PORT:  # the socket would break the loop's task group instead of failing
        raise httpx.InvalidURL(f"port {url.port} does not exist")
    return url


def _nowhere(system: str) -> Result:
    return unknown(Reason.ERROR, f"system '{system}' has no address")
