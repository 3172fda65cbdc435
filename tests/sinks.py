"""Who notices are sent to in tests: a mail relay and a webhook on real sockets, which take what they are given or refuse."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self


class Relay:
    """A mail relay on a real socket that takes what it is given, save for one address."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.takes_mail = True
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        server = self._loop.run_until_complete(asyncio.start_server(self._speak, "127.0.0.1", 0))
        self._server, self.port = server, server.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        self._loop.run_until_complete(self._server.wait_closed())
        self._loop.close()

    def _serve(self) -> None:
        self._loop.run_forever()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                mail = await reader.readuntil(b"\r\n.\r\n")
                if self.takes_mail:
                    self.mails.append(mail[: -len(b".\r\n")])
            unknown = verb == b"RCPT" and b"nobody@" in line
            writer.write(self._reply(verb, unknown=unknown))
            if verb == b"QUIT":
                break
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _reply(self, verb: bytes, *, unknown: bool) -> bytes:
        if verb == b"QUIT":
            return b"221 bye\r\n"
        if unknown:
            return b"550 no such user\r\n"
        return b"250 ok\r\n" if self.takes_mail or verb != b"DATA" else b"451 later\r\n"


class Webhook:
    """A service that takes JSON on a real socket, and what it was told; `status` is what it answers."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.status = 200
        self._server = HTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(hook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if hook.status < 400:
                hook.told.append(body)
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
