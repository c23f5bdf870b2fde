"""Colours that tell layers apart whose kind has none of its own."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from geoplan.symbols import symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoplan.webmap.content import MapLayer

_PAIRS = (
    ("#8FB8D8", "#1F5F8B"),
    ("#E3B778", "#8A5A12"),
    ("#9CC8A4", "#2F6B3C"),
    ("#C9A9D6", "#6B3F80"),
    ("#DDA9A0", "#8C3B2E"),
    ("#C8C48A", "#65611B"),
    ("#A9C9C9", "#2D6666"),
    ("#B5B5B5", "#4D4D4D"),
)
"""Fill and stroke; the strokes differ in lightness as well as hue, for eyes that see fewer hues."""


def tints(layers: Sequence[MapLayer]) -> list[dict[str, str] | None]:
    """Return colours for the layers that would all be alike, None for the others.

    Alike are those that are drawn as "generic", when there are at least two; a ninth layer has the
    colours of the first.
    """
    grey = symbols()["generic"]
    alike = [(one.symbol or symbols().get(one.layer.kind, grey)) == grey for one in layers]
    if sum(alike) < 2:
        return [None] * len(layers)
    found: list[dict[str, str] | None] = [None] * len(layers)
    context = [one.layer.role == "context" for one in layers]  # the plan's own come first
    in_turn = [at for at in sorted(range(len(layers)), key=context.__getitem__) if alike[at]]
    for at, (fill, stroke) in zip(in_turn, cycle(_PAIRS), strict=False):
        found[at] = {"fill": fill, "stroke": stroke}
    return found
