"""What became of records on their way: each sent with patience, and none sent to a target that has ceased to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from contingency.policies import AT_ONCE, Breaker, Flow
from contingency.rooms import Conversation, Held, Outgoing, Receipt, Senseless, Unwilling
from cutover.core.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Failure:
    """No outcome, and why. Senseless: the target plainly does not hold the record and makes no sense about it.

    Unwilling: it answered for this very record, and would not take it now. Else the line was silent, which says nothing
    about the record.
    """

    reason: str
    senseless: bool = False
    unwilling: bool = False


Answer = Receipt | Failure
NOT_SENT = Failure("not sent: the target had ceased to answer")


@dataclass
class Sender:
    """An open line, several records at once on it, and what happened on it so far."""

    line: Conversation
    flow: Flow = field(default_factory=Flow)
    at_once: int = AT_ONCE
    breaker: Breaker = field(default_factory=Breaker)
    answered: int = 0

    async def send(self, records: Sequence[tuple[Outgoing, str]]) -> dict[str, Answer]:
        """What became of each record (and its key), by serial."""

        async def create(pair: tuple[Outgoing, str]) -> Receipt:
            await self.flow.turn()
            receipt = await self.line.create(*pair)
            self.answered += 1
            return receipt

        said = await self._each(records, create)
        return {pair[0].serial: answer for pair, answer in zip(records, said, strict=True)}

    async def known(self, serials: Iterable[str]) -> Mapping[str, Sequence[Held] | Failure]:
        """What the target holds of each serial."""
        asked = list(serials)
        return dict(zip(asked, await self._each(asked, self.line.by_serial), strict=True))

    async def _each(self, items: Sequence[T], ask: Callable[[T], Awaitable[R]]) -> list[R | Failure]:
        """Ask for each of them, a few at once; nothing more once the breaker is open."""
        left = iter(enumerate(items))
        answers: list[R | Failure] = [NOT_SENT] * len(items)

        async def work() -> None:
            for number, item in left:
                if self.breaker.is_open:
                    return
                answers[number] = await self._one(item, ask)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.at_once, len(items))):
                group.create_task(work())
        return answers

    async def _one(self, item: T, ask: Callable[[T], Awaitable[R]]) -> R | Failure:
        try:
            answer = await ask(item)
        except Unavailable as error:
            self.breaker.failed(str(error))
            return Failure(str(error), isinstance(error, Senseless), isinstance(error, Unwilling))
        self.breaker.succeeded()
        return answer
