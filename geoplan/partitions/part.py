"""A partition asked where it is read: what one worker does."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from geoplan.crs import lonlat_bounds
from geoplan.degree_boxes import reaching_boxes
from geoplan.errors import GeoplanError
from geoplan.gauss_kruger import geographic, transformer
from geoplan.partitions.dataset import Partitions
from geoplan.partitions.results import write_part
from geoplan.queries.parting import along_hilbert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.crs import Extent


@dataclass(frozen=True)
class Found:
    """Rows of some features, how many pairs were too small, and the names of the planes."""

    rows: pd.DataFrame
    below_minimum: int
    planes: tuple[str, ...]


@dataclass(frozen=True)
class PartAnswer:
    """What a worker sends back, ready to be written: who collects has little to do.

    Attributes
    ----------
    count : int
        Rows.
    table : pyarrow.Table
        They, in the order of their ids, ``geometry`` as WKB; none where they are written already.
    sums : dict of str to float
        Of each column of areas [m²] or lengths [m] that applies to some row.
    below_minimum : int
    planes : tuple of str
    """

    count: int
    table: pa.Table
    sums: dict[str, float]
    below_minimum: int
    planes: tuple[str, ...]


class Measure(Protocol):
    """What is asked of features as they were read; it can be pickled."""

    @property
    def margin_m(self) -> float:
        """How far from a driving feature the others matter [m]."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What it needs besides the geometry, where a layer has it."""

    def __call__(self, driving: GeoDataFrame, /, *others: GeoDataFrame) -> Found:
        """Answer for all of the driving features."""


@dataclass(frozen=True)
class Part:
    """A question to one partition of the first of some layers.

    Attributes
    ----------
    measure : Measure
    folders : tuple of Path
        Of the layers; the first drives.
    number : int
        Of its partition.
    most : int
        Features in memory at once, of all layers.
    into : Path, optional
        A folder to write the rows to.
    """

    measure: Measure
    folders: tuple[Path, ...]
    number: int
    most: int
    into: Path | None = None


def answered(part: Part) -> PartAnswer:
    """Read a partition with what lies near it, and answer."""
    driving, *others = (Partitions.open(folder) for folder in part.folders)
    here = driving.read(part.number, part.measure.columns)
    found = []
    for some, box in _pieces(here, driving, others, part):
        near = [other.within(box, part.measure.columns) for other in others]
        found.append(_measured(part, some, near))
    filled = [one.rows for one in found if len(one.rows)] or [found[0].rows]
    rows = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    planes = dict.fromkeys(name for one in found for name in one.planes)
    small = sum(one.below_minimum for one in found)
    ids = [name for name in rows.columns if str(name).endswith("_id")]
    rows = rows.sort_values(ids, kind="stable", ignore_index=True)
    table, count = _table(rows), len(rows)
    if part.into is not None:
        write_part(part.into, part.number, driving.crs, table)
        table = table.slice(0, 0)
    return PartAnswer(count, table, _sums(rows), small, tuple(planes))


def _measured(part: Part, some: GeoDataFrame, near: list[GeoDataFrame]) -> Found:
    """Measure; an error says in which layers, which the queries know by their role only."""
    try:
        return part.measure(some, *near)
    except GeoplanError as error:
        names = ", ".join(folder.name for folder in part.folders)
        raise type(error)(f"{names}: {error}") from error


def _table(rows: pd.DataFrame) -> pa.Table:
    plain = rows.drop(columns="geometry", errors="ignore")
    table = pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)
    if "geometry" not in rows:
        return table
    bodies = shapely.to_wkb(np.asarray(rows["geometry"], dtype=object))
    return table.append_column("geometry", pa.array(bodies, pa.binary()))


def _sums(rows: pd.DataFrame) -> dict[str, float]:
    names = [name for name in map(str, rows.columns) if name.endswith(("_m2", "length_m"))]
    known = {name: rows[name].dropna() for name in names}
    return {name: fsum(values) for name, values in known.items() if len(values)}


def _pieces(
    here: GeoDataFrame, driving: Partitions, others: Sequence[Partitions], part: Part
) -> Iterator[tuple[GeoDataFrame, Extent]]:
    """Yield a partition in pieces that meet few enough features, each with the box it reaches."""
    boxes = shapely.bounds(here.geometry.to_numpy())
    waiting = [np.arange(len(here))]
    while waiting:
        mine = waiting.pop()
        box = _reach(boxes[mine], driving, part.measure.margin_m)
        near = sum(other.estimate(box) for other in others)
        if len(mine) == 1 or len(mine) + near <= part.most:
            yield here.iloc[np.sort(mine)], box
            continue
        if len(mine) == len(here):
            mine = along_hilbert(boxes)
        waiting += [mine[len(mine) // 2 :], mine[: len(mine) // 2]]


def _reach(boxes: NDArray[np.float64], layer: Partitions, margin_m: float) -> Extent:
    """Return the box, in the units of a CRS, of all that may lie within a distance of boxes."""
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    edges = [west, south, east, north]
    degrees = lonlat_bounds(boxes[0] * 0 + edges, layer.crs)
    grown = shapely.bounds(reaching_boxes(boxes[:1] * 0 + degrees, margin_m))[0]
    back = transformer(geographic(layer.crs).to_wkt(), layer.crs.to_wkt())
    xmin, ymin, xmax, ymax = map(float, grown)
    return back.transform_bounds(xmin, ymin, xmax, ymax, densify_pts=21)
