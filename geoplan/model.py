"""The nouns of geoplan: a plan, its layers, a question to one of them, an answer.

Nothing here holds features except `Result`, and nothing here measures.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator

from geoplan.errors import BadBbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from pandas import DataFrame

Lang = Literal["zh", "en"]
"""The two languages of every text a user sees."""

FeatureId = str | int
"""A feature's id: the value of the layer's id column, or the table's integer key."""

Dimension = Literal["point", "line", "area"]
"""What a layer's geometries are, whether single or multi."""

Role = Literal["plan", "context"]
"""Whether a layer is part of the plan, and analysed, or only helps to find one's way."""

LineMeaning = Literal["centreline", "edge"]
"""What a drawn line stands for: the axis of a thing, or the edge of its land."""


Outcome = Literal["hit", "clear", "uncertain", "not_checked"]
"""What a check says of a pair: for certain yes, for certain no, not certain, not looked at."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Frozen):
    """A text in Chinese and in English, both required."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def to(self, lang: Lang) -> str:
        """Return the text in one language."""
        return self.zh if lang == "zh" else self.en


class Bbox(NamedTuple):
    """An envelope (ISO 19107): x is east or longitude, y is north or latitude.

    Examples
    --------
    >>> Bbox.of((499000, 4550000, 501000, 4552000)).xmax
    501000.0
    >>> Bbox.parse("122.9,41.0,123.1,41.2").ymin
    41.0
    """

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @classmethod
    def of(cls, numbers: tuple[float, ...] | list[float]) -> Bbox:
        """Make a box of four finite numbers in order.

        Raises
        ------
        BadBbox
            Not four numbers, one is not finite, or a minimum exceeds its maximum.
        """
        if len(numbers) != 4:
            raise BadBbox(f"a bbox is four numbers xmin,ymin,xmax,ymax; got {len(numbers)}")
        box = cls(*(float(number) for number in numbers))
        if not all(math.isfinite(number) for number in box):
            raise BadBbox(f"a bbox needs finite numbers; got {list(numbers)}")
        if box.xmin > box.xmax or box.ymin > box.ymax:
            raise BadBbox(
                f"bbox {list(numbers)}: a minimum exceeds its maximum; "
                f"the order is xmin,ymin,xmax,ymax"
            )
        return box

    @classmethod
    def parse(cls, text: str) -> Bbox:
        """Read ``xmin,ymin,xmax,ymax`` as users and URLs write it."""
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            raise BadBbox(f"bbox {text!r}: expected four numbers xmin,ymin,xmax,ymax") from None
        return cls.of(numbers)


def _bbox(value: tuple[float, float, float, float]) -> Bbox:
    try:
        return Bbox.of(value)
    except BadBbox as error:
        raise ValueError(str(error)) from None


def _extent(value: tuple[float, float, float, float]) -> Bbox:
    box = _bbox(value)
    if box.xmin < -180 or box.xmax > 180 or box.ymin < -90 or box.ymax > 90:
        raise ValueError("an extent is west, south, east, north in degrees")
    return box


LAYER_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""A layer id: kebab-case, so that it can stand in a URL and a file name."""


class Plan(_Frozen):
    """What a plan says of itself.

    Attributes
    ----------
    extent : tuple of float
        West, south, east, north [degrees].
    measuring_plane : str
        The plane that the plan's coordinates are shown in, as an authority code.
    data_date : date
        The day the data stand for.
    review_number : str, optional
        审图号 of a map that may be published; without one the map is marked 内部使用.
    """

    id: str = Field(pattern=f"^{LAYER_ID.pattern}$")
    title: Text
    extent: Annotated[tuple[float, float, float, float], AfterValidator(_extent)]
    measuring_plane: str = Field(pattern=r"^EPSG:\d+$")
    data_date: date
    attribution: Text
    review_number: str | None = None
    note: Text | None = None


class AttributeTable(_Frozen):
    """A table without geometry in the GeoPackage of a layer, which tells more of its features.

    Attributes
    ----------
    kind : str
        What it holds, such as ``chainage_equation``: a schema without geometry.
    table : str
        Its name in the GeoPackage; default the kind.
    source_file : str, optional
        The text that its rows are built from.
    """

    kind: str = Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    table: str = ""
    source_file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_table(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str):
            return {"table": entry["kind"], **entry}
        return entry


class Layer(_Frozen):
    """One features table of a GeoPackage, described; it holds no features.

    Attributes
    ----------
    id : str
        Kebab-case plural; the collection id in URLs.
    kind : str
        Snake-case singular; decides the symbol. ``generic`` takes any table.
    geometry : {"point", "line", "area"}
        What its features are, single or multi.
    role : {"plan", "context"}
        A plan layer is analysed; a context layer is only drawn beneath, and may be absent.
    line_means : {"centreline", "edge"}, optional
        What a line stands for; required for line layers, because laws measure from the
        edge of the land and drawings often hold the axis.
    file, table : str
        The GeoPackage, relative to the catalogue, and the table in it.
    id_column, name_column : str, optional
        Where a feature's id and name stand; without an id column the table's key is the id.
    source : Text
        Who drew it or where it comes from.
    attribute_tables : tuple of AttributeTable
        Tables beside the features, in the same file, one of a kind.
    """

    id: str = Field(pattern=f"^{LAYER_ID.pattern}$")
    kind: str = Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    title: Text
    geometry: Dimension
    role: Role = "plan"
    line_means: LineMeaning | None = None
    file: str = ""
    table: str = ""
    id_column: str | None = None
    name_column: str | None = None
    name_en_column: str | None = None
    source: Text
    source_date: date
    source_file: str | None = None
    attribute_tables: tuple[AttributeTable, ...] = Field(
        default=(),
        validation_alias=AliasChoices("attribute_table", "attribute_tables"),
        alias="attribute_table",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_file_and_table(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            entry.setdefault("file", f"{entry['id']}.gpkg")
            entry.setdefault("table", entry["id"].replace("-", "_"))
        return entry

    @model_validator(mode="after")
    def _line_layers_say_what_a_line_means(self) -> Layer:
        if self.geometry == "line" and self.line_means is None:
            raise ValueError("line_means is required for a line layer: 'centreline' or 'edge'")
        if self.geometry != "line" and self.line_means is not None:
            raise ValueError("line_means belongs to line layers only")
        return self

    @model_validator(mode="after")
    def _attribute_tables_differ_and_are_built_with_the_layer(self) -> Layer:
        for what in ("kind", "table"):
            said = [getattr(one, what) for one in self.attribute_tables]
            if len(set(said)) < len(said):
                raise ValueError(f"attribute_table: two have the {what} {said[-1]!r}")
        if self.table in [one.table for one in self.attribute_tables]:
            raise ValueError(f"attribute_table: {self.table!r} is the table of the features")
        for one in self.attribute_tables:
            if (one.source_file is None) != (self.source_file is None):
                raise ValueError(
                    f"attribute_table {one.kind!r}: a layer and its tables are one file, so all "
                    f"of them have a source_file, or none"
                )
        return self


RasterKind = Literal["dem", "landcover", "other"]
"""What the cells of a raster hold: elevations, classes of land cover, or something else."""


class Category(Text):
    """What one value of a raster stands for, in both languages.

    Attributes
    ----------
    colour : str, optional
        ``#rrggbb``.
    """

    colour: str | None = Field(default=None, pattern=r"^#[0-9a-f]{6}$")


class RasterLayer(_Frozen):
    """One band of a GeoTIFF, described; it holds no cells.

    Attributes
    ----------
    id : str
        Kebab-case; no layer of the plan has the same.
    kind : {"dem", "landcover", "other"}
        A DEM has the unit ``m``; a land cover has categories.
    file : str
        The GeoTIFF, relative to the catalogue; default ``<id>.tif``.
    band : int
        Which band, from 1.
    unit : str, optional
        Unit of the values.
    nodata : float, optional
        The value that means "no data", where the file does not say it.
    categories : dict of int to Category
        What values stand for.
    vertical_datum : str, optional
        Of a DEM: what its elevations are above.
    """

    id: str = Field(pattern=f"^{LAYER_ID.pattern}$")
    kind: RasterKind
    title: Text
    file: str = ""
    band: int = Field(default=1, ge=1)
    unit: str | None = Field(default=None, min_length=1)
    nodata: Annotated[float, Field(allow_inf_nan=False)] | None = None
    categories: dict[int, Category] = Field(default_factory=dict)
    vertical_datum: str | None = Field(default=None, min_length=1)
    source: Text
    source_date: date

    @model_validator(mode="before")
    @classmethod
    def _fill_file(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            entry.setdefault("file", f"{entry['id']}.tif")
        return entry

    @model_validator(mode="after")
    def _kinds_say_what_their_cells_hold(self) -> RasterLayer:
        if self.kind == "dem" and self.unit != "m":
            raise ValueError("a dem has the unit 'm': convert elevations to metres first")
        if self.kind == "landcover" and not self.categories:
            raise ValueError("categories are required for a landcover: what its values stand for")
        if self.kind != "dem" and self.vertical_datum is not None:
            raise ValueError("vertical_datum belongs to a dem only")
        if self.categories and self.unit is not None:
            raise ValueError("a raster has either categories or a unit")
        return self


class FeatureQuery(_Frozen):
    """Which features of a layer are wanted, in the order of their ids.

    Attributes
    ----------
    bbox : Bbox, optional
        Features whose geometry meets the box, edges included [units of the layer's CRS].
    ids : tuple, optional
        Features with these ids; unknown ids are not an error.
    where : mapping, optional
        Column → value; all must be equal. None asks for null.
    after : str or int, optional
        Keyset paging: only features whose id comes after this one.
    limit, offset : int
        How many, and how many to pass over first.
    """

    bbox: Annotated[tuple[float, float, float, float], AfterValidator(_bbox)] | None = None
    ids: tuple[FeatureId, ...] | None = None
    where: dict[str, str | int | Annotated[float, Field(allow_inf_nan=False)] | bool | None] = (
        Field(default_factory=dict)
    )
    after: FeatureId | None = None
    limit: int | None = Field(default=None, ge=0)
    offset: int = Field(default=0, ge=0)


EVERYTHING = FeatureQuery()
"""The query without a condition."""


LeftOutReason = Literal[
    "no_geometry",
    "below_minimum",
    "no_accuracy",
    "drawn_chainage",
    "no_raster_data",
    "route_invalid",
]


@dataclass(frozen=True)
class LeftOut:
    """What an answer does not cover, so that a gap is never read as "nothing there".

    Attributes
    ----------
    reason : str
        One of `LeftOutReason`, which mean in their order: the feature has no published position;
        the pair shares less than the minimum asked for; how far the feature's boundary may be
        off is not known, so that the absence of a finding proves nothing; the route has no
        published chainage, so that metres count from the start of the line as drawn; the raster
        has no data anywhere in the zone, or somewhere along the route; the line and what is
        stated of its chainage do not make a route.
    layers : tuple of str
        The layers it concerns, and the raster.
    ids : tuple
        The features, or pairs of features, left out; empty where whole layers are meant.
    why : tuple of str
        What is wrong with each of them, where that differs; otherwise empty.
    """

    reason: LeftOutReason
    layers: tuple[str, ...]
    ids: tuple[Any, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many features or pairs were left out."""
        return len(self.ids)


@dataclass(frozen=True)
class RunRecord:
    """How an answer came about."""

    software: str
    time: datetime
    measuring_planes: tuple[str, ...]


@dataclass(frozen=True)
class ReportRecord(RunRecord):
    """How a check of rules came about.

    Attributes
    ----------
    code : str
        Of the report: the same for the same rules, layers, software and day.
    expires : str
        The last day on which it should be relied on.
    law_of : str, optional
        The day whose law was asked.
    packs, layers : mapping of str to str
        What was used → its sha256.
    rules_not_in_force : mapping of str to str
        Rules left out for the day → why.
    rules_without_subject : tuple of str
        Rules that bind a kind of which there is no layer.
    decisions : str, optional
        sha256 of the decisions on findings that count; None where nothing was decided.
    """

    code: str
    expires: str
    law_of: str | None
    packs: Mapping[str, str]
    layers: Mapping[str, str]
    rules_not_in_force: Mapping[str, str]
    rules_without_subject: tuple[str, ...]
    decisions: str | None = None


@dataclass(frozen=True)
class Table:
    """A table as planning reports print it.

    Attributes
    ----------
    id : str
        The letter it goes by in reports, such as ``A``; a part of it in lower case behind.
    rows : DataFrame
        Codes and numbers, units in the column names; a text in both languages stands in two
        columns, ``name`` and ``name_en``.
    printed : tuple of str
        The columns that people read, in order; the rest is for programs.
    """

    id: str
    rows: DataFrame
    printed: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """The answer of a process: what every map, table, report and response is made of.

    Attributes
    ----------
    process : str
        The id of the process that answered.
    features : GeoDataFrame or DataFrame
        One row for each finding, units in the column names; without geometry where the
        findings have none.
    inputs : mapping
        The inputs as understood, defaults filled in.
    sources : tuple of Layer
        The layers that were read.
    left_out : tuple of LeftOut
        What could not be, or was not to be, measured.
    totals : mapping
        Figures over all rows, so that no skin has to compute one.
    parts : tuple of mapping
        What is to be said of each layer as a whole, where the question was put to many: its
        outcome, the reason, figures.
    rasters : tuple of RasterLayer
        The rasters that were read.
    tables : tuple of Table
        The same findings as reports print them, where they were asked for.
    """

    process: str
    features: GeoDataFrame | DataFrame
    inputs: Mapping[str, Any]
    sources: tuple[Layer, ...]
    run: RunRecord
    left_out: tuple[LeftOut, ...] = ()
    totals: Mapping[str, float] = field(default_factory=dict)
    parts: tuple[Mapping[str, Any], ...] = ()
    rasters: tuple[RasterLayer, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Document:
    """The answer of a process that makes a file: a map, a figure, a report.

    Attributes
    ----------
    process : str
        The id of the process that answered.
    media_type : str
        What the content is, such as ``text/html``.
    content : str or bytes
        The file, as text where it is one.
    """

    process: str
    media_type: str
    content: str | bytes
    inputs: Mapping[str, Any]
    sources: tuple[Layer, ...]
    run: RunRecord
