"""A foreign table as it comes from a worker: plain values, nothing decoded yet.

Also the making of one: types told from texts, arrow to lists, geometry checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import CoordinateInvalid, FileUnreadable, TooDeep

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPTH = 64
"""Deepest nesting that is read: of brackets, elements or collections."""


@dataclass
class ForeignTable:
    """One table of a foreign file.

    Attributes
    ----------
    name : str
        Its name in the file.
    driver : str
        Who read it.
    crs : str
        As an authority code or WKT; empty when the file does not say.
    columns : dict
        Name → (GeoPackage type, values). Dates and times are ISO texts.
    geometry : list
        WKB, null where a feature has none.
    encoding : str
        Of its texts, where that had to be told.
    notes : list
        (code, values): what was not read, in the words of `geoplan.ingest.losses`.
    """

    name: str
    driver: str
    crs: str
    columns: dict[str, tuple[str, list[Any]]]
    geometry: list[bytes | None]
    encoding: str = ""
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return the table as plain values, to cross from process to process."""
        return dict(vars(self))


def checked_wkb(geometries: Any, name: str) -> list[bytes | None]:
    """Return geometries as WKB after a look at every coordinate.

    Raises
    ------
    CoordinateInvalid
        A coordinate is NaN or infinite; the message tells the feature's number.
    TooDeep
        A collection within a collection.
    """
    array = np.asarray(geometries, dtype=object)
    points, owners = shapely.get_coordinates(array, include_z=False, return_index=True)
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise CoordinateInvalid(
            f"{name}: feature number {int(owners[bad][0]) + 1} has a coordinate that is no "
            f"finite number"
        )
    if (shapely.get_type_id(array) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts = shapely.get_parts(array)
        if (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
            raise TooDeep(f"{name}: a geometry collection holds another: take it apart first")
    bodies = shapely.to_wkb(array, flavor="iso", byte_order=1, output_dimension=4)
    return list(bodies.tolist())


def decoded(bodies: Sequence[bytes | None], name: str) -> Any:
    """Return geometries of WKB.

    Raises
    ------
    FileUnreadable
        One cannot be decoded; the message tells the feature's number.
    """
    try:
        return np.asarray(shapely.from_wkb(np.asarray(bodies, dtype=object)), dtype=object)
    except shapely.errors.ShapelyError:
        for number, body in enumerate(bodies, 1):
            try:
                shapely.from_wkb(body)
            except shapely.errors.ShapelyError as error:
                raise FileUnreadable(
                    f"{name}: the geometry of feature number {number}: {error}"
                ) from None
        raise


_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_REAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|-?\.\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def typed(values: list[Any]) -> tuple[str, list[Any]]:
    """Tell the type of a column of plain values; texts that are all dates become dates."""
    there = {type(value) for value in values if value is not None}
    if not there:
        return "TEXT", values
    if there == {bool}:
        return "BOOLEAN", values
    if there == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return "INTEGER", values
    if there <= {int, float}:
        return "REAL", [None if value is None else float(value) for value in values]
    texts = [value if value is None or isinstance(value, str) else str(value) for value in values]
    for type_, pattern, check in (("DATE", _DATE, date), ("DATETIME", _DATETIME, datetime)):
        if _all(texts, pattern) and _all_dates(texts, check):
            return type_, texts
    return "TEXT", texts


def told(texts: list[str | None]) -> tuple[str, list[Any]]:
    """Tell the type of a column of texts, as a CSV has them; a leading zero keeps it a text."""
    known = [text or None for text in texts]
    if not any(known):
        return "TEXT", known
    if _all(known, _INTEGER):
        return "INTEGER", [None if text is None else int(text) for text in known]
    if _all(known, _REAL):
        return "REAL", [None if text is None else float(text) for text in known]
    if {text.lower() for text in known if text} <= {"true", "false"}:
        return "BOOLEAN", [None if text is None else text.lower() == "true" for text in known]
    return typed(known)


def _all(texts: list[Any], pattern: re.Pattern[str]) -> bool:
    return all(text is None or pattern.fullmatch(text) for text in texts)


def _all_dates(texts: list[Any], kind: type[date]) -> bool:
    try:
        for text in texts:
            if text is not None:
                kind.fromisoformat(text)
    except ValueError:
        return False
    return True


def arrow_column(column: Any) -> tuple[str, list[Any]]:
    """Return a column of an arrow table as GeoPackage type and values."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return arrow_column(column.cast(kind.value_type))
    if pa.types.is_boolean(kind):
        return "BOOLEAN", column.to_pylist()
    if pa.types.is_integer(kind):
        return "INTEGER", column.to_pylist()
    if pa.types.is_floating(kind):
        values = column.to_pylist()
        return "REAL", [None if value is None or value != value else value for value in values]
    if pa.types.is_date(kind):
        return "DATE", _iso(column.to_pylist())
    if pa.types.is_timestamp(kind):
        return "DATETIME", _iso(column.cast(pa.timestamp("ms", tz=kind.tz)).to_pylist())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "TEXT", column.to_pylist()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "BLOB", column.to_pylist()
    if pa.types.is_decimal(kind):
        return "REAL", [None if value is None else float(value) for value in column.to_pylist()]
    return "TEXT", [None if value is None else str(value) for value in column.to_pylist()]


def _iso(values: list[Any]) -> list[str | None]:
    return [None if value is None else value.isoformat() for value in values]
