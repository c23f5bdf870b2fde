"""What each kind of layer holds: one TOML per kind, read when first asked for.

A field has a name, a label in both languages, the code that Chinese planning databases use for
it, a type, a unit and a domain. A new kind is a TOML and a symbol, here or in the folder of a plan
(``schema/<kind>.toml`` and ``symbols.toml`` beside its catalogue): no code.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Constraint

from geoplan.model import Dimension, Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable
    from pathlib import Path

Role = Literal["primary-instant", "primary-interval-start", "primary-interval-end"]
CHAINAGE_EQUATION, ROUTE_SEGMENT = "chainage_equation", "route_segment"
"""Kinds of attribute tables beside routes: where the chainage jumps, and on what they run."""

FieldType = Literal["TEXT", "INTEGER", "REAL", "BOOLEAN", "DATE", "DATETIME"]


class Value(BaseModel):
    """One value of an enumeration, with its label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Constraint(min_length=1)
    label: Text


class Field(BaseModel):
    """One attribute of a kind of layer.

    Attributes
    ----------
    name : str
        Column name, snake_case.
    label : Text
        What users see.
    code : str, optional
        Standard field code of Chinese planning databases, such as ``BSM``.
    aliases : tuple of str
        Other names under which foreign files carry it.
    type : str
        GeoPackage type.
    unit : str, optional
        Unit of a number, such as ``m`` or ``ha``.
    required : bool
        The column must exist; null in it means "not published".
    values : tuple of Value
        The enumeration; empty where there is none.
    multiple : bool
        A text that lists several values, separated by ``;``.
    open : bool
        Other values than those listed are welcome; the list only lends them words.
    minimum, maximum : float, optional
        Range of a number, ends included.
    length : int, optional
        Longest text.
    role : str, optional
        What a time says of the feature itself: when it is, or begins or ceases to be. A feature
        without that time is at any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Constraint(pattern=r"^[a-z][a-z0-9_]*$")
    label: Text
    code: str | None = None
    aliases: tuple[str, ...] = ()
    type: FieldType
    unit: str | None = None
    required: bool = False
    values: tuple[Value, ...] = ()
    multiple: bool = False
    open: bool = False
    minimum: float | None = None
    maximum: float | None = None
    length: int | None = None
    role: Role | None = None

    @model_validator(mode="after")
    def _domain_fits_the_type(self) -> Field:
        if (self.values or self.multiple) and self.type != "TEXT":
            raise ValueError(f"{self.name}: an enumeration is a TEXT")
        if len({value.code for value in self.values}) < len(self.values):
            raise ValueError(f"{self.name}: a value stands twice")
        if self.role is not None and self.type not in ("DATE", "DATETIME"):
            raise ValueError(f"{self.name}: {self.role} belongs to a time")
        ends = [end for end in (self.minimum, self.maximum) if end is not None]
        if ends and self.type not in ("INTEGER", "REAL"):
            raise ValueError(f"{self.name}: a range belongs to a number")
        if ends != sorted(ends):
            raise ValueError(f"{self.name}: its minimum exceeds its maximum")
        return self


class LayerSchema(BaseModel):
    """The fields of one kind of layer, those common to all kinds first.

    Attributes
    ----------
    kind : str
        Snake-case singular.
    title : Text
        Its name.
    code : str, optional
        Standard code of the layer in Chinese planning databases, such as ``STBHHX``.
    geometry : tuple of {"point", "line", "area"}
        What its features may be; empty for an attribute table.
    disjoint : bool
        Its features must not overlap each other.
    open : bool
        Columns beyond the fields are welcome (``generic``).
    fields : tuple of Field
        The attributes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Constraint(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    title: Text
    code: str | None = None
    geometry: tuple[Dimension, ...]
    disjoint: bool = False
    open: bool = False
    fields: tuple[Field, ...] = ()

    @model_validator(mode="after")
    def _names_tell_fields_apart(self) -> LayerSchema:
        for what in ("name", "code"):
            said = [str(given).lower() for field in self.fields if (given := getattr(field, what))]
            twice = {one for one in said if said.count(one) > 1}
            if twice:
                raise ValueError(f"two fields have the {what} {min(twice)!r}")
        roles = {field.role for field in self.fields if field.role is not None}
        if "primary-instant" in roles and len(roles) > 1:
            raise ValueError("a feature has a moment or an interval, not both")
        if len(roles) < sum(field.role is not None for field in self.fields):
            raise ValueError("two fields have one role")
        labels = [field.label.zh for field in self.fields]
        if len(set(labels)) < len(labels):
            raise ValueError(f"two fields have the label {max(labels, key=labels.count)!r}")
        return self

    def field(self, name: str) -> Field | None:
        """Return the field of a name, None when the kind has none."""
        return next((field for field in self.fields if field.name == name), None)

    def missing(self, columns: Iterable[str]) -> tuple[Field, ...]:
        """Return the required fields that a table of these columns does not have."""
        there = set(columns)
        return tuple(field for field in self.fields if field.required and field.name not in there)

    def unknown(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that are no field; none where other columns are welcome."""
        if self.open:
            return ()
        return tuple(column for column in columns if self.field(column) is None)


_COMMON = "common"
FOLDER = "schema"
"""Folder beside a catalogue in which a plan brings kinds of its own."""


@cache
def schemas() -> dict[str, LayerSchema]:
    """Return the schema of every kind that geoplan brings, by kind."""
    return _read(files(__package__))


def schemas_of(plan: Path) -> dict[str, LayerSchema]:
    """Return the schema of every kind that a plan knows: geoplan's, and those it brings.

    Parameters
    ----------
    plan : Path
        The plan's folder; its own kinds stand in ``schema/``.

    Raises
    ------
    ValueError
        A file of the plan is no schema, or of a kind that geoplan brings already.
    """
    folder = plan / FOLDER
    own = _read(folder) if folder.is_dir() else {}
    taken = sorted(own.keys() & schemas().keys())
    if taken:
        raise ValueError(f"{folder / taken[0]}.toml: geoplan has the kind {taken[0]!r} already")
    return {**schemas(), **own}


def schema(kind: str) -> LayerSchema:
    """Return the schema of a kind that geoplan brings.

    Raises
    ------
    KeyError
        There is no such kind; the catalogue refuses it before anyone asks.
    """
    return schemas()[kind]


def _read(folder: Traversable) -> dict[str, LayerSchema]:
    found = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        kind, _, ending = file.name.partition(".")
        if ending == "toml" and kind != _COMMON:
            try:
                found[kind] = _schema(kind, tomllib.loads(file.read_text(encoding="utf-8")))
            except ValueError as error:  # pydantic's and tomllib's errors are both of this kind
                raise ValueError(f"{file}: {error}") from error
    return found


def _schema(kind: str, table: dict[str, Any]) -> LayerSchema:
    own, wanted = table.pop("field", []), table.pop("common", True)
    shared = [
        entry
        for entry in _common()
        if wanted is True or (isinstance(wanted, list) and entry["name"] in wanted)
    ]
    if table.get("open"):  # any table is welcome: nothing has to be there
        shared = [{**entry, "required": False} for entry in shared]
    unknown = set(wanted if isinstance(wanted, list) else ()) - {one["name"] for one in shared}
    if unknown:
        raise ValueError(f"common: there is no common field {min(unknown)!r}")
    return LayerSchema.model_validate({**table, "kind": kind, "fields": shared + own})


@cache
def _common() -> list[dict[str, Any]]:
    text = files(__package__).joinpath(f"{_COMMON}.toml").read_text(encoding="utf-8")
    common: list[dict[str, Any]] = tomllib.loads(text)["field"]
    return common
