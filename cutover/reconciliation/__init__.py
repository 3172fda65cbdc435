"""Reconciliation: is every record of the source in the target, once, with the same values."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from cutover.reconciliation.contract import Column, Contract, Exclusion, Place, load_contracts
    from cutover.reconciliation.findings import Class, Outcome, Verdict
    from cutover.reconciliation.service import ReconciliationService
    from cutover.reconciliation.sides import Side

__all__ = [
    "Class", "Column", "Contract", "Exclusion", "Outcome", "Place", "ReconciliationService", "Side", "Verdict", "load_contracts",
]  # fmt: skip

__getattr__ = late_names(
    __name__,
    {
        "contract": (
            "Column",
            "Contract",
            "Exclusion",
            "Place",
            "load_contracts",
        ),
        "sides": ("Side",),
        "findings": (
            "Class",
            "Outcome",
            "Verdict",
        ),
        "service": ("ReconciliationService",),
    },
)
