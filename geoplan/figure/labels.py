"""Places labels so that none lies on another."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.figure.spec import LabelBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoplan.figure.trace import Trace

_PER_RANK = 0.4
"""What a worse spot costs [mm² of covered lines]."""


class Spot(NamedTuple):
    """Where a label might stand: its middle [mm], and its slope, clockwise [radians]."""

    x: float
    y: float
    turn: float = 0.0


def corners(spot: Spot, width: float, height: float) -> NDArray[np.float64]:
    """Return the corners of a box round a spot."""
    right = np.array([math.cos(spot.turn), math.sin(spot.turn)]) * width / 2.0
    down = np.array([-math.sin(spot.turn), math.cos(spot.turn)]) * height / 2.0
    middle = np.array([spot.x, spot.y])
    return np.array(
        [middle + a * right + b * down for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )


class _Taken(NamedTuple):
    box: NDArray[np.float64]
    left: float
    top: float
    right: float
    bottom: float


@dataclass
class Room:
    """The room of a field [mm], and what is taken of it.

    Attributes
    ----------
    trace : Trace, optional
        The lines of the map, which labels keep off where they can.
    """

    field: tuple[float, float, float, float]
    trace: Trace | None = None
    taken: list[_Taken] = dataclasses.field(default_factory=list)
    boxes: list[LabelBox] = dataclasses.field(default_factory=list)

    def place(
        self, text: str, spots: Sequence[Spot], width: float, height: float, gap: float = 0.4
    ) -> Spot | None:
        """Take the best spot that is free; None where none is.

        Spots are best first: a later one is taken where it covers fewer lines of the map.
        """
        if not spots:
            return None
        every = np.array([corners(spot, width + gap, height + gap) for spot in spots])
        rims = np.hstack([every.min(axis=1), every.max(axis=1)])
        for at in self._order(rims):
            own = _Taken(every[at], *map(float, rims[at]))
            if self._inside(own) and not any(_meet(own, other) for other in self.taken):
                self._take(text, own, corners(spots[at], width, height))
                return spots[at]
        return None

    def keep_free(self, box: tuple[float, float, float, float]) -> None:
        """Take a box [mm], left, top, width, height, for something else than a label."""
        left, top, wide, high = box
        middle = Spot(left + wide / 2, top + high / 2)
        self.taken.append(_Taken(corners(middle, wide, high), left, top, left + wide, top + high))

    def _order(self, rims: NDArray[np.float64]) -> list[int]:
        ranks = np.arange(len(rims), dtype=np.float64)
        if self.trace is not None:
            ranks = ranks * _PER_RANK + self.trace.under(rims)
        return [int(at) for at in np.argsort(ranks, kind="stable")]

    def _take(self, text: str, own: _Taken, rim: NDArray[np.float64]) -> None:
        self.taken.append(own)
        self.boxes.append(LabelBox(text, tuple((float(x), float(y)) for x, y in rim)))

    def _inside(self, one: _Taken) -> bool:
        left, top, wide, high = self.field
        return (
            one.left >= left
            and one.top >= top
            and one.right <= left + wide
            and one.bottom <= top + high
        )


def _meet(one: _Taken, other: _Taken) -> bool:
    """Tell whether two rectangles meet: none of their sides separates them."""
    if (
        one.left >= other.right
        or other.left >= one.right
        or one.top >= other.bottom
        or other.top >= one.bottom
    ):
        return False
    for box in (one.box, other.box):
        for side in (box[1] - box[0], box[2] - box[1]):
            ours, theirs = one.box @ side, other.box @ side
            if ours.min() >= theirs.max() or ours.max() <= theirs.min():
                return False
    return True


def around(x: float, y: float, width: float, height: float, away: float) -> list[Spot]:
    """Return the spots beside a place, the best first: right, left, above, below, corners."""
    x, y = float(x), float(y)
    dx, dy = width / 2.0 + away, height / 2.0 + away
    sides = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
    return [Spot(x + a * dx, y + b * dy) for a, b in sides]


def along(line: NDArray[np.float64], width: float, off: float) -> list[Spot]:
    """Return the spots beside the straight pieces of a line [mm] that carry a text.

    Parameters
    ----------
    off : float
        From the line to the middle of the text [mm].
    """
    steps = np.hypot(*np.diff(line, axis=0).T)
    run = np.r_[0.0, np.cumsum(steps)]
    if run[-1] < width * 1.05:
        return []
    spots = []
    for share in (0.5, 0.35, 0.65, 0.2, 0.8, 0.08, 0.92):
        middle = min(max(share * run[-1], width / 2), run[-1] - width / 2)
        at = np.linspace(middle - width / 2, middle + width / 2, 9)
        points = np.column_stack([np.interp(at, run, line[:, axis]) for axis in (0, 1)])
        spots += _beside(points, width, off)
    return spots


def _beside(points: NDArray[np.float64], width: float, off: float) -> list[Spot]:
    """Return the spots above and below a piece of a line, none where it bends."""
    chord = points[-1] - points[0]
    length = math.hypot(*chord)
    if length < width * 0.9:
        return []
    turn = math.atan2(chord[1], chord[0])
    if abs(turn) > math.pi / 2:  # never upside down
        turn -= math.copysign(math.pi, turn)
    normal = np.array([math.sin(turn), -math.cos(turn)])  # up, as one reads
    bend = (points - points[0]) @ normal
    if np.ptp(bend) > 1.2:
        return []
    middle = (points[0] + points[-1]) / 2.0
    above, below = middle + normal * (bend.max() + off), middle + normal * (bend.min() - off)
    return [Spot(float(x), float(y), turn) for x, y in (above, below)]
