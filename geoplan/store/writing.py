"""Connections that write: the functions R-tree triggers call, and errors by their names."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from geoplan.errors import FeatureInvalid, NotWritable
from geoplan.store import blob
from geoplan.store.gpkg import named_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_COLUMN = re.compile(r"constraint failed: [^.,]+\.([^,]+)$")


def open_to_write(path: Path, *, create: bool = True) -> apsw.Connection:
    """Open a GeoPackage for writing, with the functions its R-tree triggers call.

    Every connection that inserts, updates or deletes features needs them: without
    ``ST_IsEmpty``, ``ST_MinX`` and the rest the triggers fail and so does the statement.

    Parameters
    ----------
    path : Path
        The file.
    create : bool, optional
        Make a new file when there is none.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(2000)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    for position, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
        _add_function(connection, name, _bound(position))
    _add_function(connection, "ST_IsEmpty", _is_empty)
    return connection


def _add_function(
    connection: apsw.Connection, name: str, function: Callable[..., float | int | None]
) -> None:
    # innocuous: a trigger may call it, though the schema of the file is not trusted
    connection.create_scalar_function(
        name, function, 1, deterministic=True, flags=apsw.SQLITE_INNOCUOUS
    )


def _bound(position: int) -> Callable[..., float | None]:
    def bound(geometry: bytes | None) -> float | None:
        box = None if geometry is None else blob.envelope(geometry)
        return None if box is None else box[position]

    return bound


def _is_empty(geometry: bytes | None) -> int | None:
    return None if geometry is None else int(blob.envelope(geometry) is None)


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite's that writing can meet into ours, then those of reading."""
    try:
        with named_errors(path):
            try:
                yield
            except (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
                raise NotWritable(
                    f"cannot write to {path}: {error}; what stood there is unchanged"
                ) from error
            except apsw.ConstraintError as error:
                column = _COLUMN.search(str(error))
                pointer = f"/properties/{column[1]}" if column else ""
                raise FeatureInvalid(f"the table does not take it: {error}", pointer) from error
    except OSError as error:
        raise NotWritable(f"cannot write to {path}: {error.strerror}") from error
