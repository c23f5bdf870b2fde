"""On which side of a line a point lies, without any doubt.

`side` is a float filter (Shewchuk's bound A); where it cannot tell, the determinant is summed
exactly as an expansion of floats (Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BOUND = 3.3306690738754716e-16  # (3 + 16 eps) eps
_SPLIT = 134217729.0  # 2^27 + 1 cuts a double into two halves of 26 bits


@compiled
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return 1 where p lies left of the line from a to b, -1 right of it, 0 on it."""
    forth, back = (ax - px) * (by - py), (ay - py) * (bx - px)
    size = forth - back
    bound = _BOUND * (abs(forth) + abs(back))
    if size > bound:
        return 1
    if size < -bound:
        return -1
    if forth == 0.0 and back == 0.0:  # a difference of floats is 0 only where they are equal
        return 0
    return _exact(ax, ay, bx, by, px, py)


@compiled
def _exact(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return the sign of ax·by - ax·py - px·by - ay·bx + ay·px + py·bx, summed without error."""
    sums = np.zeros(12)
    _add_product(sums, 0, ax, by)
    _add_product(sums, 2, -ax, py)
    _add_product(sums, 4, -px, by)
    _add_product(sums, 6, -ay, bx)
    _add_product(sums, 8, ay, px)
    _add_product(sums, 10, py, bx)
    for at in range(11, -1, -1):  # the largest component that is not 0 has the sign of the sum
        if sums[at] > 0.0:
            return 1
        if sums[at] < 0.0:
            return -1
    return 0


@compiled
def _add_product(sums: NDArray[np.float64], count: int, a: float, b: float) -> None:
    """Add a product, as the float nearest to it and what that leaves out, to an expansion."""
    high = a * b
    turned = _SPLIT * a
    a_high = turned - (turned - a)
    a_low = a - a_high
    turned = _SPLIT * b
    b_high = turned - (turned - b)
    b_low = b - b_high
    low = a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)
    _grow(sums, count, low)
    _grow(sums, count + 1, high)


@compiled
def _grow(sums: NDArray[np.float64], count: int, value: float) -> None:
    """Add a float to an expansion of so many components, which has one more then."""
    carried = value
    for at in range(count):
        total = carried + sums[at]
        virtual = total - carried
        sums[at] = (carried - (total - virtual)) + (sums[at] - virtual)
        carried = total
    sums[count] = carried
