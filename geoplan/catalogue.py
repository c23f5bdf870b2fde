"""A plan on disk: ``catalogue.toml``, the GeoPackages it names, and kinds of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import ValidationError
from pyproj import CRS
from pyproj.exceptions import CRSError, DataDirError

from geoplan.errors import BadData, BadEnvironment, CatalogueInvalid, LayerNotFound, RasterNotFound
from geoplan.model import EVERYTHING, AttributeTable, FeatureQuery, Layer, Plan, RasterLayer
from geoplan.schema import CHAINAGE_EQUATION, ROUTE_SEGMENT, schemas_of
from geoplan.store import GeoPackageStore, attribute_columns, read_attributes
from geoplan.symbols import symbols_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from geoplan.raster import Raster
    from geoplan.schema import LayerSchema
    from geoplan.store import Row, Table
    from geoplan.symbols import Symbol

CATALOGUE = "catalogue.toml"
_TYPES = {
    "point": {"POINT", "MULTIPOINT"},
    "line": {"LINESTRING", "MULTILINESTRING", "CURVE", "MULTICURVE"},
    "area": {"POLYGON", "MULTIPOLYGON", "SURFACE", "MULTISURFACE", "CURVEPOLYGON"},
}
_ANY_TYPE = {"GEOMETRY", "GEOMETRYCOLLECTION"}
_M = TypeVar("_M", Plan, Layer, RasterLayer)


class Catalogue(Mapping[str, Layer]):
    """The layers of a plan, by id, in the order of the catalogue.

    Parameters
    ----------
    directory : Path
        Where the catalogue and its GeoPackages stand.
    plan : Plan
        What the plan says of itself.
    layers : tuple of Layer
        Its layers.
    rasters : tuple of RasterLayer
        Its rasters.

    Attributes
    ----------
    rasters : dict of str to RasterLayer
        Rasters by id, in the order of the catalogue; they are no layers.
    schemas : dict of str to LayerSchema
        What each kind holds: geoplan's kinds, and those of the plan's folder ``schema``.
    symbols : dict of str to Symbol
        How each kind is drawn: geoplan's symbols, and those of the plan's ``symbols.toml``.
    seen : frozenset of str, optional
        Ids that `only` left; None for a whole plan.

    Raises
    ------
    CatalogueInvalid
        A kind or a symbol that the plan brings is wrong.

    Examples
    --------
    >>> catalogue = Catalogue.open("layers")  # doctest: +SKIP
    >>> catalogue.read("industrial-parks", FeatureQuery(bbox=(...)))  # doctest: +SKIP
    """

    def __init__(
        self,
        directory: Path,
        plan: Plan,
        layers: tuple[Layer, ...],
        rasters: tuple[RasterLayer, ...] = (),
    ) -> None:
        self.directory = directory
        self.plan = plan
        self._layers = {layer.id: layer for layer in layers}
        self.rasters = {raster.id: raster for raster in rasters}
        self.seen: frozenset[str] | None = None
        try:
            self.schemas = schemas_of(directory)
            self.symbols = symbols_of(directory)
        except (OSError, ValueError) as error:
            raise CatalogueInvalid(str(error)) from error

    @classmethod
    def open(cls, directory: Path | str) -> Catalogue:
        """Open a plan and check that every layer is there and is what its entry says.

        A context layer whose file is absent is passed over: it is not part of the plan.

        Raises
        ------
        CatalogueInvalid
            The catalogue is missing or unreadable, or an entry is wrong; the message names
            the entry and the field.
        """
        catalogue = cls.parse(directory)
        present = tuple(
            layer
            for layer in catalogue.values()
            if layer.role == "plan" or catalogue.path(layer.id).exists()
        )
        for layer in present:
            catalogue.check(layer)
        for raster in catalogue.rasters.values():
            catalogue.check_raster(raster)
        return cls(catalogue.directory, catalogue.plan, present, tuple(catalogue.rasters.values()))

    @classmethod
    def parse(cls, directory: Path | str) -> Catalogue:
        """Read a catalogue without looking at its GeoPackages, which may not be built yet.

        Raises
        ------
        CatalogueInvalid
            The catalogue is missing or unreadable, or an entry is wrong.
        """
        path = Path(directory) / CATALOGUE
        content = _read_toml(path)
        unknown = set(content) - {"plan", "layer", "raster"}
        if unknown:
            raise CatalogueInvalid(f"{path}: unknown section {min(unknown)!r}")
        if "plan" not in content:
            raise CatalogueInvalid(f"{path}: the section [plan] is missing")
        plan = _checked(Plan, content["plan"], f"{path}: [plan]")
        _refuse_wrong_plane(path, plan)
        layers = _entries(Layer, "layer", content, path)
        if not layers:
            raise CatalogueInvalid(f"{path}: a plan needs at least one [[layer]]")
        rasters = _entries(RasterLayer, "raster", content, path)
        _refuse_repeated_ids(path, layers, rasters)
        catalogue = cls(Path(directory), plan, layers, rasters)
        catalogue._refuse_unknown_kinds()
        return catalogue

    def only(self, ids: frozenset[str] | None) -> Self:
        """Return the plan as if it had no other layers and rasters than some; None takes all.

        Older versions of it, opened for a comparison, are to be cut down by `seen` as well.
        """
        if ids is None:
            return self
        layers = tuple(layer for layer in self.values() if layer.id in ids)
        rasters = tuple(raster for raster in self.rasters.values() if raster.id in ids)
        part = type(self)(self.directory, self.plan, layers, rasters)
        part.seen = ids
        return part

    def __getitem__(self, layer_id: str) -> Layer:
        """Return a layer.

        Raises
        ------
        LayerNotFound
            The plan has no layer of that id.
        """
        try:
            return self._layers[layer_id]
        except KeyError:
            raise LayerNotFound(
                f"the plan {self.plan.id!r} has no layer {layer_id!r}; "
                f"it has: {', '.join(self._layers)}"
            ) from None

    def get(self, layer_id: str, default: Any = None) -> Any:
        """Return a layer, or `default` where the plan has none of that id."""
        return self._layers.get(layer_id, default)

    def __contains__(self, layer_id: object) -> bool:
        return layer_id in self._layers

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def path(self, layer_id: str) -> Path:
        """Return the GeoPackage of a layer."""
        return self.directory / self[layer_id].file

    def schema(self, layer: Layer) -> LayerSchema:
        """Return what a layer of this kind holds."""
        return self.schemas[layer.kind]

    def symbol(self, layer: Layer) -> Symbol:
        """Return how a layer is drawn; a kind without a symbol is drawn as ``generic``."""
        return self.symbols.get(layer.kind) or self.symbols["generic"]

    def read(self, layer_id: str, query: FeatureQuery = EVERYTHING) -> GeoDataFrame:
        """Return features for analysis, indexed by id, in the layer's own CRS."""
        with GeoPackageStore(self.path(layer_id)) as store:
            return store.read(self[layer_id], query)

    def rows(self, layer_id: str, query: FeatureQuery = EVERYTHING) -> Iterator[Row]:
        """Yield features as stored: id, attributes, geometry blob."""
        with GeoPackageStore(self.path(layer_id)) as store:
            yield from store.rows(self[layer_id], query)

    def table(self, layer_id: str) -> Table:
        """Describe a layer's table: columns, CRS, count."""
        with GeoPackageStore(self.path(layer_id)) as store:
            return store.table(self[layer_id])

    def raster(self, raster_id: str) -> RasterLayer:
        """Return a raster's entry.

        Raises
        ------
        RasterNotFound
            The plan has no raster of that id.
        """
        try:
            return self.rasters[raster_id]
        except KeyError:
            raise RasterNotFound(
                f"the plan {self.plan.id!r} has no raster {raster_id!r}; "
                f"it has: {', '.join(self.rasters) or 'none'}"
            ) from None

    def raster_path(self, raster_id: str) -> Path:
        """Return the GeoTIFF of a raster."""
        return self.directory / self.raster(raster_id).file

    def open_raster(self, raster_id: str) -> Raster:
        """Open a raster as its entry describes it, to be closed by the caller.

        Raises
        ------
        RasterNotFound
            The plan has no raster of that id.
        FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge, BadQuery
            Its file cannot be taken (`geoplan.raster.Raster`).
        """
        from geoplan.raster import Raster

        entry = self.raster(raster_id)
        path = self.raster_path(raster_id)
        return Raster(path, band=entry.band, nodata=entry.nodata, unit=entry.unit)

    def attributes(self, layer_id: str, kind: str) -> DataFrame | None:
        """Return the rows of a layer's attribute table of a kind, None where it has none.

        Raises
        ------
        TableInvalid, NotAGeoPackage, FileBusy
            The table cannot be read.
        """
        for one in self[layer_id].attribute_tables:
            if one.kind == kind:
                return read_attributes(self.path(layer_id), one.table)
        return None

    def tables_beside(self, layer_id: str) -> dict[str, DataFrame]:
        """Return the rows of all attribute tables of a layer by name: what a copy has to keep."""
        path = self.path(layer_id)
        return {
            one.table: read_attributes(path, one.table) for one in self[layer_id].attribute_tables
        }

    def check_raster(self, raster: RasterLayer) -> None:
        """Check that a raster's file is there and is a TIFF; its content is read when asked for.

        Raises
        ------
        CatalogueInvalid
            It is not.
        """
        from geoplan.raster.source import refuse_other_than_tiff

        try:
            refuse_other_than_tiff(self.raster_path(raster.id))
        except BadData as error:
            raise CatalogueInvalid(f"raster {raster.id!r}: {error}") from error

    def _refuse_unknown_kinds(self) -> None:
        kinds = {kind for kind, schema in self.schemas.items() if schema.geometry}
        for layer in self._layers.values():
            if layer.kind not in kinds:
                raise CatalogueInvalid(
                    f"{self.directory / CATALOGUE}: layer {layer.id!r}: unknown kind "
                    f"{layer.kind!r}; known: {', '.join(sorted(kinds))}"
                )
            for one in layer.attribute_tables:
                self._refuse_unknown_table(layer, one)

    def _refuse_unknown_table(self, layer: Layer, one: AttributeTable) -> None:
        where = f"{self.directory / CATALOGUE}: layer {layer.id!r}: attribute_table {one.kind!r}"
        kinds = sorted(kind for kind, schema in self.schemas.items() if not schema.geometry)
        if one.kind not in kinds:
            raise CatalogueInvalid(f"{where}: unknown kind; known: {', '.join(kinds)}")

    def provenance(self, layer_id: str) -> str | None:
        """Return the note on where a layer comes from, JSON; None when there is none."""
        with GeoPackageStore(self.path(layer_id)) as store:
            return store.provenance()

    def check(self, layer: Layer) -> None:
        """Check that a layer's table is there and is what its entry says.

        Raises
        ------
        CatalogueInvalid
            It is not; the message names the layer and what differs.
        """
        try:
            with GeoPackageStore(self.path(layer.id)) as store:
                store.refuse_foreign(layer)
                found = store.geometry_type(layer).upper()
                columns = {column.name for column in store.table(layer).columns}
        except BadData as error:
            raise CatalogueInvalid(f"layer {layer.id!r}: {error}") from error
        if found not in _TYPES[layer.geometry] | _ANY_TYPE:
            raise CatalogueInvalid(
                f"layer {layer.id!r}: its entry says geometry = {layer.geometry!r}, "
                f"its table holds {found}"
            )
        for column in (layer.name_column, layer.name_en_column):
            if column is not None and column not in columns:
                raise CatalogueInvalid(f"layer {layer.id!r}: its table has no column {column!r}")
        for one in layer.attribute_tables:
            self._check_attribute_table(layer, one)

    def _check_attribute_table(self, layer: Layer, one: AttributeTable) -> None:
        where = f"layer {layer.id!r}: attribute_table {one.kind!r}"
        if one.kind in (CHAINAGE_EQUATION, ROUTE_SEGMENT) and layer.geometry != "line":
            raise CatalogueInvalid(f"{where}: routes are lines, and this layer has none")
        try:
            columns = attribute_columns(self.path(layer.id), one.table)
        except BadData as error:
            raise CatalogueInvalid(f"{where}: {error}") from error
        lacking = self.schemas[one.kind].missing(column.name for column in columns)
        if lacking:
            raise CatalogueInvalid(f"{where}: its table has no column {lacking[0].name!r}")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise CatalogueInvalid(
            f"there is no plan in {path.parent}: {CATALOGUE} is missing (--plan names the folder)"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueInvalid(f"{path} cannot be read: {error}") from error


def _entries(model: type[_M], section: str, content: dict[str, Any], path: Path) -> tuple[_M, ...]:
    """Return the entries [[section]] of a catalogue, each checked."""
    entries = content.get(section, [])
    if not isinstance(entries, list):
        raise CatalogueInvalid(f"{path}: {section} is no list: write at least one [[{section}]]")
    return tuple(
        _checked(model, entry, f"{path}: {section} {_name(entry, number)!r}")
        for number, entry in enumerate(entries, 1)
    )


def _refuse_repeated_ids(
    path: Path, layers: tuple[Layer, ...], rasters: tuple[RasterLayer, ...]
) -> None:
    ids = [layer.id for layer in layers]
    for layer_id in ids:
        if ids.count(layer_id) > 1:
            raise CatalogueInvalid(f"{path}: two layers have the id {layer_id!r}")
    for number, raster in enumerate(rasters):
        if raster.id in ids:
            raise CatalogueInvalid(f"{path}: a layer and a raster have the id {raster.id!r}")
        if raster.id in [other.id for other in rasters[:number]]:
            raise CatalogueInvalid(f"{path}: two rasters have the id {raster.id!r}")


def _refuse_wrong_plane(path: Path, plan: Plan) -> None:
    code = plan.measuring_plane
    try:
        plane = CRS.from_user_input(code)
    except DataDirError as error:
        raise BadEnvironment(f"PROJ finds no data here, see 'geoplan doctor': {error}") from error
    except CRSError as error:
        raise CatalogueInvalid(f"{path}: [plan]: measuring_plane: {error}") from error
    if not plane.is_projected:
        raise CatalogueInvalid(f"{path}: [plan]: measuring_plane: {code} is not a plane in metres")
    west, south, east, north = plan.extent
    use = plane.area_of_use
    if use is not None and (
        east < use.west or west > use.east or north < use.south or south > use.north
    ):
        raise CatalogueInvalid(
            f"{path}: [plan]: measuring_plane: {code} ({plane.name}) is not for the extent "
            f"{[west, south, east, north]}"
        )


def _name(entry: Any, number: int) -> Any:
    fallback = f"number {number}"
    return entry.get("id", fallback) if isinstance(entry, dict) else fallback


def _checked(model: type[_M], entry: Any, where: str) -> _M:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "entry"
        raise CatalogueInvalid(f"{where}: {field}: {first['msg']}") from error
