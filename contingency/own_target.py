"""A target of somebody's own, as back-conversion sees it: whatever it raises or answers, nothing is taken for an outcome that is none.

An adapter that breaks down over a record says nothing of what happened to it: the record stays begun, the adapter is
asked for its serial before anything is sent again, and a record over which it breaks down again and again while it
takes others is set aside with what it said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TypeVar

from contingency.rooms import Conversation, Held, Outgoing, Receipt, Target, Unwilling
from cutover.core.errors import CutoverError, Unavailable

T = TypeVar("T")


class OwnTarget:
    """Made when it is first opened: `status` and `match` need no adapter."""

    def __init__(self, name: str, make: Callable[[], Target]) -> None:
        self._name = name
        self._make = make

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Conversation]:
        async with AsyncExitStack() as stack:
            yield OwnConversation(self._name, await self._line(stack))

    async def _line(self, stack: AsyncExitStack) -> Conversation:
        try:
            return await stack.enter_async_context(self._make().open())
        except CutoverError:
            raise
        except Exception as error:
            raise Unavailable(f"{self._name} cannot be opened: {type(error).__name__}: {error}") from error


class OwnConversation:
    """The adapter's line, held to what a line promises."""

    def __init__(self, name: str, line: Conversation) -> None:
        self._name = name
        self._line = line

    async def create(self, record: Outgoing, key: str) -> Receipt:
        receipt = await self._asked(lambda: self._line.create(record, key), f"over {record.serial}")
        if not isinstance(receipt, Receipt) or not (_is_text(receipt.reference) or _is_text(receipt.refusal)):
            raise Unwilling(
                f"{self._name} answered {receipt!r:.200}: a Receipt with a reference or a refusal was due"
            )
        return receipt

    async def by_serial(self, serial: str) -> Sequence[Held]:
        return self._records(await self._asked(lambda: self._line.by_serial(serial), f"asked for {serial}"))

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        return self._records(
            await self._asked(lambda: self._line.held(form_type, since, until), "asked what it holds")
        )

    def _records(self, found: object) -> Sequence[Held]:
        if not isinstance(found, list | tuple) or not all(isinstance(one, Held) for one in found):
            raise Unavailable(f"{self._name} answered {found!r:.200}: a list of Held was due", permanent=True)
        return found

    async def _asked(self, ask: Callable[[], Awaitable[T]], about: str) -> T:
        try:
            return await ask()
        except CutoverError:
            raise
        except Exception as error:
            raise Unwilling(f"{self._name} broke down {about}: {type(error).__name__}: {error}") from error


def _is_text(said: object) -> bool:
    return isinstance(said, str) and bool(said.strip())
