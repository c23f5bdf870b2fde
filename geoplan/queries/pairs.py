"""The pairs of features that meet, and what each pair shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray


def meeting(left: NDArray[Any], right: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of all pairs that meet, ordered by left, then right.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (n,) and (m,)
        In one plane, neither null nor empty.
    """
    theirs, ours = shapely.STRtree(left).query(right, predicate="intersects")
    order = np.lexsort((theirs, ours))
    return ours[order], theirs[order]


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
