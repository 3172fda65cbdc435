"""Libraries that connect by themselves are held to the rule of ours, at the connection and not before it."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import suppress

import apprise
import pytest

from cutover.core.reach import HOUSE, Reach
from cutover.web.guarded import only
from cutover.web.outbound import Forbidden

pytestmark = pytest.mark.real
ours_bars = pytest.mark.allow_hosts(["127.0.0.1", "169.254.169.254", "fd00:ec2::"])


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    there = socket.socket()
    there.bind(("127.0.0.1", 0))
    there.listen()
    there.settimeout(0.3)
    yield there
    there.close()


@ours_bars
@pytest.mark.parametrize("address", ["169.254.169.254", "[fd00:ec2::254]"])
def test_a_service_of_apprise_is_not_sent_to_metadata(address: str) -> None:
    to = apprise.Apprise()
    to.add(f"json://{address}/latest")
    with pytest.raises(Forbidden, match="metadata"), only(HOUSE):
        to[0].notify(body="x")


def test_a_name_that_turns_to_this_machine_between_look_up_and_connection_is_not_connected_to(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, port = socket.getaddrinfo, listening.getsockname()[1]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, *more, **named: real("127.0.0.1", *more, **named)
    )
    to = apprise.Apprise()
    to.add(f"json://records.force.example:{port}/")
    with pytest.raises(Forbidden), only(Reach(inside=False)):
        to[0].notify(body="x")
    with pytest.raises(TimeoutError):
        listening.accept()


@ours_bars
def test_mail_goes_where_it_may_and_not_to_the_link(listening: socket.socket) -> None:
    with pytest.raises(Forbidden, match="metadata"), only(HOUSE):
        smtplib.SMTP("169.254.169.254", 25, timeout=0.2)
    with only(HOUSE), suppress(TimeoutError, OSError):
        smtplib.SMTP("127.0.0.1", listening.getsockname()[1], timeout=0.1)
    listening.accept()[0].close()


def test_outside_of_it_nothing_is_judged(listening: socket.socket) -> None:
    with pytest.raises(Forbidden), only(Reach(inside=False)):
        socket.create_connection(listening.getsockname())
    socket.create_connection(listening.getsockname()).close()


@ours_bars
def test_a_socket_that_was_refused_is_closed() -> None:
    with socket.socket() as refused:
        with pytest.raises(Forbidden), only(HOUSE):
            refused.connect(("169.254.169.254", 80))
        assert refused.fileno() == -1
