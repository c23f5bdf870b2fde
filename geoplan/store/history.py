"""Reading the audit of a GeoPackage."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from geoplan.store.audit import TABLE, Line
from geoplan.store.gpkg import named_errors, open_to_read

if TYPE_CHECKING:
    from pathlib import Path

    import apsw


def history(path: Path, table: str, limit: int = 100) -> list[Line]:
    """Return the last edits of a table, the newest first; none where it was never edited here.

    Raises
    ------
    NotAGeoPackage, FileBusy
        The file cannot be read.
    """
    with closing(open_to_read(path)) as connection, named_errors(path):
        return _lines(connection, table, limit)


def _lines(connection: apsw.Connection, table: str, limit: int) -> list[Line]:
    if not connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", (TABLE,)
    ).get:
        return []
    rows: Any = connection.execute(
        f"SELECT time, who, action, feature_id, changed, before_version, after_version "
        f"FROM {TABLE} WHERE table_name = ? ORDER BY id DESC LIMIT ?",
        (table, limit),
    )
    return [Line(*row) for row in rows]
