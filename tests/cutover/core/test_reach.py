"""Where we go of our own accord, and where only because somebody said so."""

from __future__ import annotations

import pytest

from cutover.core.errors import Invalid
from cutover.core.reach import networks, why_not


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("169.254.169.254", "169.254.169.254"),
        ("metadata.google.internal", "169.254.169.254"),
        ("records.force.example", "169.254.169.254"),
        ("[fd00:ec2::254]", "fd00:ec2::254"),
        ("x", "100.100.100.200"),
        ("x", "::ffff:169.254.169.254"),
        ("x", "64:ff9b::a9fe:a9fe"),
        ("x", "2002:a9fe:a9fe::1"),
        ("x", "fe80::1%eth0"),
        ("0.0.0.0", "0.0.0.0"),
        ("x", "224.0.0.1"),
        ("records.force.example", "127.0.0.1"),
        ("records.force.example", "::1"),
        ("127.0.0.1.nip.example", "127.0.0.1"),
        ("localhost.force.example", "127.0.0.53"),
    ],
)
def test_metadata_link_local_and_names_that_lead_to_this_machine_are_not_asked(
    host: str, address: str
) -> None:
    assert "CUTOVER_REACHABLE" in why_not(host, address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "::1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("records.force.example", "10.20.30.40"),
        ("records.force.example", "192.168.1.1"),
    ],
)
def test_whoever_writes_this_machine_means_it_and_a_force_s_own_network_is_asked(
    host: str, address: str
) -> None:
    assert why_not(host, address) == ""


def test_what_is_written_down_is_asked() -> None:
    allowed = networks("169.254.10.0/24, fd00:ec2::254")
    assert why_not("x", "169.254.10.7", allowed) == ""
    assert why_not("x", "fd00:ec2::254", allowed) == ""
    assert why_not("x", "169.254.169.254", allowed)


def test_a_word_that_is_no_network_is_named() -> None:
    with pytest.raises(Invalid, match=r"CUTOVER_REACHABLE: '10\.0\.0\.0/99'"):
        networks("10.0.0.0/99")
