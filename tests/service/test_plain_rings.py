"""The short way to GeoJSON against the way of every geometry, and against paper."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely
from geoplan_api.geojson import geometry_texts
from geoplan_api.ring_texts import ring_texts
from hypothesis import given
from hypothesis import strategies as st

from geoplan.errors import MalformedGeometry
from geoplan.store.blob import encode

MANY = 25  # fewer go one by one


def blobs(*shapes: Any) -> list[bytes | None]:
    return encode(np.array(shapes, dtype=object), 4326)


def general(stored: list[bytes | None], **options: Any) -> list[bytes]:
    """Write each alone: few geometries never go the short way."""
    return [geometry_texts([one], None, **options)[0][0] for one in stored]


def test_a_ring_is_written_as_on_paper_and_turned() -> None:
    clockwise = shapely.Polygon([(0, 0), (0, 1), (2.5, 1), (2.5, 0)])
    texts = ring_texts(blobs(clockwise, shapely.MultiPolygon([clockwise])), None, swapped=False)
    assert texts == {
        0: b'{"type":"Polygon","coordinates":[[[0.0,0.0],[2.5,0.0],[2.5,1.0],[0.0,1.0],'
        b"[0.0,0.0]]]}",
        1: b'{"type":"MultiPolygon","coordinates":[[[[0.0,0.0],[2.5,0.0],[2.5,1.0],[0.0,1.0],'
        b"[0.0,0.0]]]]}",
    }


def test_what_is_no_plain_ring_is_left_to_the_others() -> None:
    square = shapely.box(0, 0, 4, 3)
    holed = shapely.Polygon(square.exterior.coords, [[(1, 1), (1, 2), (2, 2)]])
    others = (
        holed,
        shapely.MultiPolygon([square, shapely.box(9, 9, 10, 11)]),
        shapely.Polygon([(0, 0, 1), (4, 0, 2), (4, 3, 3)]),
        shapely.LineString([(0, 0), (1, 2)]),
        shapely.Polygon([(0, 0), (2, 2), (4, 4)]),  # flat: without a direction of its own
        shapely.Polygon(),
        None,
    )
    assert ring_texts(blobs(*others), None, swapped=False) == {}


@pytest.mark.parametrize("broken", ["open", "short", "many"])
def test_a_broken_ring_among_many_is_refused_as_ever(broken: str) -> None:
    stored = blobs(*[shapely.box(at, 0, at + 1, 2) for at in range(MANY)])
    last = stored[-1]
    assert last is not None
    stored[-1] = {
        "open": last[:-16] + np.array([7.0, 7.0]).tobytes(),
        "short": last[:-16],
        "many": last[:49] + (99).to_bytes(4, "little") + last[53:],
    }[broken]
    with pytest.raises(MalformedGeometry):
        geometry_texts(stored, None)


def test_a_coordinate_that_is_not_finite_is_refused() -> None:
    stored = blobs(*[shapely.box(at, 0, at + 1, 2) for at in range(MANY)])
    last = stored[-1]
    assert last is not None
    stored[-1] = last[:69] + np.array([np.inf]).tobytes() + last[77:]
    with pytest.raises(MalformedGeometry):
        geometry_texts(stored, None)


SHAPES = st.lists(
    st.tuples(
        st.floats(-170, 170), st.floats(-80, 80), st.floats(1e-5, 5), st.integers(3, 9),
        st.booleans(), st.sampled_from(["one", "multi", "hole", "line", "none"]),
    ),
    min_size=MANY,
    max_size=40,
)  # fmt: skip


def _shape(x: float, y: float, size: float, corners: int, turned: bool, kind: str) -> Any:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)[:: -1 if turned else 1]
    ring = np.column_stack([x + size * np.cos(angles), y + 0.7 * size * np.sin(angles)])
    area = shapely.Polygon(ring)
    inner = shapely.Polygon((ring - (x, y)) * 0.3 + (x, y))
    return {
        "one": area,
        "multi": shapely.MultiPolygon([area]),
        "hole": area.difference(inner),
        "line": shapely.LineString(ring),
        "none": None,
    }[kind]


@given(SHAPES, st.booleans())
def test_both_ways_write_the_same(rows: list[Any], swapped: bool) -> None:
    stored = blobs(*[_shape(*row) for row in rows])
    texts, _ = geometry_texts(stored, None, swapped=swapped)
    for text, other in zip(texts, general(stored, swapped=swapped), strict=True):
        assert json.loads(text) == json.loads(other)
