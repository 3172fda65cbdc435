"""The station page away from the server's own machine: it installs over HTTPS by the programme's own authority, and only so."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect, sync_playwright

from cutover.web.certificates import certificates
from tests.paper_capture.offline import Pc, link, log_order, programme, served

pytestmark = pytest.mark.real
BOARD = "board.test"
HERE = f"--host-resolver-rules=MAP {BOARD} 127.0.0.1"


def test_a_pc_that_trusts_the_authority_keeps_the_page_and_sends_what_was_logged_offline(
    tmp_path: Path,
) -> None:
    world = programme(tmp_path / "go")
    [serial] = world.paper.issue(station="north", form_type="crime", count=1, by="asha")
    made = certificates(tmp_path / "tls", "On paper", [BOARD], datetime.now(UTC))
    spki = x509.load_pem_x509_certificate(made.certificate.read_bytes()).public_key()
    mark = hashlib.sha256(spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    trusts = f"--ignore-certificate-errors-spki-list={base64.b64encode(mark).decode()}"
    with served(world, tls=made) as address, sync_playwright() as playwright:
        port = address.rpartition(":")[2]
        pc = Pc(playwright, tmp_path / "profile", f"https://{BOARD}:{port}", (HERE, trusts))
        pc.open(link(world, "north"))
        pc.page.wait_for_selector("#link.on")
        pc.page.wait_for_selector("body[data-kept=true]")
        pc.context.set_offline(True)
        pc.page.fill("#by", "PC 412")
        pc.log(serial, datetime.now(ZoneInfo("Europe/London")) - timedelta(minutes=5))
        pc.close()
        pc.open("/station/north", offline=True)
        expect(pc.waiting).to_have_count(1)
        pc.context.set_offline(False)
        pc.all_sent()
        assert (log_order(world), pc.complaints) == ([serial], [])
        [cookie] = [one for one in pc.context.cookies() if one["path"].startswith("/api/")]
        assert cookie["secure"]
        pc.close()
    world.engine.dispose()


def test_without_https_another_machine_keeps_nothing(tmp_path: Path) -> None:
    """What a browser allows: no service worker but on HTTPS or on the machine itself."""
    world = programme(tmp_path / "go")
    with served(world) as address, sync_playwright() as playwright:
        pc = Pc(playwright, tmp_path / "profile", f"http://{BOARD}:{address.rpartition(':')[2]}", (HERE,))
        pc.open(link(world, "north"))
        assert not pc.page.evaluate("'serviceWorker' in navigator")
        pc.close()
    world.engine.dispose()
