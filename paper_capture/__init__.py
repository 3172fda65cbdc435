"""Paper capture: controlled stationery from the press to the last record, each sheet accounted for."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from paper_capture.batches import PaperBatches
    from paper_capture.bulk import Import, import_file
    from paper_capture.domain.answers import FormField
    from paper_capture.domain.form import Form
    from paper_capture.domain.moves import Disposition, Entry, Grade, Person, UsedSheet
    from paper_capture.domain.register import Account, Identity
    from paper_capture.domain.serial import Block, Serial, parse_serial
    from paper_capture.domain.sheet import Stage
    from paper_capture.forms import load_forms
    from paper_capture.images import PaperImages
    from paper_capture.keeping import PaperKeeping
    from paper_capture.keying import Keyer, Keying
    from paper_capture.service import Disposal, PaperService
    from paper_capture.station import MoveKind, StationDesk, StationMove

__all__ = [
    "Account", "Block", "Disposal", "Disposition", "Entry", "Form", "FormField", "Grade", "Identity", "Import", "Keyer", "Keying",
    "MoveKind", "PaperBatches", "PaperImages", "PaperKeeping", "PaperService", "Person", "Serial", "Stage", "StationDesk",
    "StationMove", "UsedSheet", "import_file", "load_forms", "parse_serial",
]  # fmt: skip

__getattr__ = late_names(
    __name__,
    {
        "batches": ("PaperBatches",),
        "bulk": ("Import", "import_file"),
        "images": ("PaperImages",),
        "keeping": ("PaperKeeping",),
        "keying": ("Keyer", "Keying"),
        "domain.answers": ("FormField",),
        "domain.form": ("Form",),
        "domain.moves": (
            "Disposition",
            "Entry",
            "Grade",
            "Person",
            "UsedSheet",
        ),
        "domain.register": (
            "Account",
            "Identity",
        ),
        "domain.serial": (
            "Block",
            "Serial",
            "parse_serial",
        ),
        "domain.sheet": ("Stage",),
        "forms": ("load_forms",),
        "service": (
            "Disposal",
            "PaperService",
        ),
        "station": ("MoveKind", "StationDesk", "StationMove"),
    },
)
