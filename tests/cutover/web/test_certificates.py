"""An authority of the programme's own: trusted once by a station's PC, it says who the server is, under each of its names."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cutover.core.errors import Unavailable
from cutover.web.certificates import CA_DAYS, SERVER_DAYS, certificates
from cutover.web.serving import Server, listen
from tests.cutover.web.world import World

NOW = datetime.now(UTC)


def test_what_is_made_stays_and_no_key_can_be_read_by_others(tmp_path: Path) -> None:
    made = certificates(tmp_path / "tls", "Small", ["board.test"], NOW)
    before = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert certificates(tmp_path / "tls", "Small", ["board.test"], NOW) == made
    assert {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == before
    assert {path.name for path in (tmp_path / "tls").iterdir() if path.stat().st_mode & 0o077 == 0} >= {
        "ca-key.pem",
        "server-key.pem",
    }


@pytest.mark.parametrize("later", [timedelta(days=SERVER_DAYS - 20), timedelta(days=SERVER_DAYS + 20)])
def test_a_certificate_that_is_about_to_end_is_made_anew_by_the_same_authority(
    tmp_path: Path, later: timedelta
) -> None:
    first = certificates(tmp_path, "Small", ["board.test"], NOW)
    old = first.certificate.read_bytes()
    second = certificates(tmp_path, "Small", ["board.test"], NOW + later)
    assert (second.fingerprint, second.certificate.read_bytes() != old) == (first.fingerprint, True)


def test_another_name_takes_another_certificate_and_an_old_authority_another_one(tmp_path: Path) -> None:
    first = certificates(tmp_path, "Small", ["board.test"], NOW)
    old = first.certificate.read_bytes()
    assert certificates(tmp_path, "Small", ["board.test", "10.0.0.5"], NOW).certificate.read_bytes() != old
    assert (
        certificates(tmp_path, "Small", ["board.test"], NOW + timedelta(days=CA_DAYS)).fingerprint
        != first.fingerprint
    )


def test_the_authority_makes_servers_and_no_other_authorities(tmp_path: Path) -> None:
    made = certificates(tmp_path, "Small", [], NOW)
    basic = x509.load_pem_x509_certificate(made.authority.read_bytes()).extensions
    assert basic.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(
        ca=True, path_length=0
    )
    leaf = x509.load_pem_x509_certificate(made.certificate.read_bytes()).extensions
    assert not leaf.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("no folder")
    with pytest.raises(Unavailable, match="tls"):
        certificates(tmp_path / "tls", "Small", [], NOW)


@pytest.mark.real
def test_whoever_trusts_the_authority_reads_the_pages_and_whoever_does_not_is_warned(
    world: World, tmp_path: Path
) -> None:
    made = certificates(tmp_path, "Small", ["board.test"], NOW)
    stop = threading.Event()
    with listen("127.0.0.1", 0) as sock:
        server = threading.Thread(target=Server(world.app(stop), stop, made).run, kwargs={"sockets": [sock]})
        server.start()
        try:
            trusting = ssl.create_default_context(cafile=str(made.authority))
            trusting.verify_flags |= ssl.VERIFY_X509_STRICT
            for name in ("board.test", "localhost", "127.0.0.1"):
                assert b"200 OK" in _asked(sock.getsockname()[1], trusting, name)
            with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
                _asked(sock.getsockname()[1], trusting, "other.test")
            with pytest.raises(ssl.SSLCertVerificationError):
                _asked(sock.getsockname()[1], ssl.create_default_context(), "board.test")
        finally:
            stop.set()
            server.join()


def _asked(port: int, context: ssl.SSLContext, name: str) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname=name) as line,
    ):
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return line.recv(200)
