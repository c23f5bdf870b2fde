"""Rebuilding what a GeoPackage says of its features: R-trees, feature counts, extents.

In one transaction, on a copy that is renamed over the file: a kill leaves the old file whole.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from geoplan.errors import FileBusy, NotWritable
from geoplan.store.admit import Admission, admit, inspect
from geoplan.store.copy import copy_database
from geoplan.store.ddl import insert_many, quoted
from geoplan.store.gpkg import named_errors
from geoplan.store.objects import Features, survey
from geoplan.store.scan import Scan, scan
from geoplan.store.wkb import LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

MENDED = ("index_lies", "count_lies", "extent_lies")
"""Codes of what rebuilding puts right; anything else refuses the file as before."""


def rebuild_index(path: Path | str, limits: Limits = LIMITS) -> Admission:
    """Rebuild R-trees, feature counts and extents of a GeoPackage from its features.

    No feature is touched. A table without an R-tree stays without one.

    Raises
    ------
    NotAGeoPackage, UnexpectedObject, TableInvalid, MalformedGeometry, GeometryTooLarge
        The file is at fault in another way too; it is left as it was.
    NotWritable, FileBusy
        It cannot be replaced.
    """
    path = Path(path).resolve()
    found = inspect(path, limits)
    others = [one for one in found.findings if one.code not in MENDED]
    error = Admission(path, (), tuple(others)).error()
    if error is not None:
        raise error
    with _copy(path) as part:
        with named_errors(path), closing(apsw.Connection(str(part))) as connection:
            features = survey(connection)[0]
            with connection:
                for one in features:
                    _rebuild(connection, one, scan(connection, one, limits))
        admit(part, limits)
    return admit(path, limits)


def _rebuild(connection: apsw.Connection, features: Features, found: Scan) -> None:
    if features.indexed:
        index = quoted(f"rtree_{features.table}_{features.column}")
        # dropped, not emptied: its pages may contradict each other
        connection.execute(f"DROP TABLE {index}")
        connection.execute(f"CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)")
        entries = (
            (int(key), *(float(box[at]) for at in (0, 2, 1, 3)))
            for key, box in zip(found.ids, found.boxes, strict=True)
        )
        insert_many(connection, f"rtree_{features.table}_{features.column}", entries, 5)
    if connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'gpkg_ogr_contents'"
    ).get:
        connection.execute(
            "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE lower(table_name) = lower(?)",
            (found.total, features.table),
        )
    connection.execute(
        "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? WHERE table_name = ?",
        (*(found.extent() or (None,) * 4), features.table),
    )


@contextmanager
def _copy(path: Path) -> Iterator[Path]:
    """Yield a copy of a database that takes its place when all went well."""
    _refuse_open_elsewhere(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise NotWritable(f"cannot write in {path.parent}: {error.strerror}") from error
    part = Path(name)
    try:
        copy_database(path, part)
        yield part
        _sync(part)
        part.chmod(path.stat().st_mode & 0o777)
        _refuse_open_elsewhere(path)
        part.replace(path)
        _sync(path.parent)
    except (apsw.FullError, OSError) as error:
        raise NotWritable(f"cannot write {path}: {error}; what stood there is unchanged") from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _refuse_open_elsewhere(path: Path) -> None:
    for suffix in ("-journal", "-wal"):
        if path.with_name(path.name + suffix).exists():
            raise FileBusy(f"{path.name}{suffix} stands beside {path}: another program has it open")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
