"""Where two layers coincide, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, planes_of, reproject, shared_crs
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.queries.checks import AREA, LINE, NAMES, dimension, located
from geoplan.queries.pairs import intersections, meeting

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

COLUMNS = ["left_id", "right_id", "area_m2", "length_m", "left_ratio", "right_ratio", "geometry"]


def overlap(
    left: GeoDataFrame,
    right: GeoDataFrame,
    *,
    min_area_m2: float = 0.0,
    min_length_m: float = 0.0,
) -> GeoDataFrame:
    """Find where the features of two layers coincide, and by how much.

    Two layers of areas share areas; a layer of lines and one of areas share lengths, in
    either order. An area includes its boundary, so a line along it counts as inside. Places
    that only touch share nothing and make no row.

    Parameters
    ----------
    left, right : GeoDataFrame
        Valid (multi)polygons or (multi)linestrings, one dimension a layer, indexed by
        feature id, both in one CRS. Null and empty geometries are passed over and listed.
    min_area_m2 : float, default 0
        Drop shared areas smaller than this [m²]; what is dropped is listed.
    min_length_m : float, default 0
        Drop shared lengths shorter than this [m]; what is dropped is listed.

    Returns
    -------
    GeoDataFrame
        One row for each pair that coincides, largest first, in the CRS of the inputs:
        ``left_id``, ``right_id``, ``area_m2`` [m², NaN for lines], ``length_m`` [m, NaN for
        areas], ``left_ratio`` and ``right_ratio`` [0..1] of each feature's own area or length
        (NaN on the side of the area when the other is a line), ``geometry`` the shared part.
        ``attrs`` holds ``no_geometry`` (ids by side), ``below_minimum`` (pairs of ids) and
        ``measuring_planes`` (names).

    Raises
    ------
    CrsMismatch
        The layers differ in CRS, or one has none.
    WrongGeometryType
        A mix of dimensions that has no measure here: points, or lines with lines.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.
    BadQuery
        A minimum is negative or not a number.

    Notes
    -----
    ``Intersection`` then ``Area`` or ``Length`` of ISO 19125-1, in the measuring plane, on the
    ellipsoid (`geoplan.crs`). It is not the predicate ``Overlaps``, which is false where one
    area contains the other. Pairs are not disjoint: summing ``area_m2`` counts twice where
    features of one layer overlap each other; `coverage` unions first.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> park = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500300, 4550200)],
    ...                         index=["P1"], crs=4550)
    >>> zone = gpd.GeoDataFrame(geometry=[box(500200, 4550000, 500900, 4550500)],
    ...                         index=["Z1"], crs=4550)
    >>> overlap(park, zone)[["left_id", "right_id", "left_ratio"]].round(4).values.tolist()
    [['P1', 'Z1', 0.3333]]
    """
    _refuse_minimum(min_area_m2=min_area_m2, min_length_m=min_length_m)
    crs = shared_crs(left, right)
    left_located, left_missing = located(left, "left")
    right_located, right_missing = located(right, "right")
    measure = _measure_for(dimension(left_located, "left"), dimension(right_located, "right"))
    minimum = min_area_m2 if measure is _AREAS else min_length_m

    parts, planes = [], []
    for plane, ours, (theirs,) in planes_of(left_located, right_located):
        pairs = _pairs(plane, ours.geometries, theirs.geometries, measure)
        pairs["left_id"] = ours.ids[pairs.pop("left")]
        pairs["right_id"] = theirs.ids[pairs.pop("right")]
        pairs["geometry"] = reproject(pairs["geometry"].to_numpy(), plane.crs, crs)
        parts.append(pairs)
        planes.append(plane.name)

    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    rows = rows.sort_values(
        [measure.column, "left_id", "right_id"], ascending=[False, True, True], kind="stable"
    )
    kept = rows[measure.column] >= minimum
    answer = gpd.GeoDataFrame(rows[kept].reindex(columns=COLUMNS), geometry="geometry", crs=crs)
    answer = answer.astype(dict.fromkeys(COLUMNS[2:6], float)).reset_index(drop=True)
    answer.attrs = {
        "no_geometry": {"left": left_missing, "right": right_missing},
        "below_minimum": rows.loc[~kept, ["left_id", "right_id"]].to_numpy().tolist(),
        "measuring_planes": planes,
    }
    return answer


class _Measure(NamedTuple):
    """What a pair of layers is measured by: the column, the dimension, and whose own measure."""

    column: str
    dimension: int
    size: Callable[[MeasuringPlane, NDArray[Any]], NDArray[np.float64]]
    left_has_ratio: bool
    right_has_ratio: bool


_AREAS = _Measure(
    "area_m2", AREA, MeasuringPlane.area_m2, left_has_ratio=True, right_has_ratio=True
)
_LINE_IN_AREA = _Measure("length_m", LINE, MeasuringPlane.length_m, True, False)
_AREA_ROUND_LINE = _Measure("length_m", LINE, MeasuringPlane.length_m, False, True)


def _refuse_minimum(**minimums: float) -> None:
    for name, value in minimums.items():
        if not (np.isfinite(value) and value >= 0):
            raise BadQuery(f"{name} must be a finite number, zero or more; got {value!r}")


def _measure_for(left: int, right: int) -> _Measure:
    """Return how layers of two dimensions are measured; -1 (nothing located) goes with any."""
    match left, right:
        case (2 | -1, 2 | -1):
            return _AREAS
        case (1, 2 | -1):
            return _LINE_IN_AREA
        case (2 | -1, 1):
            return _AREA_ROUND_LINE
        case _:
            raise WrongGeometryType(
                f"overlap measures areas with areas and lines with areas; "
                f"{NAMES.get(left, 'nothing')} with {NAMES.get(right, 'nothing')} share neither "
                f"an area nor a length"
            )


def _pairs(
    plane: MeasuringPlane, left: NDArray[Any], right: NDArray[Any], measure: _Measure
) -> pd.DataFrame:
    """Return every pair of projected features that shares something, with its measures."""
    ours, theirs = meeting(left, right)
    shared = _only(intersections(left, right, ours, theirs), measure.dimension)
    size = measure.size(plane, shared)
    found = size > 0
    ours, theirs, size = ours[found], theirs[found], size[found]
    return pd.DataFrame(
        {
            "left": ours,
            "right": theirs,
            measure.column: size,
            "left_ratio": _ratio(plane, measure, left, ours, size, measure.left_has_ratio),
            "right_ratio": _ratio(plane, measure, right, theirs, size, measure.right_has_ratio),
            "geometry": shared[found],
        }
    )


def _ratio(
    plane: MeasuringPlane,
    measure: _Measure,
    features: NDArray[Any],
    which: NDArray[np.intp],
    size: NDArray[np.float64],
    applies: bool,
) -> NDArray[np.float64]:
    """Return the share of each feature's own measure, at most 1 but for rounding."""
    if not applies:
        return np.full(len(which), np.nan)
    own, place = np.unique(which, return_inverse=True)
    return np.minimum(size / measure.size(plane, features[own])[place], 1.0)


def _only(geometries: NDArray[Any], dim: int) -> NDArray[Any]:
    """Return geometries reduced to their parts of one dimension.

    Where two areas share a piece and also touch elsewhere, GEOS answers a collection of the
    piece and of the points and lines of contact; the contacts share nothing.
    """
    mixed = shapely.get_type_id(geometries) == shapely.GeometryType.GEOMETRYCOLLECTION
    if not mixed.any():
        return geometries
    parts, owner = shapely.get_parts(geometries[mixed], return_index=True)
    wanted = shapely.get_dimensions(parts) == dim
    make = shapely.multipolygons if dim == AREA else shapely.multilinestrings
    pure = np.full(int(mixed.sum()), None, dtype=object)
    if wanted.any():
        singles, owner_of_single = shapely.get_parts(parts[wanted], return_index=True)
        make(singles, indices=owner[wanted][owner_of_single], out=pure)
    geometries = geometries.copy()
    geometries[mixed] = pure
    return geometries
