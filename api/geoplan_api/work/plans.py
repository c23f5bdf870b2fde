"""Plans that a worker has open: the folder is read once, layers stay ready between calls."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from geoplan.catalogue import Catalogue


@cache
def plan_of(folder: str) -> Catalogue:
    """Return the plan in a folder as it was when first asked for, as the service does."""
    return Catalogue.open(Path(folder))
