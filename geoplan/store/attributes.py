"""Tables without geometry beside the features of a GeoPackage: its data type ``attributes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.errors import TableInvalid
from geoplan.store.base import Column
from geoplan.store.ddl import quoted
from geoplan.store.gpkg import named_errors, open_to_read

if TYPE_CHECKING:
    from pathlib import Path

    import apsw
    import pandas as pd

_DATA_TYPES = ("attributes", "aspatial")  # GDAL wrote the second before GeoPackage 1.2


def attribute_columns(path: Path, table: str) -> tuple[Column, ...]:
    """Return the columns of an attribute table without its key.

    Raises
    ------
    NotAGeoPackage, FileBusy
        The file cannot be read.
    TableInvalid
        It has no such attribute table.
    """
    connection = open_to_read(path)
    try:
        with named_errors(path):
            return _columns(connection, path, table)
    finally:
        connection.close()


def read_attributes(path: Path, table: str) -> pd.DataFrame:
    """Return the rows of an attribute table, in the order in which they were put in.

    Parameters
    ----------
    path : Path
        The GeoPackage.
    table : str
        A table that ``gpkg_contents`` lists as ``attributes``.

    Returns
    -------
    DataFrame
        A column for each attribute, indexed from 1; the key is left out.

    Raises
    ------
    NotAGeoPackage, FileBusy
        The file cannot be read.
    TableInvalid
        It has no such attribute table, or a value is not of its column's type.
    """
    # pandas costs half a second: only who reads rows pays for it
    import pandas as pd

    from geoplan.store.frame import typed_series

    connection = open_to_read(path)
    try:
        with named_errors(path):
            columns = _columns(connection, path, table)
            names = ", ".join(quoted(column.name) for column in columns)
            rows = connection.execute(
                f"SELECT {names} FROM {quoted(table)} ORDER BY rowid"
            ).fetchall()
    finally:
        connection.close()
    data = {}
    for position, column in enumerate(columns):
        try:
            data[column.name] = typed_series(column, [row[position] for row in rows])
        except (ValueError, TypeError, OverflowError) as error:
            raise TableInvalid(
                f"table {table!r} of {path.name}: column {column.name!r} holds a value that is no "
                f"{column.type}: {error}"
            ) from error
    frame = pd.DataFrame(data)
    frame.index = pd.RangeIndex(1, len(rows) + 1)
    return frame


def _columns(connection: apsw.Connection, path: Path, table: str) -> tuple[Column, ...]:
    listed = [
        str(name)
        for name, kind in connection.execute("SELECT table_name, data_type FROM gpkg_contents")
        if kind in _DATA_TYPES
    ]
    if table not in listed:
        raise TableInvalid(
            f"{path.name} has no attribute table {table!r}; it has: {', '.join(listed) or 'none'}"
        )
    found = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,))
    columns = tuple(Column(str(name), str(type_)) for name, type_, pk in found if not pk)
    if not columns:
        raise TableInvalid(f"table {table!r} of {path.name} has no column beside its key")
    return columns
