"""What a page can carry at once: which layers are shapes, which tiles, which shown at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.webmap.compact import IN_ROW_ORDER

if TYPE_CHECKING:
    from geoplan.webmap.content import MapContent

SHAPES = 4_000
"""Features that all layers together may have as shapes of the page, each an element of its own."""

SHOWN = 24
"""Layers that are shown when a page opens: of more, each takes room for a picture of the map."""


def large_layers(content: MapContent) -> list[bool]:
    """Tell of each layer whether a worker draws it as tiles; the smallest stay shapes."""
    sizes = [
        entry.served.count if entry.served else len(entry.features) for entry in content.layers
    ]
    large = [True] * len(sizes)
    left = SHAPES
    for at in sorted(range(len(sizes)), key=sizes.__getitem__):
        left -= sizes[at]
        large[at] = left < 0 or sizes[at] > IN_ROW_ORDER
    return large


def shown_layers(content: MapContent) -> list[bool]:
    """Tell of each layer whether it is shown at first: the plan's before those of the context."""
    roles = [entry.layer.role == "context" for entry in content.layers]
    first = sorted(range(len(roles)), key=roles.__getitem__)[:SHOWN]
    return [at in first for at in range(len(roles))]
