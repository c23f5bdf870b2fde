"""Zones over a raster, from shapely geometries on its grid to sums for each zone.

The raster is gone through once, window by window along the blocks of its file; each window is read
once for all zones that meet it. What a zone has in several windows is added up in the order of
the windows, so answers are the same whatever the number of threads.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.kernels.cells import ROUNDING
from geoplan.kernels.flat import flat_areas
from geoplan.kernels.reduce import (
    COUNT,
    LEAST,
    MOST,
    NO_CLASS,
    SPREAD,
    SUM,
    WEIGHT,
    WEIGHTED,
    classify,
    measure,
)
from geoplan.kernels.threads import THREADS
from geoplan.raster.windows import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geoplan.kernels.flat import Flat
    from geoplan.raster import Raster

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Window = tuple[int, int, int, int]

AHEAD = 4
"""Windows that are in memory together, at most."""

CODES = 1 << 16
"""Classes of a window that differ by less are numbered by their distance from the least."""

GATHERED = 1 << 20
"""Amounts of classes that are kept before those of one zone are added up."""


class Zones(NamedTuple):
    """Zones on a grid, and the windows each of them meets.

    Attributes
    ----------
    flat : Flat
    rounding : ndarray of float, shape (f,)
        Shares of cells that are nothing.
    met : list
        Windows, and positions of the zones in each.
    """

    flat: Flat
    rounding: Floats
    met: list[tuple[Window, Ints]]


def statistics(
    raster: Raster, zones: NDArray[Any], *, by_area: bool, spread: bool, threads: int = THREADS
) -> dict[str, Floats]:
    """Summarise the values of a raster in each zone.

    Parameters
    ----------
    raster : Raster
        Open.
    zones : ndarray of shapely polygons, shape (f,)
        x is the column, y the row; valid, finite, not empty.
    by_area : bool
        Whether cells count by their area on the ellipsoid [m²].
    spread : bool
        Whether the standard deviation is wanted; else it is 0.
    threads : int
        How many work at once; the answer is the same for any number.

    Returns
    -------
    dict of ndarray of float, shape (f,)
        ``count`` of cells, ``sum`` of values times cells, ``min``, ``max``; and ``data_area``,
        ``mean`` and ``stdev``, where cells count by their areas if they are to. NaN where a zone
        covers nothing that has data.
    """
    known = _on_windows(raster, zones)

    def task(reader: Raster, met: tuple[Window, Ints]) -> tuple[Ints, Floats]:
        window, which = met
        stored, mask, weights = _read(reader, window, by_area)
        values = raster.values(stored, mask)
        return which, measure(values, weights, window, which, known.flat, known.rounding, spread)

    total = np.zeros((len(zones), 7))
    total[:, LEAST], total[:, MOST] = np.inf, -np.inf
    for which, part in _in_order(task, raster, known.met, threads):
        there = part[:, COUNT] > 0
        total[which[there]] = _together(total[which[there]], part[there])
    total[total[:, COUNT] == 0] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):  # a CRS may give far cells no area
        mean = total[:, WEIGHTED] / total[:, WEIGHT]
        stdev = np.sqrt(total[:, SPREAD] / total[:, WEIGHT])
    return {
        "count": total[:, COUNT],
        "sum": total[:, SUM],
        "min": total[:, LEAST],
        "max": total[:, MOST],
        "data_area": total[:, WEIGHT],
        # a last digit must not take it beyond the values
        "mean": np.clip(mean, total[:, LEAST], total[:, MOST]),
        "stdev": stdev,
    }


def classes(
    raster: Raster, zones: NDArray[Any], *, by_area: bool, threads: int = THREADS
) -> tuple[Ints, Ints, Floats]:
    """Measure how much of each class of a raster each zone covers.

    Parameters
    ----------
    raster, zones, by_area, threads
        As of `statistics`; the raster holds whole numbers.

    Returns
    -------
    zone, value : ndarray of int, shape (n,)
        Positions of zones, ascending, and classes, ascending in each.
    amount : ndarray of float, shape (n,)
        Cells, or their area on the ellipsoid [m²].
    """
    known = _on_windows(raster, zones)

    def task(reader: Raster, met: tuple[Window, Ints]) -> tuple[Ints, Ints, Floats]:
        window, which = met
        stored, mask, weights = _read(reader, window, by_area)
        codes, values = _coded(stored, _without(raster, stored, mask))
        zone, code, amount = classify(
            codes, len(values), weights, window, which, known.flat, known.rounding
        )
        return which[zone], values[code], amount

    total = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    parts, kept = [total], 0
    for part in _in_order(task, raster, known.met, threads):
        parts.append(part)
        kept += len(part[0])
        if kept > GATHERED:
            parts, kept = [_added(parts)], 0
    return _added(parts)


def _on_windows(raster: Raster, zones: NDArray[Any]) -> Zones:
    flat = flat_areas(zones, None)
    grid = raster.grid
    whole = windows((grid.height, grid.width), raster.block_shape)
    row, col, high, wide = whole.T
    around = shapely.box(col, row, col + wide, row + high)
    boxes: NDArray[Any] = np.asarray(shapely.box(*flat.box.T))
    at, zone = shapely.STRtree(boxes).query(around)
    order = np.lexsort((zone, at))
    at, zone = at[order], zone[order].astype(np.int64)
    met = []
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    for start, which in zip(starts, np.split(zone, starts[1:]), strict=True):
        window = _around(flat.box[which], whole[at[start]])
        if window[2] > 0 and window[3] > 0:
            met.append((window, which))
    return Zones(flat, ROUNDING * np.minimum(shapely.area(zones), 1.0), met)


def _around(boxes: Floats, window: Ints) -> Window:
    """Return the part of a window that boxes lie in: no more is read."""
    row, col, high, wide = window.tolist()
    left, top = (np.floor(boxes[:, axis].min()) for axis in (0, 1))
    right, bottom = (np.ceil(boxes[:, axis].max()) for axis in (2, 3))
    left, top = int(max(left, col)), int(max(top, row))
    return top, left, int(min(bottom, row + high)) - top, int(min(right, col + wide)) - left


def _read(raster: Raster, window: Window, by_area: bool) -> tuple[NDArray[Any], Any, Floats]:
    """Return a window as stored, its mask and the areas of its cells."""
    mask = raster.stored_mask(*window) if raster.masked else None
    weights = raster.grid.cell_areas_m2(*window) if by_area else np.empty((0, 0))
    return raster.stored(*window), mask, weights


def _in_order(
    task: Callable[[Raster, Any], Any], raster: Raster, items: list[Any], threads: int
) -> Iterator[Any]:
    """Yield what a task makes of a raster and items, in their order, few of them under way."""
    with ExitStack() as opened:
        free: SimpleQueue[Raster] = SimpleQueue()  # each is open for one thread at a time
        free.put(raster)
        for other in (raster.again() for _ in range(min(threads, len(items)) - 1)):
            if other is not None:
                free.put(opened.enter_context(other))
        pool = opened.enter_context(ThreadPoolExecutor(threads))

        def run(item: Any) -> Any:
            reader = free.get()
            try:
                return task(reader, item)
            finally:
                free.put(reader)

        waiting = deque(pool.submit(run, item) for item in items[:AHEAD])
        for item in items[AHEAD:]:
            yield waiting.popleft().result()
            waiting.append(pool.submit(run, item))
        while waiting:
            yield waiting.popleft().result()


@np.errstate(invalid="ignore")  # infinite values are refused later, by name
def _together(one: Floats, other: Floats) -> Floats:
    """Return the moments of two parts as those of both (Chan et al.); the second is not empty."""
    both = one.copy()
    both[:, :LEAST] += other[:, :LEAST]
    both[:, LEAST] = np.minimum(one[:, LEAST], other[:, LEAST])
    both[:, MOST] = np.maximum(one[:, MOST], other[:, MOST])
    had = one[:, WEIGHT] > 0
    before, added = one[had, WEIGHT], other[had, WEIGHT]
    off = other[had, WEIGHTED] / added - one[had, WEIGHTED] / before
    both[had, SPREAD] += off * off * before * added / (before + added)
    return both


def _without(raster: Raster, stored: NDArray[Any], mask: Any) -> NDArray[np.bool_] | None:
    """Return where a window has no data; None where it has everywhere."""
    gone = None if mask is None else mask == 0
    if raster.nodata is not None:
        nodata = stored == raster.dtype.type(raster.nodata)
        gone = nodata if gone is None else gone | nodata
    return gone


def _coded(
    stored: NDArray[Any], gone: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return classes numbered from 0, and what the numbers stand for."""
    low, high = int(stored.min()), int(stored.max())
    if high - low < CODES:
        values = np.arange(low, high + 1, dtype=np.int64)
        # numbers of one or two bytes have no room for a difference
        wide = stored if stored.dtype.itemsize > 2 else stored.astype(np.int32)
        codes = (wide - low).astype(np.int32, copy=False)
    else:
        known, place = np.unique(stored, return_inverse=True)
        values, codes = known.astype(np.int64), place.reshape(stored.shape).astype(np.int32)
    if gone is not None:
        codes[gone] = NO_CLASS
    return codes, values


def _added(parts: list[tuple[Ints, Ints, Floats]]) -> tuple[Ints, Ints, Floats]:
    """Add up the amounts of one class in one zone, in the order of the parts."""
    zone, value, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(zone):
        return zone, value, amount
    order = np.lexsort((value, zone))
    zone, value, amount = zone[order], value[order], amount[order]
    # positions begin at 0, so the first differs from what stands before it
    first = np.flatnonzero((np.diff(zone, prepend=-1) != 0) | (np.diff(value, prepend=0) != 0))
    return zone[first], value[first], np.add.reduceat(amount, first)
