"""Paper capture: controlled stationery from the press to the last record, each sheet accounted for."""

from paper_capture.domain.form import Form, FormField
from paper_capture.domain.moves import Disposition, Entry, Grade, Person, UsedSheet
from paper_capture.domain.register import Account, Identity
from paper_capture.domain.serial import Block, Serial, parse_serial
from paper_capture.domain.sheet import Stage
from paper_capture.forms import load_forms
from paper_capture.service import Disposal, PaperService

__all__ = [
    "Account", "Block", "Disposal", "Disposition", "Entry", "Form", "FormField", "Grade", "Identity", "PaperService",
    "Person", "Serial", "Stage", "UsedSheet", "load_forms", "parse_serial",
]  # fmt: skip
