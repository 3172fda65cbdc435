"""How a page is drawn from its template: whole, or by the regions that renew themselves while it is open.

A region that all visitors see alike is taken from what was rendered for all of them. Knows no request.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import Environment, meta

from cutover.core.errors import NotFound
from cutover.web.page import Frame, Page
from cutover.web.shared import View, Wanted, framed, mark_of


class Drawing:
    """Draws pages with one set of templates."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def prepare(self, names: Iterable[str]) -> None:
        """Compile templates and what they extend, include and import before anybody waits for them."""
        waiting, seen = list(names), set[str]()
        while waiting:
            if (name := waiting.pop()) in seen:
                continue
            seen.add(name)
            self._environment.get_template(name)
            assert self._environment.loader is not None  # get_template would have raised
            source = self._environment.loader.get_source(self._environment, name)[0]
            found = meta.find_referenced_templates(self._environment.parse(source))
            waiting += [other for other in found if other]

    def whole(self, page: Page, context: Any, frame: Frame, view: View | None) -> str:
        template = self._environment.get_template(page.name)
        drawn = template.new_context(_values(page, context, frame))
        if view is not None and page.alike is not None:
            for name in page.alike.regions:
                drawn.blocks[name] = [_as_rendered(view, name)]
        return "".join(template.root_render_func(drawn))

    def region(self, page: Page, context: Any, frame: Frame, name: str) -> str:
        """One block of the page's own template. Raises NotFound with the nearest."""
        template = self._environment.get_template(page.name)
        if name not in template.blocks:
            raise NotFound("fragment", name, template.blocks)
        return "".join(template.blocks[name](template.new_context(_values(page, context, frame))))

    def fragments(self, page: Page, context: Any, frame: Frame, wanted: Wanted, view: View | None) -> str:
        """The regions that show something else than the asker holds."""
        found = (self._fragment(page, context, frame, one, view) for one in wanted)
        return "\n".join(part for part in found if part)

    def _fragment(
        self, page: Page, context: Any, frame: Frame, wanted: tuple[str, str], view: View | None
    ) -> str:
        """One region; '' where the asker holds it already. What has a mark of its own is not drawn to find that out."""
        (name, held), alike = wanted, page.alike
        if view is not None and alike is not None and name in alike.regions:
            return view.answer((wanted,))
        if alike is not None and name in alike.own:
            mark = mark_of(alike.mark(context))
            return framed(name, self.region(page, context, frame, name), mark) if mark != held else ""
        html = self.region(page, context, frame, name)
        mark = mark_of(html)
        return framed(name, html, mark) if mark != held else ""


def _values(page: Page, context: Any, frame: Frame) -> dict[str, Any]:
    return {f.name: getattr(context, f.name) for f in dataclasses.fields(page.context)} | {"page": frame}


def _as_rendered(view: View, name: str) -> Any:
    def block(_context: Any) -> Iterator[str]:
        yield view.region(name).html

    return block
