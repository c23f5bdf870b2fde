"""Where two layers coincide, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd

from geoplan.crs import extent_of, shared_crs
from geoplan.queries import engine
from geoplan.queries.checks import located, refuse_collections, refuse_negative
from geoplan.queries.coinciding import COLUMNS, IDS, Coinciding
from geoplan.queries.parting import FEATURES, by_parts
from geoplan.queries.shared import MEASURES

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

    from geoplan.queries.mapping import Map
    from geoplan.queries.parting import Answer


def overlap(
    left: GeoDataFrame,
    right: GeoDataFrame,
    *,
    min_area_m2: float = 0.0,
    min_length_m: float = 0.0,
    geometry: bool = True,
    map: Map | None = None,  # noqa: A002 - it is one
    part_features: int = FEATURES,
) -> GeoDataFrame:
    """Find where the features of two layers coincide, and by how much.

    What a pair shares is measured by the lower of its two dimensions: areas share areas; lines
    share lengths with areas and stretches with lines, whose other meetings are counted as
    points; points are counted in areas, on lines and on points. A feature includes its
    boundary, so a line along that of an area counts as inside, and so does a point on it. Areas
    that only touch, and lines that only touch an area, share nothing and make no row.

    Parameters
    ----------
    left, right : GeoDataFrame
        Valid (multi)points, (multi)linestrings or (multi)polygons, also mixed, indexed by
        feature id, both in one CRS. Null and empty geometries are passed over and listed.
    min_area_m2 : float, default 0
        Drop shared areas smaller than this [m²]; what is dropped is listed.
    min_length_m : float, default 0
        Drop shared lengths shorter than this [m]; what is dropped is listed. Lines that meet
        in a point are kept.
    geometry : bool, default True
        False leaves the geometry null, which saves time.
    map : callable or pool, optional
        Who answers: a function like the builtin ``map``, a ``concurrent.futures`` executor, or a
        ``dask.distributed.Client``. The question is then asked part by part; the answer is the
        same to the last bit for whoever answers and however it is parted (docs/scale.md).
    part_features : int, default 50 000
        With `map`: features of both layers together in a part.

    Returns
    -------
    GeoDataFrame
        One row for each pair that coincides, areas first, then lengths, then points, the
        largest first, in the CRS of the inputs: ``left_id``, ``right_id``, ``area_m2`` [m², of
        two areas], ``length_m`` [m, of a line and a line or an area], ``point_count`` (of two
        lines, or of points), ``left_ratio`` and ``right_ratio`` [0..1] of each feature's own
        area or length, ``geometry`` the shared part. A measure or ratio that does not apply is
        NaN; two lines that only cross have the length 0. ``attrs`` holds ``no_geometry`` (ids
        by side), ``below_minimum`` (pairs of ids) and ``measuring_planes`` (names).

    Raises
    ------
    CrsMismatch
        The layers differ in CRS, or one has none.
    WrongGeometryType
        A feature is a geometry collection.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.
    BadQuery
        A minimum is negative or not a number.

    Notes
    -----
    ``Intersection`` then ``Area`` or ``Length`` of ISO 19125-1, in the measuring plane, on the
    ellipsoid (`geoplan.crs`). It is not the predicate ``Overlaps``, which is false where one
    area contains the other. Whether a point lies on a line is decided by its coordinates as
    they are, without tolerance; `clearance` knows one. Pairs are not disjoint: summing
    ``area_m2`` counts twice where features of one layer overlap each other; `coverage` unions
    first.

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
    refuse_negative(min_area_m2=min_area_m2, min_length_m=min_length_m)
    crs = shared_crs(left, right)
    ours, left_missing = located(left, "left", kernels_follow=True)
    theirs, right_missing = located(right, "right", kernels_follow=True)
    refuse_collections(ours, "left")
    refuse_collections(theirs, "right")

    if map is None:
        found = Coinciding(geometry)(ours, theirs)
    else:
        found = _parted(ours, theirs, geometry, map, part_features)
    minimum = min_area_m2, min_length_m
    return finished(found, crs, {"left": left_missing, "right": right_missing}, *minimum)


def finished(
    found: Answer,
    crs: CRS,
    no_geometry: dict[str, list[Any]],
    min_area_m2: float,
    min_length_m: float,
) -> GeoDataFrame:
    """Return found pairs as `overlap` does: the largest first, what is too small set apart."""
    order = [*MEASURES, *IDS]
    rows = found.rows.sort_values(order, ascending=[False] * 3 + [True] * 2, kind="stable")
    short = (rows["length_m"] < min_length_m) & ~(rows["point_count"] > 0)
    dropped = (rows["area_m2"] < min_area_m2) | short
    answer = gpd.GeoDataFrame(rows.loc[~dropped, COLUMNS], geometry="geometry", crs=crs)
    answer = answer.reset_index(drop=True)
    answer.attrs = {
        "no_geometry": no_geometry,
        "below_minimum": rows.loc[dropped, IDS].to_numpy().tolist(),
        "measuring_planes": [plane.name for plane in found.planes],
    }
    return answer


def _parted(left: GeoDataFrame, right: GeoDataFrame, geometry: bool, ask: Map, most: int) -> Answer:
    """Return the same, each pair measured by itself: its digits are those of any part."""
    if len(left) == 0:
        return Coinciding(geometry)(left, right)
    question = Coinciding(geometry, extent_of(left, right), engine.is_there())
    shapes = (layer[[layer.geometry.name]] for layer in (left, right))
    return by_parts(ask, question, *shapes, most=most)
