"""Reconciliation: is every record of the source in the target, once, with the same values."""

from cutover.reconciliation.contract import Column, Contract, Exclusion, Place, Side, load_contracts
from cutover.reconciliation.findings import Class, Outcome, Verdict
from cutover.reconciliation.service import ReconciliationService

__all__ = [
    "Class", "Column", "Contract", "Exclusion", "Outcome", "Place", "ReconciliationService", "Side", "Verdict", "load_contracts",
]  # fmt: skip
