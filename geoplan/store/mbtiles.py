"""Raster tiles out of an MBTiles file (1.3), which is SQLite, and of others' making."""

from __future__ import annotations

import math
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw

from geoplan.errors import FileUnreadable, OutsidePlan, TooLarge, UnknownFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_TILES = 400
_MAX_TILE_BYTES = 4_000_000
_SECONDS = 20.0
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
_WHERE = "zoom_level = ? AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ?"


class StoredTile(NamedTuple):
    """A tile with its place in WebMercatorQuad, rows counted from the north."""

    zoom: int
    column: int
    row: int
    media_type: str
    content: bytes


def tiles_within(
    path: Path, extent: tuple[float, float, float, float], max_bytes: int
) -> list[StoredTile]:
    """Return the tiles over an extent, of the highest level that fits.

    Parameters
    ----------
    path : Path
        An MBTiles file with PNG, JPEG or WebP.
    extent : tuple of float
        West, south, east, north [degrees].
    max_bytes : int
        What they may take together; no more than `MAX_TILES` are taken either way.

    Raises
    ------
    FileUnreadable
        There is no such file, or it is no MBTiles.
    UnknownFormat
        It holds vector tiles.
    OutsidePlan
        It has no tile there.
    TooLarge
        Even its lowest level there is too large.
    """
    with _opened(path) as connection:
        rows = connection.execute("SELECT DISTINCT zoom_level FROM tiles ORDER BY 1").fetchall()
        levels = [int(level) for (level,) in rows if isinstance(level, int) and 0 <= level <= 24]
        sizes = {level: _size(connection, level, extent) for level in levels}
        there = [level for level in levels if sizes[level][0]]
        if not there:
            raise OutsidePlan(f"{path.name} has no tile in the plan's extent {list(extent)}")
        fits = [n for n in there if sizes[n][0] <= MAX_TILES and sizes[n][1] <= max_bytes]
        if not fits:
            count, size = sizes[there[0]]
            raise TooLarge(
                f"{path.name}: its lowest level, {there[0]}, has {count} tiles of {size / 1e6:.1f} "
                f"MB in the plan's extent; {MAX_TILES} tiles and {max_bytes / 1e6:.0f} MB can be "
                f"embedded: cut it, or add lower levels (gdaladdo)"
            )
        return list(_tiles(connection, path.name, fits[-1], extent))


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise FileUnreadable(f"{path.name} cannot be opened: {error}") from error
    if start != b"SQLite format 3\0":
        raise FileUnreadable(f"{path.name} is no MBTiles file")
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        # tiles are a view in many files; what it may call is nothing but SQLite's own
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, 4 * _MAX_TILE_BYTES)
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        deadline = monotonic() + _SECONDS
        connection.set_progress_handler(lambda: monotonic() > deadline, 100_000)
        yield connection
    except apsw.Error as error:
        raise FileUnreadable(f"{path.name} cannot be read as MBTiles: {error}") from error
    finally:
        connection.close()


def _range(level: int, extent: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Return first and last column and, counted from the south, row."""
    west, south, east, north = extent
    (first, top), (last, bottom) = _tile_at(west, north, level), _tile_at(east, south, level)
    rows = 2**level - 1
    return first, last, rows - bottom, rows - top


def _tile_at(lon: float, lat: float, level: int) -> tuple[int, int]:
    """Return column and row, from the north, of the tile at a place."""
    count = 2**level
    sine = math.sin(math.radians(lat))
    down = 0.5 - math.atanh(sine) / (2 * math.pi)
    column, row = (lon + 180) / 360 * count, down * count
    return min(max(int(column), 0), count - 1), min(max(int(row), 0), count - 1)


def _size(
    connection: apsw.Connection, level: int, extent: tuple[float, float, float, float]
) -> tuple[int, int]:
    sql = f"SELECT count(*), coalesce(sum(length(tile_data)), 0) FROM tiles WHERE {_WHERE}"
    found: list[Any] = connection.execute(sql, (level, *_range(level, extent))).fetchall()
    ((count, size),) = found
    return int(count), int(size)


def _tiles(
    connection: apsw.Connection, name: str, level: int, extent: tuple[float, float, float, float]
) -> Iterator[StoredTile]:
    sql = f"SELECT tile_column, tile_row, tile_data FROM tiles WHERE {_WHERE} ORDER BY 2 DESC, 1"
    rows: Iterable[Any] = connection.execute(sql, (level, *_range(level, extent)))
    for column, row, content in rows:
        found = (kind for magic, kind in _MAGIC.items() if bytes(content).startswith(magic))
        media_type = next(found, None)
        if media_type is None:
            raise UnknownFormat(
                f"{name} holds no pictures (PNG, JPEG, WebP), vector tiles perhaps: "
                f"draw them into raster tiles first"
            )
        yield StoredTile(level, int(column), 2**level - 1 - int(row), media_type, bytes(content))
