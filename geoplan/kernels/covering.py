"""Zones and the union of covers, from shapely geometries to shapely geometries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.kernels.areas import CUT, LEFT_INSIDE, UNDECIDED, Shares
from geoplan.kernels.flat import flat_areas
from geoplan.kernels.gaps import gaps
from geoplan.kernels.ground import constants
from geoplan.kernels.marks import Clashes, Marks, Noted, in_order, noted
from geoplan.kernels.overlay import AT_ONCE, built, candidates, own_sizes
from geoplan.kernels.threads import THREADS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import Geod

    from geoplan.kernels.flat import Flat

ZONES_AT_ONCE = 64
"""Zones of a task: the same whatever the number of threads, so that answers are."""

_STRIP = 8.0
"""Heights of a cover in a strip."""


class Uncovered(NamedTuple):
    """What covers leave of zones.

    Attributes
    ----------
    own : ndarray of float, shape (n,)
        Sizes of zones on the ellipsoid [m²].
    size : ndarray of float, shape (n,)
        Sizes of gaps [m²]; NaN where GEOS has to tell.
    shape : ndarray of shapely geometries, shape (n,)
        The gaps, empty where there is none; null where not asked for or not decided.
    """

    own: NDArray[np.float64]
    size: NDArray[np.float64]
    shape: NDArray[Any]


def uncovered(
    zones: NDArray[Any], covers: NDArray[Any], ellipsoid: Geod, *, shapes: bool,
    threads: int = THREADS,
) -> Uncovered:  # fmt: skip
    """Find what the union of covers leaves of each zone.

    Parameters
    ----------
    zones, covers : ndarray of shapely geometries, shape (n,) and (m,)
        Valid (multi)polygons in one Gauss-Krüger plane, neither null nor empty.
    ellipsoid : pyproj.Geod
        Of the plane.
    shapes : bool
        Whether to build the gaps.
    threads : int
        How many work at once; the answer is the same for any number.
    """
    known = constants(ellipsoid)
    ours, theirs = candidates(zones, covers)
    used, theirs = np.unique(theirs, return_inverse=True)
    with ThreadPoolExecutor(threads) as pool:
        one, other = pool.map(lambda side: flat_areas(side, known), (zones, covers[used]))
        marks, clashes = _marks(covers[used], other, pool)
        begins = np.searchsorted(ours, np.arange(len(zones) + 1))

        def task(begin: int) -> tuple[Shares, NDArray[Any] | None]:
            some = np.arange(begin, min(begin + ZONES_AT_ONCE, len(zones)))
            near = theirs[begins[some[0]] : begins[some[-1] + 1]]
            first = begins[some[0] : some[-1] + 2] - begins[some[0]]
            found = gaps(some, first, near, one, other, marks, clashes, known, shapes)
            return found, built(found) if shapes else None

        done = list(pool.map(task, range(0, len(zones), ZONES_AT_ONCE)))
    return _gathered(done, zones, own_sizes(one), shapes=shapes)


def _marks(covers: NDArray[Any], flat: Flat, pool: ThreadPoolExecutor) -> tuple[Marks, Clashes]:
    """Return what covers do to each other, and of which pairs that is not known."""
    order = _strips(flat.box)
    one, other = shapely.STRtree(covers).query(covers[order])
    one = order[one]
    once = one < other
    ours, theirs = one[once].astype(np.int64), other[once].astype(np.int64)

    def task(begin: int) -> Noted:
        chunk = slice(begin, begin + AT_ONCE)
        return noted(ours[chunk], theirs[chunk], flat)

    starts = range(0, len(ours), AT_ONCE)
    done = list(pool.map(task, starts)) or [noted(ours, theirs, flat)]
    at = np.concatenate([[], *(s + d.undecided for s, d in zip(starts, done, strict=False))])
    clashing = at.astype(np.int64)
    together = Noted(*(np.concatenate(column) for column in zip(*done, strict=True)))
    marks = in_order(together, flat, 0, len(flat.ring) - 1)
    return marks, _clashes(ours[clashing], theirs[clashing], len(covers))


def _strips(boxes: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return boxes strip by strip, from west to east: what neighbours hold is then in the cache."""
    height = _STRIP * np.median(boxes[:, 3] - boxes[:, 1]) if len(boxes) else 1.0
    return np.lexsort((boxes[:, 0], np.floor(boxes[:, 1] / height)))


def _clashes(ours: NDArray[np.int64], theirs: NDArray[np.int64], count: int) -> Clashes:
    """Return pairs of covers under each of both."""
    one, other = np.concatenate([ours, theirs]), np.concatenate([theirs, ours])
    order = np.lexsort((other, one))
    first = np.searchsorted(one[order], np.arange(count + 1))
    return Clashes(first.astype(np.int64), other[order])


def _gathered(
    done: list[tuple[Shares, NDArray[Any] | None]],
    zones: NDArray[Any],
    own: NDArray[np.float64],
    *,
    shapes: bool,
) -> Uncovered:
    """Return what tasks have found, one after the other."""
    state = np.concatenate([found.state for found, _ in done])
    size = np.concatenate([found.size for found, _ in done])
    shape = np.full(len(zones), None, dtype=object)
    whole = state == LEFT_INSIDE
    size[whole] = own[whole]
    if shapes:
        shape = np.concatenate([made for _, made in done if made is not None])
        state[(state == CUT) & shapely.is_missing(shape)] = UNDECIDED
        shape[size == 0.0] = shapely.Polygon()
        shape[whole] = zones[whole]
    undecided = state == UNDECIDED
    size[undecided], shape[undecided] = np.nan, None
    return Uncovered(own, size, shape)
