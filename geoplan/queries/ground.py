"""The ground that chosen pairs of features share: as sums, and each place once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, shared_crs
from geoplan.queries.checks import AREA, LINE, located, refuse_collections
from geoplan.queries.coinciding import plane_by_plane
from geoplan.queries.pairs import of_dimension
from geoplan.queries.shared import MEASURE_OF

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

PIECES = ["plane", "left_id", "right_id", "area_m2", "length_m", "geometry"]
MEASURES = ["pair_count", "length_gross_m", "length_union_m", "area_gross_m2", "area_union_m2"]


def shared_pieces(
    left: GeoDataFrame, right: GeoDataFrame, pairs: Collection[tuple[Any, Any]]
) -> pd.DataFrame:
    """Return what chosen pairs of features share, piece by piece.

    Parameters
    ----------
    left, right : GeoDataFrame
        As for `overlap`, in one CRS.
    pairs : collection of (left id, right id)
        The pairs that are asked of; others are passed over.

    Returns
    -------
    DataFrame
        One row for each pair and measuring plane: ``plane``, ``left_id``, ``right_id``,
        ``area_m2`` [m², of two areas], ``length_m`` [m, of a line and a line or an area], and
        ``geometry`` in that plane. A pair that shares neither has no row.

    Raises
    ------
    CrsMismatch, WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        As for `overlap`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> park = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500300, 4550200)], index=["P"],
    ...                         crs=4550)
    >>> zones = gpd.GeoDataFrame(geometry=[box(500200, 4550000, 500900, 4550100)] * 2,
    ...                          index=["a", "b"], crs=4550)
    >>> pieces = shared_pieces(park, zones, [("P", "a"), ("P", "b")])
    >>> ground_by(pieces, ["left_id"])[["area_gross_m2", "area_union_m2"]].round().values.tolist()
    [[20000.0, 10000.0]]
    """
    shared_crs(left, right)
    wanted = set(pairs)
    ours, theirs = (
        _chosen(layer, {pair[side] for pair in wanted}, name)
        for side, (name, layer) in enumerate((("left", left), ("right", right)))
    )
    tables = []
    if len(ours) and len(theirs):
        for plane, _, _, found in plane_by_plane(ours, theirs, geometry=True):
            keys = zip(found["left_id"].tolist(), found["right_id"].tolist(), strict=True)
            asked = np.fromiter((key in wanted for key in keys), dtype=bool, count=len(found))
            shares = (found[["area_m2", "length_m"]] > 0).any(axis=1).to_numpy(dtype=bool)
            kept = found.loc[asked & shares]
            planes = np.full(len(kept), plane, dtype=object)
            tables.append(kept.assign(plane=planes)[PIECES].astype({"geometry": object}))
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=PIECES)


def ground_by(pieces: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Measure pieces by groups: their sum, and their ground counted once.

    Parameters
    ----------
    pieces : DataFrame
        As of `shared_pieces`, also of several pairs of layers; further columns may group them.
    by : sequence of str
        Columns that group; none takes all together.

    Returns
    -------
    DataFrame
        One row for each group: the columns of `by`; ``pair_count``, pieces with something
        shared; ``length_gross_m`` and ``area_gross_m2``, sums over the pieces;
        ``length_union_m`` and ``area_union_m2``, each place once. A measure that no piece of
        the group has is NaN.
    """
    if len(pieces) == 0:
        return pd.DataFrame(columns=[*by, *MEASURES])
    groups: dict[tuple[Any, ...], list[int]] = {}
    keys = zip(*(pieces[name] for name in by), strict=True) if by else iter([()] * len(pieces))
    for at, key in enumerate(keys):
        groups.setdefault(key, []).append(at)
    columns = [pieces[name].to_numpy(dtype=object) for name in PIECES]
    rows = [[*key, *_measured([column[at] for column in columns])] for key, at in groups.items()]
    return pd.DataFrame(rows, columns=[*by, *MEASURES])


def counted_once(plane: MeasuringPlane, shapes: NDArray[Any], dimension: int) -> float:
    """Return the size of shapes of one dimension in a plane, each place once [m² or m]."""
    pieces = of_dimension(shapes, dimension)
    measure = plane.area_m2 if dimension == AREA else plane.length_m
    first, second = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    beside = np.unique(first[first != second])
    alone = np.ones(len(pieces), dtype=bool)
    alone[beside] = False
    union = np.array([shapely.union_all(pieces[beside])], dtype=object)
    return float(measure(pieces[alone]).sum() + measure(union)[0])


def _chosen(layer: GeoDataFrame, ids: set[Any], name: str) -> GeoDataFrame:
    chosen = layer[layer.index.isin(list(ids))]
    if len(chosen) == 0:
        return chosen
    present, _ = located(chosen, name)
    refuse_collections(present, name)
    return present


def _measured(columns: list[NDArray[Any]]) -> list[float]:
    """Return the `MEASURES` of one group of `PIECES`."""
    told = dict(zip(PIECES, columns, strict=True))
    pairs = zip(told["left_id"], told["right_id"], strict=True)
    measures = [float(len(set(pairs)))]
    for dimension in (LINE, AREA):
        sizes = told[MEASURE_OF[dimension]].astype(float)
        there = np.flatnonzero(sizes > 0)
        gross = float(sizes[there].sum()) if len(there) else np.nan
        # a piece alone is counted once already
        measures += [gross, _once(told, there, dimension) if len(there) > 1 else gross]
    return measures


def _once(told: dict[str, NDArray[Any]], there: NDArray[np.intp], dimension: int) -> float:
    """Return the size of some pieces, each place once; a plane holds only its own zone."""
    planes: dict[str, list[int]] = {}
    for at in there.tolist():
        planes.setdefault(told["plane"][at].name, []).append(at)
    return sum(
        counted_once(told["plane"][at[0]], told["geometry"][at], dimension)
        for at in planes.values()
    )
