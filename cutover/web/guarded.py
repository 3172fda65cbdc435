"""Libraries that open connections themselves, held to the same rule: each address is judged as it is connected to.

Python tells an audit hook of every look-up and every connection before it is made (PEP 578), whichever library makes
it. So what is judged is what is connected to, and a name server that changes its answer changes nothing. The hook is
put in once a process, the first time it is needed, and says nothing outside `only`.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from cutover.core.reach import Reach
from cutover.web.outbound import Forbidden, judged

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_ADDRESS = 2  # an address of the network is a host and a port, at least


@dataclass
class _Held:
    """The rule in force, and the name that was looked up last: loopback is only for whoever wrote it."""

    reach: Reach
    host: str = ""
    barred: Forbidden | None = None


_held: ContextVar[_Held | None] = ContextVar("cutover_held_to", default=None)


@contextmanager
def only(reach: Reach) -> Iterator[None]:
    """Whatever this thread connects to inside is judged. Raises Forbidden at the end too, should a library swallow it."""
    _listen()
    held = _Held(reach)
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)
    if held.barred is not None:
        raise held.barred


@cache
def _listen() -> None:
    sys.addaudithook(_told)


def _told(event: str, told: tuple[object, ...]) -> None:
    if not event.startswith("socket.") or (held := _held.get()) is None:
        return
    if event == "socket.getaddrinfo":
        held.host = str(told[0] or "")
    elif event in _CONNECTS and told[1] is not None:
        try:
            _check(held, told[1])
        except Forbidden as error:
            held.barred = error
            _close(told[0])
            raise


def _close(one: object) -> None:
    """Whoever made it expects no refusal but an OSError, and would leave it open."""
    if isinstance(one, socket.socket):
        one.close()


def _check(held: _Held, to: object) -> None:
    if not isinstance(to, tuple) or len(to) < _ADDRESS:
        raise Forbidden("a socket of this machine is no address of the network")
    try:
        judged(held.host or str(to[0]), [str(to[0])], held.reach)
    except ValueError as error:  # a name, which the system would look up behind our back
        raise Forbidden(f"'{to[0]}' is no address that can be judged") from error
