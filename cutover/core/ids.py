"""Identifiers that sort by time: UUID version 7 (RFC 9562) from a given moment and given entropy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cutover.core.clock import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(at: datetime, entropy: bytes) -> UUID:
    """A UUIDv7 from `at` (millisecond precision) and 10 bytes of `entropy`."""
    millis = (at - EPOCH) // timedelta(milliseconds=1)
    raw = bytearray(millis.to_bytes(6, "big") + entropy[:10])
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return UUID(bytes=bytes(raw))


@dataclass(frozen=True, slots=True)
class IdFactory:
    """Makes ids from a clock and an entropy source (os.urandom in production, a seeded one in tests)."""

    clock: Clock
    entropy: Callable[[int], bytes]

    def __call__(self) -> str:
        return str(uuid7(self.clock.now(), self.entropy(10)))
