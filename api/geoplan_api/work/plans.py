"""Plans that a worker has open: the folder is read once, layers stay ready between calls."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from geoplan.catalogue import Catalogue


@cache
def _whole(folder: str) -> Catalogue:
    return Catalogue.open(Path(folder))


@cache
def plan_of(folder: str, seen: tuple[str, ...] | None) -> Catalogue:
    """Return the plan in a folder as it was when first asked for, as the service does.

    Parameters
    ----------
    folder : str
    seen : tuple of str, optional
        Layers and rasters that whoever asks may see; None takes all. To them there are no others.
    """
    return _whole(folder).only(None if seen is None else frozenset(seen))
