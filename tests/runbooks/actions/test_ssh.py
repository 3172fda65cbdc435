"""A program on another machine, against asyncssh's own server and a real sshd: known hosts only, words stay words, bounded."""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from runbooks.actions import Outcome, Secrets, TransientError
from runbooks.actions.ssh import SshAction, remote
from tests.conftest import START
from tests.runbooks.actions.calling import KEY, call

pytestmark = pytest.mark.real
HOSTILE = "x'; touch owned; $(touch owned) `touch owned` && \"\n-rf /"
SSHD = Path("/usr/sbin/sshd")


class Keys:
    """A host's key and a user's, and the files that name them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = asyncssh.generate_private_key("ssh-ed25519")
        self.user = asyncssh.generate_private_key("ssh-ed25519")
        (folder / "authorized").write_bytes(self.user.export_public_key())
        (folder / "host").write_bytes(self.host.export_private_key())
        (folder / "host").chmod(0o600)

    def know(self, port: int) -> None:
        public = self.host.export_public_key().decode().strip()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n", encoding="utf-8")

    @property
    def secrets(self) -> Secrets:
        private = self.user.export_private_key().decode()
        return Secrets({"CUTOVER_SECRET_SSH_KEY": private, "CUTOVER_SECRET_PW": "s3cr3t-pw"})


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


async def _run_for_real(process: Any) -> None:
    """What a login shell does with the one line it is handed."""
    child = await asyncio.create_subprocess_shell(
        process.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    await process.redirect(stdin=child.stdin)
    await asyncio.gather(_pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr))
    process.exit(await child.wait())
    await process.wait_closed()


async def _pump(source: Any, sink: Any) -> None:
    """Everything is handed on before the exit code is: as a real server does."""
    while chunk := await source.read(65_536):
        sink.write(chunk)
        await sink.drain()


async def _cut(process: Any) -> None:
    process.channel.get_connection().abort()


def do(keys: Keys, verb: str = "perform", server: Any = _run_for_real, **more: Any) -> Outcome | None:
    """One call against asyncssh's own server."""

    async def once() -> Outcome | None:
        acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[keys.host], authorized_client_keys=str(keys.folder / "authorized"),
            process_factory=server, encoding=None,
        )  # fmt: skip
        async with acceptor:
            if not (keys.folder / "known_hosts").exists():
                keys.know(acceptor.get_port())
            return await asked(keys, acceptor.get_port(), verb, **more)

    return asyncio.run(once())


async def asked(keys: Keys, port: int, verb: str, **more: Any) -> Outcome | None:
    secrets = keys.secrets
    action = SshAction(keys.folder, secrets, FixedClock(START))
    given = {"host": "127.0.0.1", "port": port, "user": "root", "key": "ssh_key", **more}
    outcome: Outcome | None = await getattr(action, verb)(call(secrets, **given))
    return outcome


def test_a_hostile_value_stays_one_argument_on_the_other_side(keys: Keys) -> None:
    outcome = do(keys, argv=["printf", "%s|", "a", HOSTILE])
    assert outcome is not None
    assert outcome.result["output"] == f"a|{HOSTILE}|"
    assert not Path("owned").exists()


def test_key_and_own_words_are_in_its_environment(keys: Keys) -> None:
    outcome = do(keys, argv=["sh", "-c", 'echo "$CUTOVER_KEY $OWN"'], env={"OWN": "a 'word'"})
    assert outcome is not None
    assert outcome.evidence == f"exit 0: {KEY} a 'word'"


def test_the_exit_code_decides(keys: Keys) -> None:
    outcome = do(keys, argv=["sh", "-c", "echo 'disk full' >&2; exit 5"])
    assert outcome is not None
    assert (outcome.ok, outcome.evidence) == (False, "exit 5: disk full")


def test_a_host_whose_key_is_another_is_not_trusted_and_nothing_happened(keys: Keys) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (keys.folder / "known_hosts").write_text(f"* {other}", encoding="utf-8")
    outcome = do(keys, argv=["touch", str(keys.folder / "done")])
    assert outcome is not None
    assert (outcome.ok, outcome.certain) == (False, True)
    assert "Host key is not trusted" in outcome.evidence
    assert not (keys.folder / "done").exists()


def test_without_known_hosts_nobody_is_taken_on_trust(keys: Keys) -> None:
    with pytest.raises(Invalid, match=r"no file of known hosts; expected the host's key, .* ssh-keyscan"):
        do(keys, argv=["true"], known_hosts="nowhere")


def test_a_user_who_is_not_let_in_did_nothing(keys: Keys) -> None:
    (keys.folder / "authorized").write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
    outcome = do(keys, argv=["true"])
    assert outcome is not None
    assert (outcome.ok, outcome.certain) == (False, True)
    assert "Permission denied" in outcome.evidence


def test_a_connection_that_is_lost_leaves_it_open(keys: Keys) -> None:
    with pytest.raises(TransientError):
        do(keys, server=_cut, argv=["true"])


def test_much_output_is_drained_and_its_ends_are_kept(keys: Keys) -> None:
    outcome = do(
        keys, argv=["sh", "-c", "echo begin; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo end"]
    )
    assert outcome is not None
    said = outcome.result["output"]
    assert (said[:5], said[-3:], len(said) < 5000) == ("begin", "end", True)


@pytest.mark.parametrize(("code", "found"), [(0, True), (1, None), (2, False)])
def test_a_probe_says_there_not_there_or_that_it_does_not_know(
    keys: Keys, code: int, found: bool | None
) -> None:
    outcome = do(keys, "settle", argv=["true"], probe=["sh", "-c", f"exit {code}"])
    assert (outcome and (outcome.ok, outcome.certain)) == (found if found is None else (found, found))


def test_a_key_is_a_key_and_is_not_shown(keys: Keys) -> None:
    with pytest.raises(Invalid, match="the secret 'pw' is no private key") as refused:
        do(keys, argv=["true"], key="pw")
    assert "s3cr3t" not in str(refused.value)


def test_the_one_line_reads_back_as_the_same_words() -> None:
    line = remote(["a b", HOSTILE], {"X": "1 2"})
    assert shlex.split(line) == ["env", "X=1 2", "a b", HOSTILE]


@contextmanager
def sshd(keys: Keys) -> Iterator[int]:
    """A real sshd on a loopback port, of this user."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {keys.folder}/host", "PidFile none", "UsePAM no",
        f"AuthorizedKeysFile {keys.folder}/authorized", "StrictModes no", "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
    ]  # fmt: skip
    (keys.folder / "sshd_config").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    log = (keys.folder / "sshd.log").open("wb")
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", keys.folder / "sshd_config"], stderr=log)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        keys.know(port)
        yield port
    finally:
        server.terminate()
        server.wait(10)
        log.close()


@pytest.mark.skipif(
    not SSHD.exists(), reason="REAL PART MISSING: sshd (asyncssh's own server is tested everywhere)"
)
def test_against_a_real_sshd(keys: Keys) -> None:
    user = getpass.getuser()
    with sshd(keys) as port:
        given = {"user": user, "argv": ["printf", "%s|%s", HOSTILE, "b"]}
        outcome = asyncio.run(asked(keys, port, "perform", **given))
    assert outcome is not None
    assert outcome.result["output"] == f"{HOSTILE}|b"
