"""A foreign table made into a layer: fields matched, coordinates brought home, ids given."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.crs import geographic, to_crs
from geoplan.errors import (
    BadQuery,
    CrsUnknown,
    DuplicateId,
    EmptyLayer,
    FieldsInvalid,
    MixedGeometry,
    NotAGeoPackage,
)
from geoplan.ingest.coordinates import HOME, bring_home, judge
from geoplan.ingest.drawing import closed_to_areas, layers_of
from geoplan.ingest.fields import Matched, free_name, match, printable, slug
from geoplan.ingest.losses import Loss
from geoplan.ingest.table import decoded
from geoplan.model import LAYER_ID, Bbox, Layer, Text
from geoplan.progress import QUIET
from geoplan.quality import inspect
from geoplan.store import Column
from geoplan.store.frame import typed_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.catalogue import Catalogue
    from geoplan.ingest.coordinate_findings import CoordinateFinding
    from geoplan.ingest.coordinates import Verdict
    from geoplan.ingest.importing import Wishes
    from geoplan.ingest.table import ForeignTable
    from geoplan.model import Dimension
    from geoplan.progress import Progress
    from geoplan.schema import LayerSchema

ID = "feature_id"
_STEPS = 2
"""Of making a table a layer: matching its fields, placing its features."""
_DIMENSIONS: tuple[Dimension, ...] = ("point", "line", "area")
_PLURAL = {"point": "points", "line": "lines", "area": "areas"}


@dataclass
class Prepared:
    """A layer ready to be written, with all that is to be told of it.

    Attributes
    ----------
    layer : Layer
        Its entry, that of the catalogue where it is there already.
    features : GeoDataFrame
        Indexed by id.
    verdict : mapping
        Of its coordinates, for the record of provenance.
    coordinates : tuple
        What is to be known of them.
    quality : mapping
        Code → how many findings.
    """

    layer: Layer
    schema: LayerSchema
    features: GeoDataFrame
    column_types: Mapping[str, str]
    matched: Matched
    table: str
    driver: str
    encoding: str
    source: Mapping[str, Any]
    crs: str
    verdict: Mapping[str, Any]
    coordinates: tuple[CoordinateFinding, ...]
    losses: tuple[Loss, ...] = ()
    quality: Mapping[str, int] = field(default_factory=dict)
    new: bool = True

    @property
    def located(self) -> int:
        """How many features have a place."""
        shapes = self.features.geometry
        return int((~(shapes.isna() | shapes.is_empty)).sum())


def prepare(
    table: ForeignTable,
    catalogue: Catalogue,
    wishes: Wishes,
    source: Mapping[str, Any],
    *,
    several: bool,
    taken: set[str],
    progress: Progress = QUIET,
) -> list[Prepared]:
    """Make a foreign table into layers: one, or one per dimension where the kind is open.

    Raises
    ------
    EmptyLayer, MixedGeometry, FieldsInvalid, DuplicateId
        It holds nothing; holds what the kind cannot; its columns or ids do not fit.
    ForeignFileInvalid
        Its coordinates cannot be brought home; see `geoplan.ingest.coordinates.judge`.
    """
    if not table.geometry:
        raise EmptyLayer(f"{source['file']}: the table {table.name!r} holds no features")
    kind = catalogue.schemas[wishes.kind]
    shapes = decoded(table.geometry, table.name)
    losses = [Loss(code, values) for code, values in table.notes]
    if table.driver == "DXF" and "area" in kind.geometry and "line" not in kind.geometry:
        shapes = closed_to_areas(shapes)
    groups = _by_dimension(shapes, kind, table, losses)
    found = []
    parts = progress.split(*(len(at) for at in groups.values()))
    for (dimension, at), its in zip(groups.items(), parts, strict=True):
        layer = _layer(table, catalogue, wishes, source, dimension, several, len(groups) > 1, taken)
        taken = {*taken, layer.id}
        found.append(_prepared(table, shapes, at, layer, catalogue, wishes, source, losses, its))
    return found


def _by_dimension(
    shapes: NDArray[Any], kind: LayerSchema, table: ForeignTable, losses: list[Loss]
) -> dict[Dimension, NDArray[np.intp]]:
    """Return the features of each dimension; those without a place go with the most."""
    types = shapely.get_type_id(shapes)
    mixed = np.flatnonzero(types == shapely.GeometryType.GEOMETRYCOLLECTION)
    if len(mixed):
        raise MixedGeometry(
            f"{table.name}: feature number {mixed[0] + 1} is a collection of geometries: "
            f"take it apart first"
        )
    dims = np.select([np.isin(types, (0, 4)), np.isin(types, (1, 2, 5)), np.isin(types, (3, 6))],
                     [0, 1, 2], -1)  # fmt: skip
    there = [dim for dim in range(3) if (dims == dim).any()]
    allowed = [dim for dim in there if _DIMENSIONS[dim] in kind.geometry]
    foreign = np.flatnonzero((dims >= 0) & ~np.isin(dims, allowed))
    if len(foreign) and (table.driver != "DXF" or not allowed):
        raise MixedGeometry(
            f"{table.name}: {len(foreign)} features, the first of them number {foreign[0] + 1}, "
            f"are {_PLURAL[_DIMENSIONS[dims[foreign[0]]]]}; kind {kind.kind} holds "
            f"{', '.join(_PLURAL[one] for one in kind.geometry)}"
        )
    if len(foreign):
        losses.append(Loss("other_dimensions", {"count": len(foreign)}))
    if not allowed:
        return {kind.geometry[-1]: np.arange(len(shapes))}
    most = max(allowed, key=lambda dim: int((dims == dim).sum()))
    dims[dims == -1] = most
    return {_DIMENSIONS[dim]: np.flatnonzero(dims == dim) for dim in allowed}


def _layer(
    table: ForeignTable,
    catalogue: Catalogue,
    wishes: Wishes,
    source: Mapping[str, Any],
    dimension: Dimension,
    several: bool,
    split: bool,
    taken: set[str],
) -> Layer:
    """Return the entry of the layer to be: that of the catalogue, or a new one."""
    wanted = wishes.layer
    if wanted is None or not LAYER_ID.fullmatch(wanted):
        wanted = slug(table.name)
        if not wanted:  # called by its kind: that is no reason to replace another of that kind
            wanted, taken = f"{wishes.kind.replace('_', '-')}s", {*taken, *catalogue}
    wanted = f"{wanted}-{_PLURAL[dimension]}" if split else wanted
    if several or wishes.layer is None:
        free, number = wanted, 2
        while free in taken:
            free, number = f"{wanted}-{number}", number + 1
        wanted = free
    known = catalogue.get(wanted)
    if known is not None:
        if known.kind != wishes.kind or known.geometry != dimension:
            raise BadQuery(
                f"the plan has a layer {wanted!r} already, of kind {known.kind} and geometry "
                f"{known.geometry}; this is {wishes.kind} and {dimension}: choose another --layer"
            )
        return Layer.model_validate(known.model_dump())
    kind = catalogue.schemas[wishes.kind]
    return _new_layer(wanted, table, wishes, source, dimension, kind)


def _new_layer(
    wanted: str,
    table: ForeignTable,
    wishes: Wishes,
    source: Mapping[str, Any],
    dimension: Dimension,
    kind: LayerSchema,
) -> Layer:
    title = kind.title
    if kind.open:
        plain = printable(table.name) or wanted
        title = Text(zh=plain, en=plain)
    file = printable(str(source["file"]))
    return Layer(
        id=wanted,
        kind=wishes.kind,
        title=title,
        geometry=dimension,
        line_means=wishes.line_means if dimension == "line" else None,
        id_column=ID,
        source=Text(zh=f"导入自 {file}", en=f"Imported from {file}"),
        source_date=datetime.now(tz=UTC).date(),
    )


def _prepared(
    table: ForeignTable,
    shapes: NDArray[Any],
    at: NDArray[np.intp],
    layer: Layer,
    catalogue: Catalogue,
    wishes: Wishes,
    source: Mapping[str, Any],
    losses: list[Loss],
    progress: Progress,
) -> Prepared:
    kind = catalogue.schemas[wishes.kind]
    preparing, checking = progress.about(layer.id).split(1, 3)
    preparing("matching", 0, _STEPS)
    columns = {
        name: (type_, values if len(at) == len(shapes) else [values[row] for row in at])
        for name, (type_, values) in table.columns.items()
    }
    drawn = table.driver == "DXF"
    matched = match(columns, kind, wishes.mapping, len(at))
    ids = _ids(matched, layer, columns, len(at), open_kind=kind.open)
    frame = _frame(matched, shapes[at], ids, layer)
    preparing("placing", 1, _STEPS)
    features, verdict = _home(frame, table, catalogue, wishes, layer)
    if layer.id not in catalogue:
        names = {f"{one}_column": one for one in ("name", "name_en") if one in features}
        layer = layer.model_copy(update=names)
    found = inspect(
        features,
        schema=kind,
        extent=Bbox.of(catalogue.plan.extent),
        today=datetime.now(tz=UTC).date(),
        progress=checking,
    )
    return Prepared(
        layer=layer,
        schema=kind,
        features=features,
        column_types={name: type_ for name, (type_, _) in matched.columns.items()},
        matched=matched,
        table=table.name,
        driver=table.driver,
        encoding=table.encoding,
        source={**source, "drawing_layers": layers_of(columns)} if drawn else source,
        crs=features.crs.to_string(),
        verdict=verdict.provenance,
        coordinates=verdict.findings,
        losses=(*losses, *_of_matching(matched)),
        quality=found.attrs["counts"],
        new=layer.id not in catalogue,
    )


def _home(
    frame: GeoDataFrame, table: ForeignTable, catalogue: Catalogue, wishes: Wishes, layer: Layer
) -> tuple[GeoDataFrame, Verdict]:
    """Return features in the CRS that the plan stores, and how their numbers were read."""
    verdict = judge(
        frame,
        declared=_declared(table),
        plan_extent=Bbox.of(catalogue.plan.extent),
        source_crs=wishes.source_crs,
        boundary=_boundary(catalogue),
        accept_datum_shift_m=wishes.accept_datum_shift_m,
        swap_axes=wishes.swap_axes,
        allow_outside=wishes.allow_outside,
    )
    features = bring_home(frame, verdict)
    return to_crs(features, _target(catalogue, layer)), verdict


def _of_matching(matched: Matched) -> list[Loss]:
    losses = []
    if matched.not_ids:
        losses.append(Loss("id_not_unique", {"columns": matched.not_ids}))
    if matched.left:
        losses.append(Loss("not_imported", {"columns": ", ".join(matched.left)}))
    for name, unread in matched.unread.items():
        number, value = unread[0]
        values = {"column": name, "count": len(unread), "value": str(value), "number": number}
        losses.append(Loss("unread_values", values))
    return losses


def _ids(
    matched: Matched,
    layer: Layer,
    foreign: Mapping[str, tuple[str, list[Any]]],
    count: int,
    *,
    open_kind: bool,
) -> list[Any]:
    """Take the ids out of the columns, or give them."""
    if layer.id_column is None:
        return list(range(1, count + 1))
    _, values = matched.columns.pop(layer.id_column, ("TEXT", [None] * count))
    known = [None if value in (None, "") else str(value) for value in values]
    there = [value for value in known if value is not None]
    twice = next((value for value, times in Counter(there).items() if times > 1), None)
    guessed = matched.guessed.get(layer.id_column)
    if twice is not None and guessed is not None:
        # a column called "ID" is often none: it stays what it was called, and ids are given
        if open_kind:
            matched.columns[free_name(guessed, [*matched.columns, ID])] = foreign[guessed]
        matched.not_ids = guessed
        matched.renamed.pop(guessed, None)
        known, there = [None] * count, []
    elif twice is not None:
        raise DuplicateId(
            f"layer {layer.id!r}: the id {twice!r} stands twice: give each feature its own, or "
            f"import that column under another name (--map)"
        )
    taken, given = set(there), []
    for number, value in enumerate(known, 1):
        new = value or f"{layer.id}-{number:04d}"
        while value is None and new in taken:
            new += "x"
        given.append(new)
    return given


def _frame(matched: Matched, shapes: NDArray[Any], ids: list[Any], layer: Layer) -> GeoDataFrame:
    data = {}
    for name, (type_, values) in matched.columns.items():
        try:
            data[name] = typed_series(Column(name, type_), values)
        except (ValueError, TypeError, OverflowError) as error:
            raise FieldsInvalid(
                f"column {name!r} holds a value that is no {type_}: {error}"
            ) from error
    if layer.name_column is not None and layer.name_column not in (*data, layer.id_column):
        raise FieldsInvalid(
            f"layer {layer.id!r} has its names in {layer.name_column!r}, which the file lacks: "
            f"say which column holds them with --map"
        )
    frame = gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(shapes))
    frame.index = pd.Index(ids, name=layer.id_column)
    return frame


def _declared(table: ForeignTable) -> CRS | None:
    if not table.crs:
        return None
    try:
        return CRS.from_user_input(table.crs)
    except CRSError as error:
        raise CrsUnknown(
            f"{table.name}: the file names a coordinate system that cannot be read "
            f"({error}): say which with --source-crs"
        ) from error


def _boundary(catalogue: Catalogue) -> Any:
    """Return the admin area of the plan in longitude and latitude, None where it has none."""
    parts = []
    for layer in catalogue.values():
        if layer.kind == "admin_boundary" and layer.geometry == "area":
            try:
                parts.append(to_crs(catalogue.read(layer.id), CRS(HOME)).geometry)
            except NotAGeoPackage:
                continue  # a context layer may be absent
    return shapely.union_all(np.concatenate([part.to_numpy() for part in parts])) if parts else None


def _target(catalogue: Catalogue, layer: Layer) -> CRS:
    """Return the CRS to store in: that of the plan's layers where it is on CGCS2000."""
    same = [layer.id] if layer.id in catalogue else []
    for name in [*same, *(one for one in catalogue if catalogue[one].role == "plan")]:
        if catalogue.path(name).exists():
            crs = catalogue.table(name).crs
            if crs is not None and geographic(crs) == CRS(HOME):
                return crs
    return CRS(HOME)
