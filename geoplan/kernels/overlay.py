"""Areas against areas, from shapely geometries to shapely geometries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.kernels.areas import CUT, LEFT_INSIDE, NOTHING, RIGHT_INSIDE, UNDECIDED, Shares, shares
from geoplan.kernels.flat import flat_areas, flat_lines
from geoplan.kernels.ground import constants
from geoplan.kernels.lines import stretches as along_lines
from geoplan.kernels.threads import THREADS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import Geod

    from geoplan.kernels.flat import Flat

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

    def swapped(self) -> Overlay:
        """Return the same pairs asked the other way round."""
        order = np.lexsort((self.ours, self.theirs))
        return Overlay(
            self.theirs[order], self.ours[order], self.size[order], self.shape[order],
            self.right_size, self.left_size,
        )  # fmt: skip


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
    with ThreadPoolExecutor(threads) as pool:
        # the tree is made while the layers are laid out
        near = pool.submit(candidates, left, right)
        one, other = pool.map(lambda side: flat_areas(side, known), (left, right))
        ours, theirs = near.result()

        def task(begin: int) -> tuple[Shares, NDArray[Any] | None]:
            chunk = slice(begin, begin + AT_ONCE)
            found = shares(ours[chunk], theirs[chunk], one, other, known, shapes)
            return found, built(found) if shapes else None

        done = list(pool.map(task, range(0, len(ours), AT_ONCE)))
    sizes = own_sizes(one), own_sizes(other)
    return _gathered(done, ours, theirs, (left, right), sizes, shapes=shapes)


def stretches(
    lines: NDArray[Any], areas: NDArray[Any], ellipsoid: Geod, *, shapes: bool,
    threads: int = THREADS,
) -> Overlay:  # fmt: skip
    """Find which stretches of lines lie in areas, boundary included.

    Parameters
    ----------
    lines, areas : ndarray of shapely geometries, shape (n,) and (m,)
        Valid (multi)linestrings and (multi)polygons in one Gauss-Krüger plane, neither null
        nor empty.
    ellipsoid, shapes, threads
        As of `overlay`.

    Returns
    -------
    Overlay
        With lengths [m] as sizes of pairs and of lines.
    """
    known = constants(ellipsoid)
    with ThreadPoolExecutor(threads) as pool:
        of_line = pool.submit(flat_lines, lines, known)
        other = flat_areas(areas, known)
        one = of_line.result()
        ours, theirs = _near(one, areas)

        def task(begin: int) -> tuple[Shares, NDArray[Any] | None]:
            chunk = slice(begin, begin + AT_ONCE)
            found = along_lines(ours[chunk], theirs[chunk], one, other, known, shapes)
            return found, _joined(found) if shapes else None

        done = list(pool.map(task, range(0, len(ours), AT_ONCE)))
    # of a line that runs back over itself the same ground would count twice
    doubtful = ~shapely.is_simple(lines)
    for at, (found, _) in enumerate(done):
        chunk = slice(at * AT_ONCE, (at + 1) * AT_ONCE)
        found.state[doubtful[ours[chunk]] & (found.state != NOTHING)] = UNDECIDED
    sizes = own_sizes(one), own_sizes(other)
    return _gathered(done, ours, theirs, (lines, areas), sizes, shapes=shapes)


def _near(lines: Flat, areas: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of which a block of the line and the box of the area meet."""
    blocks = shapely.box(*lines.block_box.T)
    block, area = shapely.STRtree(areas).query(blocks)
    part = np.searchsorted(lines.block, block, side="right") - 1
    line = np.searchsorted(lines.feature, part, side="right") - 1
    key = np.unique(line * np.int64(len(areas)) + area)
    return key // len(areas), key % len(areas)


def _joined(found: Shares) -> NDArray[Any]:
    """Return the stretches of each pair as one shape."""
    shape = np.full(len(found.state), None, dtype=object)
    if len(found.pair):
        parts = shapely.from_ragged_array(shapely.GeometryType.LINESTRING, found.xy, (found.ring,))
        _gather(parts, found.pair, shapely.multilinestrings, shape)
    return shape


def _gather(parts: NDArray[Any], owner: NDArray[np.int64], make: Any, shape: NDArray[Any]) -> None:
    """Put parts, in the order of their owners, where these are: several as one of many parts."""
    begins = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    count = np.diff(np.r_[begins, len(owner)])
    single = count == 1
    shape[owner[begins[single]]] = parts[begins[single]]
    several = np.repeat(~single, count)
    if several.any():
        made = np.full(len(shape), None, dtype=object)
        make(parts[several], indices=owner[several], out=made)
        places = owner[begins[~single]]
        shape[places] = made[places]


def _gathered(
    done: list[tuple[Shares, NDArray[Any] | None]],
    ours: NDArray[np.int64],
    theirs: NDArray[np.int64],
    sides: tuple[NDArray[Any], NDArray[Any]],
    sizes: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    shapes: bool,
) -> Overlay:
    """Return what tasks have found, one after the other."""
    state = np.concatenate([found.state for found, _ in done] or [np.empty(0, np.int8)])
    size = np.concatenate([found.size for found, _ in done] or [np.empty(0)])
    shape = np.full(len(ours), None, dtype=object)
    if shapes and done:
        shape = np.concatenate([made for _, made in done if made is not None])
        state[(state == CUT) & shapely.is_missing(shape)] = UNDECIDED
    for inside, which, whole, geometries in (
        (LEFT_INSIDE, ours, sizes[0], sides[0]),
        (RIGHT_INSIDE, theirs, sizes[1], sides[1]),
    ):
        here = np.flatnonzero(state == inside)
        size[here] = whole[which[here]]
        if shapes:
            shape[here] = geometries[which[here]]
    size[state == UNDECIDED] = np.nan
    there = np.flatnonzero(state != NOTHING)
    return Overlay(ours[there], theirs[there], size[there], shape[there], *sizes)


def candidates(
    left: NDArray[Any], right: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs whose boxes meet, ordered by left, then right."""
    if len(left) >= len(right):
        theirs, ours = shapely.STRtree(left).query(right)
    else:
        ours, theirs = shapely.STRtree(right).query(left)
    order = np.argsort(ours * np.int64(len(right)) + theirs)
    return ours[order].astype(np.int64), theirs[order].astype(np.int64)


def own_sizes(areas: Flat) -> NDArray[np.float64]:
    """Return the size of each feature on the ellipsoid: m² of areas, m of lines."""
    return np.add.reduceat(areas.ring_size, areas.feature[:-1])


def built(found: Shares) -> NDArray[Any]:
    """Return the shapes of cut pairs; null where rounding has made one invalid."""
    shape = np.full(len(found.state), None, dtype=object)
    if not len(found.pair):
        return shape
    first = np.flatnonzero(found.is_shell)
    parts = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, found.xy, (found.ring, np.r_[first, len(found.is_shell)])
    )
    owner = found.pair[first]
    _gather(parts, owner, shapely.multipolygons, shape)
    owner = np.unique(owner)
    unsure = owner[~found.sure[owner]]
    shape[unsure[~shapely.is_valid(shape[unsure])]] = None
    return shape
