"""One sheet: a title, a line on the run, heads, rows; and how it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from geoplan.workbook.cells import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

A4 = 9
"""Paper size in the file format (ECMA-376, ST_PaperSize)."""


class Sheet:
    """A sheet under way; rows are written once, in order."""

    HEAD_ROW: ClassVar[int] = 3
    FIRST_ROW: ClassVar[int] = 4

    def __init__(self, book: Any, name: str, told: str, widths: Sequence[float], cut: str) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.properties import PageSetupProperties

        self._sheet = book.create_sheet(name)
        self._rows, self._cut = 0, cut
        line = Side(style="thin", color="FF9AA0A6")
        self._box = Border(left=line, right=line, top=line, bottom=line)
        self._wrapped = Alignment(wrap_text=True, vertical="center")
        self._centred = Alignment(wrap_text=True, vertical="center", horizontal="center")
        self._bold, self._large = Font(bold=True), Font(bold=True, size=14)
        self._link = Font(color="FF1A5FB4", underline="single")
        self._grey = PatternFill("solid", fgColor="FFE8ECF0")
        self._sheet.freeze_panes = f"B{self.FIRST_ROW}"
        self._sheet.print_title_rows = f"1:{self.HEAD_ROW}"
        self._sheet.page_setup.orientation, self._sheet.page_setup.paperSize = "landscape", A4
        self._sheet.page_setup.fitToWidth, self._sheet.page_setup.fitToHeight = 1, 0
        self._sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        self._sheet.oddFooter.left.text, self._sheet.oddFooter.right.text = told, "&P / &N"
        # what stands before the rows in the file is to be known before the first of them
        for at, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(at)].width = width

    def head(self, title: str, told: str, heads: Sequence[str]) -> None:
        """Put the title, a line on the run, and the heads of the columns."""
        self._sheet.append([self._cell(title, font=self._large)])
        self._sheet.append([self._cell(told)])
        look = {"font": self._bold, "fill": self._grey, "border": self._box}
        self._sheet.append([self._cell(one, alignment=self._centred, **look) for one in heads])

    def row(
        self,
        values: Iterable[Any],
        places: Sequence[int | None] = (),
        *,
        links: Sequence[int | None] = (),
        behind: str = "",
        strong: bool = False,
    ) -> None:
        """Put one row.

        Parameters
        ----------
        values : iterable
            One for each head.
        places : sequence of int or None
            Decimals that each number is shown with.
        links : sequence of int or None
            The row of the sheet `behind` that each cell leads to.
        strong : bool
            Whether the row is a total.
        """
        cells = []
        for at, value in enumerate(values):
            cell = self._cell(value, border=self._box, alignment=self._wrapped)
            if at < len(places) and places[at] is not None:
                cell.number_format = "0" if places[at] == 0 else "0." + "0" * (places[at] or 0)
            if strong:
                cell.font, cell.fill = self._bold, self._grey
            if at < len(links) and links[at] is not None:
                self._lead(cell, at, f"'{behind}'!A{links[at]}")
            cells.append(cell)
        self._sheet.append(cells)
        self._rows += 1

    def _cell(self, value: Any, **style: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell

        plain = safe(value, self._cut)
        cell = WriteOnlyCell(self._sheet, value=plain)
        if isinstance(plain, str):
            cell.data_type = "s"  # whatever it begins with, it is no formula
        for name, look in style.items():
            setattr(cell, name, look)
        return cell

    def _lead(self, cell: Any, column: int, place: str) -> None:
        from openpyxl.worksheet.hyperlink import Hyperlink

        cell.row, cell.column = self.FIRST_ROW + self._rows, column + 1
        cell.hyperlink = Hyperlink(ref="", location=place)
        cell.font = self._link
