"""One runner a stream: a lease with an epoch that fences every append of whoever held it before.

Leases run on real time, never on a rehearsal's: a process that died at hour 50 of a scaled rehearsal died now.
A dead process of this very machine is taken over at once, any other after its lease ends. A standby does not
believe another machine's clock: it takes a lease that has not moved for its whole length on its own counter.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, update

from cutover.core.errors import Conflict
from cutover.store.engine import reading, writing
from cutover.store.metadata import leases_table as t

LEASE = timedelta(seconds=25)  # takeover by another machine within 30 s
GONE = "gone"
FREE = ""  # the owner of a lease that was given back


@dataclass(frozen=True, slots=True)
class Fence:
    """What an append shows to prove that its writer still holds the lease."""

    name: str
    epoch: int


class LeaseLostError(Conflict):
    """Another runner has taken over: whoever held it before performs nothing more."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A lease as it stood at a look: whoever holds it renews it, and then it stands otherwise."""

    owner: str
    epoch: int
    expires_at: datetime


def this_process() -> str:
    """host:pid:start, so that a reused pid is not mistaken for the runner that died."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def acquire(engine: Engine, name: str, owner: str, now: datetime, *, unmoved: Holding | None = None) -> Fence:
    """Take the lease. Raises Conflict naming the holder while it is alive elsewhere.

    A lease that still stands as `unmoved` is taken whatever its end says: the caller has watched it for its length.
    """
    with writing(engine) as connection:
        row = connection.execute(select(t).where(t.c.name == name)).one_or_none()
        if row is None:
            connection.execute(insert(t).values(name=name, owner=owner, epoch=1, expires_at=now + LEASE))
            return Fence(name, 1)
        seen = Holding(row.owner, row.epoch, row.expires_at)
        if seen != unmoved and not _may_take(seen, owner, now):
            raise Conflict(
                f"{name} is being run by {row.owner} until {row.expires_at:%H:%M:%S}Z; stop it, wait, "
                "or stand by with `--standby`"
            )
        connection.execute(
            update(t).where(t.c.name == name).values(owner=owner, epoch=row.epoch + 1, expires_at=now + LEASE)
        )
        return Fence(name, row.epoch + 1)


def holding(engine: Engine, name: str) -> Holding | None:
    """The lease as it stands now; None when nobody has ever held it."""
    with reading(engine) as connection:
        row = connection.execute(select(t).where(t.c.name == name)).one_or_none()
    return None if row is None else Holding(row.owner, row.epoch, row.expires_at)


def is_free(lease: Holding | None) -> bool:
    """Nobody holds it, or a process of this machine that is dead."""
    return lease is None or lease.owner == FREE or _is_dead_here(lease.owner)


def _may_take(lease: Holding, owner: str, now: datetime) -> bool:
    return lease.owner == owner or lease.expires_at <= now or is_free(lease)


def renew(engine: Engine, fence: Fence, now: datetime) -> None:
    """Keep the lease. Raises Conflict when it was taken over."""
    with writing(engine) as connection:
        check_fence(connection, fence)
        connection.execute(update(t).where(t.c.name == fence.name).values(expires_at=now + LEASE))


def release(engine: Engine, fence: Fence, now: datetime) -> None:
    """Give the lease back; a lease already taken over is left alone."""
    with writing(engine) as connection:
        mine = (t.c.name == fence.name) & (t.c.epoch == fence.epoch)
        connection.execute(update(t).where(mine).values(owner=FREE, expires_at=now))


def check_fence(connection: Connection, fence: Fence) -> None:
    """Raises Conflict unless `fence` is still the newest epoch of its lease."""
    epoch = connection.execute(select(t.c.epoch).where(t.c.name == fence.name)).scalar()
    if epoch != fence.epoch:
        raise LeaseLostError(
            f"the lease of {fence.name} was taken over (epoch {epoch}, ours {fence.epoch}): another runner goes on"
        )


def _is_dead_here(owner: str) -> bool:
    process, _, started = owner.rpartition(":")
    host, _, pid = process.rpartition(":")
    return host == socket.gethostname() and pid.isdigit() and _started(int(pid)) != started


def _started(pid: int) -> str:
    """When a process began, in ticks since boot; a killed one that nobody has buried yet is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return GONE
    return GONE if stat[0] in "ZX" else stat[19]
