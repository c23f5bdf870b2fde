"""The one symbology, read from ``symbols.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from geoplan.model import Text

if TYPE_CHECKING:
    from pathlib import Path


def _in_pairs(lengths: tuple[float, ...]) -> tuple[float, ...]:
    if len(lengths) % 2:
        raise ValueError("a dash is lengths drawn and left out in turn: give as many of each")
    return lengths


Colour = Field(pattern=r"^#[0-9A-F]{6}$")
Dash = Annotated[tuple[Annotated[float, Field(gt=0)], ...], AfterValidator(_in_pairs)]
CONFLICT = "conflict"
"""The symbol of a place where layers coincide; not a kind of layer."""


class StatusLook(BaseModel):
    """How far a thing is on its way: the rhythm of its line or outline.

    Attributes
    ----------
    area, solid, double : tuple of float
        Drawn and left out in turn [px], for outlines and for lines of each cue; empty is whole.
    casing, core : tuple of float
        The same for the two strokes of a line whose own cue is short dashes.
    point : {"solid", "dash", "dot"}
        The outline of a mark.
    hollow : bool
        Whether the mark is empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: Dash
    solid: Dash
    double: Dash
    casing: Dash
    core: Dash
    point: Literal["solid", "dash", "dot"]
    hollow: bool


class MethodLook(BaseModel):
    """How geometry came about: fine dots along both sides of what is drawn.

    Attributes
    ----------
    dash : tuple of float
        Drawn and left out in turn [px].
    opacity : float
        Of the dots.
    line, area, context : float
        From outer edge to outer edge, for lines, outlines, and both of them in the context [px].
    point : float
        Radius of the ring round a mark [px].
    ground : float
        How wide the white between the dots is, of the width over all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dash: Dash
    opacity: float = Field(gt=0, le=1)
    line: float = Field(gt=0)
    area: float = Field(gt=0)
    context: float = Field(gt=0)
    point: float = Field(gt=0)
    ground: float = Field(gt=0, lt=1)


class SeverityLook(BaseModel):
    """What a finding of a rule means: its colour, and two cues beside it.

    Attributes
    ----------
    colour : str
        As ``#RRGGBB``.
    sign : {"barred", "triangle", "square"}
        The shape beside its number.
    fill : {"cross", "hatch", "dots"}
        The pattern of its area.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    colour: str = Colour
    sign: Literal["barred", "triangle", "square"]
    fill: Literal["cross", "hatch", "dots"]


_RAMPS = TypeAdapter(dict[str, Annotated[tuple[Annotated[str, Colour], ...], Field(min_length=2)]])


class Marks(BaseModel):
    """The looks that all kinds share, by ``status``, ``geometry_method``, severity of a finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: dict[str, StatusLook]
    method: dict[str, MethodLook]
    severity: dict[str, SeverityLook]


class Symbol(BaseModel):
    """How a kind of layer is drawn, everywhere.

    Attributes
    ----------
    fill, stroke : str
        Colours as ``#RRGGBB``; the stroke is the dark casing that separates neighbours.
    cue : str
        The second sign beside colour, for readers who cannot tell the colours apart.
    order : int
        Drawing order, low first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    fill: str = Colour
    stroke: str = Colour
    cue: Literal["solid", "waves", "dots", "double", "dashes", "hatch"]
    order: int


_MARKS = ("status", "method", "severity")
_SHARED = (*_MARKS, "ramp")
"""Tables of the file that are no kind of layer."""
FILE = "symbols.toml"
"""File beside a catalogue in which a plan brings symbols for kinds of its own."""


@cache
def symbols() -> dict[str, Symbol]:
    """Return every symbol that geoplan brings, kind → `Symbol`, in drawing order."""
    return _in_order(_read(_own_text()))


@cache
def marks() -> Marks:
    """Return the looks by status, geometry method and severity, in the order of the legend."""
    tables = tomllib.loads(_own_text())
    return Marks.model_validate({name: tables[name] for name in _MARKS})


@cache
def ramps() -> dict[str, tuple[str, ...]]:
    """Return the colours of measured rasters by their kind, as ``#RRGGBB``, from low to high."""
    return _RAMPS.validate_python(tomllib.loads(_own_text())["ramp"])


def _own_text() -> str:
    return files("geoplan").joinpath(FILE).read_text(encoding="utf-8")


def symbols_of(plan: Path) -> dict[str, Symbol]:
    """Return every symbol that a plan knows: geoplan's, and those of its ``symbols.toml``.

    Raises
    ------
    ValueError
        The plan's file is no symbology, or draws a kind that geoplan draws already.
    """
    file = plan / FILE
    if not file.exists():
        return symbols()
    try:
        text = file.read_text(encoding="utf-8")
        shared = [name for name in tomllib.loads(text) if name in _SHARED]
        own = {} if shared else _read(text)
    except ValueError as error:  # pydantic's and tomllib's errors are both of this kind
        raise ValueError(f"{file}: {error}") from error
    taken = sorted(own.keys() & symbols().keys()) or shared
    if taken:
        raise ValueError(f"{file}: geoplan draws {taken[0]!r} already: one symbology for all")
    return _in_order({**symbols(), **own})


def kinds() -> frozenset[str]:
    """Return the kinds that geoplan has a symbol for; any other is drawn as ``generic``."""
    return frozenset(symbols()) - {CONFLICT}


def _read(text: str) -> dict[str, Symbol]:
    tables: dict[str, Any] = tomllib.loads(text)
    return {
        kind: Symbol.model_validate(entry) for kind, entry in tables.items() if kind not in _SHARED
    }


def _in_order(entries: dict[str, Symbol]) -> dict[str, Symbol]:
    return dict(sorted(entries.items(), key=lambda item: item[1].order))
