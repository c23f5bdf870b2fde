"""Build the GeoPackages of a plan from their text sources; unchanged ones are left alone."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.authoring import shapes
from geoplan.authoring.places import Drawn, draw, read_ground
from geoplan.authoring.rows import read_rows
from geoplan.authoring.source import LayerSource, SourceFeature, feature_values, read_source
from geoplan.catalogue import Catalogue
from geoplan.errors import BadData, NotWritable, SourceInvalid
from geoplan.store import Column, GeoPackageStore
from geoplan.store.frame import typed_series
from geoplan.store.history import history
from geoplan.store.write import write_geopackage
from geoplan.styles import style_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geopandas import GeoDataFrame
    from shapely.geometry.base import BaseGeometry

    from geoplan.authoring.places import Ground
    from geoplan.model import AttributeTable, Dimension, Layer
    from geoplan.schema import LayerSchema
    from geoplan.store.audit import Line
    from geoplan.styles import Style

RECIPE = 2
"""Number of the way sources are built; a change of it rebuilds every layer."""


@dataclass(frozen=True)
class BuildReport:
    """What became of one layer."""

    layer: str
    built: bool
    features: int


def build_plan(directory: Path | str) -> Iterator[BuildReport]:
    """Build every layer of a plan that has a text source, one at a time.

    Parameters
    ----------
    directory : path-like
        The plan's folder, with its ``catalogue.toml``.

    Yields
    ------
    BuildReport
        One for each layer with a source. A layer whose source has not changed since its
        GeoPackage was built is not written again.

    Raises
    ------
    CatalogueInvalid, SourceInvalid
        The catalogue or a source is wrong; layers built before stay, this one is untouched.
    """
    catalogue = Catalogue.parse(directory)
    for layer in catalogue.values():
        if layer.source_file is not None:
            yield _build(catalogue, layer, layer.source_file)


def _build(catalogue: Catalogue, layer: Layer, source_file: str) -> BuildReport:
    source_path = catalogue.directory / source_file
    source = read_source(source_path)
    crs = _crs(source, source_path)
    ground = read_ground(source, source_path, crs)
    schema = catalogue.schema(layer)
    columns = [*source.columns, layer.id_column or ""]
    style = style_of(layer, catalogue.symbol(layer), schema, columns)
    note = _provenance(layer, source_path, ground, schema, style)
    note = _with_tables(note, catalogue, layer)
    target = catalogue.path(layer.id)
    if _stored_provenance(target) == note:
        return BuildReport(layer.id, built=False, features=len(source.features))
    _refuse_to_lose_edits(target, layer)
    features = _features(source, layer, source_path, crs, ground)
    tables = {
        one.table: read_rows(path, catalogue.schemas[one.kind], [*features.index])
        for one, path in _table_sources(catalogue, layer)
    }
    try:
        write_geopackage(
            target,
            layer.table,
            features,
            id_column=layer.id_column,
            identifier=layer.title.zh,
            description=layer.source.zh,
            last_change=datetime.combine(layer.source_date, time(), tzinfo=UTC),
            column_types=source.columns,
            attribute_tables=tables,
            provenance=note,
            schema=schema,
            style=style,
        )
    except BadData as error:
        raise SourceInvalid(f"{source_path}: {error}") from error
    return BuildReport(layer.id, built=True, features=len(features))


def _refuse_to_lose_edits(target: Path, layer: Layer) -> None:
    """Refuse to write anew, from its text, a layer that was edited since."""
    edits: list[Line] = []
    with suppress(BadData):  # what cannot be read holds no edits that could be kept
        edits = history(target, layer.table, 1)
    if edits:
        raise NotWritable(
            f"{target} was edited since it was built, last at {edits[0].time}: bring the edits "
            f"into the source and remove the file (geoplan backup keeps it) to have it built anew"
        )


def _crs(source: LayerSource, path: Path) -> CRS:
    try:
        return CRS.from_user_input(source.crs)
    except CRSError as error:
        raise SourceInvalid(f"{path}: crs: {error}") from error


def _provenance(
    layer: Layer, source_path: Path, ground: Ground, schema: LayerSchema, style: Style
) -> str:
    """Return what the file was built from; equal notes mean equal files."""
    entry = json.dumps(layer.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    note: dict[str, Any] = {
        "recipe": RECIPE,
        "source": layer.source_file,
        "source_sha256": _sha256(source_path),
        "entry_sha256": _digest(entry),
        "schema_sha256": _digest(schema.model_dump_json()),
        "style_sha256": _digest(style.qml + style.sld),
    }
    if ground.files:
        note["stands_on_sha256"] = {file.name: _sha256(file) for file in ground.files}
    return json.dumps(note)


def _with_tables(note: str, catalogue: Catalogue, layer: Layer) -> str:
    """Return a note with what the tables beside the features are built from, if there are any."""
    tables = {
        one.table: [_sha256(path), _digest(catalogue.schemas[one.kind].model_dump_json())]
        for one, path in _table_sources(catalogue, layer)
    }
    return json.dumps({**json.loads(note), "tables_sha256": tables}) if tables else note


def _table_sources(catalogue: Catalogue, layer: Layer) -> list[tuple[AttributeTable, Path]]:
    return [
        (one, catalogue.directory / one.source_file)
        for one in layer.attribute_tables
        if one.source_file is not None
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SourceInvalid(f"{path} cannot be read: {error}") from error


def _stored_provenance(target: Path) -> str | None:
    if not target.exists():
        return None
    try:
        with GeoPackageStore(target) as store:
            return store.provenance()
    except BadData:
        return None  # a damaged file is built anew


def _features(
    source: LayerSource, layer: Layer, path: Path, crs: CRS, ground: Ground
) -> GeoDataFrame:
    drawn = [
        _drawn(feature, source, layer.geometry, path, crs, ground) for feature in source.features
    ]
    columns: dict[str, Any] = {
        name: typed_series(Column(name, kind), _stored(_values(source, name, drawn)))
        for name, kind in source.columns.items()
    }
    geometries = [one.geometry for one in drawn]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometries, crs=crs), crs=crs)
    frame.index = pd.Index([feature.id for feature in source.features], name=layer.id_column)
    return frame


def _values(source: LayerSource, column: str, drawn: list[Drawn]) -> list[Any]:
    """Return a column: what a feature states, else what its drawing tells, else the default."""
    return [
        one.values.get(column, value) if column not in feature.attributes else value
        for one, feature, value in zip(
            drawn, source.features, feature_values(source, column), strict=True
        )
    ]


def _stored(values: list[Any]) -> list[Any]:
    """Return dates and times as text, which is how a GeoPackage keeps them."""
    return [value.isoformat() if hasattr(value, "isoformat") else value for value in values]


_MEANT = {"point": "Point", "line": "LineString", "area": "Polygon"}


def _drawn(
    feature: SourceFeature,
    source: LayerSource,
    dimension: Dimension,
    path: Path,
    crs: CRS,
    ground: Ground,
) -> Drawn:
    """Draw a feature, and measure it where its table has a column for that."""
    drawn = draw(feature, ground, crs, path)
    if drawn.geometry is None:
        return drawn
    where = f"{path}: feature {feature.id!r}"
    _refuse_other_dimensions(drawn.geometry, dimension, where)
    if not {"area_m2", "length_m"} & set(source.columns):
        return drawn
    try:
        area, length = shapes.measure(crs, drawn.geometry)
    except SourceInvalid as error:
        raise SourceInvalid(f"{where}: {error}") from error
    found = {"area_m2": area, "length_m": length}
    known = {name: value for name, value in found.items() if value is not None}
    return Drawn(drawn.geometry, {**drawn.values, **known})


def _refuse_other_dimensions(geometry: BaseGeometry, dimension: Dimension, where: str) -> None:
    if geometry.geom_type.removeprefix("Multi") != _MEANT[dimension]:
        raise SourceInvalid(
            f"{where}: a {geometry.geom_type} in a layer of geometry = {dimension!r}"
        )
