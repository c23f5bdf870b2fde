"""Results as files: GeoPackage, GeoJSON, CSV, XLSX; and as JSON for scripts."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.crs import to_lonlat
from geoplan.errors import BadQuery, NotWritable
from geoplan.readable import readable
from geoplan.store.write import write_geopackage
from geoplan.workbook import workbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Lang, LeftOut, Result, Table

FORMATS = (".gpkg", ".geojson", ".csv")
"""Endings that every result with a geometry can be written to; one with tables also to .xlsx."""
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def write_result(result: Result, path: Path, lang: Lang = "zh") -> None:
    """Write a result to a file; its ending tells the format.

    Parameters
    ----------
    result : Result
        The answer of a process.
    path : Path
        ``.gpkg`` keeps the CRS, ``.geojson`` is in longitude and latitude (RFC 7946) with what
        was left out and the run record beside the features, ``.csv`` has the table, and
        ``NAME.left-out.csv`` beside it what was left out, ``.xlsx`` has the tables of a check
        as people print them (`geoplan.workbook`).
    lang : {"zh", "en"}
        The language of a workbook.

    Raises
    ------
    BadQuery
        The ending is unknown, or the format needs a geometry that the result has not.
    NotWritable
        The file cannot be written; what stood there is unchanged.
    """
    match path.suffix.lower():
        case ".gpkg":
            _write_geopackage(result, path)
        case ".geojson":
            _refuse_without_geometry(result, "GeoJSON")
            write_text(path, json.dumps(result_document(result), ensure_ascii=False))
        case ".csv":
            # with a byte-order mark: without it Excel shows Chinese as mojibake
            write_text(path, "\ufeff" + _csv(result.features))
            write_text(left_out_path(path), "\ufeff" + _csv(_left_out_table(result)))
        case ".xlsx" if result.tables:
            _write_whole(path, workbook(result, lang))
        case other:
            raise BadQuery(f"unknown format {other or path.name!r}: use {', '.join(FORMATS)}")


def write_table(table: Table, result: Result, path: Path, lang: Lang = "zh") -> None:
    """Write one table of a result as CSV, under the heads that people read.

    Raises
    ------
    BadQuery
        The ending is not ``.csv``.
    NotWritable
        The file cannot be written; what stood there is unchanged.
    """
    if path.suffix.lower() != ".csv":
        raise BadQuery(f"one table is written as .csv, several as .xlsx; got {path.name!r}")
    titles = {layer.id: layer.title.to(lang) for layer in result.sources}
    write_text(path, "\ufeff" + _csv(readable(table, lang, titles)))


def left_out_path(path: Path) -> Path:
    """Return the file beside a CSV that lists what was not measured: a table has no room for it."""
    return path.with_name(f"{path.stem}.left-out{path.suffix}")


def _left_out_table(result: Result) -> pd.DataFrame:
    """Return a row for each feature, pair or pair of layers that the result does not cover."""
    rows = [
        {
            "reason": item.reason,
            "layers": ", ".join(item.layers),
            "id": _id_text(one),
            "why": why,
        }
        for item in result.left_out
        for one, why in zip_longest(item.ids or ("",), item.why, fillvalue="")
    ]
    columns = ["reason", "layers", "id"]
    columns += ["why"] if any(item.why for item in result.left_out) else []
    return pd.DataFrame(rows, columns=columns)


def _id_text(one: Any) -> str:
    return " × ".join(map(str, one)) if isinstance(one, tuple) else str(one)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises
    ------
    NotWritable
        The file cannot be written; what stood there is unchanged.
    """
    _write_whole(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file of bytes whole or not at all, as `write_text` does."""
    _write_whole(path, content)


def _write_whole(path: Path, content: bytes) -> None:
    part = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise NotWritable(f"cannot write {path}: {error.strerror}") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def result_document(result: Result) -> dict[str, Any]:
    """Return a result as JSON-ready data: a GeoJSON FeatureCollection, or rows without geometry.

    Beside the features stand ``process``, ``inputs``, ``totals``, ``sources``, ``leftOut`` and
    ``run``, so that what was not measured travels with what was.
    """
    record = {
        "process": result.process,
        "inputs": json.loads(json.dumps(result.inputs)),
        "totals": dict(result.totals),
        "sources": [
            {"layer": layer.id, "source": layer.source.zh, "date": layer.source_date.isoformat()}
            for layer in result.sources
        ]
        + [
            {"raster": one.id, "source": one.source.zh, "date": one.source_date.isoformat()}
            for one in result.rasters
        ],
        "leftOut": [_left_out(item) for item in result.left_out],
        **({"parts": [_plain(part) for part in result.parts]} if result.parts else {}),
        **({"tables": _tables(result)} if result.tables else {}),
        "run": {**asdict(result.run), "time": result.run.time.isoformat()},
    }
    if not _has_geometry(result):
        dated = result.features.map(lambda value: str(value) if isinstance(value, date) else value)
        return {"rows": json.loads(dated.to_json(orient="records", date_format="iso")), **record}
    # attrs are not JSON-ready in general and are no part of the answer
    lonlat = to_lonlat(result.features)
    # RFC 7946 wants shells counter-clockwise and holes clockwise
    lonlat = lonlat.set_geometry(lonlat.geometry.orient_polygons())
    collection = json.loads(lonlat.to_json(na="null", drop_id=True, show_bbox=False))
    collection.pop("crs", None)
    return {"type": "FeatureCollection", "features": collection["features"], **record}


def _tables(result: Result) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table by its id, codes and numbers as they stand."""
    return {
        table.id: json.loads(table.rows.to_json(orient="records", double_precision=15))
        for table in result.tables
    }


def _plain(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part as JSON knows it: what is not a number there is null."""
    return {name: None if value != value else value for name, value in part.items()}


def _left_out(item: LeftOut) -> dict[str, Any]:
    return {
        "reason": item.reason,
        "layers": list(item.layers),
        "ids": [list(one) if isinstance(one, tuple) else one for one in item.ids],
        "count": item.count,
        **({"why": list(item.why)} if item.why else {}),
    }


def _has_geometry(result: Result) -> bool:
    return (
        "geometry" in result.features
        and hasattr(result.features, "geometry")
        and (result.features["geometry"].dtype == "geometry")
    )


def _refuse_without_geometry(result: Result, what: str) -> None:
    if not _has_geometry(result):
        raise BadQuery(f"{result.process} has no geometry to put in a {what}: use .csv")


def _write_geopackage(result: Result, path: Path) -> None:
    _refuse_without_geometry(result, "GeoPackage")
    features = result.features.set_axis(pd.RangeIndex(1, len(result.features) + 1), axis=0)
    features = features.assign(**{name: _as_text(features[name]) for name in _id_columns(features)})
    write_geopackage(
        path,
        result.process,
        features,
        id_column=None,
        identifier=result.process,
        description=result.run.software,
        last_change=result.run.time,
        provenance=json.dumps(
            {key: value for key, value in result_document(result).items() if key != "features"},
            ensure_ascii=False,
        ),
    )


def _id_columns(features: pd.DataFrame) -> list[str]:
    return [name for name in features.columns if str(name).endswith("_id")]


def _as_text(ids: pd.Series[Any]) -> pd.Series[Any]:
    """Return ids as text where some are text and some numbers: layers differ in that."""
    return ids.map(str, na_action="ignore") if ids.map(type).nunique() > 1 else ids


def _csv(features: pd.DataFrame) -> str:
    table = pd.DataFrame(features).drop(columns="geometry", errors="ignore")
    safe = table.map(lambda value: f"'{value}" if _is_formula(value) else value)
    return str(safe.to_csv(index=False, lineterminator="\r\n"))


def _is_formula(value: Any) -> bool:
    """Tell whether a spreadsheet would run a text as a formula."""
    return isinstance(value, str) and value.startswith(_FORMULA)
