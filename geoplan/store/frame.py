"""Rows to a GeoDataFrame and back: how GeoPackage types and pandas types answer each other."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoplan.errors import MalformedGeometry, TableInvalid, UnstorableColumn
from geoplan.store import blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.store.base import Column, Row, Table


def to_frame(rows: Iterable[Row], table: Table) -> GeoDataFrame:
    """Build a GeoDataFrame indexed by feature id from rows as stored."""
    listed = list(rows)
    ids = [row[0] for row in listed]
    data = {
        column.name: _read_series(column, [attributes[column.name] for _, attributes, _ in listed])
        for column in table.columns
    }
    geometry = gpd.GeoSeries(_geometries(listed), crs=table.crs)
    frame = gpd.GeoDataFrame(data, geometry=geometry, crs=table.crs)
    frame.index = pd.Index(ids, name="id", dtype=None if ids else object)
    return frame


def _read_series(column: Column, values: list[Any]) -> pd.Series[Any]:
    if column.name == "geometry":
        raise TableInvalid("an attribute is called 'geometry', as the geometry itself: rename it")
    try:
        return typed_series(column, values)
    except (ValueError, TypeError, OverflowError) as error:
        raise TableInvalid(
            f"column {column.name!r} holds a value that is no {column.type}: {error}"
        ) from error


def _geometries(rows: Sequence[Row]) -> NDArray[Any]:
    try:
        return blob.decode([row[2] for row in rows])
    except MalformedGeometry:
        for feature_id, _, geometry in rows:  # once more, one at a time, to say which
            try:
                blob.decode([geometry])
            except MalformedGeometry as error:
                raise MalformedGeometry(f"feature {feature_id!r}: {error}") from error
        raise


def typed_series(column: Column, values: Sequence[Any]) -> pd.Series[Any]:
    """Return values as stored, as the pandas type that answers a GeoPackage column."""
    kind = column.type.upper().split("(")[0]
    nulls = any(value is None for value in values)
    if kind == "BOOLEAN":
        return pd.Series(values, dtype="boolean" if nulls else "bool")
    if kind in _INTEGERS:
        return pd.Series(values, dtype="Int64" if nulls else "int64")
    if kind in ("REAL", "DOUBLE", "FLOAT"):
        return pd.Series(values, dtype="float64")
    if kind == "DATETIME":
        return pd.Series(pd.to_datetime(values, format="ISO8601", utc=True))
    if kind == "DATE":
        return pd.Series([value and date.fromisoformat(value) for value in values], dtype=object)
    if kind == "TEXT":
        return pd.Series(values, dtype="str")
    return pd.Series(values, dtype=object)


_INTEGERS = ("INTEGER", "INT", "MEDIUMINT", "SMALLINT", "TINYINT")


def column_type(name: str, values: pd.Series[Any]) -> str:
    """Return the GeoPackage type that holds a column.

    Raises
    ------
    UnstorableColumn
        Its values are of mixed or unknown types.
    """
    kind = values.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "BOOLEAN"
    if pd.api.types.is_integer_dtype(kind):
        return "INTEGER"
    if pd.api.types.is_float_dtype(kind):
        return "REAL"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "DATETIME"
    found = {type(value) for value in values if not _is_null(value)}
    for python, stored in _STORED_AS:
        if found <= python:
            return stored
    names = ", ".join(sorted(t.__name__ for t in found))
    raise UnstorableColumn(
        f"column {name!r} holds values of type {names}; a GeoPackage column holds one of: "
        f"text, whole numbers, numbers, true/false, dates, times, bytes"
    )


def stored_values(values: pd.Series[Any]) -> Iterator[Any]:
    """Yield a column's values as SQLite holds them: null, number, text or bytes."""
    for value in values:
        if _is_null(value):
            yield None
        elif isinstance(value, np.generic):
            yield value.item()
        elif isinstance(value, datetime):
            yield utc_text(value)
        elif isinstance(value, date):
            yield value.isoformat()
        else:
            yield value


def utc_text(moment: datetime) -> str:
    """Write a time as a GeoPackage does: UTC, milliseconds, Z; a naive time counts as UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(tz=_UTC)
    # strftime writes the year 407 in three digits, isoformat in four
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


_STORED_AS = (
    ({str}, "TEXT"),  # first, so that a column of nulls alone is text
    ({bool, np.bool_}, "BOOLEAN"),
    ({int, np.int64}, "INTEGER"),
    ({int, float, np.int64, np.float64}, "REAL"),
    ({date}, "DATE"),
    ({datetime, pd.Timestamp}, "DATETIME"),
    ({bytes}, "BLOB"),
)
_UTC = pd.Timestamp(0, tz="UTC").tzinfo


def _is_null(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value
