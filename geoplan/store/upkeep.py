"""What must follow when one feature changes: R-tree, feature count, extent.

Files of ours and of GDAL's carry triggers for R-tree and count; where they are absent the same
is done here. The extent is nobody's trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from geoplan.store import blob
from geoplan.store.ddl import quoted

if TYPE_CHECKING:
    import apsw

    from geoplan.store.table_now import TableNow

Box = tuple[float, float, float, float]


class Change(NamedTuple):
    """A row before and after: its key and geometry blobs; whether the row came or went."""

    key: int
    before: bytes | None
    after: bytes | None
    rows: int


def follow(connection: apsw.Connection, name: str, table: TableNow, change: Change) -> None:
    """Bring R-tree, count and extent after a row that was changed already.

    Parameters
    ----------
    connection : apsw.Connection
        Within the transaction of the change.
    name : str
        The features table.
    table : TableNow
        It, as the transaction sees it.
    change : Change
        What was done.
    """
    triggers = {
        str(found).lower()
        for (found,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?)",
            (name,),
        )
    }
    _index(connection, table, change, triggers)
    _count(connection, name, change.rows, triggers)
    _extent(connection, name, table, change)


def settle(connection: apsw.Connection, name: str, table: TableNow) -> None:
    """Count the features and measure their extent anew.

    GDAL keeps both from when it opened a file and writes them when it closes it: what others
    edited meanwhile is not in them.
    """
    if _counted(connection):
        connection.execute(
            f"UPDATE gpkg_ogr_contents SET feature_count = (SELECT count(*) FROM {quoted(name)}) "
            f"WHERE lower(table_name) = lower(?)",
            (name,),
        )
    _write_extent(connection, name, table)


def _write_extent(connection: apsw.Connection, name: str, table: TableNow) -> None:
    box = table.extent().box
    edges: Any = (None,) * 4 if box is None else tuple(box)
    connection.execute(
        "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? WHERE table_name = ?",
        (*edges, name),
    )


def _counted(connection: apsw.Connection) -> bool:
    return bool(
        connection.execute(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'gpkg_ogr_contents'"
        ).get
    )


def _index(
    connection: apsw.Connection, table: TableNow, change: Change, triggers: set[str]
) -> None:
    rtree = table.shape.rtree
    if rtree is None or f"{rtree}_{_event(change)}".lower() in triggers:
        return
    connection.execute(f"DELETE FROM {quoted(rtree)} WHERE id = ?", (change.key,))
    box = _box(change.after)
    if box is not None:
        values = (change.key, box[0], box[2], box[1], box[3])
        connection.execute(f"INSERT INTO {quoted(rtree)} VALUES (?, ?, ?, ?, ?)", values)


def _event(change: Change) -> str:
    """Return the end of the name of the trigger that answers a change.

    Of the several for an update, any tells that all were made.
    """
    return {1: "insert", 0: "update2", -1: "delete"}[change.rows]


def _count(connection: apsw.Connection, name: str, rows: int, triggers: set[str]) -> None:
    event = {1: "insert", -1: "delete"}.get(rows)
    if event is None or f"trigger_{event}_feature_count_{name}".lower() in triggers:
        return
    if _counted(connection):
        connection.execute(
            "UPDATE gpkg_ogr_contents SET feature_count = feature_count + ? "
            "WHERE lower(table_name) = lower(?)",
            (rows, name),
        )


def _extent(connection: apsw.Connection, name: str, table: TableNow, change: Change) -> None:
    """Keep the extent to the bit, looking at other features only where the edge may move in."""
    before, after = _box(change.before), _box(change.after)
    if before == after:
        return
    found: Any = connection.execute(
        "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (name,)
    ).fetchall()
    said = found[0]
    if None in said or (before is not None and _edge_goes(said, before, after)):
        _write_extent(connection, name, table)
        return
    if after is None:
        return
    new = (*map(min, said[:2], after[:2]), *map(max, said[2:], after[2:]))
    if new != said:
        connection.execute(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? "
            "WHERE table_name = ?",
            (*new, name),
        )


def _edge_goes(said: Box, before: Box, after: Box | None) -> bool:
    """Tell whether a box that reached an edge of the extent does so no longer."""
    signs = (1, 1, -1, -1)
    reached = [s * b <= s * e for s, b, e in zip(signs, before, said, strict=True)]
    if after is None:
        return any(reached)
    reaches = [s * a <= s * e for s, a, e in zip(signs, after, said, strict=True)]
    return any(was and not is_ for was, is_ in zip(reached, reaches, strict=True))


def _box(geometry: bytes | None) -> Box | None:
    return None if geometry is None else blob.envelope(geometry)
