"""A paper service over a real journal on SQLite, at noon of the window's first day."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.core import redaction
from cutover.core.clock import FixedClock
from cutover.store.kept_files import KeptFiles
from paper_capture.forms import load_forms
from paper_capture.images import PaperImages
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.pages_world import PagesWorld
from tests.paper_capture.world import NOON, SCENARIO


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def paper(make_desk: MakeDesk) -> PaperService:
    return PaperService(make_desk((*EVENTS, *redaction.EVENTS), [PaperProjection()]), load_forms(SCENARIO))


@pytest.fixture
def images(paper: PaperService, tmp_path: Path) -> PaperImages:
    return PaperImages(paper, KeptFiles(tmp_path / "images"))


@pytest.fixture
def world(paper: PaperService, clock: FixedClock, tmp_path: Path) -> PagesWorld:
    """The paper pages, with two stations and people who may and may not."""
    return PagesWorld(paper, clock, tmp_path)
