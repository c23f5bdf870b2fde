"""Draws layers, generalised to the scale: what is too small on paper is drawn together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.figure.paths import circles, path_of, runs, sizes_mm
from geoplan.figure.svg import el, group
from geoplan.figure.view import PX
from geoplan.styles.looks import Fill, Marker, Part, Pattern, Rule, Stroke, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoplan.figure.drawing import Ink
    from geoplan.figure.prepared import Flat
    from geoplan.figure.view import View
    from geoplan.symbols import Symbol
    from geoplan.webmap.content import MapLayer

SMALL_MM = 0.3
"""Below this on paper a feature has no outline of its own."""

CROWD = 1500
"""Features of a layer in view above which it is a texture rather than things."""

MARGIN_MM = 3.0
_VERTICES = 220_000
"""What the features of a sheet may have together, so that its file stays below 2 MB."""


@dataclass(frozen=True)
class Drawn:
    """A layer on the sheet's plane: what can be seen of it, and how.

    Attributes
    ----------
    shapes : ndarray of geometry
        In the plane, those that meet the field.
    rows : ndarray of int
        Which features of the layer they are.
    looks : tuple of (Rule, ndarray of bool)
        The looks that occur, and which shapes have each.
    small_mm : float
        What is smaller is drawn together.
    small : ndarray of bool
        Which shapes are.
    """

    entry: MapLayer
    symbol: Symbol
    shapes: NDArray[Any]
    rows: NDArray[np.intp]
    looks: tuple[tuple[Rule, NDArray[np.bool_]], ...]
    small_mm: float
    small: NDArray[np.bool_]

    @property
    def crowded(self) -> bool:
        """Whether so many can be seen that outlines are thin, and only the large are named."""
        return len(self.shapes) > CROWD


def seen(layers: Sequence[Flat], view: View) -> list[Drawn]:
    """Return layers as they are drawn, in their order."""
    found = [(one, _in_view(one, view)) for one in layers]
    limit = _limit([one.shapes[meets] for one, meets in found], view)
    return [
        _drawn(view, limit, one.entry, one.symbol, one.shapes[meets], one.rows[meets])
        for one, meets in found
    ]


def _in_view(one: Flat, view: View) -> NDArray[np.bool_]:
    west, south, east, north = view.box
    away, boxes = MARGIN_MM * view.metres, one.boxes
    return (
        (boxes[:, 0] <= east + away) & (boxes[:, 2] >= west - away)
        & (boxes[:, 1] <= north + away) & (boxes[:, 3] >= south - away)
    )  # fmt: skip


def _limit(layers: list[NDArray[Any]], view: View) -> float:
    """Return the size below which features are drawn together: more of them where they are many."""
    every = [shapes for shapes in layers if len(shapes)]
    if not every:
        return SMALL_MM
    sizes = np.concatenate([sizes_mm(view, shapes) for shapes in every])
    counts = np.concatenate([shapely.get_num_coordinates(shapes) for shapes in every])
    counts = np.minimum(counts, 8 + 40 * sizes)  # what an outline of that size keeps
    limit = SMALL_MM
    while counts[sizes >= limit].sum() > _VERTICES:
        limit *= 1.5
    return limit


def _drawn(
    view: View, limit: float, entry: MapLayer, symbol: Symbol, shapes: NDArray[Any],
    rows: NDArray[np.intp],
) -> Drawn:  # fmt: skip
    cells = entry.features.iloc[rows]
    looks = []
    for rule in rules(entry.layer, symbol, entry.features.columns, {}):
        meets = np.ones(len(rows), dtype=bool)
        for column, value, holds in rule.conditions:
            meets &= (cells[column] == value).fillna(False).to_numpy(dtype=bool) == holds
        if meets.any():
            looks.append((rule, meets))
    small = np.zeros(len(rows), dtype=bool)
    if entry.layer.geometry != "point" and len(rows):
        small = sizes_mm(view, shapes) < limit
        if entry.layer.geometry == "area" and small.sum() < 50 and entry.layer.role == "plan":
            small[:] = False  # few are a mark each, and none is lost
    return Drawn(entry, symbol, shapes, rows, tuple(looks), limit, small)


def draw(layer: Drawn, view: View, ink: Ink) -> str:
    """Draw a layer: first what is small, by colour, then each look as one path for each part."""
    parts = _together(layer, view)
    for rule, meets in layer.looks:
        parts += _look(layer, rule, meets, view, ink)
    return group(parts, id=f"layer-{layer.entry.layer.id}", fill_rule="nonzero")


def _look(layer: Drawn, rule: Rule, meets: NDArray[np.bool_], view: View, ink: Ink) -> list[str]:
    if layer.entry.layer.geometry == "point":
        at = shapely.centroid(layer.shapes[meets])
        return [
            ink.of(part, circles(view, at, part.radius * PX))
            for part in rule.parts
            if isinstance(part, Marker)
        ]
    whole = layer.shapes[meets & ~layer.small]
    crowded = layer.crowded
    data = path_of(view, view.clipped(whole, MARGIN_MM), 5 if crowded else 2)
    return [ink.of(_thinner(part, crowded), data) for part in rule.parts] if data else []


def _together(layer: Drawn, view: View) -> list[str]:
    """Draw what has no outline of its own: all of one colour as the cells that it lies in."""
    if not layer.small.any():
        return []
    by_colour: dict[tuple[str, float], NDArray[np.bool_]] = {}
    for rule, meets in layer.looks:
        fills = [part for part in rule.parts if isinstance(part, Fill)]
        if layer.entry.layer.geometry == "line":
            fills = [Fill(layer.symbol.stroke, 0.7)]
        for fill in fills[:1]:
            key = fill.colour, max(fill.opacity, 0.5)
            by_colour[key] = by_colour.get(key, np.zeros_like(meets)) | (meets & layer.small)
    return [
        el("path", d=runs(view, layer.shapes[these], SMALL_MM), fill="none", stroke=colour,
           stroke_width=SMALL_MM * 100, stroke_opacity=opacity, class_="together")
        for (colour, opacity), these in by_colour.items()
        if these.any()
    ]  # fmt: skip


def _thinner(part: Part, crowded: bool) -> Part:
    """Outlines and signs of very many features would cover them."""
    if crowded and isinstance(part, Stroke):
        return Stroke(part.colour, min(part.width, 0.5), part.opacity)
    if crowded and isinstance(part, Pattern):
        return Fill(part.colour, 0.15)
    return part
