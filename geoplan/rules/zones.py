"""The zones that rules draw round features, as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import planes_of, reproject
from geoplan.rules.conditions import applies
from geoplan.rules.lines import QUADRANT, Land, land_of, legal_line
from geoplan.rules.model import ApprovalZone, BufferBeyond, Setback
from geoplan.rules.sources import as_ids
from geoplan.rules.verdicts import EMPTY_LAYER, FIELD_EMPTY, NO_GEOMETRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geopandas import GeoDataFrame

    from geoplan.crs import InPlane, MeasuringPlane
    from geoplan.rules.model import MeasuringLine, Rule, Wanted
    from geoplan.rules.pack import RulePack
    from geoplan.rules.sources import Source

COLUMNS = [
    "zone_id", "rule_id", "severity", "title", "title_en", "source_layer", "source_id",
    "from_m", "distance_m", "line", "line_basis", "half_width_m", "geometry_accuracy_m",
    "outcome", "reason", "field", "law", "law_en", "article", "confidence", "pack", "geometry",
]  # fmt: skip
NUMBERS = ["from_m", "distance_m", "half_width_m", "geometry_accuracy_m"]


class Strip(NamedTuple):
    """From which to which distance of a line a zone reaches, for features of a condition."""

    line: MeasuringLine
    from_m: float
    to_m: float
    where: dict[str, Wanted]


def legal_zones(source: Source, pack: RulePack, *, land: Source | None = None) -> GeoDataFrame:
    """Draw the zones that the rules of a pack lay round the features of a layer.

    Parameters
    ----------
    source : Source
        The features that are protected.
    pack : RulePack
    land : Source, optional
        The layer of the land of roads.

    Returns
    -------
    GeoDataFrame
        One row for each rule and feature that it protects, in the CRS of the layer: `COLUMNS`.
        ``from_m`` and ``distance_m`` say how far the zone reaches [m], ``line`` and
        ``line_basis`` from what, ``half_width_m`` what was added to an axis [m],
        ``geometry_accuracy_m`` how far either edge of the zone may be off [m]. Where the zone
        cannot be drawn the geometry is null, ``outcome`` is ``not_checked`` and ``reason`` and
        ``field`` say why.

    Notes
    -----
    What the conditions of a rule cannot tell (an empty field) gets no zone but a row. Zones of
    parts of a feature that is wider than a plane come as several rows.
    """
    rows: list[dict[str, Any]] = []
    for rule in pack.rules.values():
        if rule.object != source.layer.kind:
            continue
        for number, strip in enumerate(_strips(rule, pack)):
            rows += _of_strip(rule, strip, number, source, land, pack)
    table = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    order = ["rule_id", "source_id", "zone_id"]
    table = table.sort_values(order, kind="stable", key=lambda one: one.map(str))
    table = table.reset_index(drop=True)
    drawn = [None if pd.isna(one) else one for one in table["geometry"]]
    shapes = gpd.GeoSeries(drawn, crs=source.features.crs, index=table.index)
    return gpd.GeoDataFrame(table, geometry=shapes)


def _strips(rule: Rule, pack: RulePack) -> Iterator[Strip]:
    """Yield the zones of a rule: one, or one for each rule that it builds on."""
    demand, where = rule.demand, dict(rule.where.object)
    match demand:
        case Setback():
            yield Strip(demand.measured_from, 0.0, demand.distance_m, where)
        case ApprovalZone():
            yield Strip(demand.measured_from, demand.from_m, demand.to_m, where)
        case BufferBeyond():
            for name in demand.beyond:
                base = pack.rules.get(name)
                if base is None or not isinstance(base.demand, Setback):
                    continue
                first = base.demand.distance_m
                both = where | dict(base.where.object)
                yield Strip(base.demand.measured_from, first, first + demand.distance_m, both)
        case _:
            return


def _of_strip(
    rule: Rule, strip: Strip, number: int, source: Source, land: Source | None, pack: RulePack
) -> list[dict[str, Any]]:
    said = _said(rule, strip, source, pack)
    if len(source.features) == 0:
        return [said | _untold("-", number, rule, EMPTY_LAYER, None)]
    concerned = applies(source.attributes, strip.where)
    ids = as_ids(source.features.index)
    untold = {key: one for key, one in zip(ids, concerned.untold, strict=True) if one is not None}
    bound = source.features.index[concerned.yes]
    rows = [
        said | {"source_id": key} | _untold(key, number, rule, FIELD_EMPTY, field)
        for key, field in untold.items()
    ]
    located = source.located.loc[source.located.index.isin(bound)]
    rows += [
        said | {"source_id": key} | _untold(key, number, rule, NO_GEOMETRY, None)
        for key in as_ids(bound[~bound.isin(located.index)])
    ]
    lands = [] if land is None or len(land.located) == 0 else [land.located]
    for plane, mine, others in planes_of(located, *lands, margin_m=strip.to_m):
        known = _land(land, others)
        rows += [said | row for row in _drawn(plane, mine, strip, number, rule, source, known)]
    return rows


def _land(land: Source | None, others: tuple[InPlane, ...]) -> Land | None:
    if land is None or not others:
        return None
    side = land.side(others[0])
    return land_of(side.attributes, side.drawn.geometries, side.drawn.accuracy_m)


def _said(rule: Rule, strip: Strip, source: Source, pack: RulePack) -> dict[str, Any]:
    law = None if rule.basis is None else rule.basis.law
    return {
        "rule_id": rule.id,
        "severity": rule.severity,
        "title": rule.title.zh,
        "title_en": rule.title.en,
        "source_layer": source.layer.id,
        "from_m": strip.from_m,
        "distance_m": strip.to_m,
        "line": strip.line,
        "law": None if law is None else law.zh,
        "law_en": None if law is None else law.en,
        "article": None if rule.basis is None else rule.basis.article,
        "confidence": None if rule.basis is None else rule.basis.confidence,
        "pack": f"{pack.id} {pack.version}",
    }


def _untold(key: Any, number: int, rule: Rule, reason: str, field: str | None) -> dict[str, Any]:
    return {
        "zone_id": f"{rule.id}:{key}:{number + 1}",
        "outcome": "not_checked",
        "reason": reason,
        "field": field,
    }


def _drawn(
    plane: MeasuringPlane,
    mine: InPlane,
    strip: Strip,
    number: int,
    rule: Rule,
    source: Source,
    land: Land | None,
) -> list[dict[str, Any]]:
    """Return the zones of the features in one plane."""
    side = source.side(mine)
    line = legal_line(
        side.attributes,
        side.drawn.geometries,
        side.drawn.accuracy_m,
        strip.line,
        line_means=source.layer.line_means,
        land=land,
    )
    shapes = shapely.buffer(line.shapes, strip.to_m, quad_segs=QUADRANT)
    if strip.from_m > 0:
        inner = shapely.buffer(line.shapes, strip.from_m, quad_segs=QUADRANT)
        shapes = shapely.difference(shapes, inner)
    shapes = reproject(np.asarray(shapes, dtype=object), plane.crs, source.located.crs)
    rows = []
    for at, key in enumerate(as_ids(side.ids)):
        if line.missing[at] is not None:
            row = _untold(key, number, rule, FIELD_EMPTY, line.missing[at])
        else:
            row = {
                "zone_id": f"{rule.id}:{key}:{number + 1}",
                "line_basis": line.basis[at],
                "half_width_m": line.half_width_m[at],
                "geometry_accuracy_m": line.accuracy_m[at],
                "geometry": shapes[at],
            }
        rows.append(row | {"source_id": key})
    return rows
