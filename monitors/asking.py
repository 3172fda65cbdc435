"""Which probe asks which kind of check: one table, no more than a few questions to one target at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from cutover.core.errors import Invalid, Unavailable
from monitors.domain.check import (
    HttpCheck,
    JourneyCheck,
    LedgerCheck,
    NoAnswer,
    Reason,
    Request,
    Result,
    unknown,
)
from monitors.domain.declared import AnyCheck
from monitors.domain.judging import judge_prometheus
from monitors.domain.kinds import (
    CommandCheck,
    DnsCheck,
    FilesCheck,
    PrometheusCheck,
    SmtpCheck,
    SqlCheck,
    TcpCheck,
    TlsCheck,
)
from monitors.domain.ledger import Summary, judge
from monitors.http_wire import Manner
from monitors.local_probes import probe_command, probe_files
from monitors.net_probes import probe_dns, probe_smtp, probe_tcp, probe_tls
from monitors.probes import ask, nowhere, probe_http, probe_journey
from monitors.session import Session
from monitors.sql_probe import probe_sql

Systems = Callable[[], Mapping[str, str]]
LedgerSummary = Callable[[datetime], Summary]
Evaluate = Callable[[Any, datetime], Result]
A_FEW = 4  # questions to one target at once
_PROBES: Mapping[type[Any], Callable[[Session, Any, datetime], Awaitable[Result]]] = {
    TcpCheck: probe_tcp,
    TlsCheck: probe_tls,
    DnsCheck: probe_dns,
    SmtpCheck: probe_smtp,
    SqlCheck: probe_sql,
    FilesCheck: probe_files,
    CommandCheck: probe_command,
}


class Asking:
    """Puts the question of any check. `kept` evaluates the kinds that ask nobody outside, by what we keep ourselves."""

    def __init__(self, systems: Systems, kept: Mapping[type[Any], Evaluate]) -> None:
        self._systems = systems
        self._kept = kept
        self._turns: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(A_FEW))

    def turn(self, check: AnyCheck) -> asyncio.Semaphore:
        """Held while a check is asked: a slow target is not burdened with every check it has at once."""
        return self._turns[check.target or check.id]

    async def ask(self, session: Session, check: AnyCheck, at: datetime) -> Result:
        """One evaluation. Whatever goes wrong is a result too."""
        if isinstance(check, HttpCheck):
            return await probe_http(session, check, self._systems(), at)
        if isinstance(check, JourneyCheck):
            return await probe_journey(session, check, self._systems(), at)
        if isinstance(check, PrometheusCheck):
            return await self._prometheus(session, check)
        if evaluate := self._kept.get(type(check)):
            return await _look(session, evaluate, check, at)
        if probe := _PROBES.get(type(check)):
            return await probe(session, check, at)
        return unknown(Reason.NO_DATA, f"nothing is kept here for a check of the kind {check.kind}")

    async def _prometheus(self, session: Session, check: PrometheusCheck) -> Result:
        base = check.url or self._systems().get(check.system, "")
        if not base:
            return nowhere(check.system)
        try:
            headers = {"Authorization": f"Bearer {session.secrets(check.token)}"} if check.token else {}
        except Invalid as error:
            return unknown(Reason.ERROR, str(error))
        request = Request("GET", "/api/v1/query", {"query": check.query})
        answer: Any = await ask(session, base, request, check.timeout, Manner(headers))
        if isinstance(answer, NoAnswer):
            answer = NoAnswer(session.secrets.mask(answer.why), answer.latency)
        return judge_prometheus(check, answer)


async def _look(session: Session, evaluate: Evaluate, check: AnyCheck, at: datetime) -> Result:
    """Lists are long and databases slow: read in a thread, within the deadline."""
    try:
        found: Result = await session.beside.run(
            partial(evaluate, check, at), f"look:{check.id}", check.timeout
        )
    except TimeoutError:
        return unknown(Reason.ERROR, f"no answer within {check.timeout:g} s")
    except Unavailable as error:
        return unknown(Reason.ERROR, str(error))
    return found


def judged_ledger(ledger: LedgerSummary) -> Evaluate:
    """Ledger checks ask nobody: the ledger is ours."""

    def evaluate(check: LedgerCheck, at: datetime) -> Result:
        return judge(check, ledger(at))

    return evaluate
