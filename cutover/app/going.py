"""Where an automated task's request goes is looked at before it goes there: each of them, those of a redirect too."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from cutover.core.errors import Invalid, Problem
from cutover.core.reach import why_not

if TYPE_CHECKING:
    import httpx


def looking(reachable: Sequence[str]) -> Callable[[httpx.Request], Awaitable[None]]:
    """What a client asks before each request. It raises Invalid for an address that is not asked."""

    async def look(request: httpx.Request) -> None:
        host, port = request.url.host, request.url.port or 0
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return  # a name that is not known is the request's own trouble, which is tried again
        for one in found:
            if why := why_not(host, str(one[4][0]), reachable):
                raise Invalid(Problem(why, field="url"))

    return look
