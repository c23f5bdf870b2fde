"""Left and right of a route, seen in the direction of its chainage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.edges import Edges

CONTACT_M = 1e-6
"""Nearer than this is touching: coordinates of 4e7 m are known to 7e-9 m."""

_BACK = -1.0 + 1e-12
"""The cosine between two directions that are opposite, but for rounding."""

LEFT, RIGHT, BOTH, ON = "left", "right", "both", "on"


def directions(
    edges: Edges, which: NDArray[np.intp], metres: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the unit vectors, shape (p, 2), in which a route comes to places and goes on.

    They differ at vertices only. At the two ends of a part, where there is one, it is both.

    Parameters
    ----------
    edges : Edges
        In order along the routes.
    which : ndarray of int, shape (p,)
        The edges that the places are on.
    metres : ndarray of float, shape (p,)
        From the start of each edge.
    """
    run = edges.end - edges.start
    unit = run / np.hypot(*run.T)[:, np.newaxis]
    before, after = np.maximum(which - 1, 0), np.minimum(which + 1, len(edges) - 1)
    at_start = (metres <= CONTACT_M) & _joined(edges, before, which)
    at_end = (metres >= edges.length_m[which] - CONTACT_M) & _joined(edges, after, which)
    comes = unit[np.where(at_start, before, which)]
    goes = unit[np.where(at_end, after, which)]
    return comes, goes


def _joined(edges: Edges, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.bool_]:
    # the plane too: directions of two planes differ by the convergence of their meridians
    return np.asarray(
        (edges.route[one] == edges.route[other])
        & (edges.part[one] == edges.part[other])
        & (edges.meridian[one] == edges.meridian[other])
    )


def turned(
    comes: NDArray[np.float64], goes: NDArray[np.float64], to: NDArray[np.float64]
) -> NDArray[np.int_]:
    """Return on which side of a route, 1 left, -1 right, 0 neither, vectors from it point.

    Where the route turns left, left is the wedge inside of the turn: left of both edges. Where
    it turns right, left is all but the wedge to the right.

    Parameters
    ----------
    comes, goes : ndarray of float, shape (p, 2)
        Unit vectors of the route at the places.
    to : ndarray of float, shape (p, 2)
        From the places [m].
    """
    # a vector shorter than the tolerance, or within it of the route's own line, is on neither
    of_first, of_second = _across(comes, to), _across(goes, to)
    turns_left = _across(comes, goes) > 0
    left = np.where(
        turns_left,
        (of_first > CONTACT_M) & (of_second > CONTACT_M),
        (of_first > CONTACT_M) | (of_second > CONTACT_M),
    )
    right = np.where(
        turns_left,
        (of_first < -CONTACT_M) | (of_second < -CONTACT_M),
        (of_first < -CONTACT_M) & (of_second < -CONTACT_M),
    )
    # at the tip of a line that turns back upon itself left is right
    back = (comes * goes).sum(axis=1) <= _BACK
    return np.where(back, 0, np.where(left, 1, np.where(right, -1, 0)))


def _across(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def side_names(left: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the words for what lies left, right, on both sides, or on the line itself."""
    return np.select([left & right, left, right], [BOTH, LEFT, RIGHT], ON).astype(object)
