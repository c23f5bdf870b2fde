"""A plan in its measuring plane, ready for many sheets: projected once, whatever is drawn of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS

from geoplan.crs import to_crs
from geoplan.figure.findings import Found, found_in
from geoplan.symbols import symbols
from geoplan.webmap.tints import tints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.symbols import Symbol
    from geoplan.webmap.content import MapContent, MapLayer

    Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Flat:
    """A layer in the plane.

    Attributes
    ----------
    shapes : ndarray of geometry
        Those that have a place, without heights.
    rows : ndarray of int
        Which features of the layer they are.
    boxes : ndarray, shape (n, 4)
        West, south, east, north of each [m].
    """

    entry: MapLayer
    symbol: Symbol
    shapes: NDArray[Any]
    rows: NDArray[np.intp]
    boxes: NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """A plan, its layers in the plane, and its hits and doubts in the order of their numbers."""

    content: MapContent
    crs: CRS
    layers: tuple[Flat, ...]
    findings: tuple[Found, ...]

    def bounds(self) -> Box | None:
        """Return what the features of the plan span [m], and a rim round them."""
        boxes = [
            one.boxes for one in self.layers if one.entry.layer.role == "plan" and len(one.boxes)
        ]
        return None if not boxes else _rimmed(np.concatenate(boxes), 0.04, 50.0)

    def bounds_of(self, found: list[Found]) -> Box | None:
        """Return what findings span [m]; where they have no place, what their features do."""
        shapes = [one.shape for one in found if one.shape is not None]
        if shapes:
            return _rimmed(shapely.bounds(np.array(shapes, dtype=object)), 0.6, 250.0)
        wanted = {
            (one.row[f"{side}_layer"], one.row[f"{side}_id"])
            for one in found
            for side in ("subject", "object")
        }
        boxes = [
            one.boxes[[(one.entry.layer.id, name) in wanted for name in names]]
            for one in self.layers
            for names in [one.entry.features.index[one.rows]]
        ]
        boxes = [one for one in boxes if len(one)]
        return _rimmed(np.concatenate(boxes), 0.2, 250.0) if boxes else None


def _rimmed(boxes: NDArray[np.float64], share: float, least: float) -> Box:
    west, south = (float(side) for side in boxes[:, :2].min(axis=0))
    east, north = (float(side) for side in boxes[:, 2:].max(axis=0))
    away = max(least, share * max(east - west, north - south))
    return west - away, south - away, east + away, north + away


def prepare(content: MapContent, crs: CRS | None = None) -> Prepared:
    """Bring layers and findings into the plan's measuring plane, or what else is wanted."""
    crs = crs or CRS.from_user_input(content.plan.measuring_plane)
    colours = tints(content.layers)
    layers = [_flat(entry, tint, crs) for entry, tint in zip(content.layers, colours, strict=True)]
    layers.sort(key=lambda one: (one.symbol.order, one.entry.layer.geometry == "line"))
    return Prepared(content, crs, tuple(layers), tuple(found_in(content, crs)))


def _flat(entry: MapLayer, tint: dict[str, Any] | None, crs: CRS) -> Flat:
    symbol = entry.symbol or symbols().get(entry.layer.kind) or symbols()["generic"]
    symbol = symbol.model_copy(update=tint) if tint else symbol
    features = entry.features
    located = (features.geometry.notna() & ~features.geometry.is_empty).to_numpy()
    rows = np.flatnonzero(located)
    if not len(rows):
        return Flat(entry, symbol, np.array([], dtype=object), rows, np.empty((0, 4)))
    flat = to_crs(features[[features.geometry.name]].iloc[rows], crs)
    shapes = shapely.force_2d(flat.geometry.to_numpy())
    return Flat(entry, symbol, shapes, rows, shapely.bounds(shapes))
