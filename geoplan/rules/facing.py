"""Two layers face to face in one plane: which features come near, how near, measured from where.

What several rules ask of the same two layers is measured once: pairs and distances up to the
farthest threshold, legal lines, attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.queries.certain import Drawn
from geoplan.queries.shortest import shortest_lines
from geoplan.queries.uncertainty import meeting_outcome
from geoplan.rules.lines import Land, LegalLine, legal_line

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from geoplan.crs import MeasuringPlane
    from geoplan.model import Layer
    from geoplan.rules.model import MeasuringLine

_STRETCH = 1.001  # a plane shows a metre as up to 1.0004 m

WIDEST_M = 200.0
"""No axis is farther than this from the edge of its land [m]: our bound, for one purpose only.

Where a half-width is not known, pairs up to this much beyond a threshold are reported as not
checked; nothing is measured with it.
"""


@dataclass(frozen=True)
class Side:
    """Features of one layer in a plane, with their attributes in the same order."""

    layer: Layer
    ids: NDArray[Any]
    attributes: DataFrame = field(repr=False)
    drawn: Drawn = field(repr=False)
    is_part: NDArray[np.bool_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids)


class Pairs(NamedTuple):
    """Pairs of positions, their distance and the sum of their accuracies [m]."""

    ours: NDArray[np.intp]
    theirs: NDArray[np.intp]
    distance_m: NDArray[np.float64]
    uncertainty_m: NDArray[np.float64]

    def where(self, wanted: NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        return Pairs(
            self.ours[wanted],
            self.theirs[wanted],
            self.distance_m[wanted],
            self.uncertainty_m[wanted],
        )


@dataclass
class Facing:
    """Subjects and objects in one plane.

    Attributes
    ----------
    plane : MeasuringPlane
    subject, object : Side
    reach_m : float
        The farthest threshold that any rule asks for [m].
    land : Land, optional
        Of the objects, or of subjects whose own land is measured, where the plan has a layer of it.
    rivers : Side, optional
        Centrelines of rivers, where the plan has some.
    absent : bool
        Objects that have no published position may exist beside these.
    """

    plane: MeasuringPlane
    subject: Side
    object: Side
    reach_m: float
    land: Land | None = None
    rivers: Side | None = None
    absent: bool = False
    _lines: dict[MeasuringLine, LegalLine] = field(default_factory=dict, repr=False)
    _pairs: dict[MeasuringLine, Pairs] = field(default_factory=dict, repr=False)

    def line(self, name: MeasuringLine) -> LegalLine:
        """Return what a law measures from, for each object."""
        if name not in self._lines:
            self._lines[name] = legal_line(
                self.object.attributes,
                self.object.drawn.geometries,
                self.object.drawn.accuracy_m,
                name,
                line_means=self.object.layer.line_means,
                land=self.land,
            )
        return self._lines[name]

    def pairs(self, name: MeasuringLine) -> Pairs:
        """Return the pairs within reach of a line, the subject's boundary to that line."""
        if name not in self._pairs:
            line = self.line(name)
            known = Drawn(line.shapes, line.accuracy_m)
            self._pairs[name] = self._near(known, self.reach_m)
        return self._pairs[name]

    @cached_property
    def least_m(self) -> float:
        """No pair is nearer than this by any line or accuracy [m]; for a few features."""
        one, other = self.subject.drawn, self.object.drawn
        if len(self.subject) == 0 or len(self.object) == 0:
            return float("inf")
        apart = shapely.distance(one.geometries[:, None], other.geometries[None, :]).min()
        off = sum(np.nan_to_num(side.accuracy_m).max() for side in (one, other))
        return float(apart / _STRETCH - off - WIDEST_M)

    def unmeasured(self, name: MeasuringLine, within_m: float) -> Pairs:
        """Return the pairs that might be within a distance of a line that is not known."""
        missing = np.array([reason is not None for reason in self.line(name).missing], dtype=bool)
        axes = self.object.drawn.geometries.copy()
        axes[~missing] = None
        return self._near(Drawn(axes, self.object.drawn.accuracy_m), within_m + WIDEST_M)

    def meets(self, name: MeasuringLine, pairs: Pairs) -> NDArray[np.str_]:
        """Tell which pairs meet, the subject and the object up to its legal line."""
        line = self.line(name)
        return meeting_outcome(
            self.subject.drawn,
            Drawn(line.shapes, line.accuracy_m),
            pairs.ours,
            pairs.theirs,
            pairs.distance_m,
        )

    def _near(self, objects: Drawn, reach_m: float) -> Pairs:
        subjects = self.subject.drawn
        there = np.flatnonzero(~shapely.is_missing(objects.geometries))
        off = np.nan_to_num(objects.accuracy_m[there]) + np.nan_to_num(subjects.accuracy_m).max(
            initial=0.0
        )
        limit = (reach_m + off) * _STRETCH
        tree = shapely.STRtree(subjects.geometries)
        theirs, ours = tree.query(objects.geometries[there], predicate="dwithin", distance=limit)
        order = np.lexsort((theirs, ours))
        ours, theirs = ours[order], there[theirs[order]]
        if self.subject.layer.id == self.object.layer.id:
            # nothing is in conflict with itself
            other = self.subject.ids[ours] != self.object.ids[theirs]
            ours, theirs = ours[other], theirs[other]
        lines = shortest_lines(subjects.geometries[ours], objects.geometries[theirs])
        distance = self.plane.length_m(lines)
        uncertainty = subjects.accuracy_m[ours] + objects.accuracy_m[theirs]
        near = distance <= reach_m + np.nan_to_num(uncertainty)
        return Pairs(ours, theirs, distance, uncertainty).where(near)
