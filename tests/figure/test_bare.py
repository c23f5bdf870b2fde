"""The map alone: stretched as it is asked for, in degrees and metres, texts that stay texts."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from rasterio.io import MemoryFile

from geoplan.figure import BareSpec, bare_map, to_png
from geoplan.figure.bare import Window
from geoplan.figure.output import size_px
from tests.figure.test_sheets import EAST, HOSTILE, NORTH, content

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
PLANE = CRS.from_epsg(4550)
BOX = (EAST - 400.0, NORTH - 200.0, EAST + 800.0, NORTH + 600.0)


def alpha(spec: BareSpec) -> Any:
    png = to_png(bare_map(content(""), spec), width_px=spec.size_px[0], background=None)
    assert size_px(png) == spec.size_px
    with MemoryFile(png) as file, file.open() as opened:
        return opened.read(4)


@pytest.mark.parametrize("size", [(120, 80), (240, 80), (60, 400), (1, 1), (333, 7)])
def test_a_box_fills_the_pixels_that_are_asked_for(size: tuple[int, int]) -> None:
    """A square of 400 m, 400 m from the west of 1200 m and 200 m from the south of 800 m."""
    found = alpha(BareSpec(PLANE, BOX, size))
    wide, high = size
    if min(size) < 40:
        return  # an outline is wider than that; that it is drawn at all is what is asked
    rows = np.flatnonzero(found[:, wide // 2] > 128)
    columns = np.flatnonzero(found[high // 2] > 128)
    assert columns[0] == pytest.approx(wide / 3, abs=1.5)
    assert columns[-1] + 1 == pytest.approx(2 * wide / 3, abs=1.5)
    assert rows[0] == pytest.approx(high / 4, abs=1.5)
    assert rows[-1] + 1 == pytest.approx(3 * high / 4, abs=1.5)


@settings(max_examples=50)
@given(
    st.floats(-180, 179), st.floats(-89, 88), st.floats(1e-4, 1), st.floats(1e-4, 1),
    st.integers(1, 4096), st.integers(1, 4096), st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_a_place_lies_where_its_share_of_the_box_is(
    west: float, south: float, wide: float, high: float, across: int, down: int, x: float, y: float
) -> None:
    bounds = (west, south, west + wide, south + high)
    view = Window(
        CRS.from_user_input("OGC:CRS84"), (0, 0), 1.0, (0.0, 0.0, across * 0.28, down * 0.28),
        bounds=bounds,
    )  # fmt: skip
    at = view.paper(np.array([[west + x * wide, south + y * high]]))[0] / 0.28
    assert at == pytest.approx((x * across, (1 - y) * down), rel=1e-6, abs=1e-5 * max(across, down))


def test_a_name_is_text_and_nothing_else() -> None:
    made = bare_map(content(HOSTILE), BareSpec(PLANE, BOX, (600, 400)))
    tree = ElementTree.fromstring(made.svg)  # noqa: S314 - that is what is tested
    tags = {one.tag.rpartition("}")[2] for one in tree.iter()}
    assert tags <= {"svg", "g", "path", "text", "defs", "pattern", "rect"}
    said = {one.text for one in tree.iter() if one.tag.endswith("text")}
    (text,) = said
    assert text is not None
    assert HOSTILE.startswith(text.removesuffix("…"))
    assert "<script>" in text
    assert [box.text for box in made.boxes] == [text]


def test_the_ground_has_the_colour_that_is_asked_for() -> None:
    nowhere = (EAST + 5000.0, NORTH, EAST + 5100.0, NORTH + 100.0)
    made = bare_map(content(""), BareSpec(PLANE, nowhere, (4, 4), background="#F4F1EA"))
    with MemoryFile(to_png(made, width_px=4, background=None)) as file, file.open() as opened:
        assert opened.read()[:, 2, 2].tolist()[:3] == [0xF4, 0xF1, 0xEA]
