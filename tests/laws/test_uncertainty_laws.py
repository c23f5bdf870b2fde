"""Laws of uncertainty: no displacement within the accuracies contradicts an outcome.

Every vertex moves by at most its feature's accuracy: at random, all alike, straight towards the
other feature or away from it, and outwards or inwards. A pair that meets after some
move must not be ``clear``, and one that is apart after some move must not be ``hit``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from hypothesis import event, given, settings
from hypothesis import strategies as st

from geoplan.queries.certain import Drawn
from geoplan.queries.uncertainty import meeting_outcome

ORIGIN = np.array([500_000.0, 4_550_000.0])
WITHIN = 1 - 1e-9
PLACES = st.tuples(st.integers(-60, 60), st.integers(-40, 40))
METRES = st.sampled_from([0.0, 0.5, 3.0, 8.0, 20.0])


@st.composite
def areas(draw: st.DrawFn) -> Any:
    """Draw a star with whole-metre corners, thin or fat, now and then with a hole."""
    corners = draw(st.integers(3, 7))
    radii = draw(st.lists(st.integers(4, 60), min_size=corners, max_size=corners))
    angles = 2 * np.pi * (np.arange(corners) + draw(st.floats(0, 1))) / corners
    ring = np.round(np.column_stack([np.cos(angles), np.sin(angles)]) * np.array([radii]).T)
    shell = shapely.Polygon(ring + draw(PLACES)).buffer(0)
    hole = shapely.Point(draw(PLACES)).buffer(draw(st.integers(3, 30)), quad_segs=1)
    holed = shell.difference(hole) if draw(st.booleans()) and shell.contains(hole) else shell
    return holed if not holed.is_empty else shell.envelope.buffer(5, quad_segs=1)


LINES = st.lists(PLACES, min_size=2, max_size=5, unique=True).map(shapely.LineString)
RINGS = st.lists(PLACES, min_size=3, max_size=5, unique=True).map(
    lambda path: shapely.LineString([*path, path[0]])
)
SHAPES = st.one_of(areas(), LINES, RINGS, PLACES.map(shapely.Point))


def moved(shape: Any, shift: np.ndarray) -> Any:
    """Return a shape with its vertices moved, a ring's first and last one alike."""
    places = shapely.get_coordinates(shape)
    distinct, which = np.unique(places, axis=0, return_inverse=True)
    return shapely.set_coordinates(shapely.from_wkb(shape.wkb), (distinct + shift)[which])


def shifts(shape: Any, other: Any, accuracy: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Return moves of the distinct vertices, none longer than the accuracy."""
    distinct = np.unique(shapely.get_coordinates(shape), axis=0)
    ways = shapely.get_coordinates(shapely.shortest_line(shape, other))
    towards = ways[1] - ways[0]
    if not towards.any():
        towards = (
            shapely.get_coordinates(other.centroid)[0] - shapely.get_coordinates(shape.centroid)[0]
        )
    if not towards.any():
        towards = np.array([1.0, 0.0])
    towards = towards / np.hypot(*towards)
    outwards = distinct - shapely.get_coordinates(shape.centroid)
    outwards = outwards / np.maximum(np.hypot(*outwards.T), 1e-9)[:, np.newaxis]
    angle = rng.uniform(0, 2 * np.pi, (4, len(distinct)))
    reach = np.sqrt(rng.uniform(0, 1, (4, len(distinct)))).clip(0.5)
    reach[:2] = 1.0
    at_random = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * reach[..., np.newaxis]
    alike = np.stack([towards, -towards, towards[::-1] * [1, -1], towards[::-1] * [-1, 1]])
    rigid = np.broadcast_to(alike[:, np.newaxis], (4, len(distinct), 2))
    every = [*at_random, *rigid, outwards, -outwards, np.zeros_like(distinct)]
    return [accuracy * WITHIN * one for one in every]


def meets(one: Any, other: Any) -> bool | None:
    """Tell whether two displaced shapes meet; None where one is no shape any more."""
    if not (one.is_valid and other.is_valid):
        return None
    return bool(shapely.intersects(one, other))


@settings(max_examples=150)
@given(SHAPES, METRES, SHAPES, METRES, st.integers(0, 2**32 - 1))
def test_no_displacement_contradicts_the_outcome(
    left: Any, left_m: float, right: Any, right_m: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    zero = np.zeros(1, dtype=np.intp)
    here = [shapely.transform(shape, lambda xy: xy + ORIGIN) for shape in (left, right)]
    outcome = meeting_outcome(
        Drawn(np.array([here[0]]), np.array([left_m])),
        Drawn(np.array([here[1]]), np.array([right_m])),
        zero,
        zero,
        np.array([shapely.distance(left, right)]),
    )[0]
    event(str(outcome))
    event(f"{outcome} {left.geom_type} {right.geom_type}")
    if outcome == "uncertain":
        return
    for mine in shifts(left, right, left_m, rng):
        for theirs in shifts(right, left, right_m, rng):
            after = meets(moved(left, mine), moved(right, theirs))
            assert after in (None, outcome == "hit"), (outcome, mine, theirs)


@given(SHAPES, SHAPES)
def test_exact_shapes_give_the_drawn_answer(left: Any, right: Any) -> None:
    zero = np.zeros(1, dtype=np.intp)
    outcome = meeting_outcome(
        Drawn(np.array([left]), np.zeros(1)),
        Drawn(np.array([right]), np.zeros(1)),
        zero,
        zero,
        np.array([shapely.distance(left, right)]),
    )
    assert outcome[0] == ("hit" if shapely.intersects(left, right) else "clear")


@given(SHAPES, SHAPES, METRES, METRES, METRES, METRES)
def test_knowing_better_never_turns_a_certain_answer(
    left: Any, right: Any, left_m: float, right_m: float, less_left: float, less_right: float
) -> None:
    """With smaller accuracies ``hit`` and ``clear`` stay what they are."""
    zero = np.zeros(1, dtype=np.intp)
    apart = np.array([shapely.distance(left, right)])

    def outcome(one: float, other: float) -> str:
        sides = (
            Drawn(np.array([left]), np.array([one])),
            Drawn(np.array([right]), np.array([other])),
        )
        return str(meeting_outcome(*sides, zero, zero, apart)[0])

    before = outcome(left_m, right_m)
    after = outcome(min(left_m, less_left), min(right_m, less_right))
    assert before == "uncertain" or after == before
