"""Tiles that were made: in memory, and in a folder that several processes may share.

A tile is kept under what it was made from, the version of its layers included; what is out of
date is never asked for again, and goes when room is needed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import tempfile
import zlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from geoplan.settings import Settings

MEMORY_BYTES = 32_000_000
_FORMAT = 1
"""Of what a tile is made like; a new one makes all that was kept out of date."""
_HEAD = struct.Struct("<4sIII")
_MARK = b"GPT1"
_SUFFIX = ".tile"
_SLACK = 0.1
"""How far beyond its limit the folder may grow before it is looked through."""
_LOG = logging.getLogger("geoplan_api")


class Tile(NamedTuple):
    """A tile as it is sent: its bytes, empty where nothing is, and how many features it lacks."""

    body: bytes
    left_out: int = 0


class TileCache:
    """Keeps tiles.

    Parameters
    ----------
    folder : Path, optional
        Where they are kept on disk, by this process and others.
    limit_bytes : int
        What the folder may hold.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int = 0) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._kept: OrderedDict[str, Tile] = OrderedDict()
        self._size = 0
        self._added: float = limit_bytes  # looked through at the first tile
        self._lock = Lock()

    @classmethod
    def of(cls, settings: Settings) -> TileCache:
        """Make the cache that the settings describe."""
        return cls(settings.tile_cache, settings.tile_cache_mb * 1_000_000)

    def get(self, *parts: Any) -> Tile | None:
        """Return the tile that was made from some parts, None when it is not kept."""
        name = _name(parts)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        if self._folder is None:
            return None
        tile = _read(self._path(name))
        if tile is not None:
            self._remember(name, tile)
        return tile

    def put(self, tile: Tile, *parts: Any) -> None:
        """Keep a tile; a folder that cannot be written keeps nothing."""
        name = _name(parts)
        self._remember(name, tile)
        if self._folder is None:
            return
        try:
            path = self._path(name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, tile)
            with self._lock:
                self._added += _HEAD.size + len(tile.body)
                full = self._added > self._limit * _SLACK
                self._added = 0.0 if full else self._added
            if full:
                self._make_room()
        except OSError as error:
            _LOG.warning("a tile could not be kept in %s: %s", self._folder, error)

    def _remember(self, name: str, tile: Tile) -> None:
        with self._lock:
            held = self._kept.pop(name, None)
            self._size += len(tile.body) - (0 if held is None else len(held.body))
            self._kept[name] = tile
            while self._size > MEMORY_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1].body)

    def _path(self, name: str) -> Path:
        assert self._folder is not None  # noqa: S101 - for the type
        return self._folder / name[:2] / (name + _SUFFIX)

    def _make_room(self) -> None:
        """Delete the tiles that were not used for longest until the folder is within its limit."""
        assert self._folder is not None  # noqa: S101 - for the type
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob(f"??/*{_SUFFIX}*"):
            try:
                state = path.stat()
            except OSError:
                continue  # another process was faster
            found.append((state.st_mtime, state.st_size, path))
        size = sum(one[1] for one in found)
        wanted = self._limit * (1 - _SLACK)
        for _, bytes_, path in sorted(found) if size > wanted else ():
            path.unlink(missing_ok=True)
            size -= bytes_
            if size <= wanted:
                break


def _name(parts: tuple[Any, ...]) -> str:
    text = repr((_FORMAT, *parts)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _read(path: Path) -> Tile | None:
    """Return a tile from its file; None when there is none, or it is damaged."""
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    if len(content) < _HEAD.size:
        return None
    mark, left_out, length, check = _HEAD.unpack_from(content)
    body = content[_HEAD.size :]
    if mark != _MARK or length != len(body) or check != zlib.crc32(body):
        return None
    return Tile(body, left_out)


def _write(path: Path, tile: Tile) -> None:
    """Write a tile beside its place and move it there, so that nobody reads half of it."""
    head = _HEAD.pack(_MARK, tile.left_out, len(tile.body), zlib.crc32(tile.body))
    handle, name = tempfile.mkstemp(prefix=path.stem, suffix=_SUFFIX + "-new", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(head + tile.body)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
