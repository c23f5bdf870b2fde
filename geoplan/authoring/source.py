"""The text source of a layer: a TOML file whose changes can be reviewed line by line."""

from __future__ import annotations

import math
import tomllib
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoplan.errors import SourceInvalid

if TYPE_CHECKING:
    from pathlib import Path

Value = str | int | float | bool | date | datetime
PlaceId = Annotated[str, Field(min_length=1)]
_MEANT: dict[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (int, float),
    "BOOLEAN": (bool,),
    "DATE": (date,),
    "DATETIME": (datetime,),
}
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Circle(_Frozen):
    """A circle of a published area round a place: where the outline is not published.

    Attributes
    ----------
    place : str
        Id of its centre in the source's places.
    area_ha : float
        The area it must have on the ellipsoid [ha].
    """

    place: PlaceId
    area_ha: float = Field(gt=0, allow_inf_nan=False)


class Corridor(_Frozen):
    """A strip of a nominal width along a course: where the width is not published.

    Attributes
    ----------
    along : str
        Id of a feature in the source's courses.
    half_width_m : float
        From the course to either edge of the strip [m].
    ends : {"flat", "round"}
        Whether the strip ends square at the ends of the course, or goes round them.
    """

    along: str = Field(min_length=1)
    half_width_m: float = Field(gt=0, allow_inf_nan=False)
    ends: Literal["flat", "round"] = "flat"


class SourceFeature(_Frozen):
    """One feature: its id, its attributes, and how its geometry comes about.

    At most one of `wkt`, `point`, `circle`, `route` and `corridor` is given; without one the
    feature's place is not published.

    Attributes
    ----------
    id : str
        The feature's id.
    wkt : str, optional
        Its geometry in the CRS of the file.
    point : tuple of float, optional
        One position, x then y, in the CRS of the file.
    circle : Circle, optional
        A circle of a published area round a place.
    route : tuple of str, optional
        Ids of the places that a line passes, in order.
    corridor : Corridor, optional
        A strip along a course of another source.
    attributes : mapping
        Column → value; a column left out is null.
    """

    id: str = Field(min_length=1)
    wkt: str | None = None
    point: tuple[_Finite, _Finite] | None = None
    circle: Circle | None = None
    route: tuple[PlaceId, ...] | None = Field(default=None, min_length=2)
    corridor: Corridor | None = None
    attributes: dict[str, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_recipe_at_most(self) -> SourceFeature:
        recipes = ("wkt", "point", "circle", "route", "corridor")
        given = [name for name in recipes if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: a geometry comes about in one way only")
        return self


class LayerSource(BaseModel):
    """A layer's text source.

    Attributes
    ----------
    crs : str
        Authority code of the CRS that the layer is stored in.
    places : str, optional
        The source, beside this one, whose points `circle` and `route` refer to.
    courses : str, optional
        The source, beside this one, whose lines `corridor` refers to.
    columns : mapping
        Column → GeoPackage type, in the order of the table.
    defaults : mapping
        Values of columns that a feature does not give itself.
    features : tuple of SourceFeature
        The features.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crs: str = Field(pattern=r"^EPSG:\d+$")
    places: str | None = None
    courses: str | None = None
    columns: dict[str, Literal["TEXT", "INTEGER", "REAL", "BOOLEAN", "DATE", "DATETIME"]]
    defaults: dict[str, Value] = Field(default_factory=dict)
    features: tuple[SourceFeature, ...] = Field(alias="feature", min_length=1)

    @model_validator(mode="after")
    def _attributes_have_columns(self) -> LayerSource:
        for feature in self.features:
            unknown = set(feature.attributes) - set(self.columns)
            if unknown:
                raise ValueError(f"feature {feature.id!r}: no column {min(unknown)!r}")
        unknown = set(self.defaults) - set(self.columns)
        if unknown:
            raise ValueError(f"defaults: no column {min(unknown)!r}")
        if "geometry" in self.columns:
            raise ValueError("columns: 'geometry' is the geometry itself: rename the column")
        return self

    @model_validator(mode="after")
    def _ids_differ(self) -> LayerSource:
        seen: set[str] = set()
        for feature in self.features:
            if feature.id in seen:
                raise ValueError(f"feature {feature.id!r} stands twice: ids must be unique")
            seen.add(feature.id)
        return self

    @model_validator(mode="after")
    def _values_are_what_their_columns_say(self) -> LayerSource:
        places = [(f"feature {feature.id!r}", feature.attributes) for feature in self.features]
        for place, attributes in [("defaults", self.defaults), *places]:
            for column, value in attributes.items():
                kind = self.columns[column]
                if not suits(value, kind):
                    raise ValueError(f"{place}: {column} = {value!r} is no {kind}")
        return self


def suits(value: Value, kind: str) -> bool:
    """Tell whether a value is of a column's type; a whole number may stand for a real one."""
    if type(value) not in _MEANT[kind]:
        return False
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return math.isfinite(value) if isinstance(value, float) else True


def read_source(path: Path) -> LayerSource:
    """Read and check a text source.

    Raises
    ------
    SourceInvalid
        It is missing, no TOML, or an entry is wrong; the message names the place.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceInvalid(f"{path} cannot be read: {error}") from error
    try:
        return LayerSource.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = _place_of(first["loc"], content)
        raise SourceInvalid(f"{path}: {place}: {first['msg']}".replace(": :", ":")) from error


def _place_of(location: tuple[int | str, ...], content: dict[str, Any]) -> str:
    """Name the entry at fault, a feature by its id where it has one."""
    words = ".".join(str(part) for part in location)
    match location:
        case ("feature", int(number), *inner):
            entry = content["feature"][number]
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                words = ": ".join([f"feature {entry['id']!r}", ".".join(map(str, inner))])
    return words.removesuffix(": ")


def feature_values(source: LayerSource, column: str) -> list[Any]:
    """Return a column's values, defaults filled in, null where there is none."""
    default = source.defaults.get(column)
    return [feature.attributes.get(column, default) for feature in source.features]
