"""What a symbol comes to for areas, lines and points: the strokes of the web map's strokes.js."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from geoplan.model import Layer
    from geoplan.symbols import Symbol

WHITE = "#FFFFFF"
PALE = 0.5
"""What is left of the opacity of an estimated feature."""

METHOD, BASIS = "geometry_method", "coordinate_basis"


@dataclass(frozen=True)
class Stroke:
    """A stroke along a line or an outline; widths and dashes [px]."""

    colour: str
    width: float
    opacity: float = 1.0
    dash: tuple[float, ...] = ()
    cap: Literal["round", "butt"] = "round"


@dataclass(frozen=True)
class Fill:
    """An even fill."""

    colour: str
    opacity: float


@dataclass(frozen=True)
class Pattern:
    """A mark repeated over an area; spacing and size [px]; circles stand one in spacing²."""

    mark: Literal["slash", "horline", "circle"]
    colour: str
    opacity: float
    spacing: float
    size: float


@dataclass(frozen=True)
class Marker:
    """A circle; radius and width [px]."""

    fill: str
    stroke: str
    radius: float
    width: float
    opacity: float = 0.9
    dashed: bool = False


Part = Stroke | Fill | Pattern | Marker


@dataclass(frozen=True)
class Rule:
    """The parts that draw some of a layer's features, the lowest first.

    Attributes
    ----------
    schematic, estimated : bool, optional
        Whether the features are; None where the layer has no column that tells.
    """

    parts: tuple[Part, ...]
    schematic: bool | None = None
    estimated: bool | None = None

    @property
    def label(self) -> str:
        """Return what a legend says of these features."""
        said = (("示意", self.schematic), ("位置为估计", self.estimated))
        return "、".join(word for word, holds in said if holds)

    @property
    def conditions(self) -> tuple[tuple[str, str, bool], ...]:
        """Return what holds for the features: column, value, whether it equals that."""
        told = ((METHOD, "schematic", self.schematic), (BASIS, "estimated", self.estimated))
        return tuple((column, value, holds) for column, value, holds in told if holds is not None)


def rules(layer: Layer, symbol: Symbol, columns: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules of a layer: one for each state that its columns can tell."""
    methods = (False, True) if METHOD in columns else (None,)
    bases = (False, True) if BASIS in columns else (None,)
    return tuple(
        Rule(tuple(_parts(layer, symbol, bool(schematic), bool(estimated))), schematic, estimated)
        for schematic in methods
        for estimated in bases
    )


def _parts(layer: Layer, symbol: Symbol, schematic: bool, estimated: bool) -> Iterator[Part]:
    if layer.role == "context":
        draw = {"area": _context_area, "line": _context_line, "point": _context_point}
    else:
        draw = {"area": _area, "line": _line, "point": _point}
    for part in draw[layer.geometry](symbol, schematic):
        yield _faint(part) if estimated and not _is_ground(part) else part


def _is_ground(part: Part) -> bool:
    """Whether a part is the white beneath or between strokes, which never fades."""
    return isinstance(part, Stroke) and part.colour == WHITE


def _faint(part: Part) -> Part:
    return replace(part, opacity=part.opacity * PALE)


GROUND = {"waves": 0.3, "dots": 0.2, "hatch": 0.12}
_SOLID_FILL = 0.6


def _area(symbol: Symbol, schematic: bool) -> Iterator[Part]:
    yield Fill(symbol.fill, GROUND.get(symbol.cue, _SOLID_FILL))
    if symbol.cue == "waves":  # neither language has a wave: lines as far apart
        yield Pattern("horline", symbol.stroke, 0.85, spacing=7, size=1.1)
    if symbol.cue == "dots":
        yield Pattern("circle", symbol.stroke, 0.8, spacing=7.07, size=2.5)
    if symbol.cue == "hatch":
        yield Pattern("slash", symbol.fill, 1, spacing=5.66, size=1.5)
    own = (7.0, 5.0) if symbol.cue == "dashes" else ()
    width = 4 if symbol.cue == "double" else 1.6
    yield Stroke(symbol.stroke, width, dash=(5.0, 4.0) if schematic else own)


BROKEN: dict[str, tuple[float, ...]] = {
    "double": (22, 11),
    "dashes": (8, 14, 8, 4),
    "solid": (14, 9),
}
"""Schematic lines are broken by long gaps, so that a pipeline's own short dashes still tell."""


def _line(symbol: Symbol, schematic: bool) -> Iterator[Part]:
    yield Stroke(WHITE, 8, 0.85)
    dash = BROKEN.get(symbol.cue, BROKEN["solid"]) if schematic else ()
    if symbol.cue == "dashes":
        dash = dash or (10, 6)
    cap: Literal["round", "butt"] = "butt" if dash else "round"
    if symbol.cue == "double":
        yield Stroke(symbol.stroke, 6, dash=dash, cap=cap)
        yield Stroke(WHITE, 2.6, dash=dash, cap=cap)
    elif symbol.cue == "dashes":
        yield Stroke(symbol.stroke, 5.4, dash=dash, cap=cap)
        yield Stroke(symbol.fill, 3, dash=dash, cap=cap)
    else:
        yield Stroke(symbol.stroke, 3, dash=dash, cap=cap)


def _point(symbol: Symbol, schematic: bool) -> Iterator[Part]:
    yield Marker(symbol.fill, symbol.stroke, radius=6, width=1.8, dashed=schematic)


def _context_area(symbol: Symbol, schematic: bool) -> Iterator[Part]:
    yield Stroke(symbol.stroke, 1, dash=(5, 4) if schematic else ())


def _context_line(symbol: Symbol, schematic: bool) -> Iterator[Part]:
    yield Stroke(symbol.stroke, 1.6, dash=(7, 5) if schematic else (), cap="butt")


def _context_point(symbol: Symbol, schematic: bool) -> Iterator[Part]:
    yield Marker(symbol.fill, symbol.stroke, radius=2.4 if schematic else 3.2, width=1)
