"""Overlap, coverage and clearance of layers in partitions, their rows written as they come.

A partition of the driving layer is a part of the question, read where it is answered. So nowhere
is more in memory than a partition and what of the other layers lies near it, and the rows are
those of `geoplan.queries` with ``map=``, to the last bit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from geoplan.crs import Extent
from geoplan.errors import BadQuery, CrsMismatch
from geoplan.partitions.part import Measure, Part, answered
from geoplan.partitions.questions import Clearing, Covered, Overlapping
from geoplan.partitions.results import writing
from geoplan.progress import QUIET
from geoplan.queries import engine
from geoplan.queries.checks import refuse_negative
from geoplan.queries.clearance import FURTHEST_M, Nearing
from geoplan.queries.coinciding import Coinciding
from geoplan.queries.coverage import Covering
from geoplan.queries.mapping import answers

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.partitions.dataset import Partitions
    from geoplan.progress import Progress
    from geoplan.queries.mapping import Map


FEATURES = 100_000
"""In memory at once, of all layers, when nothing else is said: a partition and its neighbours."""


@dataclass(frozen=True)
class Summary:
    """What was written.

    Attributes
    ----------
    count : int
        Rows.
    sums : dict of str to float
        Of each column of areas [m²] or lengths [m] that applies to some row.
    below_minimum : int
        Pairs that are smaller than was asked for, and not written.
    no_geometry : dict of str to int
        Features without a place, by the name of the layer's folder.
    measuring_planes : tuple of str
    """

    count: int
    sums: dict[str, float]
    below_minimum: int
    no_geometry: dict[str, int]
    measuring_planes: tuple[str, ...]


def overlap(
    left: Partitions,
    right: Partitions,
    to: Path,
    *,
    min_area_m2: float = 0.0,
    min_length_m: float = 0.0,
    geometry: bool = True,
    map: Map = map,  # noqa: A002 - it is one
    part_features: int = FEATURES,
    progress: Progress = QUIET,
) -> Summary:
    """Find where the features of two layers coincide; see `geoplan.queries.overlap`.

    Parameters
    ----------
    left, right : Partitions
        In one CRS. The one with more features drives: its partitions are the parts.
    to : Path
        ``.parquet`` or ``.gpkg``, replaced when all is written; without an ending a folder of
        GeoParquet files, one for each partition, which the workers write themselves.
    min_area_m2, min_length_m, geometry
        As for the query.
    map : callable or pool
        As for the query; workers must see the folders by the same paths.
    part_features : int
        Features of all layers in memory at once; a partition that meets more is parted further.
    progress : Progress, optional
        Told of each partition.

    Returns
    -------
    Summary
        The rows, in `to`, are those of the query in the order of the driving partitions, then of
        ids.

    Raises
    ------
    BadQuery
        A minimum is negative, or the ending of `to` is unknown.
    CrsMismatch
        The layers differ in CRS.
    FileUnreadable, NotWritable
        A partition, or the result.
    WrongGeometryType, InvalidGeometry, FeatureTooWide
        As for the query.
    """
    refuse_negative(min_area_m2=min_area_m2, min_length_m=min_length_m)
    swap = right.count > left.count
    question = Coinciding(geometry, _extent(left, right), engine.is_there())
    measure = Overlapping(question, min_area_m2, min_length_m, swap)
    sides = (right, left) if swap else (left, right)
    return _asked(measure, sides, to, map, part_features, progress)


def coverage(
    zones: Partitions,
    *by: Partitions,
    to: Path,
    gap_geometry: bool = True,
    map: Map = map,  # noqa: A002 - it is one
    part_features: int = FEATURES,
    progress: Progress = QUIET,
) -> Summary:
    """Measure how much of each zone other layers cover; see `geoplan.queries.coverage`.

    A zone is measured whole, with all that may cover it, in the part of its own partition:
    so the parts of an answer are never added up.

    Parameters
    ----------
    zones, *by : Partitions
        In one CRS.
    to, map, part_features, progress
        As for `overlap`.
    gap_geometry
        As for the query.

    Raises
    ------
    BadQuery
        No layer to cover by was given, or the ending of `to` is unknown.
    CrsMismatch, FileUnreadable, NotWritable, WrongGeometryType, InvalidGeometry, FeatureTooWide
        As for `overlap`.
    """
    if not by:
        raise BadQuery("coverage needs at least one layer to cover the zones by")
    question = Covering(
        zones.dimension, len(by), grouped=False, gap_geometry=gap_geometry,
        extent=_extent(zones, *by), compiled=engine.is_there(),
    )  # fmt: skip
    return _asked(Covered(question), (zones, *by), to, map, part_features, progress)


def clearance(
    left: Partitions,
    right: Partitions,
    within_m: float,
    to: Path,
    *,
    threshold_m: float | None = None,
    overlaps: bool = True,
    map: Map = map,  # noqa: A002 - it is one
    part_features: int = FEATURES,
    progress: Progress = QUIET,
) -> Summary:
    """Measure how far features of two layers are from each other; see `geoplan.queries.clearance`.

    Parameters
    ----------
    left, right : Partitions
        In one CRS; the same folder twice gives each pair once, the smaller id as left.
    within_m, threshold_m, overlaps
        As for the query.
    to, map, part_features, progress
        As for `overlap`.

    Raises
    ------
    BadQuery
        A distance is not a number above 0 or exceeds 300 km, or the ending of `to` is unknown.
    CrsMismatch, FileUnreadable, NotWritable, WrongGeometryType, InvalidGeometry, FeatureTooWide
        As for `overlap`.
    """
    off = 0.0 if threshold_m is None else left.accuracy_m + right.accuracy_m
    margin = max(within_m, (threshold_m or 0.0) + off)
    for value in (within_m, margin, 1.0 if threshold_m is None else threshold_m):
        if not 0 < value <= FURTHEST_M:
            raise BadQuery(f"distances are above 0 and at most {FURTHEST_M:.0f} m; got {value!r}")
    dimensions = left.dimension, right.dimension
    question = Nearing(within_m, threshold_m, dimensions, overlaps, _extent(left, right))
    same = left.folder.resolve() == right.folder.resolve()
    measure = Clearing(question, margin, same)
    return _asked(measure, (left, right), to, map, part_features, progress)


def _extent(*layers: Partitions) -> Extent:
    """Return the box around layers in one CRS."""
    for other in layers[1:]:
        if other.crs != layers[0].crs:
            raise CrsMismatch(
                f"{layers[0].folder.name} is in {layers[0].crs.name}, {other.folder.name} in "
                f"{other.crs.name}: lay them out in one CRS"
            )
    boxes = [layer.extent for layer in layers]
    low, high = ([edge(one[at] for one in boxes) for at in ats] for edge, ats in (
        (min, (0, 1)), (max, (2, 3))))  # fmt: skip
    return low[0], low[1], high[0], high[1]


def _asked(
    measure: Measure,
    layers: tuple[Partitions, ...],
    to: Path,
    ask: Map,
    most: int,
    progress: Progress,
) -> Summary:
    """Ask of each partition of the first layer, and write the rows as they come."""
    folders = tuple(layer.folder.resolve() for layer in layers)
    count = len(layers[0].partitions)
    sums: dict[str, list[float]] = {}
    planes: dict[str, None] = {}
    counts: Counter[str] = Counter()
    with writing(to, layers[0].crs) as rows:
        into = None if rows.folder is None else rows.folder.resolve()
        items = (Part(measure, folders, number, most, into) for number in range(count))
        found = answers(ask, answered, items)
        for answer in progress.about(to.name).each(found, "measuring", count):
            rows.write(answer.table)
            counts.update(rows=answer.count, small=answer.below_minimum)
            for name, part in answer.sums.items():
                sums.setdefault(name, []).append(part)
            planes |= dict.fromkeys(answer.planes)
    nowhere = {layer.folder.name: len(layer.no_geometry) for layer in layers}
    total = {name: fsum(parts) for name, parts in sums.items()}
    return Summary(counts["rows"], total, counts["small"], nowhere, tuple(planes))
