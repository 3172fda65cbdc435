"""The documentation as a site: it builds strictly, opens from a disk, and asks no other host for anything."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cutover.app.facts import catalogue
from tests.chromium import chromium
from tests.docs.pages import DOCS, ROOT

_MODULE = re.compile(r"`((?:cutover|runbooks|monitors|paper_capture|contingency|flows)(?:\.[a-z_]+)+)`")
EXECUTORS = {"PrefectExecutor", "InlineExecutor"}  # classes that a page may name
_KIND = re.compile(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it: a page that is in no menu, or a link that leads nowhere, ends it."""
    if importlib.util.find_spec("mkdocs") is None and not os.environ.get("CI"):
        pytest.skip("mkdocs is not installed: ./test --version brings what the tests need")
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", place]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_every_page_is_built_with_its_diagrams_drawn(site: Path):
    """As many pictures as the Markdown has, and no fence left over that a script would have to draw."""
    for page in DOCS.rglob("*.md"):
        made = page.relative_to(DOCS).with_suffix(".html")
        html = (site / made.parent / made.name.replace("README", "index")).read_text("utf-8")
        assert html.count('class="diagram"') == page.read_text("utf-8").count("```mermaid")
        assert "language-mermaid" not in html


def test_no_page_loads_anything_from_another_host(site: Path):
    """Scripts, styles, fonts and pictures are all of the site itself."""
    loads = re.compile(r'(?:src=|<link[^>]* href=)"?(https?:)?//', re.IGNORECASE)
    assert [page.name for page in site.rglob("*.html") if loads.search(page.read_text("utf-8"))] == []


@pytest.mark.real
def test_the_site_opens_and_is_searched_from_a_disk_with_the_network_cut(site: Path, browser: Browser):
    """The search finds a word of the how-tos, and whatever the page asked for was a file."""
    context = browser.new_context(offline=True)
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((site / "index.html").as_uri())
    page.fill(".md-search__input", "adjudicate")
    expect(page.locator(".md-search-result__meta")).to_contain_text("matching document", timeout=20_000)
    page.locator(".md-search-result__link").first.click()
    assert page.url.startswith("file://")
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []
    assert complaints == []
    context.close()


@pytest.mark.parametrize("page", sorted((DOCS / "explanation").glob("*.md")), ids=lambda page: page.stem)
def test_what_an_explanation_names_of_the_code_is_there(page: Path):
    """Modules and kinds of events: a walk through the rooms leads through rooms that exist."""
    text = page.read_text("utf-8")
    if page.stem != "the-numbers":  # its figures have names of that shape
        assert [name for name in _MODULE.findall(text) if not _is_there(name)] == []
    strange = set(_KIND.findall(text)) - set(catalogue().kinds) - EXECUTORS
    assert strange == set()


def _is_there(name: str) -> bool:
    """A module, or what one holds."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
