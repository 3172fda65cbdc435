"""Each paper template reads exactly the fields of its page's context."""

from __future__ import annotations

import dataclasses

from cutover.store.kept_files import KeptFiles
from cutover.web.kit import names_used, templates
from paper_capture.web_convert import ConvertPages
from paper_capture.web_import import ImportPages
from paper_capture.web_overview import overview_page
from paper_capture.web_sheet import SheetPages
from tests.paper_capture.pages_world import PROGRAMME, PagesWorld


def test_every_template_reads_the_fields_of_its_context_and_no_other(world: PagesWorld) -> None:
    imports = ImportPages(world.desk, PROGRAMME, world.clock, KeptFiles(world.folder))
    pages = [
        overview_page(world.views, PROGRAMME, world.clock),
        *SheetPages(world.images, PROGRAMME, world.clock).pages(),
        *ConvertPages(world.keying, world.images, PROGRAMME, world.clock).pages(),
        *imports.pages(),
    ]
    environment = templates(pages)
    for page in pages:
        known = {field.name for field in dataclasses.fields(page.context)}
        assert names_used(environment, page) == known, page.template
