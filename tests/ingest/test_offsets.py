"""GCJ-02 and BD-09: published pairs, the inverse, and where nothing is shifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geoplan.ingest.offsets import (
    RECTANGLE,
    OffsetSystem,
    shifted_there,
    with_offset,
    without_offset,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

# WGS 84 and GCJ-02, longitude first
PUBLISHED = [
    # wandergis/coordtransform, test/app.js
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    # googollee/eviltransform, python/test.py
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


def array(*lonlat: tuple[float, float]) -> NDArray[np.float64]:
    return np.array(lonlat, dtype=float)


@pytest.mark.parametrize(("wgs84", "gcj02"), PUBLISHED)
def test_published_pairs(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    np.testing.assert_allclose(with_offset(array(wgs84), "GCJ-02"), array(gcj02), atol=1e-12)
    np.testing.assert_allclose(without_offset(array(gcj02), "GCJ-02"), array(wgs84), atol=1e-9)


@pytest.mark.parametrize(
    ("gcj02", "bd09", "within"),
    [
        # wandergis/coordtransform, test/app.js
        ((116.404, 39.915), (116.41036949371029, 39.92133699351021), 1e-9),
        # caijun/geoChina, man/bd2gcj: Beijing railway station, to five digits
        ((116.42703, 39.90245), (116.43351, 39.90851), 2e-5),
    ],
)
def test_published_pairs_of_bd09_on_gcj02(
    gcj02: tuple[float, float], bd09: tuple[float, float], within: float
) -> None:
    wgs84 = without_offset(array(gcj02), "GCJ-02")
    np.testing.assert_allclose(with_offset(wgs84, "BD-09"), array(bd09), atol=within)


def test_the_usual_inverse_of_one_step_is_a_metre_off_and_ours_is_not() -> None:
    gcj02 = array((120.0299, 29.20460))
    one_step = 2 * gcj02 - with_offset(gcj02, "GCJ-02")
    assert 5e-6 < np.abs(with_offset(one_step, "GCJ-02") - gcj02).max() < 3e-5
    ours = without_offset(gcj02, "GCJ-02")
    assert np.abs(with_offset(ours, "GCJ-02") - gcj02).max() < 1e-9


def test_some_five_hundred_metres_at_anshan() -> None:
    here = array((122.99, 41.11))
    there = with_offset(here, "GCJ-02")
    _, _, metres = Geod(ellps="WGS84").inv(*here[0], *there[0])
    assert metres == pytest.approx(508, abs=5)


@given(
    lon=st.floats(RECTANGLE[0] + 0.05, RECTANGLE[2] - 0.05),
    lat=st.floats(RECTANGLE[1] + 0.05, RECTANGLE[3] - 0.05),
    system=st.sampled_from(["GCJ-02", "BD-09"]),
)
def test_the_inverse_undoes_the_offset(lon: float, lat: float, system: OffsetSystem) -> None:
    here = array((lon, lat))
    there = with_offset(here, system)
    assert 1e-5 < np.abs(there - here).max() < 0.03
    assert np.abs(without_offset(there, system) - here).max() < 1e-8


@pytest.mark.parametrize("place", [(-71.11, 42.37), (139.7, 35.7), (116.4, 56.0), (72.0, 40.0)])
@pytest.mark.parametrize("system", ["GCJ-02", "BD-09"])
def test_nothing_is_shifted_outside_the_rectangle(
    place: tuple[float, float], system: OffsetSystem
) -> None:
    assert not shifted_there(array(place)).any()
    assert with_offset(array(place), system).tolist() == [list(place)]
    assert without_offset(array(place), system).tolist() == [list(place)]


def test_an_array_is_not_changed_and_may_be_empty() -> None:
    here = array((122.99, 41.11), (-71.11, 42.37))
    before = here.copy()
    without_offset(here, "BD-09")
    np.testing.assert_array_equal(here, before)
    assert without_offset(np.empty((0, 2)), "GCJ-02").shape == (0, 2)
