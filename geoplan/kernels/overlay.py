"""Areas against areas, from shapely geometries to shapely geometries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.kernels.areas import CUT, LEFT_INSIDE, NOTHING, RIGHT_INSIDE, UNDECIDED, Shares, shares
from geoplan.kernels.flat import flat_areas
from geoplan.kernels.ground import constants

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import Geod

    from geoplan.kernels.flat import Flat

THREADS = 2
AT_ONCE = 4096
"""Pairs of a task: the same whatever the number of threads, so that answers are."""


class Overlay(NamedTuple):
    """Pairs of areas that share something, or may, ordered by left, then right.

    Attributes
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Positions in left and right.
    size : ndarray of float, shape (p,)
        What they share, on the ellipsoid [m²]; NaN where GEOS has to tell.
    shape : ndarray of shapely geometries, shape (p,)
        What they share; null where not asked for or not decided.
    left_size, right_size : ndarray of float, shape (n,) and (m,)
        Areas of the features themselves [m²].
    """

    ours: NDArray[np.intp]
    theirs: NDArray[np.intp]
    size: NDArray[np.float64]
    shape: NDArray[Any]
    left_size: NDArray[np.float64]
    right_size: NDArray[np.float64]


def overlay(
    left: NDArray[Any], right: NDArray[Any], ellipsoid: Geod, *, shapes: bool,
    threads: int = THREADS,
) -> Overlay:  # fmt: skip
    """Find what areas share with areas.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (n,) and (m,)
        Valid (multi)polygons in one Gauss-Krüger plane, neither null nor empty.
    ellipsoid : pyproj.Geod
        Of the plane.
    shapes : bool
        Whether to build what they share.
    threads : int
        How many work at once; the answer is the same for any number.
    """
    known = constants(ellipsoid)
    ours, theirs = _candidates(left, right)
    with ThreadPoolExecutor(threads) as pool:
        one, other = pool.map(lambda side: flat_areas(side, known), (left, right))

        def task(begin: int) -> tuple[Shares, NDArray[Any] | None]:
            chunk = slice(begin, begin + AT_ONCE)
            found = shares(ours[chunk], theirs[chunk], one, other, known, shapes)
            return found, _built(found) if shapes else None

        done = list(pool.map(task, range(0, len(ours), AT_ONCE)))
    state = np.concatenate([found.state for found, _ in done] or [np.empty(0, np.int8)])
    size = np.concatenate([found.size for found, _ in done] or [np.empty(0)])
    shape = np.full(len(ours), None, dtype=object)
    if shapes and done:
        shape = np.concatenate([made for _, made in done])
        state[(state == CUT) & shapely.is_missing(shape)] = UNDECIDED
    sizes = _sizes(one), _sizes(other)
    for inside, which, whole, geometries in (
        (LEFT_INSIDE, ours, sizes[0], left),
        (RIGHT_INSIDE, theirs, sizes[1], right),
    ):
        here = np.flatnonzero(state == inside)
        size[here] = whole[which[here]]
        if shapes:
            shape[here] = geometries[which[here]]
    size[state == UNDECIDED] = np.nan
    there = np.flatnonzero(state != NOTHING)
    return Overlay(ours[there], theirs[there], size[there], shape[there], *sizes)


def _candidates(
    left: NDArray[Any], right: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs whose boxes meet, ordered by left, then right."""
    if len(left) >= len(right):
        theirs, ours = shapely.STRtree(left).query(right)
    else:
        ours, theirs = shapely.STRtree(right).query(left)
    order = np.argsort(ours * np.int64(len(right)) + theirs)
    return ours[order].astype(np.int64), theirs[order].astype(np.int64)


def _sizes(areas: Flat) -> NDArray[np.float64]:
    return np.add.reduceat(areas.ring_size, areas.feature[:-1])


def _built(found: Shares) -> NDArray[Any]:
    """Return the shapes of cut pairs; null where rounding has made one invalid."""
    shape = np.full(len(found.state), None, dtype=object)
    if not len(found.pair):
        return shape
    first = np.flatnonzero(found.is_shell)
    parts = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, found.xy, (found.ring, np.r_[first, len(found.is_shell)])
    )
    owner = found.pair[first]
    begins = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    count = np.diff(np.r_[begins, len(owner)])
    single = count == 1
    shape[owner[begins[single]]] = parts[begins[single]]
    several = np.repeat(~single, count)
    if several.any():
        made = np.full(len(found.state), None, dtype=object)
        shapely.multipolygons(parts[several], indices=owner[several], out=made)
        places = owner[begins[~single]]
        shape[places] = made[places]
    unsure = owner[begins][~found.sure[owner[begins]]]
    shape[unsure[~shapely.is_valid(shape[unsure])]] = None
    return shape
