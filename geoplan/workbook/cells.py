"""What may stand in a cell of a workbook: numbers as numbers, texts as texts and never formulas."""

from __future__ import annotations

from typing import Any

LONGEST = 32_767
"""Characters that a cell holds; a longer text is cut, and says so."""
MOST_ROWS = 1_000_000
"""Rows of a sheet, less than the 1,048,576 that the format holds."""
_MOST_EXACT = 2**53


def safe(value: Any, notice: str) -> Any:
    """Return a value as a cell holds it.

    Parameters
    ----------
    value : object
        None, a number, a truth value, or a text.
    notice : str
        What a text that was cut ends in.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) > _MOST_EXACT:
        return str(value)  # a spreadsheet would round it
    if isinstance(value, int | float):
        return None if value != value else value
    return _text(str(value), notice)


def _text(value: str, notice: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = str(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value))
    return text if len(text) <= LONGEST else text[: LONGEST - len(notice)] + notice
