"""The plan on paper: packs to work from when no screen is there, as PDF/A that anyone can verify and enter later."""

from runbooks.printing.codes import Code, plan_version, read_code
from runbooks.printing.packs import Pack, pack_of, packs_of
from runbooks.printing.press import Print, Sheet, typeset

__all__ = ["Code", "Pack", "Print", "Sheet", "pack_of", "packs_of", "plan_version", "read_code", "typeset"]
