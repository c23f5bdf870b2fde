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
from geopandas.array import GeometryArray

from geoplan.crs import geographic, refuse_other_ground, reproject, transformer
from geoplan.errors import BadQuery, GeoplanError
from geoplan.queries.beside import Beside, all_beside
from geoplan.queries.certain import Drawn
from geoplan.queries.checks import AREA, LINE, POINT
from geoplan.queries.pairs import of_dimension
from geoplan.queries.surroundings import ReadyLayer, Site, ready
from geoplan.queries.uncertainty import meeting_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

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

_TEXTS = ("layer", "relation", "outcome")


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
    beside = all_beside(asked, list(there.values()), within_m)
    measured = _Measured.of(asked, beside)
    covered = measured.covered_m2(list(there.values()))
    for number, (name, layer) in enumerate(there.items()):
        parts[name] = measured.part(number, name, layer, float(covered[number]))
    return measured.answer(list(there), list(parts.values()))


@dataclass(frozen=True)
class _Measured:
    """What the site shares with the features beside it: columns of one length."""

    site: Site
    beside: Beside
    measures: dict[str, NDArray[np.float64]]
    own_size: NDArray[np.float64]
    relation: NDArray[np.str_]
    outcome: NDArray[np.str_]
    geometry: NDArray[Any]

    @classmethod
    def of(cls, site: Site, beside: Beside) -> _Measured:
        met = np.flatnonzero(beside.distance_m == 0)
        # copies: they are prepared on the way, and layers are kept for several threads
        beside.shapes[met] = shapely.force_2d(beside.shapes[met])
        measures, own_size, shared = _shared(site, beside.shapes, met)
        geometry = _lines(beside.points)
        relation = np.where(beside.far, "nearest", "near").astype("<U8")
        relation[met] = "touches"
        shares = met[~shapely.is_missing(shared[met])]
        relation[shares], geometry[shares] = "overlaps", shared[shares]
        outcome = meeting_outcome(
            Drawn(site.shape, np.array([site.accuracy_m])),
            Drawn(beside.shapes, beside.accuracy_m),
            np.zeros(len(beside.ids), dtype=np.intp),
            np.arange(len(beside.ids)),
            beside.distance_m,
        )
        # drawn to share nothing, and exact: it only touches
        outcome[(relation == "touches") & (outcome == "hit")] = "clear"
        return cls(site, beside, measures, own_size, relation, outcome, geometry)

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
            "near_count": int(((relations == "near") | (relations == "touches")).sum()),
            "uncertain_count": int((outcomes == "uncertain").sum()),
            "covered_area_m2": covered,
            "coverage_ratio": None if covered is None else min(covered / self.site.size, 1.0),
            "length_m": float(np.nansum(self.measures["length_m"][mine])),
            "nearest_id": None if first is None else self.beside.ids[first],
            "nearest_m": None if first is None else float(self.beside.distance_m[first]),
        }

    def covered_m2(self, layers: list[ReadyLayer]) -> NDArray[np.float64]:
        """Return the area of the site under each layer, ground counted once [m²]."""
        areas, layer = self.measures["area_m2"], self.beside.layer
        taken = np.flatnonzero(areas > 0)
        total = np.bincount(layer[taken], weights=areas[taken], minlength=len(layers))
        unions, of_layer = [], []
        for number in np.flatnonzero(np.bincount(layer[taken], minlength=len(layers)) > 1).tolist():
            pieces = self.geometry[taken[layer[taken] == number]]
            # of a partition no ground is counted twice, and that is known sooner than a union
            if layers[number].overlaps_itself or not shapely.coverage_is_valid(pieces):
                layers[number].overlaps_itself = True  # no need to ask it again
                unions.append(shapely.disjoint_subset_union_all(pieces))
                of_layer.append(number)
        if unions:
            total[of_layer] = self.site.plane.area_m2(np.array(unions, dtype=object))
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
        geometry = self.geometry[order]
        if site.plane.crs.srs != site.crs.srs:
            geometry = reproject(geometry, site.plane.crs, site.crs)
        ordered = {name: values[order] for name, values in columns.items()}
        answer = _table(ordered, geometry, site.crs)
        answer.attrs = {"parts": parts, "measuring_planes": [site.plane.name]}
        return answer

    def _ratios(self) -> dict[str, NDArray[np.float64]]:
        area, length = self.measures["area_m2"], self.measures["length_m"]
        areal = ~np.isnan(area)
        size, measured = np.where(areal, area, length), np.where(areal, AREA, LINE)
        of_site = np.where(measured == self.site.dimension, size / self.site.size, np.nan)
        return {
            "site_ratio": np.minimum(of_site, 1.0),
            "feature_ratio": np.minimum(size / self.own_size, 1.0),
        }


def _table(columns: dict[str, NDArray[Any]], geometry: NDArray[Any], crs: CRS) -> GeoDataFrame:
    """Return columns as a table, without pandas and geopandas guessing what is in them."""
    texts = {name: pd.array(columns[name], dtype="str") for name in _TEXTS}
    shapes = {"geometry": GeometryArray(geometry, crs)}
    rows = pd.DataFrame({**columns, **texts, **shapes}, copy=False)
    # labels as objects: geopandas compares them many times, and Arrow's strings are slow at it
    rows.columns = rows.columns.astype(object)
    return gpd.GeoDataFrame(rows, geometry="geometry", copy=False)


def _shared(
    site: Site, shapes: NDArray[Any], met: NDArray[np.intp]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64], NDArray[Any]]:
    """Return the measure of what the site shares with the features it meets, theirs, and it.

    Measured by the lower of the two dimensions, as `geoplan.queries.overlap` does. Their own
    measure is NaN where they are of a higher one.
    """
    count = len(shapes)
    own = np.full(count, np.nan)
    measures = {name: np.full(count, np.nan) for name in ("area_m2", "length_m", "point_count")}
    shared = np.full(count, None, dtype=object)
    pieces = np.full(count, None, dtype=object)
    shapely.prepare(site.shape)
    # what lies wholly inside needs no cutting
    inside = shapely.contains_properly(site.shape[0], shapes[met])
    pieces[met[inside]] = shapes[met[inside]]
    crossing = met[~inside]
    pieces[crossing] = shapely.intersection(site.shape[0], shapes[crossing])
    lowest = np.minimum(shapely.get_dimensions(shapes), site.dimension)
    for dim, name, measure in (
        (AREA, "area_m2", site.plane.area_m2),
        (LINE, "length_m", site.plane.length_m),
    ):
        rows = met[lowest[met] == dim]
        if len(rows) == 0:
            continue
        pure = of_dimension(pieces[rows], dim)
        alike = rows[shapely.get_dimensions(shapes[rows]) == dim]
        # one call for both: there are few of either
        sizes = measure(np.concatenate([pure, shapes[alike]]))
        size, own[alike] = sizes[: len(rows)], sizes[len(rows) :]
        crossing = (shapely.get_dimensions(shapes[rows]) == LINE) & (dim == LINE == site.dimension)
        kept = (size > 0) | crossing
        measures[name][rows[kept]] = size[kept]
        shared[rows[kept]] = np.where(crossing, pieces[rows], pure)[kept]
        if np.any(crossing):
            lines = rows[np.asarray(crossing)]
            measures["point_count"][lines] = _point_count(pieces[lines])
    points = met[lowest[met] == POINT]
    measures["point_count"][points] = _point_count(pieces[points])
    shared[points] = pieces[points]
    return measures, own, shared


def _point_count(pieces: NDArray[Any]) -> NDArray[np.float64]:
    """Return how many isolated points there are in each of some intersections."""
    parts, owner = shapely.get_parts(pieces, return_index=True)
    parts, of_part = shapely.get_parts(parts, return_index=True)
    isolated = shapely.get_dimensions(parts) == POINT
    return np.bincount(owner[of_part][isolated], minlength=len(pieces)).astype(float)


def _azimuth(site: Site, beside: Beside) -> NDArray[np.float64]:
    """Return the geodesic azimuth from site to feature, NaN where they meet."""
    azimuth = np.full(len(beside.ids), np.nan)
    apart = beside.distance_m > 0
    to_degrees = transformer(site.plane.crs.srs, geographic(site.plane.crs).srs)
    lon, lat = to_degrees.transform(*beside.points[apart].reshape(-1, 2).T)
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
