"""A target whose line is held by a process that dies at a record: before it is sent, or after it has arrived."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contingency.conversions import ConversionService
from contingency.rooms import Target


class Crash(BaseException):
    """The process dies here."""


class DyingTarget:
    """The real target, in a process that dies at the n-th record."""

    def __init__(self, target: Any, survives: int, *, arrived: bool) -> None:
        self.target, self.left, self.arrived = target, survives, arrived

    @asynccontextmanager
    async def open(self) -> Any:
        async with self.target.open() as line:
            self.line = line
            yield self

    async def create(self, record: Any, key: str) -> Any:
        self.left -= 1
        if self.left >= 0:
            return await self.line.create(record, key)
        if self.arrived:
            await self.line.create(record, key)
        raise Crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self.line, name)


def die(service: ConversionService, survives: int, *, arrived: bool) -> None:
    """One batch in a process that dies in it; afterwards the service has its own target again."""
    target: Target = service.target
    service.target = DyingTarget(target, survives, arrived=arrived)
    with pytest.raises(BaseExceptionGroup) as died:
        asyncio.run(service.convert_batch(by="tova"))
    assert died.group_contains(Crash)
    service.target = target
