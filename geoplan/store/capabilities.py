"""What the SQLite library and the disk give: version, R-tree, write-ahead log."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import apsw

from geoplan.store.journal import network_drive

__all__ = ["has_rtree", "network_drive", "sqlite_version", "takes_a_log"]


def sqlite_version() -> str:
    """Return the version of the one SQLite library."""
    return apsw.sqlite_lib_version()


def has_rtree() -> bool:
    """Tell whether the library has R-trees, without which no box can be asked for."""
    with closing(apsw.Connection(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE t USING rtree(id, a, b, c, d)")
        except apsw.SQLError:
            return False
        return True


def takes_a_log(folder: Path) -> bool:
    """Tell whether a file in a folder can be written with a write-ahead log, by doing it.

    Raises
    ------
    OSError
        Nothing can be written there.
    """
    with tempfile.TemporaryDirectory(prefix=".geoplan-", dir=folder) as own:
        path = Path(own) / "try.db"
        try:
            with closing(apsw.Connection(str(path))) as connection:
                mode = connection.execute("PRAGMA journal_mode = WAL").get
                connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
                return bool(mode == "wal")
        except apsw.Error:
            return False
