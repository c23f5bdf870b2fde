"""What a symbol comes to for areas, lines and points: the strokes of the web map's strokes.js."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from geoplan.symbols import marks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from geoplan.model import Layer
    from geoplan.symbols import StatusLook, Symbol

WHITE = "#FFFFFF"
PALE = 0.5
"""What is left of the opacity of an estimated feature."""

METHOD, BASIS, STATUS = "geometry_method", "coordinate_basis", "status"
SCHEMATIC, BUILT = "schematic", "built"
_SCHEMATIC_WORD = "示意"


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
    """A circle; radius and width [px]. Without a fill it is a ring."""

    fill: str | None
    stroke: str
    radius: float
    width: float
    opacity: float = 0.9
    dash: tuple[float, ...] = ()


Part = Stroke | Fill | Pattern | Marker


@dataclass(frozen=True)
class Rule:
    """The parts that draw some of a layer's features, the lowest first.

    Attributes
    ----------
    label : str
        What a legend says of these features.
    conditions : tuple of (column, value, bool)
        What holds for them: whether the column equals the value. A feature is drawn by each
        rule that it meets: always one of the body, and before it the sign of its method.
    """

    parts: tuple[Part, ...]
    label: str = ""
    conditions: tuple[tuple[str, str, bool], ...] = ()


def rules(
    layer: Layer, symbol: Symbol, columns: Collection[str], words: Mapping[str, str]
) -> tuple[Rule, ...]:
    """Return the rules of a layer, the sign of its method first.

    Parameters
    ----------
    words : mapping
        Code of a status → what it is called.
    """
    body = [
        Rule(
            tuple(_faded(_body(layer, symbol, status, bool(schematic)), fade=bool(estimated))),
            _label(status, schematic, estimated, words),
            (
                *_if_status(status),
                *_if(METHOD, SCHEMATIC, schematic),
                *_if(BASIS, "estimated", estimated),
            ),
        )
        for status in _statuses(layer, columns)
        for schematic in _small(layer, columns)
        for estimated in ((False, True) if BASIS in columns else (None,))
    ]
    sign = tuple(_sign(layer, symbol)) if METHOD in columns else ()
    return (*([Rule(sign, _SCHEMATIC_WORD, _if(METHOD, SCHEMATIC, True))] if sign else []), *body)


def _statuses(layer: Layer, columns: Collection[str]) -> tuple[str | None, ...]:
    """Return the statuses that look different; what only helps to find one's way has one look."""
    apart = [code for code in marks().status if code != BUILT]
    return (BUILT, *apart) if STATUS in columns and layer.role == "plan" else (None,)


def _small(layer: Layer, columns: Collection[str]) -> tuple[bool | None, ...]:
    """Points of the context have no room for a ring: the schematic ones are smaller."""
    ringless = layer.role == "context" and layer.geometry == "point"
    return (False, True) if ringless and METHOD in columns else (None,)


def _if(column: str, value: str, holds: bool | None) -> tuple[tuple[str, str, bool], ...]:
    return () if holds is None else ((column, value, holds),)


def _if_status(status: str | None) -> tuple[tuple[str, str, bool], ...]:
    """Return what holds for a status; what is built is what is none of the others."""
    if status is None:
        return ()
    if status != BUILT:
        return ((STATUS, status, True),)
    return tuple((STATUS, code, False) for code in marks().status if code != BUILT)


def _label(
    status: str | None,
    schematic: bool | None,
    estimated: bool | None,
    words: Mapping[str, str],
) -> str:
    unknown = "或状态未公布" if status == BUILT else ""
    said = (
        (words.get(status or "", status or "") + unknown, status is not None),
        (_SCHEMATIC_WORD, schematic),
        ("位置为估计", estimated),
    )
    return "、".join(word for word, holds in said if holds)


def _faded(parts: Iterable[Part], *, fade: bool) -> Iterator[Part]:
    for part in parts:
        yield replace(part, opacity=part.opacity * PALE) if fade and not _is_ground(part) else part


def _is_ground(part: Part) -> bool:
    """Whether a part is the white beneath or between strokes, which never fades."""
    return isinstance(part, Stroke) and part.colour == WHITE


def _body(layer: Layer, symbol: Symbol, status: str | None, schematic: bool) -> Iterator[Part]:
    look = marks().status[status or BUILT]
    if layer.role == "context":
        yield from _context(layer, symbol, schematic)
    elif layer.geometry == "area":
        yield from _area(symbol, look)
    elif layer.geometry == "line":
        yield from _line(symbol, look)
    else:
        yield _point(symbol, look)


def _sign(layer: Layer, symbol: Symbol) -> Iterator[Part]:
    """Yield fine dots along both sides of a line or outline, or in a ring round a point."""
    look = marks().method[SCHEMATIC]
    if layer.geometry == "point":
        if layer.role == "plan":
            ring = _outline_colour(symbol)
            yield Marker(None, ring, look.point, 1.4, look.opacity, look.dash)
        return
    width = look.context if layer.role == "context" else getattr(look, layer.geometry)
    yield Stroke(symbol.stroke, width, look.opacity, look.dash, "butt")
    yield Stroke(WHITE, width * look.ground)


def _outline_colour(symbol: Symbol) -> str:
    """Return the darker of a symbol's colours: some points are outlined in white."""
    return symbol.fill if symbol.stroke == WHITE else symbol.stroke


GROUND = {"waves": 0.3, "dots": 0.2, "hatch": 0.12}
_SOLID_FILL = 0.6


def _area(symbol: Symbol, look: StatusLook) -> Iterator[Part]:
    yield Fill(symbol.fill, GROUND.get(symbol.cue, _SOLID_FILL))
    if symbol.cue == "waves":  # neither language has a wave: lines as far apart
        yield Pattern("horline", symbol.stroke, 0.85, spacing=7, size=1.1)
    if symbol.cue == "dots":
        yield Pattern("circle", symbol.stroke, 0.8, spacing=7.07, size=2.5)
    if symbol.cue == "hatch":
        yield Pattern("slash", symbol.fill, 1, spacing=5.66, size=1.5)
    width = 4 if symbol.cue == "double" else 1.8
    own = OWN_DASH if symbol.cue == "dashes" else ()
    yield _stroke(symbol.stroke, width, look.area or own)


OWN_DASH = (4.0, 3.0)
"""Of an outline whose second cue is dashes: shorter than the dash of any status."""


def _line(symbol: Symbol, look: StatusLook) -> Iterator[Part]:
    yield Stroke(WHITE, 8, 0.85)
    if symbol.cue == "double":
        yield _stroke(symbol.stroke, 6, look.double)
        yield _stroke(WHITE, 2.6, look.double)
    elif symbol.cue == "dashes":
        yield _stroke(symbol.stroke, 5.4, look.casing)
        yield _stroke(symbol.fill, 3, look.core)
    else:
        yield _stroke(symbol.stroke, 3, look.solid)


def _stroke(colour: str, width: float, dash: tuple[float, ...]) -> Stroke:
    return Stroke(colour, width, dash=dash, cap="butt" if dash else "round")


POINT_WIDTH = 1.8
PENS: dict[str, tuple[float, ...]] = {"solid": (), "dash": (4, 2), "dot": (1, 2)}
"""The dashes of Qt's pens, in widths of the pen: QGIS has no others for the outline of a mark."""


def _point(symbol: Symbol, look: StatusLook) -> Marker:
    dash = tuple(length * POINT_WIDTH for length in PENS[look.point])
    if look.hollow:
        return Marker(WHITE, _outline_colour(symbol), 6, POINT_WIDTH, dash=dash)
    return Marker(symbol.fill, symbol.stroke, 6, POINT_WIDTH, dash=dash)


def _context(layer: Layer, symbol: Symbol, schematic: bool) -> Iterator[Part]:
    if layer.geometry == "point":
        yield Marker(symbol.fill, symbol.stroke, radius=2.4 if schematic else 3.2, width=1)
    else:
        yield Stroke(symbol.stroke, 1 if layer.geometry == "area" else 1.6)
