"""Laying a layer out in partitions, whatever its size: it is read twice, batch by batch.

The first time only boxes are kept: they give each feature its place on a Hilbert curve, and so its
partition. The second time each feature goes into the file of its partition.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geoplan.errors import BadQuery, DuplicateId, EmptyLayer, NotWritable, UnstorableColumn
from geoplan.partitions.dataset import Partition, Partitions
from geoplan.progress import QUIET
from geoplan.queries.parting import along_hilbert
from geoplan.queries.uncertainty import accuracies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.progress import Progress

FEATURES = 50_000
"""In a partition, when nothing else is said."""

MOST_FILES = 800
"""Open at once while a layer is laid out; a process may have 1,024 as a rule."""

ID = "feature id"
"""Column of ids while a layer is laid out: blanks keep it from clashing with one of the layer's."""

_GROUP = 8192
"""Features of a row group: the least that a reader who asks for a box can pass over."""


def tile(
    batches: Callable[[], Iterable[GeoDataFrame]],
    folder: Path,
    *,
    features: int = FEATURES,
    progress: Progress = QUIET,
) -> Partitions:
    """Write a layer as partitions of neighbouring features.

    Parameters
    ----------
    batches : callable
        Gives the layer anew each time it is called, in frames of one CRS indexed by feature id.
    folder : Path
        To be made; it must not be there.
    features : int, default 50 000
        In a partition.
    progress : Progress, optional
        Told of each batch and partition.

    Returns
    -------
    Partitions
        GeoParquet 1.1 files with a column ``bbox`` that covers the geometry, ids as index.

    Raises
    ------
    BadQuery
        `features` is no whole number above 0.
    EmptyLayer
        No feature has a place.
    AccuracyInvalid
        An accuracy is negative or no number.
    UnstorableColumn
        A column holds values of several types.
    DuplicateId
        An id comes twice, or a feature has none.
    NotWritable
        The folder is there already, or cannot be written; then there is none.

    Notes
    -----
    In memory are the ids and boxes of all features (about 50 bytes each) and one partition.
    """
    if isinstance(features, bool) or not isinstance(features, int) or features < 1:
        raise BadQuery(f"features must be a whole number, one or more; got {features!r}")
    if folder.exists():
        raise NotWritable(f"{folder} is there already: remove it, or name another folder")
    measuring, parting, sorting = progress.about(folder.name).split(1, 2, 1)
    plan = _plan(batches(), features, measuring)
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise NotWritable(f"cannot write in {folder.parent}: {error.strerror}") from error
    try:
        _distribute(batches(), part, plan, parting)
        listed = tuple(
            _sorted(part, number, plan.crs)
            for number in sorting.each(range(plan.parts), "writing", plan.parts)
        )
        whole = Partitions(part, plan.crs, listed, tuple(plan.no_geometry))
        whole.write_list()
        part.chmod(0o755)
        part.rename(folder)
    except OSError as error:
        raise NotWritable(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Partitions.open(folder)


class _Plan(NamedTuple):
    """Which partition each feature goes to, by its position in the layer; -1 for no place."""

    number: NDArray[np.int64]
    parts: int
    crs: Any
    schema: Any
    no_geometry: list[Any]


def _plan(batches: Iterable[GeoDataFrame], features: int, progress: Progress) -> _Plan:
    boxes, ids, schemas, crs, done = [], [], [], None, 0
    for batch in batches:
        schemas.append(_table(batch.set_geometry(np.full(len(batch), None))).schema)
        boxes.append(shapely.bounds(batch.geometry.to_numpy()))
        ids.append(batch.index)
        crs = batch.crs
        done += len(batch)
        progress("reading", done, 0)
    if not done:
        raise EmptyLayer("the layer has no features: there is nothing to lay out")
    known = ids[0].append(ids[1:])
    if known.hasnans:
        raise DuplicateId("a feature has no id: give each its own")
    if not known.is_unique:
        twice = known[known.duplicated()].tolist()[0]
        raise DuplicateId(f"the id {twice!r} comes twice: ids must be unique")
    all_boxes = np.concatenate(boxes)
    placed = np.flatnonzero(~np.isnan(all_boxes[:, 0]))
    if not len(placed):
        raise EmptyLayer("no feature of the layer has a place: there is nothing to lay out")
    count = -(-len(placed) // features)
    if count > MOST_FILES:
        raise BadQuery(f"{count} partitions are too many files at once: take more features in each")
    number = np.full(len(known), -1, dtype=np.int64)
    order = placed[along_hilbert(all_boxes[placed])]
    number[order] = np.arange(len(order)) * count // len(order)
    missing = known[number < 0].tolist()
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowInvalid as error:
        raise UnstorableColumn(
            f"a column is not of one type in all of the layer: {error}"
        ) from error
    return _Plan(number, count, crs, schema, missing)


def _name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _distribute(
    batches: Iterable[GeoDataFrame], folder: Path, plan: _Plan, progress: Progress
) -> None:
    """Append each feature to the file of its partition, as it comes."""
    at = 0
    with ExitStack() as stack:
        files: dict[int, pq.ParquetWriter] = {}
        for batch in batches:
            number = plan.number[at : at + len(batch)]
            at += len(batch)
            for one in np.unique(number[number >= 0]).tolist():
                table = _table(batch[number == one])
                if one not in files:
                    path = folder / f"{_name(one)}.unsorted"
                    files[one] = stack.enter_context(pq.ParquetWriter(path, plan.schema))
                files[one].write_table(table.cast(plan.schema))
            progress("writing", at, len(plan.number))


def _table(features: GeoDataFrame) -> Any:
    """Return features as a table of Arrow, ids and WKB among its columns."""
    plain = pd.DataFrame(features.drop(columns=features.geometry.name))
    plain.insert(0, ID, features.index)
    try:
        table = pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)
    except pa.ArrowException as error:
        raise UnstorableColumn(f"a column is not of one type throughout: {error}") from error
    bodies = pa.array(shapely.to_wkb(features.geometry.to_numpy()), pa.binary())
    return table.append_column("geometry", bodies)


def _sorted(folder: Path, number: int, crs: Any) -> Partition:
    """Write a partition along the curve, with what readers need to know of it."""
    unsorted = folder / f"{_name(number)}.unsorted"
    table = pq.read_table(unsorted).to_pandas()
    shapes = shapely.from_wkb(table.pop("geometry").to_numpy())
    frame = gpd.GeoDataFrame(table, geometry=shapes, crs=crs).set_index(ID)
    if "id" not in frame:
        frame = frame.rename_axis("id")
    frame = frame.iloc[along_hilbert(shapely.bounds(shapes))]
    frame.to_parquet(
        folder / _name(number),
        index=True,
        compression="zstd",
        schema_version="1.1.0",
        write_covering_bbox=True,
        row_group_size=_GROUP,
    )
    unsorted.unlink()
    xmin, ymin, xmax, ymax = (float(edge) for edge in frame.total_bounds)
    dimensions = tuple(np.unique(shapely.get_dimensions(shapes)).tolist())
    off = float(np.nan_to_num(accuracies(frame)).max(initial=0.0))
    return Partition(_name(number), len(frame), (xmin, ymin, xmax, ymax), dimensions, off)
