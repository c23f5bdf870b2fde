"""What a check looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geoplan.crs import MAX_OFFSET_DEG, MeasuringPlane, geographic, plane_at, reproject
from geoplan.errors import CrsMismatch

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from geoplan.model import Bbox
    from geoplan.schema import LayerSchema

Level = Literal["info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("info", "warning", "error")


@dataclass(frozen=True)
class Limits:
    """The tolerances of the checks, each explicit.

    Attributes
    ----------
    vertices : int
        Most vertices of one feature; beyond, no other check looks at its geometry.
    overlap_m2 : float
        Shared areas up to this are rounding [m²].
    gap_m, sliver_m, dangle_m : float
        A narrower gap between neighbours, a thinner area, and a line end nearer to another
        line than this are findings [m].
    on_line_m : float
        A line end this near to a line lies on it; a gap narrower than this is closed [m].
    declared_ratio : float
        Most that a published figure may differ from the drawn one [of the drawn one].
    """

    vertices: int = 100_000
    overlap_m2: float = 0.1
    gap_m: float = 1.0
    sliver_m: float = 1.0
    dangle_m: float = 1.0
    on_line_m: float = 0.001
    declared_ratio: float = 0.01


@dataclass(frozen=True)
class Finding:
    """One thing found: of a feature, or, without ``at``, of the layer.

    Attributes
    ----------
    at, other : int, optional
        Row of the feature, and of the other one where there are two.
    value : str, optional
        What stands there, as text.
    count : int
        How many such things this finding stands for.
    point : tuple of float, optional
        Where, in the layer's CRS; without it a point of the feature stands for it.
    level : Level, optional
        Where it differs from the level of the code.
    words : mapping
        What the message names.
    """

    at: int | None = None
    other: int | None = None
    column: str | None = None
    value: str | None = None
    count: int = 1
    point: tuple[float, float] | None = None
    level: Level | None = None
    words: Mapping[str, Any] = field(default_factory=dict)


class Local(NamedTuple):
    """Features in the plane that measures them."""

    plane: MeasuringPlane
    rows: NDArray[np.intp]
    geometries: NDArray[Any]


@dataclass(frozen=True)
class Subject:
    """A layer under inspection, with what several checks need of it, worked out once."""

    features: pd.DataFrame
    schema: LayerSchema | None
    extent: Bbox | None
    limits: Limits
    today: date
    id_column: str | None = None

    @cached_property
    def geometries(self) -> NDArray[Any]:
        """The geometries, null where there is none; heights and measures left out."""
        nothing = np.full(len(self.features), None, dtype=object)
        active = getattr(self.features, "_geometry_column_name", None)
        if active is None or active not in self.features:
            return nothing
        nothing[:] = self.features[active].to_numpy()
        small = shapely.get_num_coordinates(nothing) <= self.limits.vertices
        nothing[small] = shapely.force_2d(nothing[small])
        return nothing

    @cached_property
    def crs(self) -> CRS | None:
        """The CRS, None when there is none or it is not tied to the Earth."""
        if getattr(self.features, "_geometry_column_name", None) not in self.features:
            return None
        known = getattr(self.features, "crs", None)
        if not isinstance(known, CRS):
            return None
        try:
            geographic(known)
        except CrsMismatch:
            return None
        return known

    @cached_property
    def vertices(self) -> NDArray[np.int32]:
        """How many vertices each feature has."""
        return np.asarray(shapely.get_num_coordinates(self.geometries))

    @cached_property
    def empty(self) -> NDArray[np.bool_]:
        """Which geometries are there, but empty."""
        return np.asarray(shapely.is_empty(self.geometries))

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which features have a geometry that is not empty."""
        return np.asarray(~shapely.is_missing(self.geometries) & ~self.empty)

    @cached_property
    def small(self) -> NDArray[np.bool_]:
        """Which features have a geometry within the vertex cap: the only ones GEOS works on."""
        return np.asarray(self.present & (self.vertices <= self.limits.vertices))

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """Which of the small ones have finite coordinates throughout."""
        finite = self.small.copy()
        rows = np.flatnonzero(self.small)
        points, owner = shapely.get_coordinates(self.geometries[rows], return_index=True)
        broken = ~np.isfinite(points).all(axis=1)
        finite[rows[owner[broken]]] = False
        return finite

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """Which geometries may be measured and overlaid."""
        valid = np.zeros(len(self.geometries), dtype=bool)
        valid[self.small] = shapely.is_valid(self.geometries[self.small])
        return valid

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """West, south, east, north [degrees]; NaN where there is none on Earth."""
        boxes = np.full((len(self.geometries), 4), np.nan)
        if self.crs is None or not self.finite.any():
            return boxes
        geometries = self.geometries[self.finite]
        target = geographic(self.crs)
        if self.crs != target:
            geometries = reproject(geometries, self.crs, target)
        found = shapely.bounds(geometries)
        limits = np.array([360.0, 90.0, 360.0, 90.0]) + 1e-9
        found[~(np.abs(found) <= limits).all(axis=1)] = np.nan
        boxes[self.finite] = found
        return boxes

    @cached_property
    def measurable(self) -> NDArray[np.bool_]:
        """Which features are valid, on Earth, and near enough to a meridian."""
        middle = (self.boxes[:, 0] + self.boxes[:, 2]) / 2.0
        reach = np.abs(middle - self.meridians) + (self.boxes[:, 2] - self.boxes[:, 0]) / 2.0
        return np.asarray(self.valid & (reach <= MAX_OFFSET_DEG))

    @cached_property
    def meridians(self) -> NDArray[np.float64]:
        """The meridian of each feature: one for all where one measures all of them."""
        west, east = self.boxes[:, 0], self.boxes[:, 2]
        own = 3.0 * np.floor((west + east) / 6.0 + 0.5)
        if np.isnan(own).all():
            return own
        shared = 3.0 * np.floor((np.nanmin(west) + np.nanmax(east)) / 6.0 + 0.5)
        fits = max(shared - np.nanmin(west), np.nanmax(east) - shared) <= MAX_OFFSET_DEG
        return np.where(np.isnan(own), np.nan, shared) if fits else own

    @cached_property
    def locals(self) -> list[Local]:
        """The measurable features, by the plane that measures them."""
        parts = []
        for meridian in np.unique(self.meridians[self.measurable]):
            rows = np.flatnonzero(self.measurable & (self.meridians == meridian))
            assert self.crs is not None, "what is measurable has a CRS"  # noqa: S101 - for the type
            latitude = float((self.boxes[rows, 1] + self.boxes[rows, 3]).mean() / 2.0)
            plane = plane_at(self.crs, float(meridian), latitude)
            parts.append(Local(plane, rows, plane.project(self.geometries[rows], self.crs)))
        return parts

    def place(self, local: Local, points: NDArray[Any]) -> list[tuple[float, float]]:
        """Return points of a plane in the layer's CRS."""
        assert self.crs is not None, "a plane comes of a CRS"  # noqa: S101 - for the type
        moved = reproject(np.asarray(points, dtype=object), local.plane.crs, self.crs)
        return [(float(x), float(y)) for x, y in shapely.get_coordinates(moved)]

    def of(self, rows: NDArray[Any], **words: Any) -> list[Finding]:
        """Return a plain finding for each of some rows."""
        return [Finding(at=int(row), words=words) for row in rows]

    def texts(self) -> dict[str, pd.Series[str]]:
        """Return the texts of each column, by position of the row; other values left out."""
        found = {}
        for name, values in self.attributes().items():
            texts = values[values.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)]
            if len(texts):
                found[name] = texts.astype(object)
        return found

    @cached_property
    def _attributes(self) -> dict[str, pd.Series[Any]]:
        active = getattr(self.features, "_geometry_column_name", None)
        found = {}
        for at, name in enumerate(self.features.columns):
            values = self.features.iloc[:, at]
            if name != active and str(values.dtype) != "geometry":
                found[str(name)] = values.reset_index(drop=True)
        return found

    def attributes(self) -> dict[str, pd.Series[Any]]:
        """Return the columns without geometry, indexed by position of the row."""
        return self._attributes


def listed(subject: Subject, rows: NDArray[Any], most: int = 20) -> str:
    """Return the ids of rows in one text, the first so many of them."""
    ids = subject.features.index.take(rows[:most]).tolist()
    return "; ".join(map(str, ids)) + (f"; … ({len(rows)})" if len(rows) > most else "")
