"""The grid of the map: the square of Web Mercator, cut into whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Precision = Literal["full", "1m", "10m", "100m"]
PRECISIONS: dict[Precision, int] = {"full": 28, "1m": 25, "10m": 21, "100m": 18}
"""Bits of the grid. A cell of 2^28 is a pixel of zoom 20, 15 cm at the equator and 11 cm at 41°
north; the others are the finest grids whose cells at the equator are not smaller than asked."""


def on_grid(degrees: NDArray[np.float64], bits: int) -> tuple[NDArray[np.int64], ...]:
    """Return columns and rows of the nearest grid points, counted from the north-west.

    Parameters
    ----------
    degrees : ndarray, shape (n, 2)
        Longitude and latitude.
    bits : int
        The square has 2^bits columns and rows; what lies outside of it is put on its edge.
    """
    size = float(1 << bits)
    sine = np.sin(np.radians(degrees[:, 1]))
    with np.errstate(divide="ignore"):
        down = 0.5 - np.arctanh(sine) / (2 * np.pi)
    return _rounded(degrees[:, 0] / 360 + 0.5, size), _rounded(down, size)


def _rounded(share: NDArray[np.float64], size: float) -> NDArray[np.int64]:
    return np.rint(np.clip(share, 0, 1) * size).clip(0, size - 1).astype(np.int64)
