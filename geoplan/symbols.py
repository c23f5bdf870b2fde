"""The one symbology, read from ``symbols.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from geoplan.model import Text

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


@cache
def symbols() -> dict[str, Symbol]:
    """Return every symbol, kind → `Symbol`, in drawing order."""
    table = tomllib.loads(files("geoplan").joinpath("symbols.toml").read_text(encoding="utf-8"))
    entries = {kind: Symbol.model_validate(entry) for kind, entry in table.items()}
    return dict(sorted(entries.items(), key=lambda item: item[1].order))


def kinds() -> frozenset[str]:
    """Return the kinds a layer may be of."""
    return frozenset(symbols()) - {CONFLICT}
