"""The demand on a stretch of river channel, up- and downstream of where an object stands.

The distance is counted along the channel, never through the air. But no channel is shorter than
the straight line, so what is farther than that is clear without a centreline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.queries.locate import station
from geoplan.queries.route import measurable_routes
from geoplan.queries.shortest import shortest_lines
from geoplan.queries.uncertainty import distance_outcome
from geoplan.rules.facing import WIDEST_M
from geoplan.rules.outcomes import CLEAR, HIT, NOT_CHECKED, UNCERTAIN
from geoplan.rules.verdicts import BESIDE_CHANNEL, CHANNEL_UNCLEAR, NO_CENTRELINE, Bound, verdicts

if TYPE_CHECKING:
    from geoplan.queries.route import Route
    from geoplan.rules.facing import Facing, Pairs, Side
    from geoplan.rules.model import AlongChannel

_RANK = {HIT: 0, UNCERTAIN: 1, NOT_CHECKED: 2, CLEAR: 3}


class Crossing(NamedTuple):
    """Where an object crosses a channel.

    Attributes
    ----------
    river : int
        Place of the centreline among the rivers.
    along_m : float
        Metres along the channel, with the flow; NaN where that cannot be measured.
    off_m : float
        By how much that may be off [m].
    point : Point
        In the plane.
    """

    river: int
    along_m: float
    off_m: float
    point: Any


class Verdict(NamedTuple):
    """What was found of one pair at one crossing."""

    outcome: str
    reason: str | None = None
    measured_m: float = float("nan")
    threshold_m: float = float("nan")
    off_m: float = float("nan")


def along_channel(demand: AlongChannel, facing: Facing, bound: Bound) -> pd.DataFrame:
    """Find subjects in the stretch of channel up- or downstream of an object."""
    most = max(demand.upstream_m, demand.downstream_m)
    pairs = bound.of(facing.pairs("centreline"))
    pairs = pairs.where(pairs.distance_m - np.nan_to_num(pairs.uncertainty_m) <= most)
    found = _judged(demand, facing, pairs)
    shapes = shortest_lines(
        facing.subject.drawn.geometries[pairs.ours], facing.object.drawn.geometries[pairs.theirs]
    )
    table = pd.DataFrame(found, columns=list(Verdict._fields))
    return verdicts(
        pairs.ours,
        pairs.theirs,
        table["outcome"].to_numpy(),
        reason=table["reason"].to_numpy(),
        measure="along_channel",
        measured=table["measured_m"].to_numpy(),
        threshold=table["threshold_m"].to_numpy(),
        pm=table["off_m"].to_numpy(),
        uncertainty_m=table["off_m"].to_numpy(),
        line="centreline",
        line_basis="as_drawn",
        geometry=list(shapes),
    )


def _judged(demand: AlongChannel, facing: Facing, pairs: Pairs) -> list[Verdict]:
    rivers = facing.rivers
    if rivers is None or len(rivers) == 0:
        return [Verdict(NOT_CHECKED, NO_CENTRELINE)] * len(pairs.ours)
    channel = _Channel.of(rivers, facing)
    crossings = {at: channel.crossings(facing, at) for at in dict.fromkeys(pairs.theirs.tolist())}
    return [
        channel.judged(demand, facing, one, crossings[other])
        for one, other in zip(pairs.ours.tolist(), pairs.theirs.tolist(), strict=True)
    ]


class _Channel(NamedTuple):
    """Rivers, measured with the flow, by their places; those in no clear order are absent."""

    side: Side
    routes: dict[int, Route]

    @classmethod
    def of(cls, side: Side, facing: Facing) -> _Channel:
        bare = gpd.GeoDataFrame(
            side.attributes[[name for name in ("drawn_backwards",) if name in side.attributes]],
            geometry=side.drawn.geometries,
            crs=facing.plane.crs,
        ).set_axis(pd.RangeIndex(len(side)), axis=0)
        measured, _, _ = measurable_routes(bare, parts="chained")
        return cls(side, {route.route_id: route for route in measured})

    def crossings(self, facing: Facing, at: int) -> list[Crossing]:
        """Return where an object crosses channels."""
        shape, off = facing.object.drawn.geometries[at], facing.object.drawn.accuracy_m[at]
        found = []
        for river in np.flatnonzero(shapely.intersects(self.side.drawn.geometries, shape)):
            line = self.side.drawn.geometries[river]
            vague = float(off + self.side.drawn.accuracy_m[river])
            for part in shapely.get_parts(shapely.intersection(line, shape)):
                # of a stretch on the channel, its middle; its half-length counts as doubt
                point = part
                if shapely.get_dimensions(part) > 0:
                    point = shapely.line_interpolate_point(part, 0.5, normalized=True)
                doubt = vague / _sine(line, shape, point) + float(shapely.length(part)) / 2.0
                found.append(Crossing(int(river), self._along(int(river), point), doubt, point))
        return found

    def judged(
        self, demand: AlongChannel, facing: Facing, ours: int, crossings: list[Crossing]
    ) -> Verdict:
        """Judge one pair at the crossing where most is found."""
        if not crossings:
            return Verdict(NOT_CHECKED, NO_CENTRELINE)
        every = [self._at(demand, facing, ours, crossing) for crossing in crossings]
        return min(every, key=lambda one: _RANK[one.outcome])

    def _at(self, demand: AlongChannel, facing: Facing, ours: int, crossing: Crossing) -> Verdict:
        if crossing.river not in self.routes:
            return Verdict(NOT_CHECKED, CHANNEL_UNCLEAR)
        subject = facing.subject.drawn.geometries[ours]
        line = self.side.drawn.geometries[crossing.river]
        vague = float(
            facing.subject.drawn.accuracy_m[ours] + self.side.drawn.accuracy_m[crossing.river]
        )
        shared = shapely.intersection(line, subject)
        if shapely.is_empty(shared):
            return self._beside(demand, crossing, subject, vague)
        every = []
        for part in shapely.get_parts(shapely.line_merge(shared) if shared.length else shared):
            ends = [shapely.Point(xy) for xy in shapely.get_coordinates(part)[[0, -1]]]
            stations = sorted(self._along(crossing.river, end) for end in ends)
            every.append(_judge(demand, crossing, stations, vague))
        return min(every, key=lambda one: (_RANK[one.outcome], one.measured_m))

    def _beside(
        self, demand: AlongChannel, crossing: Crossing, subject: Any, vague: float
    ) -> Verdict:
        """Judge a subject that the centreline does not run through."""
        line = self.side.drawn.geometries[crossing.river]
        near = shapely.get_point(shortest_lines(line, subject), 0)
        reach = float(shapely.distance(line, subject)) - float(np.nan_to_num(vague))
        along = self._along(crossing.river, near)
        verdict = _judge(demand, crossing, [along, along], vague)
        if reach <= WIDEST_M and verdict.outcome != CLEAR:
            return verdict._replace(outcome=NOT_CHECKED, reason=BESIDE_CHANNEL)
        length = self.routes[crossing.river].raw_length_m
        ends = (
            crossing.along_m - demand.upstream_m < 0
            or crossing.along_m + demand.downstream_m > length
        )
        # the river goes on, but no line says where
        return Verdict(NOT_CHECKED, NO_CENTRELINE) if ends else Verdict(CLEAR)

    def _along(self, river: int, point: Any) -> float:
        if river not in self.routes:
            return float("nan")
        return float(station(self.routes[river], point)[0].along_m)


def _judge(
    demand: AlongChannel, crossing: Crossing, stations: list[float], vague: float
) -> Verdict:
    """Compare what lies between two stations with the stretch on its side of the crossing."""
    first, last = stations[0] - crossing.along_m, stations[-1] - crossing.along_m
    upstream = last < 0
    measured = -last if upstream else max(first, 0.0)
    threshold, other = demand.downstream_m, demand.upstream_m
    if upstream:
        threshold, other = other, threshold
    off = vague + crossing.off_m
    outcome = str(distance_outcome(np.array([measured]), np.array([off]), threshold)[0])
    if outcome == HIT and off - measured >= other:
        outcome = UNCERTAIN  # it may lie on the other side, and farther than counts there
    return Verdict(outcome, None, measured, threshold, off)


def _sine(line: Any, shape: Any, point: Any) -> float:
    """Return the sine of the angle at which two lines meet, no less than a tenth."""
    other = shape if shapely.get_dimensions(shape) == 1 else shapely.boundary(shape)
    ways = []
    for one in (line, other):
        # the chord through a metre on either side
        near = shapely.intersection(one, shapely.buffer(point, 1.0))
        ends = shapely.get_coordinates(near)
        ways.append(ends[-1] - ends[0] if len(ends) > 1 else np.array([1.0, 0.0]))
    cross = abs(ways[0][0] * ways[1][1] - ways[0][1] * ways[1][0])
    return max(float(cross / (np.hypot(*ways[0]) * np.hypot(*ways[1]) or 1.0)), 0.1)
