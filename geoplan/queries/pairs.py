"""The pairs of features that meet, and what each pair shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Meeting(NamedTuple):
    """Pairs that meet.

    Attributes
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Positions of the pairs in left and right, ordered by left, then right.
    left_inside, right_inside : ndarray of bool, shape (p,)
        Where one feature lies properly inside the other, which is then what they share.
    """

    ours: NDArray[np.intp]
    theirs: NDArray[np.intp]
    left_inside: NDArray[np.bool_]
    right_inside: NDArray[np.bool_]

    def swapped(self) -> Meeting:
        """Return the same pairs asked the other way round."""
        order = np.lexsort((self.ours, self.theirs))
        return Meeting(
            self.theirs[order],
            self.ours[order],
            self.right_inside[order],
            self.left_inside[order],
        )


def meeting(left: NDArray[Any], right: NDArray[Any]) -> Meeting:
    """Find all pairs that meet, and which of them lie one inside the other.

    Preparing a feature pays when many others ask it: so it is the fewer that are prepared, and
    of the many only those that may hold one of the fewer.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (n,) and (m,)
        In one plane, neither null nor empty.
    """
    if len(left) < len(right):
        return meeting(right, left).swapped()
    theirs, ours = shapely.STRtree(left).query(right)
    shapely.prepare(right)
    inside = shapely.contains_properly(right[theirs], left[ours])
    meets = inside.copy()
    rest = np.flatnonzero(~inside)
    meets[rest] = shapely.intersects(right[theirs[rest]], left[ours[rest]])
    ours, theirs, inside = ours[meets], theirs[meets], inside[meets]
    holds = np.zeros(len(ours), dtype=bool)
    may = np.flatnonzero(_box_inside(right, left, theirs, ours) & ~inside)
    shapely.prepare(left[ours[may]])
    holds[may] = shapely.contains_properly(left[ours[may]], right[theirs[may]])
    order = np.lexsort((theirs, ours))
    return Meeting(ours[order], theirs[order], inside[order], holds[order])


def _box_inside(
    small: NDArray[Any],
    large: NDArray[Any],
    of_small: NDArray[np.intp],
    of_large: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Tell for pairs whether the box of the one lies inside the box of the other."""
    inner, outer = shapely.bounds(small)[of_small], shapely.bounds(large)[of_large]
    return np.asarray(
        (inner[:, :2] > outer[:, :2]).all(axis=1) & (inner[:, 2:] < outer[:, 2:]).all(axis=1)
    )


def intersections(
    left: NDArray[Any],
    right: NDArray[Any],
    ours: NDArray[np.intp],
    theirs: NDArray[np.intp],
) -> NDArray[Any]:
    """Return what each pair shares.

    A feature that lies properly inside the other is what they share: the prepared predicate
    that finds these costs a tenth of an intersection, and in a cadastre they are the rule.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (n,) and (m,)
        In one plane; valid.
    ours, theirs : ndarray of int, shape (p,)
        Positions of the pairs in `left` and `right`.

    Returns
    -------
    ndarray of shapely geometries, shape (p,)
        The intersections, of any dimension.
    """
    shared = left[ours]
    other = right[theirs]
    shapely.prepare(left)
    shapely.prepare(right)
    left_inside = shapely.contains_properly(other, shared)
    right_inside = ~left_inside & shapely.contains_properly(shared, other)
    shared[right_inside] = other[right_inside]
    crossing = ~(left_inside | right_inside)
    shared[crossing] = shapely.intersection(shared[crossing], other[crossing])
    return np.asarray(shared, dtype=object)


def of_dimension(geometries: NDArray[Any], dimension: int) -> NDArray[Any]:
    """Return geometries reduced to their parts of one dimension, null where there is none.

    Where two areas share a piece and also touch elsewhere, GEOS answers a collection of the
    piece and of the points and lines of contact; the contacts share nothing.
    """
    reduced = geometries.copy()
    mixed = shapely.get_type_id(geometries) == shapely.GeometryType.GEOMETRYCOLLECTION
    other = ~mixed & (shapely.get_dimensions(geometries) != dimension)
    reduced[other | shapely.is_empty(geometries)] = None
    places = np.flatnonzero(mixed)
    if len(places):
        parts, owner = shapely.get_parts(geometries[places], return_index=True)
        wanted = shapely.get_dimensions(parts) == dimension
        reduced[places] = _gathered(parts[wanted], owner[wanted], len(places), dimension)
    return reduced


def _gathered(
    parts: NDArray[Any], owner: NDArray[np.intp], count: int, dimension: int
) -> NDArray[Any]:
    """Return one multi-geometry for each owner, null for an owner of nothing."""
    make = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    gathered = np.full(count, None, dtype=object)
    if len(parts):
        singles, owner_of_single = shapely.get_parts(parts, return_index=True)
        make(singles, indices=owner[owner_of_single], out=gathered)
    return gathered
