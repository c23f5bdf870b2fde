"""A copy of a database as it is at one moment, while others write to it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import apsw

from geoplan.store.gpkg import open_to_read
from geoplan.store.writing import writing_errors

if TYPE_CHECKING:
    from pathlib import Path


def copy_database(path: Path, part: Path) -> None:
    """Copy a database into a file of its own, without a log.

    Parameters
    ----------
    path : Path
        The database; what is committed in its log belongs to it.
    part : Path
        The copy; a file that stands there is overwritten.

    Raises
    ------
    NotAGeoPackage, FileBusy
        It cannot be read.
    NotWritable
        The copy cannot be written.
    """
    with (
        closing(open_to_read(path)) as source,
        writing_errors(part),
        closing(apsw.Connection(str(part))) as target,
    ):
        with target.backup("main", source, "main") as backup:
            backup.step(-1)
        target.execute("PRAGMA journal_mode = DELETE").fetchall()
