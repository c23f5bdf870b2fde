"""Table F 多图层冲突矩阵: projects by layers, and layers by layers, with ground counted once."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.model import Table
from geoplan.queries.ground import MEASURES, PIECES, ground_by, shared_pieces
from geoplan.queries.matrix import overlap_matrix
from geoplan.rules.findings import SEVERITIES
from geoplan.rules.outcomes import NOT_CHECKED
from geoplan.tables.wording import HECTARE_M2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame

    from geoplan.model import Layer
    from geoplan.tables.facts import Facts

COUNTS = ["conflict_count", "hit_count", "uncertain_count", "unchecked_count"]
GROUND = ["pair_count", "length_gross_m", "length_union_m", "area_gross_hm2", "area_union_hm2"]
_CELL = [*COUNTS, "worst", *GROUND, "numbers", "unchecked_numbers"]
COLUMNS = ["project_layer", "project_id", "project", "project_en", "layer", *_CELL]
"""Of table F: one row for each cell.

``project_id`` null is the total of all projects, ``layer`` null that of all layers; the ground of
a total is a union of its own and no sum of the cells.
"""
PRINTED = ("project", "layer", *_CELL)
LAYER_COLUMNS = ["left_layer", "right_layer", *_CELL]
LAYERS_PRINTED = tuple(LAYER_COLUMNS)


def pieces_of(numbers: pd.DataFrame, features: Mapping[str, GeoDataFrame]) -> pd.DataFrame:
    """Return the ground that the pairs of numbered findings share.

    Returns
    -------
    DataFrame
        As of `geoplan.queries.ground.shared_pieces`, with ids that name their layers too, the
        columns ``project_layer``, ``project_id`` and ``layer``, and ``conflict``: whether the
        pair is hit or uncertain, not only unchecked.
    """
    tables = []
    placed = numbers[numbers["object_id"].notna()]
    for key, rows in placed.groupby(["subject_layer", "object_layer"], sort=False):
        mine, other = map(str, key)
        if other not in features:
            continue
        pairs = list(zip(rows["subject_id"], rows["object_id"], strict=True))
        found = shared_pieces(features[mine], features[other], pairs)
        sure = rows["outcome"] != NOT_CHECKED
        conflicts = set(zip(rows["subject_id"][sure], rows["object_id"][sure], strict=True))
        keys = list(zip(found["left_id"], found["right_id"], strict=True))
        found = found.assign(
            project_layer=mine,
            project_id=found["left_id"],
            layer=other,
            conflict=pd.Series([key in conflicts for key in keys], dtype=bool),
        )
        for name, layer in (("left_id", mine), ("right_id", other)):
            found[name] = pd.Series([(layer, one) for one in found[name]], dtype=object)
        tables.append(found)
    filled = [table for table in tables if len(table)]
    columns = [*PIECES, "project_layer", "project_id", "layer", "conflict"]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def conflict_matrix(numbers: pd.DataFrame, facts: Facts, pieces: pd.DataFrame) -> Table:
    """Return what each project conflicts with in each layer.

    Parameters
    ----------
    numbers : DataFrame
        As of `geoplan.tables.numbering.numbered`.
    facts : Facts
    pieces : DataFrame
        As of `pieces_of`.

    Returns
    -------
    Table
        `COLUMNS`: for each project its layers and its total, then the totals of all projects.
        ``conflict_count`` is of hits and what is uncertain, ``unchecked_count`` of pairs with
        something unchecked; ``worst`` the worst severity of a conflict. Lengths [m] and areas
        [hm²] are those that conflicting pairs share: gross, the sum over the pairs; union, each
        place once. ``numbers`` name the rows of table A behind a cell.
    """
    ground = pieces[pieces["conflict"].to_numpy(dtype=bool)]
    table = numbers.rename(
        columns={"subject_layer": "project_layer", "subject_id": "project_id"}
    ).rename(columns={"object_layer": "layer"})
    project = ["project_layer", "project_id"]
    cells = [_cells(table, ground, by) for by in ([*project, "layer"], project, ["layer"], [])]
    rows = pd.concat(cells, ignore_index=True).reindex(columns=COLUMNS).astype(object)
    rows = rows.where(rows.notna(), None)
    named = [facts.name(layer, one) for layer, one in rows[project].itertuples(index=False)]
    rows["project"] = [one.zh for one in named]
    rows["project_en"] = [one.en for one in named]
    return Table("F", _typed(_in_order(rows, facts)), PRINTED)


def layer_matrix(
    numbers: pd.DataFrame, layers: tuple[Layer, ...], features: Mapping[str, GeoDataFrame]
) -> Table:
    """Return what each pair of layers shares, whether a rule forbids it or not, and the conflicts.

    Returns
    -------
    Table
        `LAYER_COLUMNS`, a row for each pair of layers that share something or have a number.
        The ground is that of `overlap_matrix`; of a layer with itself it is null.
    """
    asked = [one.id for one in layers if one.role == "plan" and len(features[one.id])]
    rank = {name: at for at, name in enumerate(asked)}
    known = numbers[numbers["object_layer"].isin(asked)]
    ends = [
        sorted(pair, key=rank.__getitem__)
        for pair in zip(known["subject_layer"], known["object_layer"], strict=True)
    ]
    table = known.assign(left_layer=[one for one, _ in ends], right_layer=[two for _, two in ends])
    by = ["left_layer", "right_layer"]
    counts = _counts(table, by)
    order = pd.DataFrame([*combinations(asked, 2), *((one, one) for one in asked)], columns=by)
    shared = _overlaps({name: features[name] for name in asked})
    rows = order.merge(counts, how="left", on=by).merge(shared, how="left", on=by)
    rows = rows.reindex(columns=LAYER_COLUMNS).fillna(dict.fromkeys(COUNTS, 0))
    told = (rows["pair_count"] > 0) | (rows[COUNTS] > 0).any(axis=1)
    return Table("F-layers", _typed(rows[told].reset_index(drop=True)), LAYERS_PRINTED)


def _overlaps(features: dict[str, GeoDataFrame]) -> pd.DataFrame:
    if len(features) < 2:
        return pd.DataFrame(columns=["left_layer", "right_layer", *GROUND])
    found = overlap_matrix(features).rename(columns={"left": "left_layer", "right": "right_layer"})
    return _in_hectares(found)[["left_layer", "right_layer", *GROUND]]


def _cells(numbers: pd.DataFrame, ground: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    counts, measures = _counts(numbers, by), _in_hectares(ground_by(ground, by))
    if not by:
        return pd.concat([counts, measures], axis=1)
    return counts.merge(measures, how="left", on=by)


def _counts(numbers: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return how many conflicts each group has, the worst, and what they go by."""
    groups: dict[tuple[Any, ...], list[tuple[str, str, str]]] = {}
    told = numbers[["outcome", "severity", "number"]].itertuples(index=False, name=None)
    keys = zip(*(numbers[name] for name in by), strict=True) if by else iter([()] * len(numbers))
    for key, row in zip(keys, told, strict=True):
        groups.setdefault(key, []).append(row)
    rows = [[*key, *_counted(group).values()] for key, group in groups.items()]
    columns = [*by, *COUNTS, "worst", "numbers", "unchecked_numbers"]
    return pd.DataFrame(rows, columns=columns)


def _counted(group: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Return the counts of a group of (outcome, severity, number)."""
    outcomes = Counter(outcome for outcome, _, _ in group)
    conflicts = [one for one in group if one[0] != NOT_CHECKED]
    unchecked = list(dict.fromkeys(one[2] for one in group if one[0] == NOT_CHECKED))
    severities = {severity for _, severity, _ in conflicts}
    return {
        "conflict_count": len(conflicts),
        "hit_count": outcomes["hit"],
        "uncertain_count": outcomes["uncertain"],
        "unchecked_count": len(unchecked),
        "worst": min(severities, key=SEVERITIES.index, default=None),
        "numbers": ";".join(number for _, _, number in conflicts) or None,
        "unchecked_numbers": ";".join(unchecked) or None,
    }


def _in_hectares(found: pd.DataFrame) -> pd.DataFrame:
    table = found.rename(columns={name: name.replace("_m2", "_hm2") for name in MEASURES})
    for name in ("area_gross_hm2", "area_union_hm2"):
        table[name] = table[name].astype(float) / HECTARE_M2
    return table


def _in_order(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Return projects in the order of their layers, each with its total behind, then the totals."""
    rank = {name: at for at, name in enumerate(facts.layers)}
    last = len(rank)
    keys = [
        (
            rank.get(row["project_layer"], last),
            row["project_id"] is None,
            isinstance(row["project_id"], str),
            row["project_id"] if row["project_id"] is not None else 0,
            row["layer"] is None,
            rank.get(row["layer"], last),
        )
        for row in rows.to_dict("records")
    ]
    return rows.iloc[sorted(range(len(keys)), key=keys.__getitem__)].reset_index(drop=True)


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.astype(dict.fromkeys(GROUND, float)).astype(dict.fromkeys(COUNTS, int))
    texts = [name for name in rows.columns if name not in (*GROUND, *COUNTS)]
    rows[texts] = rows[texts].astype(object).where(rows[texts].notna(), None)
    return rows
