"""Everything that one place touches or comes near, over many layers.

A layer is made ready once (`geoplan.queries.surroundings.ready`), with its features in a tree of
boxes; a site is then asked of all layers at once with a few features projected, which is what
makes the answer come while a planner drags a corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import geographic, refuse_other_ground, reproject
from geoplan.degree_boxes import reaching_boxes
from geoplan.errors import BadQuery, GeoplanError
from geoplan.queries.certain import Drawn
from geoplan.queries.checks import AREA, LINE, POINT
from geoplan.queries.nearest_points import near_pairs, pieces_of
from geoplan.queries.pairs import of_dimension
from geoplan.queries.surroundings import ReadyLayer, Site, ready
from geoplan.queries.uncertainty import meeting_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.model import Outcome

COLUMNS = [
    "layer",
    "feature_id",
    "relation",
    "outcome",
    "distance_m",
    "azimuth_deg",
    "area_m2",
    "length_m",
    "point_count",
    "site_ratio",
    "feature_ratio",
    "uncertainty_m",
    "geometry",
]
Relation = Literal["overlaps", "touches", "near", "nearest"]
"""The feature shares something measurable; only meets; lies within the distance; is the nearest
of its layer beyond it."""

_FLOATS = COLUMNS[4:12]
_FARTHEST_M = 300_000.0
"""How far a nearest feature is looked for; beyond it a plane is no longer true."""


def site_check(
    site: GeoDataFrame,
    layers: Mapping[str, GeoDataFrame | ReadyLayer],
    *,
    within_m: float = 500.0,
) -> GeoDataFrame:
    """Find everything that a site touches or comes near, and say what was found clear.

    Parameters
    ----------
    site : GeoDataFrame
        One feature, of any dimension, with a CRS. Its ``geometry_accuracy_m`` counts as any
        feature's does; without that column the site is taken as drawn (0 m).
    layers : mapping of str to GeoDataFrame or ReadyLayer
        Layer id → its features, or what `ready` made of them. They may differ in CRS.
    within_m : float, default 500
        How near a feature must lie to be listed [m].

    Returns
    -------
    GeoDataFrame
        One row for each feature that the site meets or lies near, layer by layer in the order
        given, nearest and largest first; for a layer with none within reach, its nearest
        feature. Columns: ``layer``, ``feature_id``, ``relation`` (`Relation`), ``outcome`` of
        whether the two coincide (hit, clear, uncertain), ``distance_m``, ``azimuth_deg`` from
        site to feature (NaN at distance 0), ``area_m2``, ``length_m``, ``point_count`` of what
        is shared, ``site_ratio`` and ``feature_ratio`` [0..1], ``uncertainty_m`` the sum of both
        accuracies (NaN where one is unknown), ``geometry`` what is shared, or the shortest line
        between the two; in the CRS of the site.
        ``attrs["parts"]`` holds one mapping a layer: ``layer``, ``outcome``, ``reason`` (why it
        is not clear or was not checked, null otherwise), ``feature_count``,
        ``overlap_count``, ``near_count``, ``uncertain_count``, ``covered_area_m2`` and
        ``coverage_ratio`` (the site's share under the layer, ground counted once),
        ``length_m``, ``nearest_id``, ``nearest_m``. ``attrs["measuring_planes"]`` names the
        plane.

    Raises
    ------
    BadQuery
        `within_m` is negative or no finite number, or the site is not one located feature.
    CrsMismatch, InvalidGeometry, FeatureTooWide
        The site itself cannot be measured. What a layer holds is never a reason to refuse: its
        part says ``not_checked`` and why.

    Notes
    -----
    A layer is ``clear`` only when each of its features has a position and an accuracy, and none
    can reach the site. One with features of unknown position or accuracy is ``uncertain`` at
    best.
    """
    if not (np.isfinite(within_m) and within_m >= 0):
        raise BadQuery(f"within_m must be a finite number of metres, zero or more; got {within_m}")
    asked = Site.of(site)
    parts: dict[str, dict[str, Any]] = {}
    there: dict[str, ReadyLayer] = {}
    for name, layer in layers.items():
        parts[name] = {}
        try:
            found = layer if isinstance(layer, ReadyLayer) else ready(layer, name)
            refuse_other_ground(asked.crs, found.crs)
        except GeoplanError as error:
            parts[name] = _not_checked(name, error)
            continue
        there[name] = found
    beside = _all_beside(asked, list(there.values()), within_m)
    measured = _Measured.of(asked, beside)
    covered = measured.covered_m2(len(there))
    for number, (name, layer) in enumerate(there.items()):
        parts[name] = measured.part(number, name, layer, float(covered[number]))
    return measured.answer(list(there), list(parts.values()))


@dataclass(frozen=True)
class _Beside:
    """Features near the site, of all layers together, each with the number of its layer."""

    layer: NDArray[np.intp]
    ids: NDArray[Any]
    accuracy_m: NDArray[np.float64]
    shapes: NDArray[Any]
    points: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    far: NDArray[np.bool_]

    def where(self, wanted: NDArray[Any]) -> _Beside:
        return _Beside(*(getattr(self, name)[wanted] for name in self.__dataclass_fields__))


def _all_beside(site: Site, layers: list[ReadyLayer], within_m: float) -> _Beside:
    """Return what is within the distance of the site; of a layer without such, its nearest."""
    site_off = float(np.nan_to_num(site.accuracy_m))
    near = _beside(site, layers, [within_m] * len(layers))
    # what can reach the site by its accuracy is listed, however far it is drawn
    limit = np.maximum(within_m, np.nan_to_num(near.accuracy_m) + site_off)
    near = near.where(near.distance_m <= limit)
    empty = [
        number
        for number, layer in enumerate(layers)
        if len(layer.ids) and not (near.layer == number).any()
    ]
    nearest = [_nearest(site, layers, number) for number in empty]
    columns = zip(*(vars(one).values() for one in (near, *nearest)), strict=True)
    return _Beside(*(np.concatenate(values) for values in columns))


def _beside(site: Site, layers: list[ReadyLayer], reach_m: list[float]) -> _Beside:
    """Return the features of layers that are within a distance, or may be by their accuracy."""
    rows, shapes = [], []
    for number, (layer, reach) in enumerate(zip(layers, reach_m, strict=True)):
        if reach <= 0 and not len(layer.ids):
            continue
        farthest = max(reach, layer.worst_m + float(np.nan_to_num(site.accuracy_m)))
        at = np.sort(layer.tree.query(reaching_boxes(site.box, farthest)[0]))
        rows.append((np.full(len(at), number), layer.ids[at], layer.accuracy_m[at]))
        shapes.append(site.plane.project(layer.geometries[at], layer.crs))
    nothing = np.empty(0, dtype=object)
    every = np.concatenate([nothing, *shapes])
    worst = max([layer.worst_m for layer in layers], default=0.0)
    limit = np.array([max([*reach_m, worst + float(np.nan_to_num(site.accuracy_m))])])
    near = near_pairs(site.plane, pieces_of(site.shape), pieces_of(every), limit)
    layer_no, ids, accuracy = (
        np.concatenate([empty, *(row[column] for row in rows)])
        for column, empty in enumerate((np.empty(0, dtype=np.intp), nothing, np.empty(0)))
    )
    at = near.theirs
    far = np.zeros(len(at), dtype=bool)
    return _Beside(
        layer_no[at], ids[at], accuracy[at], every[at], near.points, near.distance_m, far
    )


def _nearest(site: Site, layers: list[ReadyLayer], number: int) -> _Beside:
    """Return the nearest feature of one layer, none where all are too far to be measured.

    The tree knows degrees only. What is nearest there gives a distance that the true nearest
    cannot exceed; all that lie within it are measured.
    """
    layer = layers[number]
    guess = layer.tree.query_nearest(shapely.box(*site.box[0]), all_matches=False)
    shapes = site.plane.project(layer.geometries[guess], layer.crs)
    reach = np.array([_FARTHEST_M])
    first = near_pairs(site.plane, pieces_of(site.shape), pieces_of(shapes), reach)
    bound = float(first.distance_m[0]) * (1 + 1e-9) + 1e-6 if len(first.distance_m) else 0.0
    one = _beside(site, [layer], [bound])
    one = one.where(one.distance_m <= bound)
    # of equally near ones the id that comes first as text, whatever the order of the rows
    order = sorted(range(len(one.ids)), key=lambda row: (one.distance_m[row], str(one.ids[row])))
    best = one.where(np.array(order[:1], dtype=np.intp))
    best.layer[:], best.far[:] = number, True
    return best


@dataclass(frozen=True)
class _Measured:
    """What the site shares with the features beside it: columns of one length."""

    site: Site
    beside: _Beside
    measures: dict[str, NDArray[np.float64]]
    relation: NDArray[Any]
    outcome: NDArray[Any]
    geometry: NDArray[Any]

    @classmethod
    def of(cls, site: Site, beside: _Beside) -> _Measured:
        met = np.flatnonzero(beside.distance_m == 0)
        measures, shared = _shared(site, beside.shapes, met)
        geometry = _lines(beside.points)
        relation = np.where(beside.far, "nearest", "near").astype(object)
        relation[met] = "touches"
        shares = met[~shapely.is_missing(shared[met])]
        relation[shares], geometry[shares] = "overlaps", shared[shares]
        outcome = meeting_outcome(
            Drawn(site.shape, np.array([site.accuracy_m])),
            Drawn(beside.shapes, beside.accuracy_m),
            np.zeros(len(beside.ids), dtype=np.intp),
            np.arange(len(beside.ids)),
            beside.distance_m,
        ).astype(object)
        # drawn to share nothing, and exact: it only touches
        outcome[(relation == "touches") & (outcome == "hit")] = "clear"
        return cls(site, beside, measures, relation, outcome, geometry)

    def part(self, number: int, name: str, layer: ReadyLayer, covered_m2: float) -> dict[str, Any]:
        """Return the verdict on a layer and the figures that it rests on."""
        mine = np.flatnonzero(self.beside.layer == number)
        outcomes, relations = self.outcome[mine], self.relation[mine]
        outcome, reason = _verdict(outcomes, layer)
        distance = self.beside.distance_m[mine]
        first = mine[int(np.argmin(distance))] if len(mine) else None
        covered = covered_m2 if self.site.dimension == AREA else None
        return {
            "layer": name,
            "outcome": outcome,
            "reason": reason,
            "feature_count": len(layer.ids) + len(layer.unlocated),
            "overlap_count": int((relations == "overlaps").sum()),
            "near_count": int(np.isin(relations, ("near", "touches")).sum()),
            "uncertain_count": int((outcomes == "uncertain").sum()),
            "covered_area_m2": covered,
            "coverage_ratio": None if covered is None else min(covered / self.site.size, 1.0),
            "length_m": float(np.nansum(self.measures["length_m"][mine])),
            "nearest_id": None if first is None else self.beside.ids[first],
            "nearest_m": None if first is None else float(self.beside.distance_m[first]),
        }

    def covered_m2(self, count: int) -> NDArray[np.float64]:
        """Return the area of the site under each of `count` layers, ground counted once [m²]."""
        areas, layer = self.measures["area_m2"], self.beside.layer
        total = np.bincount(layer, weights=np.nan_to_num(areas), minlength=count)
        several = np.flatnonzero(np.bincount(layer[areas > 0], minlength=count) > 1)
        unions = [
            shapely.union_all(self.geometry[(layer == number) & (areas > 0)]) for number in several
        ]
        total[several] = self.site.plane.area_m2(np.array([*unions, None], dtype=object)[:-1])
        return np.asarray(total, dtype=float)

    def answer(self, names: list[str], parts: list[dict[str, Any]]) -> GeoDataFrame:
        """Return all rows as one table: by layer, nearest first, then largest."""
        site, beside = self.site, self.beside
        columns = {
            "layer": np.array([*names, None], dtype=object)[beside.layer],
            "feature_id": beside.ids,
            "relation": self.relation,
            "outcome": self.outcome,
            "distance_m": beside.distance_m,
            "azimuth_deg": _azimuth(site, beside),
            **self.measures,
            **self._ratios(),
            "uncertainty_m": beside.accuracy_m + site.accuracy_m,
        }
        largest = [-np.nan_to_num(self.measures[name]) for name in ("length_m", "area_m2")]
        order = np.lexsort((*largest, beside.distance_m, beside.layer))
        geometry = reproject(self.geometry[order], site.plane.crs, site.crs)
        rows = pd.DataFrame({name: values[order] for name, values in columns.items()})
        answer = gpd.GeoDataFrame(rows, geometry=geometry, crs=site.crs)
        answer.attrs = {"parts": parts, "measuring_planes": [site.plane.name]}
        return answer

    def _ratios(self) -> dict[str, NDArray[np.float64]]:
        site, shapes = self.site, self.beside.shapes
        area, length = self.measures["area_m2"], self.measures["length_m"]
        areal = ~np.isnan(area)
        size, measured = np.where(areal, area, length), np.where(areal, AREA, LINE)
        dims = shapely.get_dimensions(shapes)
        own = np.full(len(shapes), np.nan)
        for dim, measure in ((AREA, site.plane.area_m2), (LINE, site.plane.length_m)):
            asked = np.flatnonzero((dims == dim) & (measured == dim) & ~np.isnan(size))
            own[asked] = measure(shapes[asked])
        of_site = np.where(measured == site.dimension, size / site.size, np.nan)
        return {
            "site_ratio": np.minimum(of_site, 1.0),
            "feature_ratio": np.minimum(size / own, 1.0),
        }


def _shared(
    site: Site, shapes: NDArray[Any], met: NDArray[np.intp]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[Any]]:
    """Return what the site shares with the features it meets, and its measure.

    Measured by the lower of the two dimensions, as `geoplan.queries.overlap` does.
    """
    count = len(shapes)
    measures = {name: np.full(count, np.nan) for name in ("area_m2", "length_m", "point_count")}
    shared = np.full(count, None, dtype=object)
    pieces = np.full(count, None, dtype=object)
    pieces[met] = shapely.intersection(site.shape[0], shapes[met])
    lowest = np.minimum(shapely.get_dimensions(shapes), site.dimension)
    for dim, name, measure in (
        (AREA, "area_m2", site.plane.area_m2),
        (LINE, "length_m", site.plane.length_m),
    ):
        rows = met[lowest[met] == dim]
        pure = of_dimension(pieces[rows], dim)
        size = measure(pure)
        crossing = dim == LINE == site.dimension and (shapely.get_dimensions(shapes[rows]) == LINE)
        kept = (size > 0) | crossing
        measures[name][rows[kept]] = size[kept]
        shared[rows[kept]] = np.where(crossing, pieces[rows], pure)[kept]
        if np.any(crossing):
            lines = rows[np.asarray(crossing)]
            measures["point_count"][lines] = _point_count(pieces[lines])
    points = met[lowest[met] == POINT]
    measures["point_count"][points] = _point_count(pieces[points])
    shared[points] = pieces[points]
    return measures, shared


def _point_count(pieces: NDArray[Any]) -> NDArray[np.float64]:
    """Return how many isolated points there are in each of some intersections."""
    parts, owner = shapely.get_parts(pieces, return_index=True)
    parts, of_part = shapely.get_parts(parts, return_index=True)
    isolated = shapely.get_dimensions(parts) == POINT
    return np.bincount(owner[of_part][isolated], minlength=len(pieces)).astype(float)


def _azimuth(site: Site, beside: _Beside) -> NDArray[np.float64]:
    """Return the geodesic azimuth from site to feature, NaN where they meet."""
    azimuth = np.full(len(beside.ids), np.nan)
    apart = beside.distance_m > 0
    ends = np.asarray(shapely.points(beside.points[apart].reshape(-1, 2)), dtype=object)
    degrees = reproject(ends, site.plane.crs, geographic(site.plane.crs))
    lon, lat = shapely.get_x(degrees), shapely.get_y(degrees)
    forward, _, _ = site.plane.geod.inv(lon[0::2], lat[0::2], lon[1::2], lat[1::2])
    azimuth[apart] = np.mod(np.asarray(forward), 360.0)
    return azimuth


def _lines(points: NDArray[np.float64]) -> NDArray[Any]:
    """Return the line between the nearest points of each pair, a point where they meet."""
    if not len(points):
        return np.empty(0, dtype=object)
    lines = np.asarray(shapely.linestrings(points.reshape(-1, 2, 2)), dtype=object)
    met = shapely.length(lines) == 0
    lines[met] = shapely.points(points[met, :2])
    return lines


def _verdict(outcomes: NDArray[Any], layer: ReadyLayer) -> tuple[Outcome, str | None]:
    """Return the outcome for a whole layer, and why it is not clear."""
    if not len(layer.ids):
        return "not_checked", "no_geometry"
    if (outcomes == "hit").any():
        return "hit", None
    if (outcomes == "uncertain").any():
        return "uncertain", "within_accuracy"
    if layer.unlocated:
        return "uncertain", "no_geometry"
    if np.isnan(layer.accuracy_m).any():
        return "uncertain", "no_accuracy"
    return "clear", None


def _not_checked(name: str, error: GeoplanError) -> dict[str, Any]:
    reason = f"{type(error).__name__}: {error}"
    empty = (
        "feature_count", "overlap_count", "near_count", "uncertain_count",
        "covered_area_m2", "coverage_ratio", "length_m", "nearest_id", "nearest_m",
    )  # fmt: skip
    return {"layer": name, "outcome": "not_checked", "reason": reason, **dict.fromkeys(empty)}
