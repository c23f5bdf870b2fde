"""Which layers are too many for a page, and what it has to know of them to read them itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.crs import lonlat_bounds
from geoplan.store import GeoPackageStore
from geoplan.store.table_now import TableNow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geoplan.catalogue import Catalogue
    from geoplan.model import Layer
    from geoplan.webmap.content import Served


def served_layers(
    catalogue: Catalogue, layers: Iterable[Layer], least: int | None
) -> dict[str, Served]:
    """Return the layers of at least so many features, by id; none of them without a limit.

    A layer without a position, or without a CRS, is never among them.
    """
    from geoplan.webmap.content import Served  # a process that draws no map needs none of it

    if least is None:
        return {}
    found = {}
    for layer in layers:
        with GeoPackageStore(catalogue.path(layer.id)) as store:
            table = TableNow.within(store, layer)
            count = table.count()
            if count < least or table.crs is None or (box := table.extent().box) is None:
                continue
            bounds = lonlat_bounds(np.array(box), table.crs)
            found[layer.id] = Served(count, count - len(table.unlocated()), bounds)
    return found
