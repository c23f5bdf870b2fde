"""The names on a map: areas inside, lines along, points beside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.figure.labels import Room, Spot, along, around
from geoplan.figure.paths import sizes_mm
from geoplan.figure.svg import el, escaped, group
from geoplan.figure.view import PX, UNIT
from geoplan.styles.looks import Stroke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.figure.fonts import Font
    from geoplan.figure.layers import Drawn
    from geoplan.figure.view import View
    from geoplan.model import Lang

NAMED = 250
"""Of one layer, the largest so many are named."""

LEGIBLE_MM = 4.0
"""How large a feature of a crowded layer is that has its name."""

WIDEST = 18.0
"""How wide a name on the map may be [em]; a longer one ends with an ellipsis."""

INK = "#22272C"
_NEVER_FIRST = "，。、；：！？）》」』”’,.;:!?)]} "
_LATIN = 0x2E7F
"""The last character before those of East Asia, between which a line may end anywhere."""

_SIZES = {"area": (2.7, 2.2), "line": (2.4, 2.1), "point": (2.5, 2.2)}


@dataclass(frozen=True)
class Pen:
    """Sets text."""

    font: Font
    lang: Lang

    def short(self, text: str) -> str:
        """Return a name as it is set: one line, and not wider than a map bears."""
        return self.fitted(text, 1.0, WIDEST)

    def fitted(self, text: str, size: float, width: float) -> str:
        """Return a text that is no wider than there is room."""
        line = self.font.printable(text)
        if self.font.width(line, size) <= width:
            return line
        return line[: self._fitting(line, size, width - self.font.width("…", size))].rstrip() + "…"

    def _fitting(self, line: str, size: float, width: float) -> int:
        """Return how many characters of a line there is room for."""
        ends = np.cumsum(self.font.face.advances(line)) * size
        return int(np.searchsorted(ends, width, side="right"))

    def wrapped(self, text: str, size: float, width: float, most: int) -> list[str]:
        """Break a text into lines: after a space or a Chinese character; the last may be cut."""
        lines: list[str] = []
        rest = self.font.printable(text)
        while rest and len(lines) < most - 1 and self.font.width(rest, size) > width:
            fits = max(1, self._fitting(rest, size, width))
            at = next((at for at in range(fits, 0, -1) if _breaks(rest, at)), fits)
            lines.append(rest[:at].rstrip())
            rest = rest[at:].lstrip()
        return [*lines, self.fitted(rest, size, width)] if rest else lines

    def set(self, text: str, x: float, y: float, size: float, **more: object) -> str:
        """Set a line of text from its base line."""
        line = escaped(self.font.printable(text))
        return el("text", line, x=x, y=y, font_size=size, **more)

    def haloed(self, text: str, spot: Spot, size: float, colour: str, **more: object) -> str:
        """Set a text in the middle of a spot, on a white rim: first the rim, then the text."""
        turn = f" rotate({math.degrees(spot.turn):.1f})" if spot.turn else ""
        line = escaped(self.font.printable(text))
        y = round(size * 0.36, 2)
        rim = el(
            "text", line, y=y, stroke="#FFFFFF", stroke_width=size * 0.3, fill="#FFFFFF",
            stroke_linejoin="round", stroke_opacity=0.9,
        )  # fmt: skip
        return el(
            "g", rim, el("text", line, y=y, fill=colour),
            transform=f"translate({spot.x:.2f} {spot.y:.2f}){turn}",
            font_size=size, text_anchor="middle", **more,
        )  # fmt: skip


def _breaks(text: str, at: int) -> bool:
    """Tell whether a line may end before a character: not inside a word, not before a comma."""
    if text[at] in _NEVER_FIRST:
        return False
    return text[at - 1].isspace() or ord(text[at]) > _LATIN or ord(text[at - 1]) > _LATIN


def names(layers: list[Drawn], view: View, room: Room, pen: Pen) -> str:
    """Set the names of features: the plan's before those of the context, lines before the rest."""
    rank = {"point": 1, "line": 0, "area": 2}
    order = sorted(
        layers,
        key=lambda one: (
            one.entry.layer.role == "context" and one.entry.layer.geometry != "point",
            one.entry.layer.role == "context",
            rank[one.entry.layer.geometry],
        ),
    )
    return group(
        (text for layer in order for text in _of_layer(layer, view, room, pen)), id="names"
    )


def _of_layer(layer: Drawn, view: View, room: Room, pen: Pen) -> Iterator[str]:
    of, shapes = layer.entry.layer, layer.shapes
    column = (of.name_en_column if pen.lang == "en" else None) or of.name_column
    if column not in layer.entry.features.columns or not len(shapes):
        return
    told = layer.entry.features[column].iloc[layer.rows]
    size = shapely.length(shapes) if of.geometry == "line" else shapely.area(shapes)
    least = LEGIBLE_MM if layer.crowded and of.geometry != "point" else 0.0
    legible = ~layer.small & (sizes_mm(view, shapes) >= least)
    done: set[str] = set()
    for at in np.argsort(-size, kind="stable")[:NAMED].tolist():
        name = told.iloc[at]
        if pd.isna(name) or not legible[at]:
            continue
        text = pen.short(str(name))
        if not text or text in done:
            continue
        placed = _placed(text, shapes[at], layer, view, room, pen)
        if placed:
            done.add(text)
            yield placed


def _placed(text: str, shape: Any, layer: Drawn, view: View, room: Room, pen: Pen) -> str | None:
    geometry = layer.entry.layer.geometry
    shape = view.clipped(np.array([shape], dtype=object), 0.0)[0]
    if shape.is_empty:
        return None
    colour = layer.symbol.stroke if layer.symbol.stroke != "#FFFFFF" else layer.symbol.fill
    for size in _SIZES[geometry]:
        width, height = pen.font.width(text, size), size * 1.15
        spots = _spots(shape, layer, view, width, height)
        spot = room.place(text, spots, width, height)
        if spot:
            return pen.haloed(text, spot, size, _darker(colour))
    return None


def _spots(shape: Any, layer: Drawn, view: View, width: float, height: float) -> list[Spot]:
    geometry = layer.entry.layer.geometry
    if geometry == "line":
        parts = shapely.get_parts(shapely.line_merge(shape))
        longest = parts[int(np.argmax(shapely.length(parts)))]
        line = view.paper(shapely.get_coordinates(longest))
        return along(line, width, height / 2 + 0.3 + _half_width(layer))
    if geometry == "point":
        x, y = view.paper(shapely.get_coordinates(shape.centroid))[0].tolist()
        return around(x, y, width, height, 1.0)
    return _in_area(shape, view, width, height)


def _half_width(layer: Drawn) -> float:
    """Return how far the symbol of a line reaches to its sides [mm]."""
    parts = [part for rule, _ in layer.looks for part in rule.parts]
    widths = [part.width for part in parts if isinstance(part, Stroke)]
    return max(widths, default=0.0) * PX * UNIT / 2


def _in_area(shape: Any, view: View, width: float, height: float) -> list[Spot]:
    """Return spots inside an area, or beside it where it is too small for its name."""
    simple = shapely.simplify(shape, view.metres * 0.2)
    area = max(shapely.get_parts(simple), key=lambda one: one.area)
    west, south, east, north = area.bounds
    if not area.is_valid or area.area == 0:
        x, y = view.paper(np.array([[(west + east) / 2, (south + north) / 2]]))[0]
        return around(x, y, width, height, 0.6)
    inner = shapely.Point(area.representative_point())
    if (north - south) / view.metres > height and (east - west) / view.metres > width * 0.5:
        inner = shapely.Point(shapely.maximum_inscribed_circle(area, view.metres * 0.5).coords[0])
    x, y = view.paper(shapely.get_coordinates(inner))[0].tolist()
    half = np.array([width, height]) * view.metres / 2.0
    box = shapely.box(inner.x - half[0], inner.y - half[1], inner.x + half[0], inner.y + half[1])
    shares = area.intersection(box).area / box.area
    inside = [Spot(x, y + step * height) for step in (0, -1, 1, -2, 2)] if shares > 0.6 else []
    if max(east - west, north - south) / view.metres > 60:
        return inside
    left, top = view.paper(np.array([[west, north]]))[0]
    right, low = view.paper(np.array([[east, south]]))[0]
    cx, cy = (left + right) / 2, (top + low) / 2
    beside = [
        Spot(cx, top - height / 2 - 0.5), Spot(cx, low + height / 2 + 0.5),
        Spot(right + width / 2 + 0.6, cy), Spot(left - width / 2 - 0.6, cy),
    ]  # fmt: skip
    return [*inside, *beside]


def _darker(colour: str) -> str:
    """Return a colour dark enough to read on white."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    bright = 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]
    factor = min(1.0, 95.0 / bright) if bright else 1.0
    return "#" + "".join(f"{round(part * factor):02X}" for part in parts)
