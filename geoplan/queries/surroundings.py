"""A site and the layers round it, made ready: what lies near, found by boxes in degrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from pyproj import CRS

from geoplan.crs import (
    MeasuringPlane,
    plane_at,
    refuse_beyond,
    shared_crs,
)
from geoplan.degree_boxes import boxes_in_degrees, reaching_boxes
from geoplan.errors import BadQuery
from geoplan.queries.checks import dimension, located
from geoplan.queries.nearest_points import runs_of
from geoplan.queries.shared import Side
from geoplan.queries.uncertainty import ACCURACY, accuracies

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray


class InPlane(NamedTuple):
    """Features in one plane.

    Attributes
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        Copies, which nothing prepares (see `geoplan.queries.nearest_points.pieces_of`).
    runs : ndarray of ndarrays, shape (n,)
        As of `runs_of`.
    """

    shapes: NDArray[Any]
    runs: NDArray[Any]

    @classmethod
    def of_none(cls, count: int) -> InPlane:
        """Return room for features that are not there yet."""
        return cls(*(np.full(count, None, dtype=object) for _ in cls._fields))


@dataclass(eq=False)
class ReadyLayer:
    """A layer made ready to have sites checked against it.

    Attributes
    ----------
    ids : ndarray, shape (n,)
        Of the features that have a position.
    geometries : ndarray of shapely geometries, shape (n,)
        In the layer's CRS.
    accuracy_m : ndarray of float, shape (n,)
        How far each may be off [m]; NaN where that is not known.
    unlocated : list
        Ids of the features that have none.
    worst_m : float
        The greatest accuracy that is known [m].
    tree : shapely.STRtree
        Of their boxes in degrees.
    overlaps_itself : bool
        Whether some of its features have been seen to share ground.
    """

    crs: CRS
    ids: NDArray[Any]
    geometries: NDArray[Any] = field(repr=False)
    accuracy_m: NDArray[np.float64] = field(repr=False)
    unlocated: list[Any]
    worst_m: float
    tree: shapely.STRtree = field(repr=False)
    overlaps_itself: bool = False
    _in_planes: dict[str, InPlane] = field(default_factory=dict, repr=False)

    def in_plane(self, plane: MeasuringPlane, at: NDArray[np.intp]) -> InPlane:
        """Return the features at some places in a plane; each is projected and cut once."""
        kept = self._in_planes.get(plane.name)
        if kept is None:
            kept = self._in_planes.setdefault(plane.name, InPlane.of_none(len(self.ids)))
        lacking = at[shapely.is_missing(kept.shapes[at])]
        if len(lacking):
            shapes = shapely.force_2d(plane.project(self.geometries[lacking], self.crs))
            # cut first: another thread takes what has its shape for complete
            kept.runs[lacking] = runs_of(shapes)
            kept.shapes[lacking] = shapes
        return InPlane(kept.shapes[at], kept.runs[at])


def ready(layer: GeoDataFrame, role: str = "layer") -> ReadyLayer:
    """Make a layer ready for `site_check`: worth it when more than one site is asked.

    Parameters
    ----------
    layer : GeoDataFrame
        Valid geometries of any dimension, indexed by feature id, with a CRS.
    role : str
        What to call it in messages.

    Raises
    ------
    CrsMismatch
        It has no CRS.
    EmptyLayer, DuplicateId, InvalidGeometry
        What it holds cannot be measured.
    """
    crs = shared_crs(layer)
    present, unlocated = located(layer, role)
    geometries = present.geometry.to_numpy()
    boxes = boxes_in_degrees(present, crs)
    accuracy = accuracies(present)
    return ReadyLayer(
        crs=crs,
        ids=present.index.to_numpy(),
        geometries=np.asarray(geometries, dtype=object),
        accuracy_m=accuracy,
        unlocated=unlocated,
        worst_m=float(np.nan_to_num(accuracy).max(initial=0.0)),
        tree=shapely.STRtree(reaching_boxes(boxes)),
    )


@dataclass(frozen=True)
class Site:
    """The site in its plane, with what is asked of every layer alike."""

    crs: CRS
    plane: MeasuringPlane
    shape: NDArray[Any]
    dimension: int
    size: float
    accuracy_m: float
    box: NDArray[np.float64]

    @classmethod
    def of(cls, site: GeoDataFrame) -> Site:
        """Return a site made ready, refused where it cannot be measured."""
        # the column alone: a table looks its geometry up anew whenever it is asked
        geometry = site.geometry
        crs = shared_crs(geometry)
        present, _ = located(geometry, "site")
        if len(present) != 1 or len(site) != 1:
            raise BadQuery(f"a site is one feature with a position; got {len(site)} features")
        box = boxes_in_degrees(present, crs)
        west, south, east, north = map(float, box[0])
        plane = plane_at(crs, (west + east) / 2.0, (south + north) / 2.0)
        refuse_beyond(plane, box[0], "the site")
        # a copy: it is prepared on the way, and may be asked of by several threads at once
        shape = shapely.force_2d(plane.project(present.to_numpy(), crs))
        accuracy = float(accuracies(site)[0]) if ACCURACY in site else 0.0
        size = float(Side(plane, shape).sizes(np.array([0]))[0])
        return cls(crs, plane, shape, dimension(present, "site"), size, accuracy, box)
