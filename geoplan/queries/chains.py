"""Features as chains of edges in flat arrays, each point with what was measured up to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan import ellipsoid
from geoplan.queries.checks import AREA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.crs import MeasuringPlane

_CLEARLY = 1e-9  # of the sum of triangles: more than rounding makes of it

_EDGES_AT_ONCE = 65_536  # so that they stay in the processor's cache

RUN_EDGES = 24
"""Most edges in a run, the stretch of a chain that one box stands for."""


@dataclass(frozen=True)
class Chains:
    """The rings of areas, the interior on their left, or the parts of lines.

    Attributes
    ----------
    lines : ndarray of shapely geometries, shape (c,)
        The chains, or areas that have no other ring.
    xy : ndarray of float, shape (n, 2)
        All points [m].
    first, last : ndarray of int, shape (c,)
        The first and the last point of each chain.
    owner : ndarray of int, shape (c,)
        The feature of each chain.
    chain : ndarray of int, shape (n,)
        The chain of each point.
    axis : ndarray of float, shape (c,)
        An easting to measure areas from, the same for all chains of a feature [m].
    areal : bool
        Whether they are rings.
    """

    plane: MeasuringPlane
    lines: NDArray[Any]
    xy: NDArray[np.float64]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    owner: NDArray[np.intp]
    chain: NDArray[np.intp]
    axis: NDArray[np.float64]
    areal: bool

    @classmethod
    def of(cls, geometries: NDArray[Any], plane: MeasuringPlane) -> Chains:
        """Return the chains of valid features of one dimension, 1 or 2."""
        areal = bool(shapely.get_dimensions(geometries[0]) == AREA)
        simple = areal and _of_one_ring(geometries)
        parts, owner = geometries, np.arange(len(geometries))
        if not simple:
            parts, owner = shapely.get_parts(geometries, return_index=True)
        xy, chain, first, last = _points(parts)
        if areal and not (simple and _turn_left(xy, first, last)):
            parts, owner = shapely.get_parts(geometries, return_index=True)
            parts, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
            owner = owner[part]
            xy, chain, first, last = _points(parts)
        axis = xy[first[np.searchsorted(owner, owner)], 0]
        return cls(plane, parts, xy, first, last, owner, chain, axis, areal)

    def before(self, chains: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return what is measured from the start of some chains up to each of their points.

        Of lines it is the length [m], of rings the area between them and their axis [m²];
        shape (n,), 0 on other chains.
        """
        wanted = np.zeros(len(self.first), dtype=bool)
        wanted[chains] = True
        points = np.flatnonzero(wanted[self.chain])
        chain = self.chain[points]
        edges = np.flatnonzero(points < self.last[chain])
        size = np.zeros(len(points))
        for begin in range(0, len(edges), _EDGES_AT_ONCE):
            edge = edges[begin : begin + _EDGES_AT_ONCE]
            start = points[edge]
            axis = self.axis[chain[edge]]
            size[edge + 1] = measured(
                self.xy[start], self.xy[start + 1], axis, self.plane, areal=self.areal
            )
        total = np.cumsum(size, dtype=np.longdouble)  # a city of them must not blur one
        count = (self.last - self.first + 1)[wanted]
        begin_of = total[np.cumsum(count) - count]
        before = np.zeros(len(self.xy))
        before[points] = total - np.repeat(begin_of, count)
        return before

    def upto(
        self,
        point: NDArray[np.intp],
        place: NDArray[np.float64],
        axis: NDArray[np.float64],
        before: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return what is measured from the start of a chain to a place on an edge.

        Parameters
        ----------
        point : ndarray of int, shape (k,)
            Where the edge starts.
        place : ndarray of float, shape (k, 2)
            A place on it [m].
        axis : ndarray of float, shape (k,)
            The easting to measure an area from [m]; of no account for lines.
        before : ndarray of float, shape (n,)
            Of the chains in question.
        """
        chain = self.chain[point]
        own = self.axis[chain]
        rest = measured(self.xy[point], place, own, self.plane, areal=self.areal)
        total = before[point] + rest
        if self.areal:
            total += (own - axis) * (place[:, 1] - self.xy[self.first[chain], 1])
        return total

    def runs(self, edges: int = RUN_EDGES) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the first and the last point of all runs of at most so many edges."""
        count = -(-(self.last - self.first) // edges)
        which = np.repeat(np.arange(len(self.first)), count)
        number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        start = self.first[which] + number * edges
        return start, np.minimum(start + edges, self.last[which])


def measured(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    axis: NDArray[np.float64],
    plane: MeasuringPlane,
    *,
    areal: bool,
) -> NDArray[np.float64]:
    """Return the length of edges [m], or the area between them and an easting [m²]."""
    if not areal:
        return np.asarray(ellipsoid.edge_length_m(start, end, plane.geod))
    width = (start[:, 0] + end[:, 0]) / 2.0 - axis
    return np.asarray(
        width * (end[:, 1] - start[:, 1]) - ellipsoid.strip_excess_m2(start, end, plane.geod)
    )


def _points(
    parts: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return all points, the part of each, and the first and the last point of each part."""
    xy, part = shapely.get_coordinates(parts, return_index=True)
    first = np.flatnonzero(np.r_[True, part[1:] != part[:-1]])
    return xy, part, first, np.r_[first[1:], len(xy)] - 1


def _of_one_ring(areas: NDArray[Any]) -> bool:
    """Tell whether all areas are of one ring each, as most layers are."""
    if (shapely.get_type_id(areas) != shapely.GeometryType.POLYGON).any():
        return False
    return not shapely.get_num_interior_rings(areas).any()


def _turn_left(xy: NDArray[np.float64], first: NDArray[np.intp], last: NDArray[np.intp]) -> bool:
    """Tell whether all rings certainly turn left, by the signs of their areas."""
    count = last - first + 1
    x, y = (xy - np.repeat(xy[first], count, axis=0)).T
    twice = np.zeros(len(xy))
    twice[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    twice[last] = 0.0
    area, size = np.add.reduceat(twice, first), np.add.reduceat(np.abs(twice), first)
    return bool((area > _CLEARLY * size).all())
