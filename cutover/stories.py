"""The seven scenarios of examples/, each a programme and a play: where they are, and playing one by its name."""

from __future__ import annotations

import sys
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from cutover.app.programme_folder import FILE
from cutover.cli.output import console
from cutover.core.errors import Invalid, NotFound, Problem

WHOLE_WINDOW = "seventy_two_hours"


def place_of(name: str) -> Path:
    """An example that came with this installation, or that stands in this checkout. Raises NotFound with the nearest."""
    wanted = name.replace("-", "_")
    if wanted not in names():
        raise NotFound("story", name, names())
    return next(place for folder in _folders() if (place := folder / wanted).is_dir())


def names() -> list[str]:
    """Every story there is, by the name it is asked for."""
    found = (
        p.name
        for folder in _folders()
        for p in folder.glob("*")
        if (p / FILE).exists() or (p / "play.py").exists()
    )
    return sorted(set(found))


def play_story(name: str, folder: Path | None) -> int:
    """Play a story into `folder`, by default a new one of its name here; 0 when it ended as its README says."""
    source = place_of(name)
    into = (folder or Path(source.name)).resolve()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise Invalid(Problem("the folder is not empty", file=str(into), expected="--programme NEW"))
    spec = spec_from_file_location(f"cutover_story_{source.name}", source / "play.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    code: int = module.main([str(into)])
    for played in [into] if (into / FILE).exists() else sorted(p.parent for p in into.glob(f"*/{FILE}")):
        console.print(f"see it: cutover serve --programme {played}", markup=False)
    return code


def _folders() -> list[Path]:
    package = Path(str(files("cutover")))
    return [place for place in (package / "examples", package.parent / "examples") if place.is_dir()]
