"""Crossings of lines that no displacement can undo.

Take a stretch of each of two lines. While the ends of each stretch stay away from the other
stretch, how often the two cross can only change by two. So when they cross an odd number of
times, and every end is further from the other line than both lines together may be off, they
cross wherever they really are. The stretches looked at run from one vertex that is so far from
the other line to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# in units of r: the window looked at, how far ends must be, the nudge
_WINDOW, _PARTED, _NUDGE = 8.0, 1.003, 0.001


def cross_for_certain(
    left: NDArray[Any], right: NDArray[Any], off_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which pairs of lines cross however they are displaced.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (p,)
        (Multi)linestrings in one plane. The parts of one line are displaced independently of
        each other; a closed part stays closed.
    off_m : ndarray of float, shape (p,)
        By how much both together may be off [m], more than zero.

    Returns
    -------
    ndarray of bool, shape (p,)
        False also where nothing can be said: where they touch, run together, or part by less.
    """
    ones, first = shapely.get_parts(left, return_index=True)
    others, place = shapely.get_parts(right[first], return_index=True)
    ones, pair = ones[place], first[place]
    asked = np.flatnonzero(_reach_further(ones, off_m[pair]) & _reach_further(others, off_m[pair]))
    asked = asked[shapely.intersects(ones[asked], others[asked])]
    pair = pair[asked]
    crossed = _parts_cross(ones[asked], others[asked], off_m[pair])
    return np.asarray(np.bincount(pair[crossed], minlength=len(left)) > 0)


def _reach_further(lines: NDArray[Any], off: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which lines are large enough to part from what they cross by more than r."""
    west, south, east, north = shapely.bounds(lines).T
    return np.asarray(np.hypot(east - west, north - south) > off)


def _parts_cross(
    ones: NDArray[Any], others: NDArray[Any], off: NDArray[np.float64]
) -> NDArray[np.bool_]:
    windows = _windows(ones, others, off * _WINDOW)
    here, there = _within(ones, windows), _within(others, windows)
    mine, of_mine = _stretches(here, there, off)
    theirs, of_theirs = _stretches(there, here, off)
    # all stretches of the one with all of the other, pair by pair
    count = np.bincount(of_theirs, minlength=len(ones))
    start = np.cumsum(count) - count
    again = np.repeat(np.arange(len(mine)), count[of_mine])
    pair = of_mine[again]
    nth = np.arange(len(again)) - np.repeat(
        np.cumsum(count[of_mine]) - count[of_mine], count[of_mine]
    )
    odd = _cross_oddly(mine[again], theirs[start[pair] + nth], off[pair])
    return np.asarray(np.bincount(pair[odd], minlength=len(ones)) > 0)


def _windows(ones: NDArray[Any], others: NDArray[Any], margin: NDArray[np.float64]) -> NDArray[Any]:
    """Return boxes round where pairs meet, so that long lines cost no more than short ones."""
    west, south, east, north = shapely.bounds(shapely.intersection(ones, others)).T
    return np.asarray(
        shapely.box(west - margin, south - margin, east + margin, north + margin), dtype=object
    )


def _within(lines: NDArray[Any], windows: NDArray[Any]) -> NDArray[Any]:
    """Return the parts of lines in their windows; a closed line goes on through its start."""
    parts = np.asarray(shapely.intersection(lines, windows), dtype=object)
    closed = np.flatnonzero(shapely.is_closed(lines))
    parts[closed] = shapely.line_merge(parts[closed])
    return parts


def _stretches(
    lines: NDArray[Any], others: NDArray[Any], off: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the stretches between far vertices that meet the other line, and whose they are."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    parts = parts.copy()
    for ring in np.flatnonzero(shapely.is_closed(parts)):
        lap = shapely.get_coordinates(parts[ring])
        parts[ring] = shapely.LineString(np.concatenate([lap, lap[1:]]))
    points, part = shapely.get_coordinates(parts, return_index=True)
    pair = owner[part]
    away = shapely.distance(shapely.points(points), others[pair])
    far = np.flatnonzero(away > off[pair] * _PARTED)
    begins = np.flatnonzero(part[far[1:]] == part[far[:-1]])
    first, last = far[begins], far[begins + 1]
    count = last - first + 1
    stretch = np.repeat(np.arange(len(first)), count)
    vertex = np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count) + first[stretch]
    drawn = shapely.linestrings(points[vertex], indices=stretch)
    of_stretch = pair[first]
    meets = shapely.intersects(drawn, others[of_stretch])
    return drawn[meets], of_stretch[meets]


def _cross_oddly(
    stretches: NDArray[Any], others: NDArray[Any], off: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which stretches cross an odd number of times.

    One is nudged first, so that they neither touch nor run together: the ends are far enough
    apart for that to change nothing.
    """
    points, line = shapely.get_coordinates(stretches, return_index=True)
    nudge = (off * _NUDGE)[:, np.newaxis] * [np.cos(1.0), np.sin(1.0)]
    nudged = shapely.set_coordinates(stretches.copy(), points + nudge[line])
    crossings = shapely.intersection(nudged, others)
    count = shapely.get_num_geometries(crossings)
    return np.asarray((shapely.get_dimensions(crossings) == 0) & (count % 2 == 1))
