"""Arrays that grow while results come: twice as long, with what stood in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def longer(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points, shape (n, 2), with room for as many more."""
    grown = np.empty((2 * xy.shape[0], 2))
    grown[: xy.shape[0]] = xy
    return grown


@compiled
def longer_ints(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return whole numbers with room for as many more."""
    grown = np.zeros(2 * len(values), dtype=np.int64)
    grown[: len(values)] = values
    return grown


@compiled
def longer_floats(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers with room for as many more."""
    grown = np.zeros(2 * len(values))
    grown[: len(values)] = values
    return grown


@compiled
def longer_bools(values: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return truths with room for as many more."""
    grown = np.zeros(2 * len(values), dtype=np.bool_)
    grown[: len(values)] = values
    return grown
