"""The tables that planning reports print: findings arranged, and what else they need measured.

A 与环境敏感区/控制线位置关系一览表, B 用地情况表, C 穿跨越一览表, F 多图层冲突矩阵. All of them
call a conflict by the same number (`geoplan.tables.numbering.numbered`), and give the figures of
the check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from geoplan.errors import BadQuery
from geoplan.reading import LayerReader, naming
from geoplan.tables.crossings import crossings
from geoplan.tables.facts import Facts
from geoplan.tables.land_use import CLASS, land_use
from geoplan.tables.lying import Routes
from geoplan.tables.matrix import conflict_matrix, layer_matrix, pieces_of
from geoplan.tables.numbering import numbered
from geoplan.tables.relations import relations
from geoplan.tables.unchecked import unchecked

if TYPE_CHECKING:
    from collections.abc import Collection

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer, Table
    from geoplan.rules.check import Check

Letter = Literal["A", "B", "C", "F"]
LAND_USE, AREAS, BASIC_FARMLAND = "land_use", "admin_boundary", "permanent_basic_farmland"
"""Kinds that table B is made of."""

__all__ = ["Facts", "Letter", "numbered", "refuse_without_land_use", "tables"]


def tables(
    check: Check,
    catalogue: Catalogue,
    letters: Collection[Letter],
    *,
    land_use_layer: str | None = None,
) -> tuple[Table, ...]:
    """Arrange a check as the tables of planning reports.

    Parameters
    ----------
    check : Check
    catalogue : Catalogue
        The plan that was checked.
    letters : collection of {"A", "B", "C", "F"}
        The tables that are wanted. With A comes ``unchecked``, with F ``F-layers``.
    land_use_layer : str, optional
        A layer of kind ``land_use``; table B needs it.

    Returns
    -------
    tuple of Table
        In the order of the letters, ``unchecked`` last.

    Raises
    ------
    BadQuery
        Table B is wanted without a layer of kind ``land_use``.
    LayerNotFound
        The plan has no layer of that id.
    EmptyLayer, InvalidGeometry, CrsMismatch
        What the layers of table B hold cannot be measured.
    """
    refuse_without_land_use(catalogue, letters, land_use_layer)
    numbers = numbered(check.findings)
    facts = Facts(check.sources, check.features, catalogue.schemas)
    routes = _routes(check, catalogue) if {"A", "C"} & set(letters) else {}
    made: list[Table] = []
    pieces = pieces_of(numbers, facts.features) if {"A", "F"} & set(letters) else None
    if "A" in letters and pieces is not None:
        made.append(relations(numbers, facts, pieces, routes))
    if "B" in letters and land_use_layer is not None:
        made.append(_land_use(check, catalogue, land_use_layer))
    if "C" in letters:
        made.append(crossings(numbers, facts, routes))
    if "F" in letters and pieces is not None:
        made.append(conflict_matrix(numbers, facts, pieces))
        made.append(layer_matrix(numbers, check.sources, facts.features))
    if "A" in letters:
        made.append(unchecked(check.findings, numbers, facts))
    return tuple(made)


def refuse_without_land_use(
    catalogue: Catalogue, letters: Collection[Letter], layer_id: str | None
) -> None:
    """Refuse table B without a layer of land use: better before a check is run than after.

    Raises
    ------
    BadQuery
        No layer is named, or it is of another kind.
    LayerNotFound
        The plan has no layer of that id.
    """
    if layer_id is not None and catalogue[layer_id].kind != LAND_USE:
        kind = catalogue[layer_id].kind
        raise BadQuery(f"layer {layer_id!r} is of kind {kind!r}, not {LAND_USE!r}: no table B")
    if "B" in letters and layer_id is None:
        raise BadQuery("table B needs a layer of land use: name it as land_use (--land-use LAYER)")


def _routes(check: Check, catalogue: Catalogue) -> dict[str, Routes]:
    read = LayerReader(catalogue, already=check.features)
    lines = [one for one in check.sources if one.geometry == "line"]
    return {
        layer.id: Routes(read(layer), read.equations(layer), read.segments(layer))
        if layer.id in catalogue
        else Routes(check.features[layer.id])  # a candidate comes without such tables
        for layer in lines
    }


def _land_use(check: Check, catalogue: Catalogue, land_id: str) -> Table:
    land = catalogue[land_id]
    read = LayerReader(catalogue, already=check.features)
    features = {**check.features, land_id: read(land)}
    if CLASS not in features[land_id]:
        raise BadQuery(f"layer {land_id!r} has no column {CLASS!r}: what its land is, is not said")
    areas, basic = (_layer_of(catalogue, kind) for kind in (AREAS, BASIC_FARMLAND))
    beside = [one for one in (land, areas, basic) if one is not None]
    features |= {layer.id: read(layer) for layer in beside if layer.id not in features}
    known = {layer.id: layer for layer in (*check.sources, *beside)}
    bound = list(dict.fromkeys(check.tally["subject_layer"]))
    with naming(*beside):
        return land_use(
            bound,
            land_id,
            Facts(known.values(), features, catalogue.schemas),
            areas=_id_of_filled(areas, features),
            basic_farmland=None if basic is None else basic.id,
        )


def _layer_of(catalogue: Catalogue, kind: str) -> Layer | None:
    """Return the first layer of a kind, whether it is analysed or only drawn beneath."""
    there = (layer for layer in catalogue.values() if layer.kind == kind)
    return next((layer for layer in there if catalogue.path(layer.id).exists()), None)


def _id_of_filled(layer: Layer | None, features: dict[str, GeoDataFrame]) -> str | None:
    return None if layer is None or len(features[layer.id]) == 0 else layer.id
