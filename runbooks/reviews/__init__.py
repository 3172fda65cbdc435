"""How a review is read: in the terminal, on a page, as PDF and as a workbook, all from the same sheets."""
