"""What a page is, what stands around it, and the templates it is drawn with. Knows no feature and no request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined, meta
from markupsafe import Markup, escape

from cutover.web.acts import NO_TROUBLE, Trouble
from cutover.web.menu import Menu
from cutover.web.shared import Alike
from cutover.web.visitor import NOBODY, Visitor

KIT = "kit"  # the template prefix of this room; every other prefix is a feature's package
SIGN_IN = "/sign-in"
_OFFERED = frozenset({"page"})  # what the layout brings to every template

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `build` turns the query (and path parameters) into the context its template reads.

    `package` is the one whose `pages/` folder holds the template; `label` is the page's name in the
    navigation, '' keeps it out. `build` runs in a worker thread, may raise any CutoverError, and may answer `Done` to
    lead elsewhere or `Download`, a file. A `public` page is read through a public link too, an `anybody` one without any sign-in.
    `alike` has what all see of it rendered once for all of them.
    """

    path: str
    package: str
    template: str
    context: type[Any]
    build: Callable[[Query], Any]
    label: str = ""
    public: bool = False
    anybody: bool = False
    alike: Alike | None = None

    @property
    def name(self) -> str:
        """The template as the loaders know it."""
        return f"{self.package}/{self.template}"


@dataclass(frozen=True, slots=True)
class Alert:
    """What somebody must know now, at the head of a page: `bad` or `warn`, in a sentence, with where to act on it."""

    look: str
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A box of figures that another room shows on a page: rows of (label, value), and where to read more.

    Its `alerts` stand at the head of that page, whatever the room's own figures say.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    link: str = ""
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What the layout shows around every page; `position` is the journal's head before the page was built.

    `address` is where the page is read again: not where it stands when a refused form brought it.
    """

    title: str
    here: str
    menu: Menu
    position: int
    visitor: Visitor = NOBODY
    address: str = ""
    said: str = ""
    trouble: Trouble = NO_TROUBLE
    sign_in: str = ""  # where one signs in; '' when nobody can


def templates(pages: Sequence[Page]) -> Environment:
    """The one environment: strict, escaping, with a loader for each package that brought a page."""
    return _templates_of(frozenset(page.package for page in pages))


def templates_of(*packages: str) -> Environment:
    """The same for whoever draws without a page: files, printed documents."""
    return _templates_of(frozenset(packages))


@cache  # a template is compiled once in a process, however many applications show it
def _templates_of(packages: frozenset[str]) -> Environment:
    loaders: dict[str, BaseLoader] = {KIT: PackageLoader("cutover.web", "templates")}
    for package in packages - {KIT}:
        loaders[package] = PackageLoader(package, "pages")
    environment = Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a server reads its templates once
    )
    environment.filters["coded"] = coded
    # Globals and not imports: a block rendered alone does not see what its template imported.
    environment.globals["ui"] = environment.get_template(f"{KIT}/parts.html").module
    environment.globals["charts"] = environment.get_template(f"{KIT}/charts.html").module
    environment.globals["forms"] = environment.get_template(f"{KIT}/forms.html").module
    return environment


def coded(text: object) -> Markup:
    """A sentence for people in which what stands between backticks is typed: shown so, everything else escaped."""
    said = str(text).split("`")
    if len(said) % 2 == 0:  # one of them has no partner: it is no sentence of ours
        return escape(text)
    pieces = (
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(said)
    )
    return Markup("").join(pieces)


def names_used(environment: Environment, page: Page) -> frozenset[str]:
    """The context names that a page's template really reads, to be compared with its context class."""
    loader = environment.loader
    assert loader is not None  # `templates` always sets one
    source = loader.get_source(environment, page.name)[0]
    found = meta.find_undeclared_variables(environment.parse(source))
    return frozenset(found - _OFFERED - environment.globals.keys())
