"""Table B 用地情况表: what land each project takes, by class, with sums that are seen to close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.crs import MeasuringPlane, whole_measure
from geoplan.model import Table
from geoplan.queries.closure import closure
from geoplan.queries.overlap import overlap
from geoplan.tables.facts import Told
from geoplan.tables.wording import HECTARE_M2

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.tables.facts import Facts

CULTIVATED, CLASS = "cultivated", "land_class"
CLASSES = (CULTIVATED, "other_agricultural", "construction", "unused", "reclamation")
LEVELS = ("township", "county", "city", "province")
"""Administrative levels, the finest first."""
TOLERANCE_HM2 = 0.0001
"""The last decimal that is printed: parts nearer than that to their total close."""

_PARTS = ["agricultural_hm2", "construction_hm2", "unused_hm2", "reclamation_hm2"]
NUMBERS = [
    "total_hm2", "agricultural_hm2", "cultivated_hm2", "basic_farmland_hm2", "construction_hm2",
    "unused_hm2", "reclamation_hm2", "sum_hm2", "difference_hm2",
]  # fmt: skip
COLUMNS = [
    "row", "project_layer", "project_id", "project", "project_en", "area_layer", "area_id", "area",
    "area_en", *NUMBERS, "closes",
]  # fmt: skip
"""Of the rows. ``area_id`` is null in the total of a project, ``project_id`` in that of all.

``cultivated_hm2`` is a part of ``agricultural_hm2``, ``basic_farmland_hm2`` one of
``cultivated_hm2``, null where the plan has no layer of it.
"""
PRINTED = ("row", "project", "area", *NUMBERS, "closes")


def land_use(
    projects: list[str],
    land: str,
    facts: Facts,
    *,
    areas: str | None = None,
    basic_farmland: str | None = None,
) -> Table:
    """Measure the land that projects take, by class.

    Parameters
    ----------
    projects : list of str
        Ids of layers; features that are no areas take no ground here and have no row.
    land : str
        Id of a layer of kind ``land_use``.
    facts : Facts
        With the features of all these layers.
    areas : str, optional
        A layer by which to divide: administrative areas (the finest level it has) or zones.
    basic_farmland : str, optional
        A layer of permanent basic farmland.

    Returns
    -------
    Table
        `COLUMNS`: for each project its areas, then its total. ``total_hm2`` is the ground
        measured as a whole, ``sum_hm2`` that of its classes; a difference is land of no class,
        or of two. In the total of a project that is divided, ``sum_hm2`` still is that of the
        classes, so that what lies in no area shows.
    """
    parts = [
        _of_layer(layer, land, facts, areas, basic_farmland)
        for layer in projects
        if layer not in (land, areas, basic_farmland)
    ]
    filled = [part for part in parts if len(part)]
    rows = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
    if len(filled) and (rows["area_id"].isna().sum() > 1):
        rows = pd.concat([rows, _total(rows[rows["area_id"].isna()])], ignore_index=True)
    rows["row"] = range(1, len(rows) + 1)
    return Table("B", rows.reindex(columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float)), PRINTED)


def finest(areas: GeoDataFrame) -> GeoDataFrame:
    """Return the administrative areas of the finest level there is, all where none is stated."""
    levels = areas.get("admin_level")
    there = [] if levels is None else [one for one in LEVELS if (levels == one).any()]
    return areas if levels is None or not there else areas[levels == there[0]]


def _of_layer(
    layer: str, land: str, facts: Facts, areas: str | None, basic_farmland: str | None
) -> pd.DataFrame:
    projects = facts.features[layer]
    areal = projects[projects.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    if len(areal) == 0:
        return pd.DataFrame(columns=COLUMNS)
    whole = areal[["geometry"]].assign(
        project_id=areal.index, area_id=None, total=whole_measure(areal, MeasuringPlane.area_m2)
    )
    pieces = whole if areas is None else pd.concat([_divided(areal, facts, areas), whole])
    pieces = pieces.set_axis(pd.RangeIndex(len(pieces)), axis=0).set_crs(areal.crs)
    table = _classes(pieces, facts.features[land], facts, basic_farmland)
    rows = pd.DataFrame({"project_id": pieces["project_id"], "area_id": pieces["area_id"]})
    rows["total_hm2"] = pieces["total"] / HECTARE_M2
    rows = _closed(rows.join(table))
    rows["project_layer"], rows["area_layer"] = layer, areas
    _name(rows, layer, areas, facts)
    zones = [] if areas is None else facts.features[areas].index.tolist()
    return _in_order(rows, projects.index.tolist(), zones)


def _in_order(rows: pd.DataFrame, projects: list[Any], areas: list[Any]) -> pd.DataFrame:
    """Return rows in the order of projects, then areas, the total of a project last."""
    rank = {one: at for at, one in enumerate(projects)}
    place = {one: at for at, one in enumerate(areas)}
    keys = [
        (rank[project], place.get(area, len(place)))
        for project, area in zip(rows["project_id"], rows["area_id"], strict=True)
    ]
    return rows.iloc[sorted(range(len(keys)), key=keys.__getitem__)]


def _divided(projects: GeoDataFrame, facts: Facts, areas: str) -> GeoDataFrame:
    found = overlap(projects, finest(facts.features[areas]))
    found = found[found["area_m2"] > 0].rename(
        columns={"left_id": "project_id", "right_id": "area_id", "area_m2": "total"}
    )
    return found[["geometry", "project_id", "area_id", "total"]]


def _classes(
    pieces: GeoDataFrame, land: GeoDataFrame, facts: Facts, basic_farmland: str | None
) -> pd.DataFrame:
    """Return the land of each piece by class [hm²]."""
    found = overlap(pieces, land)
    found = found[found["area_m2"] > 0]
    found[CLASS] = land[CLASS].reindex(found["right_id"]).to_numpy()
    areas = found.pivot_table("area_m2", "left_id", CLASS, aggfunc="sum")
    areas = areas.reindex(index=pieces.index, columns=list(CLASSES)).fillna(0.0) / HECTARE_M2
    table = pd.DataFrame(areas[["construction", "unused", "reclamation"]].add_suffix("_hm2"))
    table["cultivated_hm2"] = areas[CULTIVATED]
    table["agricultural_hm2"] = areas[CULTIVATED] + areas["other_agricultural"]
    table["basic_farmland_hm2"] = np.nan
    if basic_farmland is not None:
        fields = found[found[CLASS] == CULTIVATED].reset_index(drop=True)
        table["basic_farmland_hm2"] = _basic(fields, facts.features[basic_farmland], table.index)
    return table


def _basic(fields: GeoDataFrame, basic: GeoDataFrame, pieces: pd.Index[Any]) -> Any:
    """Return how much of the cultivated land of each piece is basic farmland [hm²]."""
    if len(fields) == 0 or len(basic) == 0:
        return 0.0
    found = overlap(fields[["geometry"]], basic, geometry=False)
    piece = fields["left_id"].to_numpy()[found["left_id"].to_numpy(dtype=int)]
    areas = found["area_m2"].groupby(piece).sum()
    return areas.reindex(pieces).fillna(0.0) / HECTARE_M2


def _closed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their closing line: classes added up, against the ground as a whole."""
    lines = [
        closure(parts, total, tolerance=TOLERANCE_HM2)
        for *parts, total in rows[[*_PARTS, "total_hm2"]].itertuples(index=False)
    ]
    return rows.assign(
        sum_hm2=[line.parts_sum for line in lines],
        difference_hm2=[line.difference for line in lines],
        closes=[line.closes for line in lines],
    )


def _total(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the sum over all projects."""
    sums = [name for name in NUMBERS if name not in ("sum_hm2", "difference_hm2")]
    total = rows[sums].astype(float).sum(min_count=1).to_frame().T
    return _closed(total).reindex(columns=COLUMNS)


def _name(rows: pd.DataFrame, layer: str, areas: str | None, facts: Facts) -> None:
    projects = [facts.name(layer, one) for one in rows["project_id"]]
    divided = [
        Told(None, None) if one is None or areas is None else facts.name(areas, one)
        for one in rows["area_id"]
    ]
    for name, told in (("project", projects), ("area", divided)):
        rows[name], rows[f"{name}_en"] = [one.zh for one in told], [one.en for one in told]
