"""Where on the paper each part of a sheet stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geoplan.figure.spec import SheetSpec

    Box = tuple[float, float, float, float]

MARGIN, HEAD = 9.0, 13.0
"""From the edge of the paper to what is on it, and the height of the title [mm]."""

_NONE = (0.0, 0.0, 0.0, 0.0)
_WIDEST_SIDE, _HIGHEST_STRIP = 72.0, 78.0


@dataclass(frozen=True)
class Layout:
    """The boxes of a sheet [mm]: left, top, width, height; those that it has not are empty.

    Attributes
    ----------
    field : tuple of float
        The map.
    legend, facts, inset, bar : tuple of float
        What stands beside or below the map; the bar of the scale ends at the foot of its box.
    arrow : tuple of float
        Where the north arrow stands: x, y.
    """

    field: Box
    legend: Box = _NONE
    facts: Box = _NONE
    inset: Box = _NONE
    bar: Box = _NONE
    arrow: tuple[float, float] = (0.0, 0.0)


def layout(wanted: SheetSpec, foot: float) -> Layout:
    """Divide a sheet whose foot is so high [mm]."""
    wide, high = wanted.size_mm
    if not wanted.with_frame:
        return Layout((0.0, 0.0, wide, high))
    top, bottom = MARGIN + HEAD, high - MARGIN - foot
    if wanted.name == "matrix":
        return Layout((MARGIN, top, wide - 2 * MARGIN, bottom - top))
    if wide >= high:
        return _side_by_side(wide, top, bottom, told=wanted.name == "conflict")
    return _one_below_the_other(wide, high, top, bottom, told=wanted.name == "conflict")


def _side_by_side(wide: float, top: float, bottom: float, *, told: bool) -> Layout:
    side = min(_WIDEST_SIDE, wide * 0.24)
    right = wide - MARGIN - side
    inset = (right, bottom - 48.0, min(34.0, side - 22.0), 30.0)
    room = inset[1] - 6.0 - top
    legend = room * 0.62 if told else room
    return Layout(
        field=(MARGIN, top, right - MARGIN - 3.0, bottom - top),
        legend=(right, top, side - 12.0, legend),
        facts=(right, top + legend, side, room - legend),
        inset=inset,
        bar=(right + 2.0, bottom - 14.0, min(42.0, side - 18.0), 8.0),
        arrow=(right + side - 6.0, top + 9.0),
    )


def _one_below_the_other(
    wide: float, high: float, top: float, bottom: float, *, told: bool
) -> Layout:
    strip = min(_HIGHEST_STRIP, high * 0.26)
    above = bottom - strip
    last = wide - MARGIN - 40.0
    room = last - MARGIN - 3.0
    legend = room * 0.46 if told else room
    return Layout(
        field=(MARGIN, top, wide - 2 * MARGIN, above - 3.0 - top),
        legend=(MARGIN, above, legend, strip),
        facts=(MARGIN + legend, above, room - legend, strip),
        inset=(last, above + 20.0, 40.0, max(12.0, strip - 38.0)),
        bar=(last + 2.0, bottom - 12.0, 34.0, 8.0),
        arrow=(wide - MARGIN - 6.0, above + 9.0),
    )
