"""A layer's features as one text: the head, the geometries, the columns; gzip, base64."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from geopandas import GeoSeries

from geoplan.crs import to_lonlat
from geoplan.webmap.compact.columns import column
from geoplan.webmap.compact.grid import PRECISIONS, on_grid
from geoplan.webmap.compact.shapes import shape_sections, steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.webmap.compact.grid import Precision

MAGIC = b"GPM"
VERSION = 1
IN_ROW_ORDER = 2_000
"""Up to so many features keep the order of their rows; more are sorted along a Hilbert curve."""

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 6
_HILBERT_LEVEL = 15


def encode(
    features: GeoDataFrame,
    *,
    precision: Precision = "full",
    hidden: Mapping[str, pd.Series] | None = None,
    anchors: Sequence[Sequence[float] | None] | None = None,
) -> str:
    """Write the features of a layer as base64 text of a gzip file.

    Parameters
    ----------
    features : GeoDataFrame
        Indexed by feature id, in any CRS; every other column becomes an attribute. A geometry
        may be null.
    precision : {"full", "1m", "10m", "100m"}, default "full"
        How fine the grid is that vertices are put on; see `PRECISIONS`.
    hidden : mapping of str to Series, optional
        More columns, in the order of the features, that are searched and not shown.
    anchors : sequence of (longitude, latitude) or None, optional
        Where a label stands, for each feature; None where it has no geometry.

    Returns
    -------
    str
        ASCII, the same for the same features.

    Raises
    ------
    CrsMismatch
        The features have geometries but no CRS.
    """
    written = encode_bytes(features, precision=precision, hidden=hidden, anchors=anchors)
    return base64.b64encode(packed(written)).decode("ascii")


def packed(written: bytes) -> bytes:
    """Return bytes as a gzip file, the same for the same bytes."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(written) + packer.flush()


def encode_bytes(
    features: GeoDataFrame,
    *,
    precision: Precision = "full",
    hidden: Mapping[str, pd.Series] | None = None,
    anchors: Sequence[Sequence[float] | None] | None = None,
) -> bytes:
    """Write the features of a layer as bytes, before gzip; see `encode`."""
    bits = PRECISIONS[precision]
    shapes = _degrees(features)
    order = _order(shapes)
    sections = shape_sections(shapes[order], bits)
    if anchors is not None:
        there = np.array([anchors[place] for place in order if anchors[place] is not None], float)
        sections["anchors"] = steps(*on_grid(there.reshape(-1, 2), bits))
    shown = features.drop(columns=features.geometry.name)
    columns: list[tuple[str, Any, dict[str, Any]]] = [("id", features.index, {})]
    columns += [(str(name), shown.iloc[:, place], {}) for place, name in enumerate(shown.columns)]
    columns += [(name, cells, {"hidden": True}) for name, cells in (hidden or {}).items()]
    told = []
    for place, (name, cells, more) in enumerate(columns):
        made = column(cells.take(order))
        told.append({"name": name, **made.told, **more})
        sections |= {f"{place}.{part}": written for part, written in made.sections.items()}
    head = {
        "count": len(features),
        "bits": bits,
        "columns": told,
        "sections": [[name, len(written)] for name, written in sections.items()],
    }
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    start = MAGIC + bytes([VERSION]) + struct.pack("<I", len(text))
    return b"".join([start, text, *sections.values()])


def _degrees(features: GeoDataFrame) -> NDArray[Any]:
    if features.geometry.isna().all():
        return np.full(len(features), None, dtype=object)
    placed: NDArray[Any] = to_lonlat(features[[features.geometry.name]]).geometry.to_numpy()
    return placed


def _order(shapes: NDArray[Any]) -> NDArray[np.intp]:
    """Return the order of writing: neighbours follow each other where there are many."""
    if len(shapes) <= IN_ROW_ORDER:
        return np.arange(len(shapes))
    located = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    along = np.full(len(shapes), np.iinfo(np.int64).max, dtype=np.int64)
    if located.any():
        distance = GeoSeries(shapes[located]).hilbert_distance(level=_HILBERT_LEVEL)
        along[located] = distance.to_numpy().astype(np.int64)
    return np.argsort(along, kind="stable")
