"""Two versions of a plan side by side: features, findings, and the layers of a plan change."""

from geoplan.versions.difference import Difference, difference
from geoplan.versions.layers import change_layers, write_change_layers

__all__ = ["Difference", "change_layers", "difference", "write_change_layers"]
