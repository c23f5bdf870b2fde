"""Rows with a position in them: CSV and XLSX. Runs in a worker process."""

from __future__ import annotations

import unicodedata
import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import CoordinateInvalid, FieldsInvalid, FileUnreadable, TooDeep
from geoplan.ingest.table import DEPTH, ForeignTable, checked_wkb, told, typed
from geoplan.progress import each

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.progress import Report

LONGITUDE = ("lon", "lng", "long", "longitude", "经度", "东经", "x", "easting", "横坐标", "东坐标")
LATITUDE = ("lat", "latitude", "纬度", "北纬", "y", "northing", "纵坐标", "北坐标")
WKT = ("wkt", "geometry", "geom", "the_geom", "wkt_geom", "几何", "geometry_wkt")
HEIGHT = ("z", "elevation", "height", "高程")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""First characters of a text that a spreadsheet would run."""


def from_rows(rows: list[list[Any]], path: Path, driver: str, encoding: str = "") -> ForeignTable:
    """Make a table of rows whose first one names the columns.

    Raises
    ------
    FileUnreadable, FieldsInvalid
        There is no row; names repeat; no column holds positions.
    """
    if len(rows) < 2:
        raise FileUnreadable(f"{path.name} holds no rows beneath a row of column names")
    names = [str(name or "").strip() for name in rows[0]]
    while names and not names[-1]:
        names.pop()
    if "" in names or len(set(names)) < len(names):
        raise FieldsInvalid(f"{path.name}: its first row must name every column, each once")
    width = len(names)
    for number, row in enumerate(rows[1:], 2):
        if any(value not in (None, "") for value in row[width:]):
            raise FileUnreadable(f"{path.name}: row {number} has more values than there are names")
    raw = {
        name: [row[at] if at < len(row) else None for row in rows[1:]]
        for at, name in enumerate(names)
    }
    used, geometry, crs = _positions(raw, path.name)
    columns = {name: _typed(values) for name, values in raw.items() if name not in used}
    bodies = checked_wkb(geometry, path.name)
    return ForeignTable(path.stem, driver, crs, columns, bodies, encoding)


def _typed(values: list[Any]) -> tuple[str, list[Any]]:
    """Tell a column's type; an apostrophe that guards a formula is not part of the text."""
    plain = [_unguarded(value) for value in values]
    if all(value is None or isinstance(value, str) for value in plain):
        return told(plain)
    return typed(plain)


def _unguarded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "'" and value[1:].startswith(FORMULA):
        return value[1:]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _find(raw: dict[str, list[Any]], known: tuple[str, ...]) -> str | None:
    folded = {unicodedata.normalize("NFKC", name).strip().casefold(): name for name in raw}
    return next((folded[name] for name in known if name in folded), None)


def _positions(raw: dict[str, list[Any]], where: str) -> tuple[set[str], Any, str]:
    """Return the columns that hold positions, the geometries, and the CRS they tell."""
    wkt = _find(raw, WKT)
    if wkt is not None:
        return {wkt}, _from_wkt(raw[wkt], where), ""
    lon, lat = _find(raw, LONGITUDE), _find(raw, LATITUDE)
    if lon is None or lat is None:
        raise FieldsInvalid(
            f"{where}: no column holds positions: name two of them lon and lat (经度, 纬度), "
            f"or one wkt; it has: {', '.join(raw)}"
        )
    numbers = [_numbers(raw[name], name, where) for name in (lon, lat)]
    z = _find(raw, HEIGHT)
    used = {lon, lat} | ({z} if z else set())
    if z is not None:
        numbers.append(_numbers(raw[z], z, where))
    there = ~(np.isnan(numbers[0]) | np.isnan(numbers[1]))
    geometry = np.full(len(there), None, dtype=object)
    geometry[there] = shapely.points(*(column[there] for column in numbers))
    degrees = lon.casefold() in LONGITUDE[:6] and lat.casefold() in LATITUDE[:4]
    return used, geometry, "OGC:CRS84" if degrees else ""


def _numbers(values: list[Any], name: str, where: str) -> Any:
    numbers = []
    for row, value in enumerate(values, 2):
        try:
            number = float("nan") if value in (None, "") else float(value)
        except (TypeError, ValueError):
            raise CoordinateInvalid(
                f"{where}: row {row}: {name} = {value!r} is no number"
            ) from None
        if value not in (None, "") and not np.isfinite(number):
            raise CoordinateInvalid(f"{where}: row {row}: {name} = {value!r} is no finite number")
        numbers.append(number)
    return np.asarray(numbers, dtype=float)


def _from_wkt(values: list[Any], where: str) -> Any:
    texts = []
    for row, value in enumerate(values, 2):
        text = None if value in (None, "") else str(value)
        if text is not None and _depth(text) > DEPTH:
            raise TooDeep(f"{where}: row {row}: a geometry nested deeper than {DEPTH} levels")
        texts.append(text)
    try:
        return np.asarray(shapely.from_wkt(np.asarray(texts, dtype=object)), dtype=object)
    except shapely.errors.ShapelyError as error:
        raise FileUnreadable(f"{where}: a geometry is no WKT: {error}") from error


def _depth(text: str) -> int:
    deepest = depth = 0
    for char in text:
        if char == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif char == ")":
            depth -= 1
    return deepest


def read_xlsx(path: Path, report: Report | None = None) -> ForeignTable:
    """Read the first sheet of a workbook; a formula is the text it is written as."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        found = sheet.iter_rows(values_only=True)
        rows = [list(row) for row in each(found, sheet.max_row or 0, report)]
        book.close()
    except MemoryError:
        raise
    except (KeyError, IndexError, ValueError, OSError, SyntaxError, TypeError, AttributeError,
            zipfile.BadZipFile) as error:  # fmt: skip
        raise FileUnreadable(f"{path.name} is no workbook: {error}") from error
    table = from_rows([row for row in rows if any(v is not None for v in row)], path, "openpyxl")
    if len(book.sheetnames) > 1:
        table.notes.append(("other_sheets", {"columns": ", ".join(book.sheetnames[1:])}))
    return table
