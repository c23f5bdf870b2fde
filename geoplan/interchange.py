"""Layers as files of other programs; what a format cannot hold is told, not dropped in silence."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan import vertices, workers
from geoplan.crs import geographic, reproject, to_crs
from geoplan.errors import CrsMismatch, NotWritable, UnknownFormat
from geoplan.ingest import shapefile_set
from geoplan.ingest.formats import FORMATS, format_of
from geoplan.ingest.losses import Loss, geodatabase_names, of_export, short_names
from geoplan.progress import QUIET
from geoplan.store.blob import decode
from geoplan.styles import style_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from geopandas import GeoDataFrame
    from pyproj import CRS

    from geoplan.catalogue import Catalogue
    from geoplan.ingest.formats import Format
    from geoplan.model import FeatureId, Layer
    from geoplan.progress import Progress
    from geoplan.schema import LayerSchema
    from geoplan.store import Table
    from geoplan.styles import Style

_KML_OWN = frozenset(
    {
        "id", "timestamp", "begin", "end", "altitudemode", "tessellate", "extrude", "visibility",
        "draworder", "icon", "snippet",
    }
)  # fmt: skip
_DRAWING_LAYER = "layer_name"


@dataclass(frozen=True)
class Part:
    """What of a layer is to be written; None stands for all, and for the CRS as stored.

    Attributes
    ----------
    ids : sequence of int or str, optional
        Ids of the features, in the order to write them; one that is gone is passed over.
    columns : collection of str, optional
        Names of the attributes; the id is always there.
    crs : CRS, optional
        Vertices are moved exactly, and none is added.
    """

    ids: Sequence[FeatureId] | None = None
    columns: Collection[str] | None = None
    crs: CRS | None = None


WHOLE = Part()


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    losses : tuple of Loss
        What the file does not hold.
    names : mapping
        Column → the name it has in the file, where that differs.
    """

    path: Path
    format: str
    count: int
    losses: tuple[Loss, ...]
    names: dict[str, str]


def export_layer(
    catalogue: Catalogue,
    layer_id: str,
    output: Path,
    *,
    form: str | None = None,
    codes: bool = False,
    part: Part = WHOLE,
    limits: workers.Limits | None = None,
    progress: Progress = QUIET,
) -> Exported:
    """Write a layer in a format of other programs.

    Parameters
    ----------
    catalogue : Catalogue
        The plan.
    layer_id : str
        The layer.
    output : Path
        Its ending tells the format, unless `form` does. Replaced when it exists. A bare ``.shp``
        comes with the other files of a shapefile beside it.
    codes : bool
        Name columns by the standard field codes of Chinese planning databases.
    part : Part, optional
        What of it; without, all of it as it is stored.
    progress : Progress, optional
        Told how far the export is; its end only once the file is in its place.

    Raises
    ------
    LayerNotFound, UnknownFormat
        There is no such layer; the format is unknown or only read.
    NotWritable
        The file cannot be written; what stood there is unchanged.
    """
    layer, chosen = catalogue[layer_id], format_of(output, form)
    if chosen.ending(output) in chosen.read_only:
        wanted = [end for one in FORMATS.values() for end in one.suffixes
                  if end not in one.read_only]  # fmt: skip
        raise UnknownFormat(f"{output.name} is only read; written are: {', '.join(wanted)}")
    reading, writing, ending = progress.about(layer_id).split(4, 5, 1)
    names = _names(catalogue.table(layer_id), layer, catalogue.schema(layer), codes=codes)
    if part.columns is not None:
        kept = {layer.id_column, *part.columns}
        names = {old: new for old, new in names.items() if old in kept}
    if chosen.key == "gpkg":
        _as_geopackage(catalogue, layer, output, names, part, writing)
        ending("writing", 1, 1)
        return _exported(output, chosen, catalogue, layer, (), names)
    table, losses = _fitted(catalogue, layer, chosen, names, part, reading)
    shortened = _shorten(table, chosen, names, losses)
    _through_worker(output, chosen, table, shortened, limits, writing)
    ending("writing", 1, 1)
    return _exported(output, chosen, catalogue, layer, tuple(losses), names)


def _exported(
    output: Path,
    form: Format,
    catalogue: Catalogue,
    layer: Layer,
    losses: tuple[Loss, ...],
    names: dict[str, str],
) -> Exported:
    told = {old: new for old, new in names.items() if old != new}
    return Exported(output, form.key, catalogue.table(layer.id).count, losses, told)


def _style(catalogue: Catalogue, layer: Layer, names: dict[str, str]) -> Style | None:
    """Return how QGIS shall draw the file; none where its columns have other names."""
    if any(old != new for old, new in names.items()):
        return None
    return style_of(layer, catalogue.symbol(layer), catalogue.schema(layer), list(names))


def _names(table: Table, layer: Layer, kind: LayerSchema, *, codes: bool) -> dict[str, str]:
    """Return column → name in the file, the id first."""
    columns = [column.name for column in table.columns]
    names = dict.fromkeys([layer.id_column, *columns] if layer.id_column else columns, "")
    for name in names:
        field = kind.field(name)
        code = field.code if codes and field is not None else None
        names[name] = code if code is not None and code not in names.values() else name
    return names


def _fitted(
    catalogue: Catalogue,
    layer: Layer,
    form: Format,
    names: dict[str, str],
    part: Part,
    progress: Progress,
) -> tuple[dict[str, Any], list[Loss]]:
    """Return a layer as the plain table that a format can hold, and what it cannot."""
    about = catalogue.table(layer.id)
    if about.crs is None:
        raise CrsMismatch(f"layer {layer.id!r} has no CRS: import it again with --source-crs")
    rows = list(progress.each(catalogue.rows(layer.id), "reading", about.count))
    if part.ids is not None:
        by_id = {row[0]: row for row in rows}
        rows = [by_id[one] for one in part.ids if one in by_id]
    shapes = decode([row[2] for row in rows])
    crs = about.crs
    if part.crs is not None and part.crs != crs:
        shapes, crs = reproject(shapes, crs, part.crs), part.crs
    if not form.crs and form.key != "dxf" and not crs.is_geographic:
        shapes, crs = reproject(shapes, crs, geographic(crs)), geographic(crs)
    columns: dict[str, tuple[str, list[Any]]] = {}
    if layer.id_column is not None:
        ids = [row[0] for row in rows]
        columns[layer.id_column] = (
            "INTEGER" if all(isinstance(one, int) for one in ids) else "TEXT",
            ids,
        )
    for column in about.columns:
        if column.name not in names:
            continue
        type_ = column.type.upper().split("(")[0]
        columns[column.name] = (
            _PLAIN.get(type_, type_),
            [attributes[column.name] for _, attributes, _ in rows],
        )
    measures = vertices.measures_of(shapes)
    if form.m == "lost" or (form.m == "where all" and np.isnan(measures).any()):
        shapes = vertices.without_measures(shapes)
    bodies = shapely.to_wkb(shapes, flavor="iso", byte_order=1, output_dimension=4).tolist()
    table = {
        "name": layer.table,
        "dimension": layer.geometry,
        "crs": _crs_text(crs),
        "columns": {names[name]: column for name, column in columns.items()},
        "geometry": bodies,
    }
    there = shapes[~shapely.is_missing(shapes)]
    losses = of_export(
        form,
        table,
        heights=bool(shapely.has_z(there).any()),
        parts=bool((shapely.get_num_geometries(there) > 1).any()),
        measures=measures,
    )
    _fit(table, form, layer)
    return table, losses


_PLAIN = {
    "DOUBLE": "REAL", "FLOAT": "REAL", "INT": "INTEGER", "MEDIUMINT": "INTEGER",
    "SMALLINT": "INTEGER", "TINYINT": "INTEGER",
}  # fmt: skip


def _crs_text(crs: Any) -> str:
    code = crs.to_epsg()
    return str(crs.to_wkt()) if code is None else f"EPSG:{code}"


def _fit(table: dict[str, Any], form: Format, layer: Layer) -> None:
    """Bring a table down to what a format holds."""
    if not form.attributes:
        layers = table["columns"].get(_DRAWING_LAYER, ("TEXT", [layer.id] * len(table["geometry"])))
        there = [row for row, body in enumerate(table["geometry"]) if body is not None]
        table["columns"] = {_DRAWING_LAYER: ("TEXT", [layers[1][row] for row in there])}
        table["geometry"] = [table["geometry"][row] for row in there]
        return
    fitted = {}
    for name, (type_, values) in table["columns"].items():
        held = form.holds(type_)
        if held == "lost":
            continue
        fitted[name] = ("TEXT" if held == "text" else type_, values)
    table["columns"] = fitted


def _part_of(features: GeoDataFrame, names: dict[str, str], part: Part) -> GeoDataFrame:
    if part.ids is not None:
        features = features.loc[[one for one in part.ids if one in features.index]]
    dropped = [name for name in features.columns if name not in (*names, features.geometry.name)]
    features = features.drop(columns=dropped)
    return features if part.crs is None else to_crs(features, part.crs)


def _shorten(
    table: dict[str, Any], form: Format, names: dict[str, str], losses: list[Loss]
) -> list[list[str]]:
    """Give columns the names that a format allows, and tell which were changed."""
    columns = table["columns"]
    if form.key == "kml":
        short = {name: f"{name}_" if name.lower() in _KML_OWN else name for name in columns}
    elif form.key == "filegdb":
        short = geodatabase_names(list(columns))
    elif form.names is not None:
        short = short_names(list(columns), form.names)
    else:
        return []
    changed = [[new, old] for old, new in short.items() if new != old]
    if changed:
        told = ", ".join(f"{old} → {new}" for new, old in changed)
        losses.append(Loss("short_names", {"columns": told}))
        table["columns"] = {short[name]: column for name, column in columns.items()}
        for name, new in names.items():
            names[name] = short.get(new, new)
    return changed


def _through_worker(
    output: Path,
    form: Format,
    table: dict[str, Any],
    names: list[list[str]],
    limits: workers.Limits | None,
    progress: Progress,
) -> None:
    """Have a worker write the file beside its place, then move it there."""
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=output.parent) as folder:
            part = Path(folder) / f"export{form.ending(output)}"
            target = str(part.resolve())
            workers.run(
                "geoplan.ingest.worker:write",
                target,
                form.key,
                table,
                names,
                limits=limits,
                report=progress.report("writing"),
            )
            if part.suffix == ".shp":
                shapefile_set.move(part, output)
            else:
                part.replace(output)
    except OSError as error:
        raise NotWritable(f"cannot write {output}: {error.strerror}") from error


def _as_geopackage(
    catalogue: Catalogue,
    layer: Layer,
    output: Path,
    names: dict[str, str],
    part: Part,
    progress: Progress,
) -> None:
    from datetime import datetime, time

    from geoplan.store import GeoPackageStore
    from geoplan.store.write import write_geopackage

    with GeoPackageStore(catalogue.path(layer.id)) as store:
        features, note = store.read(layer), store.provenance()
    features = _part_of(features, names, part)
    types = {names[column.name]: column.type for column in catalogue.table(layer.id).columns
             if column.name in names}  # fmt: skip
    write_geopackage(
        output,
        layer.table,
        features.rename(columns=names),
        id_column=None if layer.id_column is None else names[layer.id_column],
        identifier=layer.title.zh,
        description=layer.source.zh,
        last_change=datetime.combine(layer.source_date, time(), tzinfo=UTC),
        column_types=types,
        # they tell of all routes
        attribute_tables=catalogue.tables_beside(layer.id) if part.ids is None else None,
        provenance=note,
        schema=catalogue.schema(layer),
        style=_style(catalogue, layer, names),
        progress=progress,
    )
