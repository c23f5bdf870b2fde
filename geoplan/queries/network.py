"""All routes of a question as one table of edges, and the zones beside them in each plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.crs import MeasuringPlane, lonlat_bounds
from geoplan.errors import FeatureTooWide, InvalidGeometry
from geoplan.queries.edges import Edges, joined
from geoplan.queries.segments import HALF_UNIT_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.queries.route import Route


@dataclass(frozen=True, eq=False)
class Network:
    """Routes side by side.

    Attributes
    ----------
    routes : sequence of Route
        ``edges.route`` is the position in it.
    edges : Edges
        Of all routes, in their order.
    along_m, design_from, design_to : ndarray of float, shape (m,)
        As in `Route`.
    block : ndarray of int, shape (m,)
        Grows wherever design metres jump, at a new route or a gap that M values count: no
        stretch leads over that.
    """

    routes: Sequence[Route]
    edges: Edges
    along_m: NDArray[np.float64]
    design_from: NDArray[np.float64]
    design_to: NDArray[np.float64]
    block: NDArray[np.intp]

    @classmethod
    def of(cls, routes: Sequence[Route]) -> Network:
        """Put measured routes, at least one, into one table."""
        edges = joined([route.edges for route in routes])
        design_from = np.concatenate([route.design_from for route in routes])
        design_to = np.concatenate([route.design_to for route in routes])
        jumps = np.abs(design_from[1:] - design_to[:-1]) > HALF_UNIT_M
        jumps |= edges.route[1:] != edges.route[:-1]
        return cls(
            routes, edges, np.concatenate([route.along_m for route in routes]),
            design_from, design_to, np.concatenate([[0], np.cumsum(jumps)]),
        )  # fmt: skip

    def along(self, edge: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metres on the ellipsoid from the start of the route at fractions of edges."""
        return np.asarray(self.along_m[edge] + self.edges.metres(edge, t))

    def design(self, edge: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return design metres from the start of the route at fractions of edges."""
        share = self.edges.metres(edge, t) / self.edges.length_m[edge]
        reach = self.design_to[edge] - self.design_from[edge]
        return np.asarray(self.design_from[edge] + share * reach)

    def whole(self) -> NDArray[np.float64]:
        """Return the length of each route on the ellipsoid [m]."""
        return np.array([route.raw_length_m for route in self.routes])


class Beside(NamedTuple):
    """What may meet in one plane.

    Attributes
    ----------
    plane : MeasuringPlane
        The plane.
    edges : ndarray of int
        Positions of the edges that are measured in it.
    zones : ndarray of int
        Positions of the zones.
    shapes : ndarray of shapely geometries
        These zones, in the plane.
    """

    plane: MeasuringPlane
    edges: NDArray[np.intp]
    zones: NDArray[np.intp]
    shapes: NDArray[Any]


def beside(network: Network, zones: GeoDataFrame, crs: CRS) -> Iterator[Beside]:
    """Yield the edges of each plane together with the zones, projected.

    A zone may be as wide as it likes: it is asked only where edges are, and these lie within
    1.6° of the meridian of their plane.

    Raises
    ------
    InvalidGeometry
        A zone has coordinates that are no place on Earth.
    FeatureTooWide
        A zone reaches so far round the Earth that it has no shape in the plane.
    """
    if len(zones) == 0:
        return
    _refuse_off_earth(zones, crs)
    everything = np.arange(len(network.edges))
    geometries = zones.geometry.to_numpy()
    for plane, mine in network.edges.by_plane(everything):
        shapes = plane.project(geometries, crs)
        there = np.isfinite(shapely.bounds(shapes)).all(axis=1)
        _refuse_round_the_earth(zones[~there], mine, network, crs)
        yield Beside(plane, mine, np.flatnonzero(there), shapes[there])


def _refuse_off_earth(zones: GeoDataFrame, crs: CRS) -> None:
    boxes = np.asarray(shapely.bounds(zones.geometry.to_numpy()), dtype=float)
    whole = [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]
    if _on_earth(lonlat_bounds(np.array(whole), crs)):
        return
    for zone_id, box in zip(zones.index.tolist(), boxes, strict=True):
        if not _on_earth(lonlat_bounds(box, crs)):
            raise InvalidGeometry(
                f"zone {zone_id!r} has coordinates that are no place on Earth in {crs.name}: check "
                f"the CRS of the layer, and that x is east or longitude and y is north or latitude"
            )


def _on_earth(box: tuple[float, float, float, float]) -> bool:
    return bool((np.abs(box) <= np.array([360.0, 90.0, 360.0, 90.0]) + 1e-9).all())


def _refuse_round_the_earth(
    zones: GeoDataFrame, edges: NDArray[np.intp], network: Network, crs: CRS
) -> None:
    """Refuse zones without a shape in a plane, unless they are nowhere near its edges."""
    if len(zones) == 0:
        return
    drawn = network.edges.drawn_start[edges], network.edges.drawn_end[edges]
    low, high = np.min(drawn, axis=(0, 1)), np.max(drawn, axis=(0, 1))
    near = shapely.intersects(zones.geometry.to_numpy(), shapely.box(*low, *high))
    if near.any():
        raise FeatureTooWide(
            f"zone {zones.index[near].tolist()[0]!r} reaches too far round the Earth to have a "
            f"shape in the plane that measures the routes: cut it into parts"
        )
