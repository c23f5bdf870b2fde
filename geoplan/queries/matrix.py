"""Every pair of layers at once: how often and how much they conflict."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geoplan.crs import shared_crs
from geoplan.errors import BadQuery
from geoplan.queries.checks import AREA, LINE, POINT, located, refuse_collections
from geoplan.queries.coinciding import InOnePlane, merged, plane_by_plane
from geoplan.queries.ground import counted_once
from geoplan.queries.shared import MEASURE_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from pyproj import CRS

COLUMNS = [
    "left",
    "right",
    "state",
    "pair_count",
    "point_count",
    "length_gross_m",
    "length_union_m",
    "area_gross_m2",
    "area_union_m2",
    "left_touched",
    "right_touched",
    "left_count",
    "right_count",
    "left_unlocated",
    "right_unlocated",
]


def overlap_matrix(layers: Mapping[str, GeoDataFrame]) -> pd.DataFrame:
    """Measure what each pair of layers shares, pair by pair and as ground counted once.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        Two or more layers as for `overlap`, in one CRS, by their names.

    Returns
    -------
    DataFrame
        One row for each pair of layers (the upper triangle, in the order given; both sides of
        a matrix are the same but for left and right):

        - ``left``, ``right``: the names;
        - ``state``: ``measured``, or ``nothing_located`` when a layer has no feature with a
          place, and then every measure is NaN, never 0;
        - ``pair_count``: pairs of features that share something; ``point_count``: points that
          lines share, or that lie in or on something;
        - ``area_gross_m2`` and ``length_gross_m``: sums over the pairs, so that what several
          features of a layer cover counts several times; ``area_union_m2`` and
          ``length_union_m``: each place once. Gross above union is double counting;
        - ``left_touched``, ``right_touched``: features that share something;
        - ``left_count``, ``right_count``: all features; ``left_unlocated``,
          ``right_unlocated``: those without a place, which were not asked.

        A measure that no features of the two layers can have (two layers of lines share no
        area) is NaN. ``attrs`` holds ``no_geometry`` (ids by layer) and ``measuring_planes``.

    Raises
    ------
    BadQuery
        Fewer than two layers.
    CrsMismatch, WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        As for `overlap`; the message names the layer.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> parks = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500300, 4550200)], crs=4550)
    >>> twice = gpd.GeoDataFrame(geometry=[box(500200, 4550000, 500900, 4550100)] * 2,
    ...                          index=["a", "b"], crs=4550)
    >>> found = overlap_matrix({"parks": parks, "sites": twice})
    >>> found[["pair_count", "area_gross_m2", "area_union_m2"]].round().values.tolist()
    [[2.0, 20000.0, 10000.0]]
    """
    if len(layers) < 2:
        raise BadQuery(f"a matrix needs two layers or more; got {len(layers)}")
    crs = shared_crs(*layers.values())
    present, missing = {}, {}
    for name, layer in layers.items():
        present[name], missing[name] = located(layer, name)
        refuse_collections(present[name], name)
    rows, planes = [], dict[str, None]()
    for left, right in combinations(layers, 2):
        found = plane_by_plane(present[left], present[right], geometry=True)
        nothing = present[left].empty or present[right].empty
        measures = {} if nothing else _measures(found, present[left], present[right], crs)
        counts = {
            f"{side}_{what}": size
            for side, name in (("left", left), ("right", right))
            for what, size in (("count", len(layers[name])), ("unlocated", len(missing[name])))
        }
        state = "nothing_located" if nothing else "measured"
        rows.append({"left": left, "right": right, "state": state} | counts | measures)
        planes |= dict.fromkeys(one.plane.name for one in found)
    table = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:], float))
    table.attrs = {"no_geometry": missing, "measuring_planes": list(planes)}
    return table


def _measures(
    found: list[InOnePlane], left: GeoDataFrame, right: GeoDataFrame, crs: CRS
) -> dict[str, float]:
    """Return the measures of two layers that both have a place."""
    pairs = merged(found, crs, geometry=False)
    measures = {
        "pair_count": float(len(pairs)),
        "left_touched": float(pairs["left_id"].nunique()),
        "right_touched": float(pairs["right_id"].nunique()),
    }
    kinds = [
        np.unique(shapely.get_dimensions(layer.geometry.to_numpy())) for layer in (left, right)
    ]
    dimensions = {tuple(sorted(pair)) for pair in product(*kinds)}
    if (LINE, LINE) in dimensions or any(lower == POINT for lower, _ in dimensions):
        measures["point_count"] = float(pairs["point_count"].sum())
    for dimension, gross, union in (
        (LINE, "length_gross_m", "length_union_m"),
        (AREA, "area_gross_m2", "area_union_m2"),
    ):
        if any(lower == dimension for lower, _ in dimensions):
            measures[gross] = float(pairs[MEASURE_OF[dimension]].sum())
            measures[union] = float(sum(_once(one, dimension) for one in found))
    return measures


def _once(one: InOnePlane, dimension: int) -> float:
    """Return the size of all that pairs share in one plane, each place once.

    A plane holds only what lies in its own zone, so the planes add up.
    """
    chosen = one.pairs[MEASURE_OF[dimension]] > 0
    return counted_once(one.plane, one.pairs.loc[chosen, "geometry"].to_numpy(), dimension)
