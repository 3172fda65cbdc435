"""No probe is turned against this machine or a cloud's metadata by what a name is said to be."""

from __future__ import annotations

import asyncio

import pytest

import monitors.session
from monitors.domain.check import HttpCheck, Status
from monitors.probes import probe_http
from monitors.session import open_session
from tests.monitors.conftest import Target
from tests.monitors.test_probes import HEALTH

pytestmark = pytest.mark.real


def ask(check: HttpCheck, url: str, *reachable: str) -> tuple[Status, str]:
    async def run() -> tuple[Status, str]:
        async with open_session(reachable=reachable) as session:
            result = await probe_http(session, check, {"custody": url})
            return result.status, result.detail

    return asyncio.run(run())


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1", "::ffff:169.254.169.254"])
def test_a_name_that_leads_where_nothing_is_asked_is_not_connected_to(
    target: Target, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """As a name server that was taken over would say; loopback is where something would even answer."""

    async def said(_host: str, _port: int) -> list[str]:
        return ["203.0.113.7", address]

    monkeypatch.setattr(monitors.session, "addresses_of", said)
    port = target.url.rpartition(":")[2]
    status, detail = ask(HEALTH, f"http://records.force.example:{port}")
    assert status is Status.CRITICAL
    assert "CUTOVER_REACHABLE" in detail
    assert target.asked == []


def test_what_was_allowed_is_asked(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    async def said(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(monitors.session, "addresses_of", said)
    port = target.url.rpartition(":")[2]
    assert ask(HEALTH, f"http://records.force.example:{port}", "127.0.0.0/8")[0] is Status.OK


def test_a_literal_metadata_address_is_not_connected_to() -> None:
    status, detail = ask(HEALTH, "http://169.254.169.254")
    assert status is Status.CRITICAL
    assert "metadata" in detail
