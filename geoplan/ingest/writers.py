"""Foreign files that need no GDAL to write: GeoJSON, CSV, XLSX. Runs in a worker process."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.ingest.table import decoded
from geoplan.ingest.tabular import FORMULA
from geoplan.progress import each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.progress import Report

POSITIONS = ("lon", "lat")
WKT_COLUMN = "wkt"


def write_geojson(path: str, table: dict[str, Any], report: Report | None = None) -> None:
    """Write GeoJSON (RFC 7946): longitude, latitude, height; shells counter-clockwise."""
    shapes = shapely.orient_polygons(decoded(table["geometry"], "export"))
    names = list(table["columns"])
    rows = zip(*(values for _, values in table["columns"].values()), strict=True)
    cells = rows if names else iter([()] * len(shapes))
    with Path(path).open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        features = each(zip(shapes, cells, strict=True), len(shapes), report)
        for number, (shape, row) in enumerate(features):
            feature = {
                "type": "Feature",
                "properties": dict(zip(names, row, strict=True)),
                "geometry": None if shape is None else shapely.geometry.mapping(shape),
            }
            file.write(",\n" if number else "\n")
            json.dump(feature, file, ensure_ascii=False, allow_nan=False)
        file.write("\n]}\n")


def _sheet(table: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield rows, names first: points as lon, lat (and z), geometry else or with M as WKT."""
    shapes = decoded(table["geometry"], "export")
    there = shapes[~shapely.is_missing(shapes)]
    names = list(table["columns"])
    columns = [values for _, values in table["columns"].values()]
    plain = (shapely.get_type_id(there) == 0) & ~shapely.is_empty(there) & ~shapely.has_m(there)
    if len(there) and plain.all():
        z = bool(shapely.has_z(there).any())
        width = 2 + z
        found = np.full((len(shapes), width), np.nan)
        found[~shapely.is_missing(shapes)] = shapely.get_coordinates(there, include_z=z)
        places: list[list[Any]] = [
            [None if value != value else value for value in found[:, axis].tolist()]
            for axis in range(width)
        ]
        heads = [*POSITIONS, *(["z"] if z else [])]
    else:
        texts = shapely.to_wkt(shapes, rounding_precision=-1, output_dimension=4)
        heads, places = [WKT_COLUMN], [texts.tolist()]
    yield [*names, *heads]
    yield from (list(row) for row in zip(*columns, *places, strict=True))


def write_csv(path: str, table: dict[str, Any], report: Report | None = None) -> None:
    """Write a CSV that Excel opens as what it is: with a mark, and no text run as a formula."""
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        rows = each(_sheet(table), len(table["geometry"]), report)
        csv.writer(file).writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def write_xlsx(path: str, table: dict[str, Any], report: Report | None = None) -> None:
    """Write a workbook of one sheet; every text is a text, whatever it begins with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("geoplan")
    for row in each(_sheet(table), len(table["geometry"]), report):
        cells = []
        for value in row:
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
                value = str(value)
            plain = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value) if isinstance(value, str) else value
            cell = WriteOnlyCell(sheet, value=plain)
            if isinstance(plain, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    book.save(path)
