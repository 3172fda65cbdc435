"""What the pages say can be done: links lead somewhere, commands parse, files are valid, code runs."""

from __future__ import annotations

import ast
import importlib.util
import shutil
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.main import GROUPS, build_app
from runbooks.domain.lint import Severity, lint
from tests.docs.pages import DOCS, ROOT, Block, anchors, blocks, commands, links, pages

EXAMPLE = ROOT / "examples" / "seventy_two_hours"
ROOMS = {"cutover", "runbooks", "monitors", "paper_capture", "contingency", "flows"}


def named(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else ""


def titled(block: Block) -> str:
    return f"{block.page.relative_to(ROOT)}: {block.text.splitlines()[0]}"


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_relative_link_leads_somewhere(page: Path):
    """To a file that is there, and inside it to a heading or an anchor that is there."""
    for link in links(page):
        path, _, place = link.partition("#")
        if ":" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not place or place in anchors(target), f"{link}: no such place"


def test_every_page_of_the_documentation_can_be_reached():
    """From docs/README.md, by links alone."""
    reached: set[Path] = set()
    pending = [DOCS / "README.md"]
    while pending:
        page = pending.pop()
        reached.add(page)
        targets = {
            (page.parent / link.partition("#")[0]).resolve() for link in links(page) if ":" not in link
        }
        pending += [t for t in targets if t.suffix == ".md" and t.is_relative_to(DOCS) and t not in reached]
    assert set(DOCS.rglob("*.md")) - reached == set()


def test_the_readme_names_both_ways_in_on_its_first_screen():
    """Whoever opens the project finds ./run and ./test before scrolling."""
    first = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    assert "./run" in first
    assert "./test" in first
    assert (ROOT / "run").exists()
    assert (ROOT / "test").exists()


@pytest.mark.parametrize("block", list(blocks("sh")), ids=titled)
def test_every_quoted_command_parses(block: Block):
    """With the options it names and nothing executed: a renamed option is found here."""
    for words in commands(block):
        if words:
            assert words[0] in GROUPS, words
            build_app(words[0], nowhere).parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if b.text.startswith("# ")], ids=titled)
def test_every_quoted_file_is_valid_in_a_programme(block: Block, tmp_path: Path):
    """Put where its first line says, the programme checks, and a runbook lints without an error."""
    place = tmp_path / "my-go-live"
    name = block.text.splitlines()[0].removeprefix("# ")
    if name == "programme.yaml":
        place.mkdir()
    else:
        shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("state"))
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text(block.text, encoding="utf-8")
    folder = ProgrammeFolder(place)
    assert [str(problem) for problem in folder.problems()] == []
    if name.startswith("runbooks/"):
        found = lint(folder.runbook(Path(name).stem), folder.programme)
        assert [f.message for f in found if f.severity is Severity.ERROR] == []


def test_the_quoted_faults_are_valid():
    """The stand-ins and switches of the how-to exist."""
    import yaml

    from cutover.range.faults import FaultPlan

    quoted = [b for b in blocks("yaml") if "\nfaults:" in b.text]
    assert quoted
    for block in quoted:
        assert FaultPlan.model_validate(yaml.safe_load(block.text)).faults


@pytest.mark.parametrize("block", list(blocks("python")), ids=titled)
def test_every_quoted_import_exists(block: Block):
    """The module is there and defines the name, found without importing what is slow."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOMS:
            spec = importlib.util.find_spec(node.module)
            assert spec is not None
            assert spec.origin is not None
            source = Path(spec.origin).read_text(encoding="utf-8")
            for alias in node.names:
                assert alias.name in source


def test_the_library_lines_of_the_readme_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """In a programme named as they name it, and twenty lines are enough."""
    (block,) = [b for b in blocks("python") if b.page == ROOT / "README.md"]
    shutil.copytree(EXAMPLE, tmp_path / "my-go-live", ignore=shutil.ignore_patterns("state"))
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "sheets accounted for: 20" in said
    assert "journal holds: True" in said
    assert len([line for line in block.text.splitlines() if line.strip()]) <= 20


def nowhere(path: Path):
    raise AssertionError(f"reading the documentation opens no programme ({path})")
