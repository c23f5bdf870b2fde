"""The one symbology, read from ``symbols.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from geoplan.model import Text

if TYPE_CHECKING:
    from pathlib import Path

Colour = Field(pattern=r"^#[0-9A-F]{6}$")
CONFLICT = "conflict"
"""The symbol of a place where layers coincide; not a kind of layer."""


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


FILE = "symbols.toml"
"""File beside a catalogue in which a plan brings symbols for kinds of its own."""


@cache
def symbols() -> dict[str, Symbol]:
    """Return every symbol that geoplan brings, kind → `Symbol`, in drawing order."""
    text = files("geoplan").joinpath(FILE).read_text(encoding="utf-8")
    return _in_order(_read(text))


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
        own = _read(file.read_text(encoding="utf-8"))
    except ValueError as error:  # pydantic's and tomllib's errors are both of this kind
        raise ValueError(f"{file}: {error}") from error
    taken = sorted(own.keys() & symbols().keys())
    if taken:
        raise ValueError(f"{file}: geoplan draws {taken[0]!r} already: one symbology for all")
    return _in_order({**symbols(), **own})


def kinds() -> frozenset[str]:
    """Return the kinds that geoplan has a symbol for; any other is drawn as ``generic``."""
    return frozenset(symbols()) - {CONFLICT}


def _read(text: str) -> dict[str, Symbol]:
    return {kind: Symbol.model_validate(entry) for kind, entry in tomllib.loads(text).items()}


def _in_order(entries: dict[str, Symbol]) -> dict[str, Symbol]:
    return dict(sorted(entries.items(), key=lambda item: item[1].order))
