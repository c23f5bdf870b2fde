"""Whether a rule applies to a feature, by its attributes: yes, no, or not to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geoplan.rules.model import Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geoplan.rules.model import Wanted

SEVERAL = ";"
"""What stands between the values of a field that holds several."""


class Applies(NamedTuple):
    """For each feature: whether the rule applies, and which empty field keeps that from being told.

    Attributes
    ----------
    yes : ndarray of bool, shape (n,)
        All conditions hold.
    untold : ndarray of str or None, shape (n,)
        The first empty field among the conditions, where those that can be told all hold.
    """

    yes: NDArray[np.bool_]
    untold: NDArray[Any]


def applies(attributes: pd.DataFrame, where: Mapping[str, Wanted]) -> Applies:
    """Tell for which features all conditions hold.

    Parameters
    ----------
    attributes : DataFrame
        One row a feature. A column that is not there counts as empty.
    where : mapping of str to wanted value
        Column → value, one of several, or a range.

    Notes
    -----
    One condition that does not hold settles the matter, whatever else is empty.
    """
    count = len(attributes)
    holds = np.ones(count, dtype=bool)
    untold = np.full(count, None, dtype=object)
    for column, wanted in where.items():
        if column not in attributes:
            empty, met = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
        else:
            values = attributes[column]
            empty = _empty(values)
            met = np.zeros(count, dtype=bool)
            met[~empty] = _met(values[~empty], wanted)
        holds &= met | empty
        untold[empty & (untold == None)] = column  # noqa: E711 - element by element
    untold[~holds] = None
    told = np.array([one is None for one in untold], dtype=bool)
    return Applies(np.array(holds & told, dtype=bool), untold)


def _empty(values: pd.Series[Any]) -> NDArray[np.bool_]:
    """Tell which values are null, or a text of nothing."""
    blank = np.array([isinstance(value, str) and not value.strip() for value in values], dtype=bool)
    return np.asarray(values.isna().to_numpy() | blank, dtype=bool)


def _met(values: pd.Series[Any], wanted: Wanted) -> NDArray[np.bool_]:
    if isinstance(wanted, Range):
        numbers: NDArray[np.float64] = pd.to_numeric(values, errors="coerce").to_numpy(
            dtype=float, na_value=np.nan
        )
        low = -np.inf if wanted.minimum is None else wanted.minimum
        high = np.inf if wanted.maximum is None else wanted.maximum
        return np.asarray((numbers >= low) & (numbers <= high), dtype=bool)
    options = wanted if isinstance(wanted, tuple) else (wanted,)
    return np.array([_one_of(value, options) for value in values], dtype=bool)


def _one_of(value: Any, options: tuple[Any, ...]) -> bool:
    if isinstance(value, str):
        return any(part.strip() in options for part in value.split(SEVERAL))
    if isinstance(value, bool | np.bool_):  # True is no 1 here
        return any(isinstance(option, bool) and option == value for option in options)
    return any(not isinstance(option, bool) and option == value for option in options)
