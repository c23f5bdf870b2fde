"""Cells that points stand in and lines run through, and figures over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.placing import Placed


@dataclass(frozen=True)
class Samples:
    """Cells and what counts in each.

    Attributes
    ----------
    zone : ndarray of int, shape (n,)
        Position of the feature, ascending.
    row, col : ndarray of int, shape (n,)
        The cell.
    weight : ndarray of float, shape (n,)
        Length in the cell on the ellipsoid [m]; 1 for a point.
    """

    zone: NDArray[np.intp]
    row: NDArray[np.intp]
    col: NDArray[np.intp]
    weight: NDArray[np.float64]


def of_points(placed: Placed) -> Samples:
    """Return the cell of each point; on an edge, the one to the right or below."""
    xy, zone = shapely.get_coordinates(placed.geometries, return_index=True)
    xy = np.nan_to_num(xy, nan=-1.0, posinf=-1.0, neginf=-1.0)
    col, row = np.floor(xy).astype(np.intp).T
    return Samples(zone, row, col, np.ones(len(zone)))


def of_lines(placed: Placed) -> Samples:
    """Return the pieces that the edges of the cells cut lines into.

    A piece that runs along an edge counts to the cell to the right or below.
    """
    start, end, zone = _segments(placed.geometries)
    finite = np.isfinite(start).all(axis=1) & np.isfinite(end).all(axis=1)
    length = np.full(len(zone), np.nan)
    plane_start, plane_end, _ = _segments(placed.in_plane)
    for plane, which in placed.planes:
        mine = np.isin(zone, which)
        pairs = np.stack([plane_start[mine], plane_end[mine]], axis=1)
        length[mine] = plane.length_m(np.asarray(shapely.linestrings(pairs)))
    start, end, zone, length = start[finite], end[finite], zone[finite], length[finite]
    segment, share = _cuts(start, end)
    same = segment[1:] == segment[:-1]
    piece, first, last = segment[1:][same], share[:-1][same], share[1:][same]
    middle = start[piece] + ((first + last) / 2)[:, None] * (end - start)[piece]
    col, row = np.floor(middle).astype(np.intp).T
    return Samples(zone[piece], row, col, (last - first) * length[piece])


def _segments(
    lines: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    parts, owner = shapely.get_parts(lines, return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    inner = part[1:] == part[:-1]
    return points[:-1][inner], points[1:][inner], owner[part[1:][inner]]


def _cuts(
    start: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return where segments begin, cross a whole column or row, and end, in order.

    Returns
    -------
    ndarray of int, ndarray of float
        The segment and the share of it, ascending.
    """
    number = np.arange(len(start))
    segment, share = [number, number], [np.zeros(len(start)), np.ones(len(start))]
    for axis in (0, 1):
        low = np.minimum(start[:, axis], end[:, axis])
        high = np.maximum(start[:, axis], end[:, axis])
        first = np.floor(low).astype(np.intp) + 1
        count = np.maximum(np.ceil(high).astype(np.intp) - first, 0)
        which = np.repeat(number, count)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        line = first[which] + nth
        segment.append(which)
        share.append((line - start[which, axis]) / (end - start)[which, axis])
    together, shares = np.concatenate(segment), np.clip(np.concatenate(share), 0.0, 1.0)
    order = np.lexsort((shares, together))
    return together[order], shares[order]


def summed(count: int, zone: NDArray[np.intp], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of amounts of each zone, shape (count,)."""
    return np.bincount(zone, weights=amounts, minlength=count).astype(float)


def quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], shares: list[float]
) -> NDArray[np.float64]:
    """Return the smallest values that at least these shares of the weight do not exceed.

    Parameters
    ----------
    values, weights : ndarray, shape (n,)
        Without NaN.
    shares : list of float
        0..1.

    Examples
    --------
    >>> quantiles(np.array([5.0, 1.0]), np.array([0.75, 0.25]), [0.2, 0.25, 0.5]).tolist()
    [1.0, 1.0, 5.0]
    """
    if len(values) == 0:
        return np.full(len(shares), np.nan)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # what rounding leaves of a share is not a share
    wanted = np.asarray(shares) * reached[-1] - 1e-12 * reached[-1]
    found = np.minimum(np.searchsorted(reached, wanted), len(values) - 1)
    return np.asarray(values[order][found], dtype=float)
