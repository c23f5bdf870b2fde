"""A layer as few bytes: integers on a grid, columns by type, gzip. See docs/map-format.md."""

from geoplan.webmap.compact.grid import PRECISIONS, Precision
from geoplan.webmap.compact.layer import IN_ROW_ORDER, encode, encode_bytes, packed

__all__ = ["IN_ROW_ORDER", "PRECISIONS", "Precision", "encode", "encode_bytes", "packed"]
