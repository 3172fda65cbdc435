"""What we send goes to machines that may be reached, whatever a name stands for, and never to metadata or the link."""

from __future__ import annotations

import pytest

from cutover.core.errors import Unavailable
from cutover.web.outbound import Forbidden, Outbound, choose, judged

NEVER = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255",
]  # fmt: skip
INSIDE = ["127.0.0.1", "::1", "10.0.0.5", "192.168.1.9", "172.16.0.1", "fd12::1", "::ffff:10.0.0.5"]


@pytest.mark.parametrize("address", NEVER)
def test_metadata_the_link_and_what_is_no_machine_are_never_reached(address: str) -> None:
    assert judged(address, inside=True)


@pytest.mark.parametrize("address", INSIDE)
def test_inside_is_reached_only_where_somebody_said_so(address: str) -> None:
    assert (judged(address, inside=True), bool(judged(address, inside=False))) == ("", True)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_outside_is_reached(address: str) -> None:
    assert judged(address, inside=False) == ""


def test_a_name_with_one_address_that_may_not_be_reached_is_not_reached_at_all() -> None:
    with pytest.raises(Forbidden, match="metadata"):
        choose(
            "both.example",
            443,
            inside=False,
            resolve=lambda _host, _port: ["93.184.216.34", "169.254.169.254"],
        )


def test_a_name_that_nobody_knows_is_no_defect() -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unavailable, match="nobody knows"):
        choose("gone.example", 443, inside=False, resolve=nobody)


@pytest.mark.real
@pytest.mark.parametrize("url", ["http://2852039166/", "http://0xa9fea9fe/", "http://[::ffff:a9fe:a9fe]/"])
def test_an_address_spelled_otherwise_is_the_same_address(url: str) -> None:
    with pytest.raises(Forbidden, match="metadata"):
        Outbound().post(url, b"", {}, inside=True)
