"""The closing line: whether parts add up to the total that is stated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from geoplan.errors import BadQuery

if TYPE_CHECKING:
    from collections.abc import Iterable


class Closure(NamedTuple):
    """Parts against their total, all in one unit.

    Attributes
    ----------
    parts_sum : float
        The parts added up.
    total : float
        As stated.
    difference : float
        Sum less total.
    closes : bool
        Whether the difference is within the tolerance.
    """

    parts_sum: float
    total: float
    difference: float
    closes: bool


def closure(parts: Iterable[float], total: float, *, tolerance: float = 0.001) -> Closure:
    """Return the closing line of a table whose parts should add up to a total.

    Parameters
    ----------
    parts : iterable of float
        The parts, in the unit of the total.
    total : float
        What they should add up to.
    tolerance : float, default 0.001
        How far apart they may be and still close: a millimetre where the unit is a metre.

    Raises
    ------
    BadQuery
        A number is missing or not finite, or the tolerance is negative.

    Examples
    --------
    >>> closure([1097, 1103], 2200)
    Closure(parts_sum=2200.0, total=2200.0, difference=0.0, closes=True)
    >>> closure([4.2, 12.5, 59.4], 84.785).difference.__round__(3)
    -8.685
    """
    numbers = [float(part) for part in parts]
    if not all(map(math.isfinite, [*numbers, total, tolerance])) or tolerance < 0:
        raise BadQuery(
            f"parts {numbers}, total {total} and tolerance {tolerance} have to be finite numbers, "
            f"the tolerance zero or more: a part that is not known cannot be added up"
        )
    parts_sum = math.fsum(numbers)
    difference = parts_sum - float(total)
    # what is left over when decimal fractions are added in binary is no difference
    if abs(difference) <= 4 * math.ulp(max(abs(parts_sum), abs(total))):
        difference = 0.0
    return Closure(parts_sum, float(total), difference, abs(difference) <= tolerance)
