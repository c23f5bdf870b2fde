"""Which ends of pieces are one place: those that coincide, or all but."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_NEAR_M = 1e-8
"""Where three boundaries cross in one place, each two of them cross a few last digits apart."""


@compiled
def joined(xy: Floats, first: Ints, stop: Ints, count: int) -> int:
    """Give the places where pieces begin and end numbers, and let pieces that are one place go.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        Points of pieces; ends are moved to their place.
    first : ndarray of int, shape (count + 1,)
        Where pieces begin; pieces that go leave no gap.
    stop : ndarray of int, shape (count, 2)
        Filled with the places where each piece begins and ends.

    Returns
    -------
    int
        How many pieces are left; -1 where not as many end in a place as begin there.
    """
    ends = np.empty(2 * count, dtype=np.int64)
    for piece in range(count):
        ends[2 * piece], ends[2 * piece + 1] = first[piece], first[piece + 1] - 1
    order = np.argsort(xy[ends, 0])
    node, balance = np.full(2 * count, -1, dtype=np.int64), np.zeros(2 * count, dtype=np.int64)
    nodes = 0
    for at in range(2 * count):
        point = ends[order[at]]
        before = at - 1
        while before >= 0 and xy[ends[order[before]], 0] >= xy[point, 0] - _NEAR_M:
            near = ends[order[before]]
            if abs(xy[near, 1] - xy[point, 1]) <= _NEAR_M:
                node[order[at]] = node[order[before]]
                xy[point, 0], xy[point, 1] = xy[near, 0], xy[near, 1]
                break
            before -= 1
        if before < 0 or node[order[at]] < 0:
            node[order[at]] = nodes
            nodes += 1
        balance[node[order[at]]] += 1 if order[at] % 2 == 0 else -1
    if balance.any():
        return -1
    kept, to = 0, 0
    for piece in range(count):
        begin, end = first[piece], first[piece + 1]
        if node[2 * piece] == node[2 * piece + 1] and end - begin < 3:
            continue
        for i in range(begin, end):
            xy[to + i - begin, 0], xy[to + i - begin, 1] = xy[i, 0], xy[i, 1]
        first[kept] = to
        stop[kept, 0], stop[kept, 1] = node[2 * piece], node[2 * piece + 1]
        to += end - begin
        kept += 1
    first[kept] = to
    return kept
