"""What covers leave of zones in one plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.queries import engine
from geoplan.queries.checks import AREA, LINE
from geoplan.queries.pairs import meeting, of_dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.crs import MeasuringPlane

_ROUNDING = 1e-14  # of a zone's size: less than that is not covered, it is the last digit
_LARGE = 500  # vertices of a cover that is cut to each zone before it is united
_PAIRS_AT_ONCE = 1000
_UNIT = {AREA: "area_m2", LINE: "length_m"}


def sizes_of(kind: int) -> list[str]:
    """Return the columns of the size of a zone, of its covered part and of its gap."""
    return [f"{what}_{_UNIT[kind]}" for what in ("zone", "covered", "gap")]


def measured(
    plane: MeasuringPlane,
    zones: NDArray[Any],
    covers: list[NDArray[Any]],
    kind: int,
    *,
    geometry: bool,
    compiled: bool | None,
) -> pd.DataFrame:
    """Measure projected zones and what covers leave of them.

    Parameters
    ----------
    plane : MeasuringPlane
    zones : ndarray of shapely geometries, shape (n,)
    covers : list of ndarray of shapely geometries
        One for each layer.
    kind : int
        Dimension of the zones.
    geometry : bool
        Whether the gaps are wanted.
    compiled : bool, optional
        Given, each zone is measured by itself, so that its digits depend on no other: by the
        kernels where true, else by GEOS. Otherwise by what is fastest.

    Returns
    -------
    DataFrame
        One row a zone: its size, what of it is covered and not (`sizes_of`), ``small_gap_count``
        and ``geometry``, the gap.
    """
    wanted = engine.is_worth_it(zones, *covers) if compiled is None else compiled
    if kind == AREA and wanted:
        own, gap_size, gap = _compiled(plane, zones, covers, geometry)
    else:
        alone = compiled is not None
        own, gap_size, gap = _by_geos(plane, zones, covers, kind, alone=alone)
    covered = own - gap_size
    covered[covered < _ROUNDING * own] = 0.0
    sizes = zip(sizes_of(kind), (own, covered, gap_size), strict=True)
    return pd.DataFrame(dict(sizes)).assign(small_gap_count=0.0, geometry=gap)


def _by_geos(
    plane: MeasuringPlane,
    zones: NDArray[Any],
    covers: list[NDArray[Any]],
    kind: int,
    *,
    alone: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Return the sizes of zones and of their gaps, and the gaps; alone: each without the others."""
    measure = plane.area_m2 if kind == AREA else plane.length_m
    own = measure(zones)
    gap = zones.copy()
    for layer, apart in [(np.concatenate(covers), False)] if alone else _heaps(covers):
        gap = _less(gap, layer, kind, apart=apart)
    changed = np.flatnonzero([rest is not zone for rest, zone in zip(gap, zones, strict=True)])
    gap_size = own.copy()
    gap_size[changed] = np.minimum(measure(gap[changed]), own[changed])
    return own, gap_size, gap


def _compiled(
    plane: MeasuringPlane, zones: NDArray[Any], covers: list[NDArray[Any]], geometry: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Return the same by the kernels; GEOS tells what they do not decide."""
    engine.refuse_absent()
    from geoplan.kernels.covering import uncovered

    own, gap_size, gap = uncovered(zones, np.concatenate(covers), plane.geod, shapes=geometry)
    rest = np.flatnonzero(np.isnan(gap_size))
    if len(rest):
        tree = shapely.STRtree(zones[rest])
        near = [layer[np.unique(tree.query(layer)[0])] for layer in covers]
        own[rest], gap_size[rest], gap[rest] = _by_geos(plane, zones[rest], near, AREA, alone=True)
    return own, np.minimum(gap_size, own), gap


def _heaps(covers: list[NDArray[Any]]) -> list[tuple[NDArray[Any], bool]]:
    """Return what is to be taken away at once, and whether no two of it meet.

    A layer whose covers lie apart is one geometry as it stands; those of all other layers are
    best united together, since one union costs less than one of each layer.
    """
    apart = [_lie_apart(layer) for layer in covers]
    heaps = [(layer, True) for layer, alone in zip(covers, apart, strict=True) if alone]
    others = [layer for layer, alone in zip(covers, apart, strict=True) if not alone]
    return [*heaps, (np.concatenate(others), False)] if others else heaps


def _less(zones: NDArray[Any], covers: NDArray[Any], kind: int, *, apart: bool) -> NDArray[Any]:
    """Return zones without what is covered, empty where that is all.

    The covers of a zone are taken away at once, as one geometry. Where no two of them meet
    (`apart`) they are one as they stand; otherwise the large ones are cut to the zone, and all are
    united. A line is left with its covers whole: the ends of its cut pieces would lie off it by
    their last digit, and what is off it takes nothing away.
    """
    there = np.flatnonzero(~shapely.is_empty(zones))
    pairs = meeting(zones[there], covers)
    rest = zones.copy()
    inside = np.unique(there[pairs.ours[pairs.left_inside]])
    rest[inside] = shapely.Polygon() if kind == AREA else shapely.LineString()
    open_pairs = ~np.isin(there[pairs.ours], inside)
    of_zone = there[pairs.ours[open_pairs]]
    pieces = covers[pairs.theirs[open_pairs]]
    if not apart and kind == AREA:
        # cutting costs more than uniting what is small whole
        large = shapely.get_num_coordinates(pieces) > _LARGE
        cut = ~pairs.right_inside[open_pairs] & large
        pieces[cut] = shapely.intersection(zones[of_zone[cut]], pieces[cut])
        of_zone, pieces = _singles(of_dimension(pieces, kind), of_zone)
    else:
        of_zone, pieces = _singles(pieces, of_zone)
    if len(pieces) == 0:
        return rest
    make = shapely.multipolygons if apart else shapely.geometrycollections
    heaps = np.full(len(zones), None, dtype=object)
    make(pieces, indices=of_zone, out=heaps)
    partly = np.unique(of_zone)
    heap = heaps[partly] if apart else shapely.union_all(heaps[partly, np.newaxis], axis=1)
    rest[partly] = shapely.difference(zones[partly], heap)
    return rest


def _singles(
    pieces: NDArray[Any], of_zone: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    if (shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON).all():
        return of_zone, pieces
    singles, owner = shapely.get_parts(pieces, return_index=True)
    return of_zone[owner], singles


def _lie_apart(covers: NDArray[Any]) -> bool:
    """Tell whether no two covers of a layer meet, not even in a point."""
    one, other = shapely.STRtree(covers).query(covers)
    once = one < other
    one, other = one[once], other[once]
    chunks = range(0, len(one), _PAIRS_AT_ONCE)
    return not any(
        shapely.intersects(
            covers[one[start : start + _PAIRS_AT_ONCE]],
            covers[other[start : start + _PAIRS_AT_ONCE]],
        ).any()
        for start in chunks
    )
