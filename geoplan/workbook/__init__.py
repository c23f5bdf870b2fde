"""Findings as a workbook (XLSX) that a planner prints and files: one sheet for each table.

The workbook measures nothing: it lays out the tables of a result (`geoplan.model.Table`).
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from geoplan.errors import BadQuery
from geoplan.i18n import phrase, phrases
from geoplan.readable import decimals, readable, title_of
from geoplan.workbook.cells import MOST_ROWS
from geoplan.workbook.grid import grid, links
from geoplan.workbook.record import record
from geoplan.workbook.sheet import Sheet

if TYPE_CHECKING:
    from geoplan.model import Lang, Result, Table

MATRIX = "F"


def workbook(result: Result, *langs: Lang) -> bytes:
    """Return the tables of a result as a workbook.

    Parameters
    ----------
    result : Result
        With tables (`geoplan.tables.tables`).
    *langs : {"zh", "en"}
        The languages of heads and words, each with sheets of its own; Chinese where none is given.

    Returns
    -------
    bytes
        An XLSX: a sheet for each table, and last the run record. Numbers are numbers; texts are
        texts whatever they begin with, so that none is run as a formula. Sheets are set up
        for A4 landscape, their heads on every page.

    Raises
    ------
    BadQuery
        The result has no tables.
    """
    from openpyxl import Workbook

    if not result.tables:
        raise BadQuery(f"{result.process} has no tables for a workbook: use .csv or .gpkg")
    book = Workbook(write_only=True)
    book.properties.creator = result.run.software
    wanted: tuple[Lang, ...] = langs or ("zh",)
    book.properties.title = phrases(wanted[0])["xlsx.title"]
    for lang in wanted:
        titles = {layer.id: layer.title.to(lang) for layer in result.sources}
        for table in result.tables:
            if table.id == MATRIX:
                _matrix(book, table, result, lang, titles)
            _table(book, table, result, lang, titles)
        _record(book, result, lang)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _table(book: Any, table: Table, result: Result, lang: Lang, titles: dict[str, str]) -> None:
    """Put a table on a sheet of its own."""
    name = phrases(lang)["sheet.F-cells" if table.id == MATRIX else f"sheet.{table.id}"]
    shown = readable(table, lang, titles)
    widths = [_WIDTHS.get(one, 10.0) for one in table.printed]
    sheet = Sheet(book, name, _told(result, lang), widths, phrases(lang)["xlsx.cut"])
    sheet.head(title_of(table, lang), _told(result, lang), list(shown.columns))
    places = [decimals(one) for one in table.printed]
    total = _totals(table)
    for at, row in enumerate(shown.itertuples(index=False, name=None)):
        if at == MOST_ROWS:
            sheet.row([phrase("xlsx.cut_rows", lang, count=len(shown) - MOST_ROWS)])
            break
        sheet.row(row, places, strong=total[at])


def _matrix(book: Any, table: Table, result: Result, lang: Lang, titles: dict[str, str]) -> None:
    """Put the matrix of conflicts on a sheet: a cell leads to its first row of table A."""
    words = phrases(lang)
    shown = grid(table, lang, titles)
    widths = [22.0, *([26.0] * (len(shown.columns) - 1))]
    sheet = Sheet(book, words["sheet.F"], _told(result, lang), widths, words["xlsx.cut"])
    sheet.head(title_of(table, lang), _told(result, lang), list(shown.columns))
    goals = links(table, _rows_of_numbers(result))
    for row, lead_to in zip(shown.itertuples(index=False, name=None), goals, strict=True):
        sheet.row(
            row, links=lead_to, behind=words["sheet.A"], strong=row[0] == words["table.total"]
        )


def _record(book: Any, result: Result, lang: Lang) -> None:
    """Put the run record on a sheet."""
    words = phrases(lang)
    widths = [28.0, 110.0]
    sheet = Sheet(book, words["sheet.run"], _told(result, lang), widths, words["xlsx.cut"])
    sheet.head(words["table.run"], _told(result, lang), [words["head.what"], words["head.value"]])
    for row in record(result, lang):
        sheet.row(row)


def _totals(table: Table) -> list[bool]:
    """Tell which rows of a table are totals."""
    rows = table.rows
    if table.id == "F":
        return (rows["project_id"].isna() | rows["layer"].isna()).tolist()
    if table.id == "B":
        return rows["area_id"].isna().tolist() if rows["area_id"].notna().any() else (
            rows["project_id"].isna().tolist()
        )  # fmt: skip
    return [False] * len(rows)


def _rows_of_numbers(result: Result) -> dict[str, int]:
    """Return the row of sheet A that each number stands in."""
    table = next((one for one in result.tables if one.id == "A"), None)
    if table is None:
        return {}
    return {number: Sheet.FIRST_ROW + at for at, number in enumerate(table.rows["number"])}


def _told(result: Result, lang: Lang) -> str:
    """Return the line that every sheet bears: report code, day, software, what is not surveyed."""
    run = result.run
    return phrase(
        "xlsx.told",
        lang,
        code=getattr(run, "code", "–"),
        time=run.time.date().isoformat(),
        expires=getattr(run, "expires", "–"),
        law_of=getattr(run, "law_of", None) or "–",
        software=run.software,
    )


_WIDTHS = {
    "row": 5.0, "number": 7.0, "project": 13.0, "name": 13.0, "kind_class": 11.0, "zone": 8.0,
    "authority": 9.0, "manager": 13.0, "relation": 6.0, "chainage": 13.0, "chainage_basis": 8.0,
    "side": 5.0, "structure": 7.0, "measurement": 16.0, "basis": 24.0, "conclusion": 14.0,
    "procedure": 14.0, "opinion": 11.0, "rule": 20.0, "why": 26.0, "features": 30.0,
    "layer": 16.0, "left_layer": 16.0, "right_layer": 16.0, "numbers": 24.0,
    "unchecked_numbers": 24.0, "method": 10.0, "area": 14.0, "severity": 9.0, "worst": 9.0,
    "rule_id": 9.0,
}  # fmt: skip
"""Widths of columns [characters]; what is not named here has 10."""
