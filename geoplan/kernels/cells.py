"""Which share of each cell of a grid an area covers, exactly: by signed areas along its edges.

The area under a piece of an edge, up to the right border of its cell, is what the piece adds to
that cell; its height is what it adds to all cells further right in the row. Summed from left to
right they are the covered shares. A cell that no edge passes through is covered or not, so no
last digit of a sum gets into it.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.flat import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.flat import Flat

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Window = tuple[int, int, int, int]

ROUNDING = 1e-13
"""Shares below this part of the area, or of a cell where that is less, are rounding; what lacks no
more of a cell covers it."""

_WORD = 8  # marks that are looked at together


class Room(NamedTuple):
    """Room for the cells of the box around an area, row after row, and for its runs.

    Attributes
    ----------
    cover, area : ndarray of float
        What edges add to the cells right of theirs, and to their own; all zero between uses.
    mark : ndarray of uint8
        Where edges run, along the left border or through the cell; all zero between uses.
    left : ndarray of float
        For each row, the share of its height that is covered where the box begins.
    row, first, last : ndarray of int32
        Runs of cells covered alike: their row, and columns from and to, in the window.
    share : ndarray of float
        How much of each cell of a run is covered, above 0 and up to 1.
    """

    cover: Floats
    area: Floats
    mark: NDArray[np.uint8]
    left: Floats
    row: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    share: Floats


@compiled
def cells_room(areas: Flat, which: Ints, window: Window) -> Room:
    """Return room for the largest of some areas in a window."""
    cells, rows = 0, 0
    for f in which:
        _, _, high, wide = _box(areas, f, window)
        cells, rows = max(cells, high * _padded(wide)), max(rows, high)
    return Room(
        np.zeros(cells), np.zeros(cells), np.zeros(cells, dtype=np.uint8), np.zeros(rows),
        np.empty(cells, dtype=np.int32), np.empty(cells, dtype=np.int32),
        np.empty(cells, dtype=np.int32), np.empty(cells),
    )  # fmt: skip


@lean
def _box(areas: Flat, f: int, window: Window) -> Window:
    """Return the cells of a window that the box of an area meets."""
    box = areas.box
    row, col, high, wide = window
    # within the window before it is cut to whole numbers: a zone may reach farther than they do
    top = floor(min(max(box[f, 1], float(row)), float(row + high)))
    left = floor(min(max(box[f, 0], float(col)), float(col + wide)))
    bottom = ceil(max(min(box[f, 3], float(row + high)), float(row)))
    right = ceil(max(min(box[f, 2], float(col + wide)), float(col)))
    if bottom <= top or right <= left:
        return 0, 0, 0, 0
    return top, left, bottom - top, right - left


@lean
def _padded(width: int) -> int:
    return (width + _WORD - 1) // _WORD * _WORD


@compiled
def cover(areas: Flat, f: int, window: Window, rounding: float, room: Room) -> int:
    """Find the runs of cells that an area covers in a window.

    Parameters
    ----------
    areas : Flat
        x is the column, y the row.
    f : int
        Which of them.
    window : tuple of int
        Row and column of its first cell, height, width.
    rounding : float
        Shares up to this are none, and as near to 1 whole.
    room : Room
        For this area in this window.

    Returns
    -------
    int
        How many runs there are, row after row and from left to right.
    """
    top, left, high, wide = _box(areas, f, window)
    if high == 0:
        return 0
    xy, blocks, right, bottom = areas.xy, areas.block_box, left + wide, top + high
    for r in range(areas.feature[f], areas.feature[f + 1]):
        for b in range(areas.block[r], areas.block[r + 1]):
            if blocks[b, 0] >= right or blocks[b, 1] >= bottom or blocks[b, 3] <= top:
                continue
            begin = areas.ring[r] + (b - areas.block[r]) * BLOCK
            for i in range(begin, min(begin + BLOCK, areas.ring[r + 1] - 1)):
                _edge(
                    xy[i, 0] - left, xy[i, 1] - top, xy[i + 1, 0] - left, xy[i + 1, 1] - top,
                    high, wide, room,
                )  # fmt: skip
    return _sweep(top - window[0], left - window[1], high, wide, rounding, room)


@lean
def _edge(x0: float, y0: float, x1: float, y1: float, high: int, wide: int, room: Room) -> None:
    """Add an edge, row by row; ground lies on its left where y grows upwards."""
    if y0 == y1:
        if 0.0 < y0 < high and y0 != floor(y0):
            _level(int(y0), x0, x1, wide, room)
        return
    sign = 1.0 if y0 > y1 else -1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    y, end = max(y0, 0.0), min(y1, float(high))
    if y >= end:
        return
    slope, low, most = (x1 - x0) / (y1 - y0), min(x0, x1), max(x0, x1)
    x = x0 if y == y0 else min(max(x0 + (y - y0) * slope, low), most)
    row = int(y)
    while y < end:
        below = min(float(row + 1), end)
        then = x1 if below == y1 else min(max(x0 + (below - y0) * slope, low), most)
        _piece(row, min(x, then), max(x, then), below - y, sign, wide, room)
        x, y = then, below
        row += 1


@lean
def _level(row: int, x0: float, x1: float, wide: int, room: Room) -> None:
    """Mark the cells that a level edge runs through; it adds nothing."""
    first, last = floor(max(min(x0, x1), 0.0)), ceil(min(max(x0, x1), float(wide)))
    base = row * _padded(wide)
    for col in range(first, last):
        room.mark[base + col] = 1


@lean
def _piece(
    row: int, low: float, high: float, rise: float, sign: float, wide: int, room: Room
) -> None:
    """Add a piece of an edge within a row: from one x to another, and its height."""
    if high <= 0.0:
        room.left[row] += sign * rise
        return
    if low >= wide:
        return
    base = row * _padded(wide)
    if low == high:
        at = base + int(low)
        room.cover[at] += sign * rise
        room.area[at] += sign * rise * (floor(low) + 1.0 - low)
        room.mark[at] = 1
        return
    rate, done, x = rise / (high - low), 0.0, low
    if low < 0.0:
        done, x = -low * rate, 0.0
        room.left[row] += sign * done
    for col in range(int(x), ceil(min(high, float(wide)))):
        border = min(high, col + 1.0)
        upto = rise if border == high else (border - low) * rate
        at = base + col
        room.cover[at] += sign * (upto - done)
        room.area[at] += sign * (upto - done) * (col + 1.0 - (x + border) / 2.0)
        room.mark[at] = 1
        done, x = upto, border


@compiled
def _sweep(top: int, left: int, high: int, wide: int, rounding: float, room: Room) -> int:
    """Sum each row up from left to right into runs, and leave the room empty."""
    stride, count = _padded(wide), 0
    words = room.mark.view(np.uint64)
    for row in range(high):
        base, level = row * stride, room.left[row]
        room.left[row] = 0.0
        begin = 0 if level > 0.5 else -1  # where a run of whole cells began
        for word in range(base // _WORD, (base + stride) // _WORD):
            if words[word] == 0:
                continue
            for at in range(word * _WORD, word * _WORD + _WORD):
                if room.mark[at] == 0:
                    continue
                col = at - base
                share = _share(level + room.area[at], rounding)
                level += room.cover[at]
                room.cover[at] = room.area[at] = 0.0
                room.mark[at] = 0
                if share < 1.0:
                    count = _run(room, count, row + top, begin, col, left, 1.0)
                    count = _run(room, count, row + top, col, col + 1, left, share)
                    begin = -1
                elif begin < 0:
                    begin = col
                if level > 0.5:
                    begin = col + 1 if begin < 0 else begin
                else:
                    count = _run(room, count, row + top, begin, col + 1, left, 1.0)
                    begin = -1
        count = _run(room, count, row + top, begin, wide, left, 1.0)
    return count


@lean
def _share(share: float, rounding: float) -> float:
    if share <= rounding:
        return 0.0
    return 1.0 if share >= 1.0 - rounding else share


@lean
def _run(room: Room, count: int, row: int, first: int, last: int, left: int, share: float) -> int:
    """Add a run, unless it is none, and return how many there are."""
    if first < 0 or first >= last or share == 0.0:
        return count
    room.row[count], room.share[count] = row, share
    room.first[count], room.last[count] = first + left, last + left
    return count + 1
