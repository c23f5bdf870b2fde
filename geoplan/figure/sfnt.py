"""Reads of a font file what setting text needs: its name, its characters, their widths."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    _Ranges = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

_FAMILY, _TYPOGRAPHIC_FAMILY = 1, 16
_WINDOWS, _ENGLISH = 3, 0x409


@dataclass(frozen=True)
class Face:
    """One face of a font file.

    Attributes
    ----------
    starts, ends, glyphs : ndarray of int
        Ranges of characters, and the glyph of the first of each; 0 is no glyph.
    widths : ndarray of float
        Of each glyph [em].
    """

    family: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    glyphs: NDArray[np.int64]
    widths: NDArray[np.float64]

    def _glyphs_of(self, text: str) -> NDArray[np.int64]:
        codes = np.array([ord(char) for char in text], dtype=np.int64)
        at = np.searchsorted(self.starts, codes, side="right") - 1
        inside = (at >= 0) & (codes <= self.ends[at])
        return np.where(inside, self.glyphs[at] + codes - self.starts[at], 0)

    def known(self, text: str) -> NDArray[np.bool_]:
        """Tell of each character whether the face has it."""
        return self._glyphs_of(text) > 0

    def advances(self, text: str) -> NDArray[np.float64]:
        """Return the width of each character [em]."""
        return self.widths[np.minimum(self._glyphs_of(text), len(self.widths) - 1)]


def faces(path: Path) -> Iterator[Face]:
    """Yield the faces of a TrueType or OpenType file or collection.

    Raises
    ------
    ValueError
        It is none, or has no full table of characters.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = [0]
        if data[:4] == b"ttcf":
            (count,) = struct.unpack_from(">I", data, 8)
            starts = list(struct.unpack_from(f">{min(count, 64)}I", data, 12))
        for start in starts:
            try:
                yield _face(data, start)
            except (struct.error, KeyError, IndexError) as error:
                raise ValueError(f"{path.name} is no font that can be read") from error


def _face(data: Any, start: int) -> Face:
    (count,) = struct.unpack_from(">H", data, start + 4)
    records = (struct.unpack_from(">4sIII", data, start + 12 + 16 * at) for at in range(count))
    tables = {tag: offset for tag, _, offset, _ in records}
    starts, ends, glyphs = _characters(data, tables[b"cmap"])
    return Face(_family(data, tables[b"name"]), starts, ends, glyphs, _widths(data, tables))


def _family(data: Any, at: int) -> str:
    _, count, texts = struct.unpack_from(">HHH", data, at)
    found = {}
    for place in range(count):
        row = struct.unpack_from(">6H", data, at + 6 + 12 * place)
        platform, _, language, name, length, offset = row
        if platform == _WINDOWS and language == _ENGLISH:
            begin = at + texts + offset
            found[name] = data[begin : begin + length].decode("utf-16-be")
    return str(found.get(_TYPOGRAPHIC_FAMILY) or found[_FAMILY])


def _widths(data: Any, tables: dict[bytes, int]) -> NDArray[np.float64]:
    (em,) = struct.unpack_from(">H", data, tables[b"head"] + 18)
    (count,) = struct.unpack_from(">H", data, tables[b"hhea"] + 34)
    metrics = np.frombuffer(
        data[tables[b"hmtx"] : tables[b"hmtx"] + 4 * count], dtype=">u2"
    ).reshape(count, 2)
    return np.asarray(metrics[:, 0].astype(np.float64) / em)


def _characters(data: Any, at: int) -> _Ranges:
    """Return ranges of characters: of the table for all of Unicode, or of its first plane."""
    (count,) = struct.unpack_from(">H", data, at + 2)
    offsets = [struct.unpack_from(">HHI", data, at + 4 + 8 * one)[2] for one in range(count)]
    formats = {struct.unpack_from(">H", data, at + one)[0]: at + one for one in offsets}
    if 12 in formats:
        return _ranges(data, formats[12])
    return _segments(data, formats[4])


def _ranges(data: Any, at: int) -> _Ranges:
    (count,) = struct.unpack_from(">I", data, at + 12)
    rows = np.frombuffer(data[at + 16 : at + 16 + 12 * count], dtype=">u4").reshape(count, 3)
    starts, ends, glyphs = rows.astype(np.int64).T
    return starts, ends, glyphs


def _segments(data: Any, at: int) -> _Ranges:
    (double,) = struct.unpack_from(">H", data, at + 6)
    count = double // 2
    words = np.frombuffer(data[at + 14 : at + 16 + 8 * count + 2 * 65536], dtype=">u2")
    ends = words[:count].astype(np.int64)
    starts, deltas, offsets = (
        words[1 + count * part : 1 + count * (part + 1)].astype(np.int64) for part in (1, 2, 3)
    )
    codes, glyphs = [], []
    for place in range(count):
        inside = np.arange(starts[place], min(ends[place], 0xFFFE) + 1)
        if offsets[place]:
            base = 1 + 3 * count + place + offsets[place] // 2
            own = words[base + inside - starts[place]].astype(np.int64)
            glyph = np.where(own > 0, (own + deltas[place]) & 0xFFFF, 0)
        else:
            glyph = (inside + deltas[place]) & 0xFFFF
        codes.append(inside)
        glyphs.append(glyph)
    every = np.concatenate(codes)
    return every, every, np.concatenate(glyphs)
