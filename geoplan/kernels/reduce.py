"""Cells that areas cover, summed up: moments of values, amounts of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.cells import cells_room, cover
from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.growth import longer_floats, longer_ints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.flat import Flat

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Window = tuple[int, int, int, int]

COUNT, SUM, WEIGHT, WEIGHTED, SPREAD, LEAST, MOST = range(7)
"""Columns of moments: of cells and of values in them; of weights and of values times weights;
the weighted sum of squares about the mean; the least and the greatest value."""

NO_CLASS = -1


@compiled
def measure(
    values: Floats, weights: Floats, window: Window, zones: Ints, areas: Flat, rounding: Floats,
    spread: bool,
) -> Floats:  # fmt: skip
    """Return the moments of the values that areas cover in a window.

    Parameters
    ----------
    values : ndarray of float, shape (height, width)
        NaN where there is no data.
    weights : ndarray of float, shape (height, width) or (0, 0)
        What each cell counts; nothing where all count alike.
    window : tuple of int
        Row and column of its first cell, height, width.
    zones : ndarray of int, shape (z,)
        Which areas.
    areas : Flat
        On the grid.
    rounding : ndarray of float, shape (f,)
        Of each area, as of `cover`.
    spread : bool
        Whether squares about the mean are wanted.

    Returns
    -------
    ndarray of float, shape (z, 7)
    """
    found = np.zeros((len(zones), 7))
    room = cells_room(areas, zones, window)
    for at in range(len(zones)):
        moments = found[at]
        moments[LEAST], moments[MOST] = np.inf, -np.inf
        runs = cover(areas, zones[at], window, rounding[zones[at]], room)
        for run in range(runs):
            row, first, last = room.row[run], room.first[run], room.last[run]
            weighed = weights[row, first:last] if weights.size else weights[:0, 0]
            _add(values[row, first:last], weighed, room.share[run], spread, moments)
    return found


@lean
def _add(values: Floats, weights: Floats, share: float, spread: bool, moments: Floats) -> None:
    """Add a run of cells to moments: first its own mean, then squares about that."""
    count, total, weight, weighted, low, high = 0, 0.0, 0.0, 0.0, np.inf, -np.inf
    for value in values:
        if value == value:  # NaN is not itself
            count += 1
            total += value
            low, high = min(low, value), max(high, value)
    if count == 0:
        return
    weight, weighted = float(count), total
    if len(weights):
        weight = weighted = 0.0
        for value, one in zip(values, weights):  # noqa: B905 - numba knows no strict
            if value == value:
                weight += one
                weighted += one * value
    if spread and weight > 0.0:
        _spread(values, weights, share, weight, weighted, moments)
    moments[COUNT] += share * count
    moments[SUM] += share * total
    moments[WEIGHT] += share * weight
    moments[WEIGHTED] += share * weighted
    moments[LEAST], moments[MOST] = min(moments[LEAST], low), max(moments[MOST], high)


@lean
def _spread(
    values: Floats, weights: Floats, share: float, weight: float, weighted: float, moments: Floats
) -> None:
    """Add the squares of a run about its mean, and move them to the mean of all (Chan et al.)."""
    mean, squares = weighted / weight, 0.0
    if len(values) > 1:
        for at in range(len(values)):
            off = values[at] - mean
            if off == off:
                squares += off * off * (weights[at] if len(weights) else 1.0)
    before, added = moments[WEIGHT], share * weight
    if before > 0.0:
        off = mean - moments[WEIGHTED] / before
        squares = share * squares + off * off * before * added / (before + added)
    else:
        squares *= share
    moments[SPREAD] += squares


@compiled
def classify(
    codes: NDArray[np.int32], classes: int, weights: Floats, window: Window, zones: Ints,
    areas: Flat, rounding: Floats,
) -> tuple[Ints, Ints, Floats]:  # fmt: skip
    """Return how much of each class areas cover in a window.

    Parameters
    ----------
    codes : ndarray of int32, shape (height, width)
        Classes from 0 on, `NO_CLASS` where there is no data.
    classes : int
        How many there are.
    weights, window, zones, areas, rounding
        As of `measure`.

    Returns
    -------
    zone, code : ndarray of int, shape (n,)
        Which of `zones`, ascending, and the class.
    amount : ndarray of float, shape (n,)
        Cells, or what they count.
    """
    zone, code = np.empty(64, dtype=np.int64), np.empty(64, dtype=np.int64)
    amount, found = np.empty(64), 0
    amounts, seen = np.zeros(classes), np.empty(classes, dtype=np.int64)
    is_seen = np.zeros(classes, dtype=np.bool_)
    room = cells_room(areas, zones, window)
    for at in range(len(zones)):
        known = 0
        runs = cover(areas, zones[at], window, rounding[zones[at]], room)
        for run in range(runs):
            row, col, last = room.row[run], room.first[run], room.last[run]
            while col < last:
                one, begin = codes[row, col], col
                while col < last and codes[row, col] == one:
                    col += 1
                if one == NO_CLASS:
                    continue
                if not is_seen[one]:
                    is_seen[one], seen[known] = True, one
                    known += 1
                weight = float(col - begin)
                if weights.size:
                    weight = weights[row, begin:col].sum()
                amounts[one] += room.share[run] * weight
        while len(amount) < found + known:
            zone, code, amount = longer_ints(zone), longer_ints(code), longer_floats(amount)
        for one in seen[:known]:
            zone[found], code[found], amount[found] = at, one, amounts[one]
            is_seen[one], amounts[one] = False, 0.0
            found += 1
    return zone[:found], code[:found], amount[:found]
