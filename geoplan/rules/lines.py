"""The line that a law measures from, found in what a layer holds, or the reason why it is not.

A law measures from the edge of a road's land, a layer often holds its axis. The edge is taken
from a layer of land where there is one, else made of the axis and a half-width that the layer
states; where neither is there, nothing is measured and the reason says which field is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from pandas import DataFrame

    from geoplan.model import LineMeaning
    from geoplan.rules.model import MeasuringLine

QUADRANT = 32
"""Segments of a quarter circle in a zone's round corners: 0.03 % short of the true circle."""


class HalfWidth(NamedTuple):
    """Where the distance from axis to line stands: a column, and what to multiply it by."""

    column: str
    factor: float = 1.0


HALF_WIDTHS: dict[MeasuringLine, tuple[HalfWidth, ...]] = {
    "land_edge": (HalfWidth("land_half_width_m"),),
    "pipe_face": (HalfWidth("diameter_mm", 0.0005),),
    "structure": (HalfWidth("subgrade_width_m", 0.5), HalfWidth("land_half_width_m")),
    "track_edge": (HalfWidth("track_half_width_m"),),
    "conductor_edge": (HalfWidth("conductor_half_width_m"),),
}
"""Measuring line → columns that tell how far it lies from an axis; the first filled one counts."""


@dataclass(frozen=True)
class LegalLine:
    """What to measure from, for each feature of a layer.

    Attributes
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        In the plane; None where the line is not known.
    accuracy_m : ndarray of float, shape (n,)
        How far it may be off [m]; NaN where that is not known.
    half_width_m : ndarray of float, shape (n,)
        What was added to the axis [m]; NaN where nothing was.
    basis : ndarray of str, shape (n,)
        Where the line comes from: ``as_drawn``, ``land_layer``, or the column of the half-width.
    missing : ndarray of str or None, shape (n,)
        Why there is none: the column that is empty.
    """

    shapes: NDArray[Any]
    accuracy_m: NDArray[np.float64]
    half_width_m: NDArray[np.float64]
    basis: NDArray[Any]
    missing: NDArray[Any]


class Land(NamedTuple):
    """The land of linear features: areas in the plane, by the number that ties them to a route."""

    shapes: Mapping[Any, Any]
    accuracy_m: Mapping[Any, float]


def legal_line(
    attributes: DataFrame,
    shapes: NDArray[Any],
    accuracy_m: NDArray[np.float64],
    line: MeasuringLine,
    *,
    line_means: LineMeaning | None = None,
    land: Land | None = None,
) -> LegalLine:
    """Find the line that a law measures from.

    Parameters
    ----------
    attributes : DataFrame
        Of the features, in the order of `shapes`.
    shapes : ndarray of shapely geometries, shape (n,)
        The features in the plane, none of them null.
    accuracy_m : ndarray of float, shape (n,)
        Of the features [m].
    line : MeasuringLine
        The one that the law names.
    line_means : {"centreline", "edge"}, optional
        What the layer's lines stand for; None for layers of areas and points.
    land : Land, optional
        Of a layer of land, by ``road_code``.

    Notes
    -----
    An area is its own edge, whatever the line is called. A line that already stands for the
    edge needs no half-width. A half-width of nothing (0) is taken as stated.
    """
    found = _Lines.as_drawn(shapes, accuracy_m)
    linear = shapely.get_dimensions(shapes) == 1
    if line_means == "edge" or line not in HALF_WIDTHS or not linear.any():
        return found.frozen()
    wanted = linear
    if line == "land_edge" and land is not None and "road_code" in attributes:
        wanted = linear & ~found.take_land(attributes["road_code"].to_numpy(), linear, land)
    found.widen(attributes, wanted, HALF_WIDTHS[line])
    return found.frozen()


@dataclass
class _Lines:
    """A legal line in the making."""

    shapes: NDArray[Any]
    accuracy_m: NDArray[np.float64]
    half_width_m: NDArray[np.float64]
    basis: NDArray[Any]
    missing: NDArray[Any]

    @classmethod
    def as_drawn(cls, shapes: NDArray[Any], accuracy_m: NDArray[np.float64]) -> _Lines:
        count = len(shapes)
        drawn, nothing = np.full(count, "as_drawn", dtype=object), np.full(count, None, object)
        return cls(shapes.copy(), accuracy_m.copy(), np.full(count, np.nan), drawn, nothing)

    def take_land(
        self, codes: NDArray[Any], linear: NDArray[np.bool_], land: Land
    ) -> NDArray[np.bool_]:
        """Put land in the place of the axes that have some, and return which have."""
        known = np.array([code in land.shapes for code in codes], dtype=bool) & linear
        for row in np.flatnonzero(known):
            self.shapes[row] = land.shapes[codes[row]]
            self.accuracy_m[row] = land.accuracy_m[codes[row]]
        self.basis[known] = "land_layer"
        return known

    def widen(
        self, attributes: DataFrame, wanted: NDArray[np.bool_], columns: tuple[HalfWidth, ...]
    ) -> None:
        """Make edges of axes by the first half-width that is stated."""
        for column, factor in columns:
            if column not in attributes:
                continue
            stated = attributes[column].to_numpy(dtype=float, na_value=np.nan) * factor
            here = wanted & np.isfinite(stated) & np.isnan(self.half_width_m)
            self.half_width_m[here] = stated[here]
            self.basis[here] = column
        without = wanted & np.isnan(self.half_width_m)
        self.missing[without] = columns[0].column
        self.shapes[without] = None
        there = wanted & ~without & (self.half_width_m > 0)
        self.shapes[there] = shapely.buffer(
            self.shapes[there], self.half_width_m[there], quad_segs=QUADRANT, cap_style="flat"
        )

    def frozen(self) -> LegalLine:
        return LegalLine(self.shapes, self.accuracy_m, self.half_width_m, self.basis, self.missing)


def land_of(features: DataFrame, shapes: NDArray[Any], accuracy_m: NDArray[np.float64]) -> Land:
    """Return the land of a layer of areas, united by ``road_code``, the worst accuracy kept."""
    if "road_code" not in features:
        return Land({}, {})
    codes = features["road_code"].to_numpy()
    told = np.array([isinstance(code, str) and bool(code.strip()) for code in codes], dtype=bool)
    names = np.unique(codes[told].astype(str))
    return Land(
        {name: shapely.union_all(shapes[codes == name]) for name in names},
        # NaN, the unknown, wins over any number
        {name: float(np.max(accuracy_m[codes == name])) for name in names},
    )
