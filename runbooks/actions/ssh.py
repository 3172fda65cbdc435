"""A program on another machine over SSH: its host key must be known beforehand, each argument stays one word there too.

Optional: `pip install 'cutover-golive[ssh]'`.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from cutover.core.clock import Pace
from cutover.core.errors import Invalid, Problem
from runbooks.actions.arguments import SshArguments
from runbooks.actions.kinds import NO_PROBE, Call, Outcome, TransientError
from runbooks.actions.processes import CHUNK, Drained, Ended
from runbooks.actions.secrets import Secrets
from runbooks.actions.shell import ended_as, probed

CONNECTS_WITHIN = 30  # seconds


@dataclass(frozen=True)
class SshAction:
    """The key of the effect is there as CUTOVER_KEY. Nothing of this machine's own SSH set-up is used."""

    folder: Path
    secrets: Secrets
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(SshArguments)
        ended = await self._run(call, given, given.argv, given.stdin)
        return ended_as(ended, given.succeeds_on, self.secrets)

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(SshArguments)
        if given.probe is None:
            return NO_PROBE
        return probed(await self._run(call, given, given.probe, ""), self.secrets)

    async def _run(self, call: Call, given: SshArguments, argv: Sequence[str], stdin: str) -> Ended | Outcome:
        """Raises TransientError where the connection was lost with the program under way."""
        command = remote(argv, {**given.env, "CUTOVER_KEY": call.key})
        async with self.pace.hold():
            connection = await self._connected(call, given)
            if isinstance(connection, Outcome):
                return connection
            try:
                return await self._ended(connection, command, stdin)
            except (asyncssh.Error, OSError) as error:
                raise TransientError(f"{given.host}: {call.mask(_said(error))}") from None
            finally:
                connection.abort()

    async def _connected(self, call: Call, given: SshArguments) -> asyncssh.SSHClientConnection | Outcome:
        """The connection, or why there is none: then nothing has happened."""
        try:
            return await asyncssh.connect(**self._where(given))
        except (asyncssh.Error, OSError) as error:
            return Outcome(
                ok=False, evidence=call.shorten(f"{given.host} is not reached: {_said(error)}", 300)
            )

    async def _ended(self, connection: asyncssh.SSHClientConnection, command: str, stdin: str) -> Ended:
        out, err = Drained(self.secrets.longest), Drained(self.secrets.longest)
        process: Any = await connection.create_process(command, encoding=None)
        try:
            process.stdin.write(stdin.encode())
            process.stdin.write_eof()
            await asyncio.gather(_drain(process.stdout, out), _drain(process.stderr, err))
            await process.wait_closed()
        finally:
            process.kill()
        if process.exit_status is None:
            raise TransientError("the connection ended before the program did")
        return Ended(process.exit_status, out, err)

    def _where(self, given: SshArguments) -> dict[str, Any]:
        """How to connect. Raises Invalid where the known hosts are missing: a host is never taken on trust."""
        known = self.folder / given.known_hosts
        if not known.is_file():
            expected = (
                f"the host's key, checked with who runs it: ssh-keyscan {given.host} > {given.known_hosts}"
            )
            raise Invalid(Problem("no file of known hosts", file=str(known), expected=expected))
        key = self._key(given)
        return {
            "host": given.host,
            "port": given.port,
            "username": given.user,
            "client_keys": [key] if key else None,
            "password": self.secrets(given.password) if given.password else None,
            "known_hosts": str(known),
            "config": None,
            "agent_path": None,
            "connect_timeout": CONNECTS_WITHIN,
            "keepalive_interval": 15,
        }

    def _key(self, given: SshArguments) -> asyncssh.SSHKey | None:
        if given.key is None:
            return None
        passphrase = self.secrets(given.passphrase) if given.passphrase else None
        try:
            return asyncssh.import_private_key(self.secrets(given.key).strip() + "\n", passphrase)
        except asyncssh.KeyImportError as error:
            raise Invalid(
                Problem(f"the secret '{given.key}' is no private key: {error}", field="key")
            ) from None


def remote(argv: Sequence[str], env: dict[str, str]) -> str:
    """The one line that a remote shell reads back as exactly these words."""
    assignments = [f"{name}={value}" for name, value in env.items()]
    return shlex.join(["env", *assignments, *argv])


async def _drain(stream: Any, kept: Drained) -> None:
    while chunk := await stream.read(CHUNK):
        kept.add(chunk)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
