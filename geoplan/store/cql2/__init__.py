"""CQL2 (OGC 21-065r2): read in either encoding, judged by what can be asked for, told in SQL.

A filter in text becomes the tree that the JSON encoding writes down; everything after that is
done once, for both.
"""

from geoplan.store.cql2.compile import Queryables, compiled
from geoplan.store.cql2.functions import FUNCTIONS, Function
from geoplan.store.cql2.geometry import Axes
from geoplan.store.cql2.reading import LANGUAGES, MAX_BYTES, read
from geoplan.store.cql2.text import MAX_DEPTH

__all__ = [
    "FUNCTIONS",
    "LANGUAGES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "Axes",
    "Function",
    "Queryables",
    "compiled",
    "read",
]
