"""Features of a tile in the compact form of maps, in a worker: pandas is loaded there alone."""

from __future__ import annotations

from geoplan.model import FeatureQuery
from geoplan.store import GeoPackageStore
from geoplan.store.table_now import TableNow
from geoplan.tiles import MATRIX_SETS
from geoplan_api.references import reference
from geoplan_api.vector_tiles import Place, shown_keys
from geoplan_api.ways import way_of
from geoplan_api.work.plans import plan_of

_DETAIL = 11
"""Bits beside those of the level: a quarter of a pixel of a tile that is drawn 512 pixels wide."""


def features(plan: str, layer_id: str, grid_id: str, level: int, row: int, col: int) -> bytes:
    """Return the features that meet a tile, whole; empty where there are none.

    Where they are more than can be seen, those are left out that a vector tile leaves out.

    Parameters
    ----------
    plan, layer_id, grid_id : str
    level, row, col : int
        Of the tile.

    Returns
    -------
    bytes
        A gzip file; see docs/map-format.md.

    Raises
    ------
    TableInvalid, MalformedGeometry
        The file is at fault.
    """
    from geoplan.webmap.compact import PRECISIONS, encode_bytes, packed

    catalogue = plan_of(plan, None)
    layer, grid = catalogue[layer_id], MATRIX_SETS[grid_id]
    matrix = grid.matrix(level)
    assert matrix is not None  # noqa: S101 - the service has asked for one that there is
    with GeoPackageStore(catalogue.path(layer_id)) as store:
        table = TableNow.within(store, layer)
        path = way_of(layer, table, reference(grid.crs))
        keys, _ = shown_keys(table, path, Place(grid, matrix, row, col))
        if not len(keys):
            return b""
        found = store.read(layer, FeatureQuery(ids=tuple(table.ids(keys))))
    fine = [(bits, name) for name, bits in PRECISIONS.items() if bits >= level + _DETAIL]
    precision = min(fine)[1] if fine else "full"
    return packed(encode_bytes(found, precision=precision))
