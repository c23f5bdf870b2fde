"""The quality of a plan's layers: each inspected as it is stored, and repaired into a new file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

import geoplan
from geoplan.crs import reproject
from geoplan.errors import BadQuery, DuplicateId
from geoplan.model import Bbox
from geoplan.progress import QUIET
from geoplan.quality import CODES, LEVELS, inspect, repair
from geoplan.store import GeoPackageStore
from geoplan.store.write import write_geopackage

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer
    from geoplan.progress import Progress

LOG_TABLE = "repair_log"
_WORST_FIRST = LEVELS[::-1]


def review(
    catalogue: Catalogue, layers: tuple[Layer, ...], progress: Progress = QUIET
) -> GeoDataFrame:
    """Return the findings of layers, worst first in each layer; see `geoplan.quality.inspect`.

    Points are in the CRS of the first layer that has one. ``attrs`` holds
    ``measuring_planes``. `progress` is told of each check of each layer.
    """
    today = datetime.now(tz=UTC).astimezone().date()
    extent = Bbox.of(catalogue.plan.extent)
    parts, planes = [], list[str]()
    stretches = progress.split(*(_size(catalogue, layer) for layer in layers))
    for number, (layer, its) in enumerate(zip(layers, stretches, strict=True), 1):
        reading, checking = its.about(layer.id, number, len(layers)).split(1, 4)
        reading("reading", 0, 1)
        features = _as_stored(catalogue, layer)
        schema = catalogue.schema(layer)
        found = inspect(
            features,
            schema=schema,
            extent=extent,
            today=today,
            id_column=layer.id_column,
            progress=checking,
        )
        planes += found.attrs["measuring_planes"]
        found.insert(0, "layer", layer.id)
        order = found["level"].map(_WORST_FIRST.index).argsort(kind="stable")
        parts.append(found.iloc[order])
    together = _together(parts)
    together.attrs = {"measuring_planes": planes}
    return together


def _size(catalogue: Catalogue, layer: Layer) -> int:
    """Return the size of a layer's file, for its share of the bar [bytes]."""
    path = catalogue.path(layer.id)
    return path.stat().st_size if path.exists() else 0


def totals(findings: GeoDataFrame) -> dict[str, float]:
    """Return how many findings there are, of each level and of each code."""
    counts: dict[str, float] = {
        level: float((findings["level"] == level).sum()) for level in _WORST_FIRST
    }
    codes: list[str] = findings["code"].tolist()
    return {
        "count": float(len(findings)),
        **counts,
        **{code: float(codes.count(code)) for code in CODES if code in codes},
    }


def write_repaired(
    catalogue: Catalogue,
    layer: Layer,
    path: Path,
    *,
    make_valid: bool,
    progress: Progress = QUIET,
) -> int:
    """Write a repaired copy of a layer, and the log of what was changed, as one GeoPackage.

    The layer itself is never written to; the new file is written whole or not at all. `progress`
    is told of reading, repairing and of each row that is written.

    Returns
    -------
    int
        How many changes were made.

    Raises
    ------
    BadQuery
        The file is no GeoPackage by its ending, or is the layer's own.
    DuplicateId
        Two features share an id: which of them to keep has no one right answer.
    """
    if path.suffix.lower() != ".gpkg":
        raise BadQuery(f"a repaired layer is a GeoPackage: name it {path.stem}.gpkg")
    if path.resolve() == catalogue.path(layer.id).resolve():
        raise BadQuery(f"{path} is the layer itself: it is never repaired in place, name another")
    mending, writing = progress.about(layer.id).split(3, 1)
    mending("reading", 0, 1)
    features = catalogue.read(layer.id)
    mending("repairing", 1, 3)
    columns = {column.name: column.type for column in catalogue.table(layer.id).columns}
    fixed, log = repair(features, make_valid=make_valid)
    mending("repairing", 3, 3)
    made = log[log["action"] != "left-invalid"]
    log["feature_id"] = log["feature_id"].map(str).astype(object)
    steps = {"step": "repair", "layer": layer.id, "changes": len(made), "make_valid": make_valid}
    write_geopackage(
        path,
        layer.table,
        fixed,
        id_column=layer.id_column,
        identifier=layer.id,
        description=layer.title.zh,
        last_change=datetime.now(tz=UTC),
        column_types=columns,
        attribute_tables={**catalogue.tables_beside(layer.id), LOG_TABLE: log},
        provenance=json.dumps({**steps, "software": f"geoplan {geoplan.__version__}"}),
        schema=catalogue.schema(layer),
        progress=writing,
    )
    return len(made)


def _as_stored(catalogue: Catalogue, layer: Layer) -> GeoDataFrame:
    """Return all features of a layer, also those whose ids are missing or twice there."""
    try:
        return catalogue.read(layer.id)
    except DuplicateId:
        with GeoPackageStore(catalogue.path(layer.id)) as store:
            by_key = store.read(layer.model_copy(update={"id_column": None}))
        return by_key.set_index(str(layer.id_column))


def _together(parts: list[GeoDataFrame]) -> GeoDataFrame:
    crs = next((part.crs for part in parts if part.crs is not None), None)
    placed = []
    for part in parts:
        points: Any = part.geometry.to_numpy()
        if part.crs is None:
            points = np.full(len(part), None, dtype=object)
        elif crs is not None and part.crs != crs:
            points = reproject(points, part.crs, crs)
        placed.append(pd.DataFrame(part).assign(geometry=points))
    table = pd.concat(placed, ignore_index=True).astype({"geometry": object})
    for name in ("feature_id", "other_id"):  # ids of layers are texts or numbers: here texts
        table[name] = table[name].map(str, na_action="ignore").astype(object)
    table["count"] = table["count"].astype("int64")
    return gpd.GeoDataFrame(table, geometry="geometry", crs=crs)
